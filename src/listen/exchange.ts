import type { Duplex } from 'node:stream'
import type { BodyFraming, ClientConnection, CloseReason, ConnectionFacts, Held, RequestBody } from '../flow/client.ts'
import type { Fields } from '../http/fields.ts'
import { RequestHead, ResponseHead } from '../http/message.ts'
import type { StoredHead } from '../http/stored-head.ts'
import { responseHeadText } from '../http/write.ts'
import type { Http1Context } from './http1-context.ts'
import { Http1Body } from './request-body.ts'
import type { ResponseWriter } from './response-writer.ts'

const NO_REQUEST = new RequestHead()
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

/** What an exchange asks of its connection. */
export interface ExchangeHost {
  /** The response begins. */
  responding(): void
  /** The response is written, as far as we are concerned. */
  answered(): void
  /** Some of the response waits for the client. */
  waiting(): void
  aborted(reason: CloseReason): void
  detached(): Duplex
  /** The flow wants bytes of the request's body. */
  bodyWanted(): void
  /** Bytes behind the request's head are there already. */
  readonly bodyArrived: boolean
}

/** The connection as the flow sees it: one request and its response. One per connection, used again for each request. */
export class Exchange implements ClientConnection {
  readonly facts: ConnectionFacts
  /** A request is with the flow. Without it the flow's calls do nothing. */
  active = false
  req: RequestHead = NO_REQUEST
  /** As `body`, with our side of it. */
  incoming: Http1Body | undefined = undefined
  /** The body of the request under way, or of the last one. */
  private latest: Http1Body | undefined = undefined
  http11 = true
  head_bytes = 0
  upgrade = false
  /** Why the connection is to be closed after the response, if it is. */
  reason: CloseReason | undefined = undefined
  timeout_idle_ms: number
  timeout_linger_ms: number
  send_timeout_ms: number
  idle_send_timeout_ms: number
  onDrain: (() => void) | undefined = undefined
  onClosed: (() => void) | undefined = undefined

  private readonly context: Http1Context
  private readonly host: ExchangeHost
  private readonly writer: ResponseWriter
  private persistent = true
  /** The client waits for 100 Continue before it sends the body. */
  private expecting = false
  private gone = false
  /** What is being sent lies there. */
  private held: Held[] | undefined = undefined

  constructor(context: Http1Context, host: ExchangeHost, writer: ResponseWriter, facts: ConnectionFacts) {
    const { limits } = context
    this.context = context
    this.host = host
    this.writer = writer
    this.facts = facts
    this.timeout_idle_ms = limits.timeout_idle * 1000
    this.timeout_linger_ms = limits.timeout_linger * 1000
    this.send_timeout_ms = limits.send_timeout * 1000
    this.idle_send_timeout_ms = limits.idle_send_timeout * 1000
  }

  get body(): RequestBody | undefined {
    return this.incoming
  }

  get body_bytes(): number {
    return this.latest === undefined ? 0 : this.latest.received_bytes
  }

  get closed(): boolean {
    return this.gone || !this.writer.open
  }

  get keepAlive(): boolean {
    return this.persistent && !this.context.draining && this.bodyAllowsReuse
  }

  closeAfter(reason: CloseReason): void {
    this.persistent = false
    this.reason ??= reason
  }

  informational(status: number, reason: string, fields: Fields): void {
    if (!this.active || !this.http11 || this.writer.started || status === 101) return
    if (status === 100) this.expecting = false
    const head = new ResponseHead()
    head.status = status
    head.reason = reason
    head.fields.copyFrom(fields)
    this.writer.interim(responseHeadText(head) + '\r\n')
  }

  respond(head: string, body: Buffer | undefined): boolean {
    if (!this.active || this.writer.started) return true
    this.responding()
    const free = this.writer.respond(head, body)
    this.finish()
    return free
  }

  respondStored(head: StoredHead, body: Buffer | undefined): boolean {
    if (!this.active || this.writer.started) return true
    this.responding()
    const free = this.writer.respondStored(head, body)
    this.finish()
    return free
  }

  hold(memory: Held): void {
    ;(this.held ??= []).push(memory)
  }

  start(head: string, framing: BodyFraming): void {
    if (!this.active || this.writer.started) return
    if (framing === 'close') this.closeAfter('TX_EOF')
    this.host.responding()
    this.writer.start(head, framing)
  }

  headFirst(): void {
    if (this.active && this.writer.started) process.nextTick(flushHead, this.writer)
  }

  write(chunk: Buffer): boolean {
    if (!this.active || !this.writer.started) return true
    const flushed = this.writer.write(chunk)
    if (!flushed) this.host.waiting()
    return flushed
  }

  cork(): boolean {
    return this.writer.cork()
  }

  uncork(): void {
    this.writer.uncork()
    if (this.active && !this.writer.flushed) this.host.waiting()
  }

  end(): void {
    if (!this.active || !this.writer.started) return
    this.writer.end()
    this.finish()
  }

  abort(reason: CloseReason): void {
    if (this.active) this.host.aborted(reason)
  }

  detach(): Duplex {
    this.active = false
    this.onDrain = this.onClosed = this.incoming = undefined
    return this.host.detached()
  }

  // The connection's side.

  /** The head that the parser fills; an idle connection holds none. */
  headToFill(): RequestHead {
    if (this.req === NO_REQUEST) this.req = this.context.takeHead()
    return this.req
  }

  /** Hands the parsed request to the flow. */
  begin(head_bytes: number): void {
    const { parser, flow } = this.context
    this.active = true
    this.head_bytes = head_bytes
    this.http11 = parser.http11
    this.upgrade = parser.upgrade
    // What follows a CONNECT is meant for a tunnel, not for us.
    this.persistent = parser.keep_alive && !(parser.upgrade && this.req.method === 'CONNECT')
    this.reason = undefined
    this.expecting = parser.expect_continue
    this.writer.started = false
    if (parser.framing === 'chunked') this.incoming = new Http1Body(this, -1)
    else if (parser.content_length > 0) this.incoming = new Http1Body(this, parser.content_length)
    this.latest = this.incoming
    flow.request(this)
  }

  bodyWanted(): void {
    if (this.expecting && this.incoming?.claimed === true) {
      this.expecting = false
      if (!this.writer.started && !this.host.bodyArrived) this.writer.interim(CONTINUE)
    }
    this.host.bodyWanted()
  }

  /** All that was written is with the kernel. */
  drained(): void {
    this.letGo()
    this.onDrain?.()
  }

  /** The kernel looks at nothing of what was written any more. */
  letGo(): void {
    const { held } = this
    if (held === undefined) return
    this.held = undefined
    for (const memory of held) memory.release()
  }

  /** No request is under way: what it held is given back. */
  rest(): void {
    this.incoming = undefined
    if (this.req === NO_REQUEST) return
    this.context.giveHead(this.req)
    this.req = NO_REQUEST
  }

  /** The connection is closed. The flow is told, unless it knows. */
  close(told: boolean): void {
    const onClosed = this.active && told ? this.onClosed : undefined
    this.gone = true
    this.active = false
    this.onDrain = this.onClosed = undefined
    if (told) this.incoming?.fail('the client went away')
    else this.incoming?.cancel()
    onClosed?.()
  }

  /** Why the connection is closed behind the last answer. */
  get closingReason(): CloseReason {
    const { reason, incoming, http11 } = this
    if (reason !== undefined) return reason
    if (incoming !== undefined && !incoming.done) return 'RX_BODY'
    if (this.context.draining) return 'SHUTDOWN'
    return http11 ? 'REQ_CLOSE' : 'REQ_HTTP10'
  }

  /** A complete answer, also one that comes long after its request, waits for the connection to look at what else has come: it may leave with others. */
  private responding(): void {
    this.host.responding()
    this.writer.cork()
  }

  private finish(): void {
    this.active = false
    this.onDrain = this.onClosed = undefined
    this.host.answered()
  }

  private get bodyAllowsReuse(): boolean {
    const body = this.incoming
    return body === undefined || body.done || (body.cheapToDiscard && !this.expecting)
  }
}

/** By then the head of another response may wait there: it does not mind. */
function flushHead(writer: ResponseWriter): void {
  writer.flushHead()
}
