import { Duplex } from 'node:stream'
import { parseIp, type Ip } from '../base/ip.ts'
import type { ParameterValues } from '../config/parameters.ts'
import type { ClientConnection, ConnectionFacts } from '../flow/client.ts'
import { RequestHead } from '../http/message.ts'
import { RequestParser } from '../http/parse.ts'
import type { StoredHead } from '../http/stored-head.ts'

/** What a client would have got, but for the bytes of the body: they are counted and let go. */
export interface Received {
  state: 'complete' | 'broken' | 'waiting'
  status: number | null
  reason: string
  head_bytes: number
  body_bytes: number
}

/** Where the request seems to have come to. */
export interface Arrived {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly text: string
}

/** Nobody is slower than we are: after so much of a body others have their turn. */
const RUN_BYTES_MAX = 2 ** 20

/** A client's connection with one request that nobody has sent: `lacquer explain` asks. It takes whatever it is given, at once. */
export class ExplainConnection implements ClientConnection {
  readonly facts: ConnectionFacts
  readonly req = new RequestHead()
  readonly body = undefined
  readonly keepAlive: boolean
  readonly http11: boolean
  readonly head_bytes: number
  readonly body_bytes = 0
  readonly upgrade: boolean
  readonly received: Received = { state: 'waiting', status: null, reason: '', head_bytes: 0, body_bytes: 0 }
  /** The response has come to its end, whichever it is. */
  onOver: () => void = () => {}
  closed = false
  /** Taken since others had their turn. */
  private run_bytes = 0
  timeout_idle_ms: number
  timeout_linger_ms: number
  send_timeout_ms: number
  idle_send_timeout_ms: number
  onDrain: (() => void) | undefined = undefined
  onClosed: (() => void) | undefined = undefined

  /** Throws what is wrong with the request: whatever a listener would refuse. */
  constructor(head: string, ip: Ip, at: Arrived, xid: number, params: ParameterValues) {
    const bytes = Buffer.from(head, 'latin1')
    const parser = new RequestParser(params)
    const used = parser.parse(bytes, 0, bytes.length, this.req)
    const { refusal } = parser
    if (refusal !== undefined) throw new Error(`the request is refused with ${refusal.status}: ${refusal.reason}`)
    if (used !== bytes.length || parser.framing === 'chunked' || parser.content_length > 0)
      throw new Error('a request without a body is explained')
    this.facts = factsOf(ip, at, xid)
    this.keepAlive = parser.keep_alive
    this.http11 = parser.http11
    this.upgrade = parser.upgrade
    this.head_bytes = bytes.length
    this.timeout_idle_ms = params.timeout_idle * 1000
    this.timeout_linger_ms = params.timeout_linger * 1000
    this.send_timeout_ms = params.send_timeout * 1000
    this.idle_send_timeout_ms = params.idle_send_timeout * 1000
  }

  /** The client has waited long enough. */
  leave(): void {
    if (this.closed || this.received.state !== 'waiting') return
    this.closed = true
    this.onClosed?.()
  }

  closeAfter(): void {}
  informational(): void {}
  headFirst(): void {}

  respond(head: string, body: Buffer | undefined): boolean {
    this.start(head)
    this.received.body_bytes += body?.length ?? 0
    this.end()
    return true
  }

  respondStored(head: StoredHead, body: Buffer | undefined): boolean {
    const bytes = Buffer.alloc(head.size_bytes)
    head.put(bytes as Parameters<StoredHead['put']>[0], 0)
    return this.respond(bytes.toString('latin1'), body)
  }

  hold(memory: { release(): void }): void {
    memory.release()
  }

  start(head: string): void {
    const { received } = this
    const [, status, ...reason] = head.slice(0, head.indexOf('\r\n')).split(' ')
    received.status = Number(status)
    received.reason = reason.join(' ')
    received.head_bytes = head.length
  }

  write(chunk: Buffer): boolean {
    this.received.body_bytes += chunk.length
    this.run_bytes += chunk.length
    if (this.run_bytes < RUN_BYTES_MAX) return true
    this.run_bytes = 0
    setImmediate(() => this.onDrain?.())
    return false
  }

  cork(): boolean {
    return false
  }

  uncork(): void {}

  end(): void {
    this.over('complete')
  }

  abort(): void {
    this.closed = true
    this.over('broken')
  }

  /** A pipe comes to nothing: there is nobody at this end of it. */
  detach(): Duplex {
    const nobody = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    nobody.push(null)
    nobody.on('close', () => this.over(this.received.status === null ? 'broken' : 'complete'))
    return nobody
  }

  private over(state: 'complete' | 'broken'): void {
    this.onDrain = this.onClosed = undefined
    if (this.received.state !== 'waiting') return
    this.received.state = state
    this.onOver()
  }
}

function factsOf(ip: Ip, { name, host, port, text }: Arrived, xid: number): ConnectionFacts {
  const local = parseIp(host === '' ? '127.0.0.1' : host, port) ?? parseIp('127.0.0.1', port)!
  return {
    xid,
    client_ip: ip,
    server_ip: local,
    remote_ip: ip,
    local_ip: local,
    peer_text: `${ip.text} ${ip.port} ${name}`,
    socket_name: name,
    endpoint: text,
    socket_fd: -1,
    proxy_tlvs: undefined,
  }
}
