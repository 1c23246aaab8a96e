import { connect, type Socket } from 'node:net'
import type { SteadyNews } from './messages.ts'

/**
 * A client that asks for one small object for ever, and a bare responder in turn with it, and takes the time: what the cache
 * is late by and the other is not, is the cache's. In a process of its own, so that nothing here is late.
 */
const [cache_port, control_port, target] = process.argv.slice(2)
const PAUSE_MS = 4

const hits_ms: number[] = []
const control_ms: number[] = []
const wrong: string[] = []
let answers = 0
let over = false

/** Resolves with the answer's head when it is there; undefined when the connection broke. */
class Line {
  private readonly port: number
  private socket: Socket | undefined
  private text = ''
  private heard = (_head: string | undefined): void => {}

  constructor(port: number) {
    this.port = port
  }

  ask(): Promise<string | undefined> {
    this.text = ''
    const socket = (this.socket ??= this.open())
    socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
    return new Promise((resolve) => (this.heard = resolve))
  }

  private open(): Socket {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true })
    socket.setEncoding('latin1').on('data', (data) => this.more(String(data)))
    socket
      .on('error', () => {})
      .on('close', () => {
        if (this.socket === socket) this.socket = undefined
        this.heard(undefined)
      })
    return socket
  }

  private more(data: string): void {
    this.text += data
    const end = this.text.indexOf('\r\n\r\n') + 4
    const length = Number(/^content-length: (\d+)/im.exec(this.text)?.[1] ?? Infinity)
    if (end >= 4 && this.text.length >= end + length) this.heard(this.text.slice(0, end))
  }
}

async function turn(line: Line, into: number[], counts: (head: string) => boolean): Promise<void> {
  const began_ms = performance.now()
  const head = await line.ask()
  const took_ms = performance.now() - began_ms
  if (head !== undefined && counts(head)) into.push(took_ms)
  if (head !== undefined && line === cache) answers++
  if (head !== undefined && !head.startsWith('HTTP/1.1 200 ')) wrong.push(head.slice(0, head.indexOf('\r\n')))
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
}

process.on('message', () => (over = true))
process.on('disconnect', () => process.exit())

const cache = new Line(Number(cache_port))
const control = new Line(Number(control_port))
const isHit = (head: string): boolean => /^cache-status: .*; *hit/im.test(head)
for (let i = 0; i < 50; i++) {
  await turn(cache, [], isHit)
  await turn(control, [], () => true)
}
const goesOn = (): boolean => !over
while (goesOn()) {
  await turn(cache, hits_ms, isHit)
  await turn(control, control_ms, () => true)
}
const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)
const news: SteadyNews = { hits_ms: ascending(hits_ms), control_ms: ascending(control_ms), answers, wrong }
process.send!(news, undefined, undefined, () => process.disconnect!())
