import { readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { once } from 'node:events'
import { SystemClock } from '../../../src/base/clock.ts'
import { RequestHead } from '../../../src/http/message.ts'
import type { ResponseHead } from '../../../src/http/message.ts'
import type { Fields } from '../../../src/http/fields.ts'
import type { BackendSpec, FetchFailure, OriginHandler, OriginTimeouts, OutgoingBody } from '../../../src/origin/contract.ts'
import { createOrigin } from '../../../src/origin/create.ts'
import type { Origins } from '../../../src/origin/create.ts'
import type { OriginCounter, OriginOptions, OriginParameters } from '../../../src/origin/options.ts'

export const PARAMETERS: OriginParameters = {
  connect_timeout: 3.5,
  first_byte_timeout: 60,
  between_bytes_timeout: 60,
  backend_idle_timeout: 60,
  backend_local_error_holddown: 10,
  backend_remote_error_holddown: 0.25,
  backend_wait_limit: 0,
  backend_wait_timeout: 0,
  http_resp_size: 32 * 1024,
  http_resp_hdr_len: 8 * 1024,
  http_max_hdr: 64,
  prefer_ipv6: false,
}

export const PATIENT: OriginTimeouts = { connect_ms: 3500, first_byte_ms: 5000, between_bytes_ms: 5000 }

export function specOf(port: number, more: Partial<BackendSpec> = {}): BackendSpec {
  return {
    name: 'default',
    host: '127.0.0.1',
    port,
    path: undefined,
    tls: false,
    host_header: undefined,
    connect_timeout_ms: undefined,
    first_byte_timeout_ms: undefined,
    between_bytes_timeout_ms: undefined,
    max_connections: 0,
    preamble: undefined,
    via: undefined,
    authority: undefined,
    wait_limit: undefined,
    wait_timeout_ms: undefined,
    proxy_header: 0,
    none: false,
    ...more,
  }
}

/** An origin that says exactly what it is told to, and remembers what it heard. */
export class RawOrigin {
  readonly server: Server
  readonly sockets: Socket[] = []
  /** Everything received, per connection. */
  readonly heard: string[] = []

  /** `answer` is called for each complete request head (and each chunk after it). */
  constructor(answer: (socket: Socket, text: string, connection: number) => void, server?: Server) {
    this.server = server ?? createServer()
    this.server.on('connection', (socket) => this.accept(socket, answer))
  }

  private accept(socket: Socket, answer: (socket: Socket, text: string, connection: number) => void): void {
    const connection = this.sockets.push(socket) - 1
    this.heard[connection] = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1')
      this.heard[connection] += text
      answer(socket, text, connection)
    })
  }

  async listen(path?: string): Promise<number> {
    if (path === undefined) this.server.listen(0, '127.0.0.1')
    else this.server.listen(path)
    await once(this.server, 'listening')
    return path === undefined ? (this.server.address() as AddressInfo).port : 0
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
  }
}

/** Collects what a fetch tells. `finished` settles with the end or the failure. */
export class Heard implements OriginHandler {
  readonly events: string[] = []
  head: ResponseHead | undefined
  content_length = -1
  body = ''
  failure: FetchFailure | undefined
  reused: boolean | undefined
  address = ''
  /** What the descriptor that the log has was a file of: "socket:[123]". */
  file = ''
  client: OriginHandler['client']
  onChunk: ((chunk: Buffer) => void) | undefined
  readonly finished: Promise<void>
  readonly headed: Promise<void>
  private finish!: () => void
  private gotHead!: () => void

  constructor() {
    this.finished = new Promise((resolve) => (this.finish = resolve))
    this.headed = new Promise((resolve) => (this.gotHead = resolve))
  }

  onConnected(reused: boolean, address: string, _local: string, descriptor: string): void {
    this.reused = reused
    this.address = address
    this.file = readlinkSync(`/proc/self/fd/${descriptor}`)
  }

  onInformational(status: number, _reason: string, fields: Fields): void {
    this.events.push(`${status}${fields.count === 0 ? '' : ` ${lines(fields)}`}`)
  }

  onHead(head: ResponseHead, content_length: number): void {
    this.head = head
    this.content_length = content_length
    this.events.push(`head ${head.status} ${content_length}`)
    this.gotHead()
  }

  onData(chunk: Buffer): void {
    if (this.onChunk !== undefined) return this.onChunk(chunk)
    this.body += chunk.toString('latin1')
  }

  onEnd(): void {
    this.events.push(`end ${this.body}`)
    this.finish()
  }

  onError(failure: FetchFailure): void {
    this.failure = failure
    this.events.push(`error ${failure.kind}`)
    this.finish()
  }
}

export function lines(fields: Fields): string {
  let text = ''
  for (let i = 0; i < fields.count; i++) text += `${i === 0 ? '' : '|'}${fields.names[i]}: ${fields.values[i]}`
  return text
}

export function get(url = '/', method = 'GET', ...fields: [string, string][]): RequestHead {
  const head = new RequestHead()
  head.method = method
  head.url = url
  head.fields.append('Host', 'example.com')
  for (const [name, value] of fields) head.fields.append(name, value)
  return head
}

export interface Rig {
  readonly origin: Origins
  readonly counters: Partial<Record<OriginCounter, number>>
}

export function rig(specs: BackendSpec[], more: Partial<OriginOptions> = {}): Rig {
  const counters: Partial<Record<OriginCounter, number>> = {}
  const observer = { count: (name: OriginCounter) => void (counters[name] = (counters[name] ?? 0) + 1) }
  return { origin: createOrigin(specs, { clock: new SystemClock(), parameters: PARAMETERS, observe: () => observer, ...more }), counters }
}

/** A client's body that hands out `chunks` one per resume. */
export function bodyOf(length_bytes: number, chunks: string[], end: 'end' | 'error' | 'wait' = 'end'): OutgoingBody {
  let sink: Parameters<OutgoingBody['start']>[0]
  let i = 0
  const step = (): void => {
    if (i < chunks.length) {
      sink.onData(Buffer.from(chunks[i++], 'latin1'))
      queueMicrotask(step)
    } else if (i++ === chunks.length) {
      if (end === 'end') sink.onEnd()
      if (end === 'error') sink.onError(new Error('client went away'))
    }
  }
  return {
    length_bytes,
    start: (to) => {
      sink = to
      step()
    },
    pause: () => {},
    resume: () => {},
  }
}
