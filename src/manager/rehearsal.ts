import type { Worker } from 'node:worker_threads'
import type { ServeOptions } from '../config/command-line.ts'
import { parseListen } from '../listen/address.ts'
import { bindEndpoints } from '../listen/bind.ts'
import type { WorkerMessage } from '../worker/config.ts'
import { tell } from './new-thread.ts'
import { RehearsalClient } from './rehearsal-client.ts'
import { RehearsalOrigin } from './rehearsal-origin.ts'
import type { Stage } from './rehearsal-stage.ts'

const CLIENTS = 4
/** By then V8 has compiled most of what it will. */
const REQUESTS = 1200
/** So long it may take: on a busy machine, or where answers fail to come. */
const TURNS_MAX = 3000

const FIELDS = 'Host: rehearsal\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nCookie: a=1\r\n'

interface Part {
  /** `*`: another each time. What its first letter means: RehearsalOrigin. */
  readonly path: string
  readonly method?: string
  readonly field?: string
}

/** What is asked in turn: most are hits. */
const PARTS: readonly Part[] = [
  { path: '/k1' },
  { path: '/k2' },
  { path: '/k*' },
  { path: '/k3' },
  { path: '/l1' },
  { path: '/k4' },
  { path: '/k*' },
  { path: '/s1' },
  { path: '/k1', field: 'If-None-Match: "1"' },
  { path: '/k2' },
  { path: '/p*' },
  { path: '/l*' },
  { path: '/l1', field: 'Range: bytes=1000-1999' },
  { path: '/k*' },
  { path: '/p', method: 'POST' },
  { path: '/k5' },
]

/**
 * A worker's thread serves requests of ours before it serves others', so that V8 has compiled what these will run. Of what real workers share it sees
 * nothing: it has a stage of its own, and its origin and its clients are here.
 */
export class Rehearsal {
  private readonly thread: Worker
  private readonly turn_ms: number
  private readonly onOver: () => void
  private readonly origin = new RehearsalOrigin()
  private readonly clients: RehearsalClient[] = []
  private timer: NodeJS.Timeout | undefined
  private asked = 0
  private turns = 0
  private over = false
  private readonly begun = Promise.withResolvers<void>()

  /** `turn_ms`: what comes between two turns, in each of which each client asks. `onOver`: it is time to `end` it. */
  constructor(thread: Worker, turn_ms: number, onOver: () => void) {
    this.thread = thread
    this.turn_ms = turn_ms
    this.onOver = onOver
    thread.on('message', this.heard)
  }

  /** Resolves when it has begun, or is over; rejects when it cannot be. */
  async begin(stage: Stage, options: ServeOptions): Promise<void> {
    const port = await this.origin.listen()
    const endpoints = await bindEndpoints(parseListen(['127.0.0.1:0']))
    const { checkRules, sourceForBackend } = await import('./rules.ts')
    // It may have been taken meanwhile.
    if (this.over) return this.origin.close()
    const { image } = checkRules(sourceForBackend({ host: '127.0.0.1', port, path: undefined, tls: false }), options)
    tell(this.thread, { kind: 'rehearse', config: stage.config(endpoints, image) })
    await this.begun.promise
  }

  /** The thread is free for another task when it has done what it has been told; what it tells of this one is nobody's. */
  end(): void {
    this.over = true
    this.begun.resolve()
    clearTimeout(this.timer)
    this.thread.off('message', this.heard)
    tell(this.thread, { kind: 'rest' })
    for (const client of this.clients) client.close()
    this.origin.close()
  }

  private readonly heard = (message: WorkerMessage): void => {
    if (message.kind === 'cannot_rehearse') return this.begun.reject(new Error(message.why))
    if (message.kind !== 'rehearsing') return
    this.begun.resolve()
    const { port } = message.endpoints[0]
    for (let i = 0; i < CLIENTS; i++) this.clients.push(new RehearsalClient(port, () => this.next()))
    this.turn()
  }

  private turn(): void {
    if (this.asked >= REQUESTS || this.turns++ >= TURNS_MAX) return this.onOver()
    for (const client of this.clients) client.ask()
    this.timer = setTimeout(() => this.turn(), this.turn_ms).unref()
  }

  private next(): string {
    const asked = this.asked++
    const { path, method = 'GET', field } = PARTS[asked % PARTS.length]
    const head = `${method} ${path.replace('*', `-${asked}`)} HTTP/1.1\r\n${FIELDS}${field === undefined ? '' : `${field}\r\n`}`
    return method === 'POST' ? `${head}Content-Length: 4\r\n\r\nbody` : `${head}\r\n`
  }
}
