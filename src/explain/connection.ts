import { Duplex } from 'node:stream'
import type { Ip } from '../base/ip.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { type Arrived, MadeConnection } from '../flow/made-connection.ts'

/** What a client would have got, but for the bytes of the body: they are counted and let go. */
export interface Received {
  state: 'complete' | 'broken' | 'waiting'
  status: number | null
  reason: string
  head_bytes: number
  body_bytes: number
}

/** Nobody is slower than we are: after so much of a body others have their turn. */
const RUN_BYTES_MAX = 2 ** 20

/** A request that nobody has sent: `lacquer explain` asks. */
export class ExplainConnection extends MadeConnection {
  readonly body = undefined
  readonly body_bytes = 0
  readonly received: Received = { state: 'waiting', status: null, reason: '', head_bytes: 0, body_bytes: 0 }
  /** The response has come to its end, whichever it is. */
  onOver: () => void = () => {}
  /** Taken since others had their turn. */
  private run_bytes = 0

  /** Throws what is wrong with the request: whatever a listener would refuse. */
  constructor(head: string, ip: Ip, at: Arrived, xid: number, params: ParameterValues) {
    super(head, ip, at, xid, params)
    const { refusal, framing, content_length } = this.found
    if (refusal !== undefined) throw new Error(`the request is refused with ${refusal.status}: ${refusal.reason}`)
    if (this.hasMore || framing === 'chunked' || content_length > 0) throw new Error('a request without a body is explained')
  }

  /** The client has waited long enough. */
  leave(): void {
    if (this.closed || this.received.state !== 'waiting') return
    this.closed = true
    this.onClosed?.()
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
