import type { Duplex } from 'node:stream'
import type { BodyFraming, ClientConnection, CloseReason, RequestBody } from '../flow/client.ts'
import type { Fields } from '../http/fields.ts'
import { RequestHead } from '../http/message.ts'
import { Facts, type Door } from './facts.ts'
import type { Http1Context } from './http1-context.ts'
import { InputBuffer } from './input-buffer.ts'
import { BODY_MIN_BYTES_PER_S, deadlineAfter, LINGER_MAX_BYTES, LINGER_MAX_MS } from './limits.ts'
import type { Session } from './observer.ts'
import { ProxyHeader } from './proxy-protocol.ts'
import { refusalResponse } from './refusal.ts'
import { Http1Body, type BodyHost } from './request-body.ts'
import { ResponseWriter } from './response-writer.ts'
import { SendWatch } from './send-watch.ts'
import type { Timed } from './sweep.ts'
import type { Transport, TransportOwner } from './transport.ts'

/** Where a connection is. Names the states of the machine below; the order matters: from `ending` on nothing is read for requests. */
const Phase = {
  /** Waits for the PROXY header. */
  proxy: 0,
  /** Waits for a request's head, or has part of it. */
  head: 1,
  /** The flow has a request. */
  busy: 2,
  /** Answered; the rest of the request's body is thrown away to reach the next head. */
  tail: 3,
  /** Answered for the last time; closes once that is sent. */
  ending: 4,
  /** Our side is shut; what the client still sends is thrown away so that it can read its answer. */
  linger: 5,
  /** The socket belongs to a pipe. */
  detached: 6,
  closed: 7,
} as const
type Phase = (typeof Phase)[keyof typeof Phase]

const NO_REQUEST = new RequestHead()
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const NOTHING = Buffer.alloc(0)

/** Told when a connection is no more. */
export interface ConnectionOwner {
  connectionClosed(connection: Http1Connection): void
}

/**
 * An HTTP/1 connection, RFC 9112. Received bytes run through `step` until they are used up or must wait: for the flow to
 * finish, for a slow client to take its answers. What waits is kept, within http_req_size and one read, then reading stops. Every
 * event ends in `settle`, which decides what follows from the state: close, hand back memory, read or not, until when.
 */
export class Http1Connection implements ClientConnection, Session, TransportOwner, BodyHost, Timed {
  readonly facts: Facts
  readonly opened_ms: number
  received_bytes = 0
  requests = 0

  req: RequestHead = NO_REQUEST
  http11 = true
  head_bytes = 0
  upgrade = false
  timeout_idle_ms: number
  timeout_linger_ms: number
  send_timeout_ms: number
  idle_send_timeout_ms: number
  onDrain: (() => void) | undefined = undefined
  onClosed: (() => void) | undefined = undefined

  due_ms = Infinity
  slot = -1
  next: Timed | undefined = undefined
  previous: Timed | undefined = undefined

  private readonly context: Http1Context
  private readonly owner: ConnectionOwner
  private readonly transport: Transport
  private readonly writer: ResponseWriter
  private readonly sending = new SendWatch()
  private phase: Phase
  private requestBody: Http1Body | undefined = undefined
  /** The client waits for 100 Continue before it sends the body. */
  private expecting = false
  private persistent = true
  private reason: CloseReason | undefined = undefined
  /** The client has half-closed: it sends nothing more, and may still read. */
  private ended = false
  /** Bytes kept for later. */
  private input: InputBuffer | undefined = undefined
  /** How many of the bytes at hand the parser has seen without finding a whole head. */
  private scanned = 0
  private pump_queued = false

  // The bytes `run` is working on.
  private running = false
  private run_buffer: Buffer = NOTHING
  private run_at = 0
  private run_end = 0

  private idle_due_ms = Infinity
  private head_due_ms = Infinity
  private body_due_ms = Infinity
  private phase_due_ms = Infinity
  private linger_due_ms = Infinity
  private lingered_bytes = 0
  /** Bytes came, or must come, after the last request that is answered. */
  private more_coming = false

  constructor(context: Http1Context, transport: Transport, door: Door, owner: ConnectionOwner) {
    const { limits, clock } = context
    this.context = context
    this.owner = owner
    this.transport = transport
    this.writer = new ResponseWriter(transport, context.scratch)
    this.facts = new Facts(context.nextXid(), transport.socket, door)
    this.opened_ms = clock.wall_ms
    this.timeout_idle_ms = limits.timeout_idle * 1000
    this.timeout_linger_ms = limits.timeout_linger * 1000
    this.send_timeout_ms = limits.send_timeout * 1000
    this.idle_send_timeout_ms = limits.idle_send_timeout * 1000
    this.phase = door.proxy ? Phase.proxy : Phase.head
    this.idle_due_ms = deadlineAfter(clock.mono_ms, this.timeout_idle_ms)
    this.head_due_ms = deadlineAfter(clock.mono_ms, limits.timeout_req * 1000)
    transport.owner = this
    context.observer.opened(this)
    this.settle()
  }

  get sent_bytes(): number {
    return this.writer.sent_bytes
  }

  get body(): RequestBody | undefined {
    return this.requestBody
  }

  get closed(): boolean {
    return this.phase === Phase.closed || this.transport.destroyed
  }

  get keepAlive(): boolean {
    return this.persistent && !this.context.draining && this.bodyAllowsReuse
  }

  // What the flow does with a request.

  closeAfter(reason: CloseReason): void {
    this.persistent = false
    this.reason ??= reason
  }

  informational(status: number, reason: string, fields: Fields): void {
    if (this.phase !== Phase.busy || !this.http11 || this.writer.started || status === 101) return
    if (status === 100) this.expecting = false
    let text = `HTTP/1.1 ${status} ${reason}\r\n`
    for (let i = 0; i < fields.count; i++) text += `${fields.names[i]}: ${fields.values[i]}\r\n`
    this.writer.interim(text + '\r\n')
  }

  respond(head: string, body: Buffer | undefined): void {
    if (this.phase !== Phase.busy || this.writer.started) return
    this.sending.begin(this.context.clock.mono_ms)
    this.writer.respond(head, body)
    this.finish()
  }

  start(head: string, framing: BodyFraming): void {
    if (this.phase !== Phase.busy || this.writer.started) return
    if (framing === 'close') this.closeAfter('TX_EOF')
    this.sending.begin(this.context.clock.mono_ms)
    this.writer.start(head, framing)
  }

  write(chunk: Buffer): boolean {
    if (this.phase !== Phase.busy || this.transport.destroyed) return true
    const flushed = this.writer.write(chunk)
    if (!flushed && !this.running) this.arm()
    return flushed
  }

  end(): void {
    if (this.phase !== Phase.busy) return
    this.writer.end()
    this.finish()
  }

  abort(reason: CloseReason): void {
    if (this.phase !== Phase.busy) return
    this.onClosed = undefined
    this.requestBody?.cancel()
    this.kill(reason)
  }

  detach(): Duplex {
    this.writer.flush()
    const unread = this.unread()
    this.context.sweep.remove(this)
    this.phase = Phase.detached
    this.requests++
    this.onDrain = this.onClosed = this.input = this.requestBody = undefined
    return this.transport.detach(unread)
  }

  // What the listener does with a connection.

  /** Closes if no request is under way or begun. */
  closeIdle(): void {
    const waiting = this.phase === Phase.head || this.phase === Phase.proxy
    if (waiting && this.input === undefined && this.transport.flushed) this.drop('SHUTDOWN')
  }

  /** Closes, whatever is under way. */
  destroy(reason: CloseReason): void {
    this.kill(reason)
  }

  // Events of the transport.

  received(buffer: Buffer, start: number, end: number): void {
    this.context.clock.refresh()
    this.received_bytes += end - start
    if (this.phase >= Phase.ending) return this.throwAway(end - start)
    const input = this.input
    if (input === undefined) {
      this.run(buffer, start, end)
      if (this.run_at < end) this.keep(buffer, end)
    } else {
      input.append(buffer, start, end)
      this.runInput(input)
    }
    this.settle()
  }

  inputEnded(): void {
    this.context.clock.refresh()
    this.ended = true
    if (this.phase === Phase.linger) return this.drop(this.reason ?? 'REM_CLOSE')
    this.settle()
  }

  drained(): void {
    if (this.phase >= Phase.detached || !this.writer.flushed) return
    this.context.clock.refresh()
    this.sending.rest()
    if (this.phase === Phase.head) this.idle_due_ms = deadlineAfter(this.context.clock.mono_ms, this.timeout_idle_ms)
    if (this.phase === Phase.busy) this.onDrain?.()
    this.pump()
  }

  gone(error: Error | undefined): void {
    if (this.phase === Phase.closed) return
    if (this.phase === Phase.detached) return this.leave('TX_PIPE')
    if (this.phase >= Phase.ending) return this.leave(this.reason ?? 'REM_CLOSE')
    this.leave(error !== undefined && this.phase === Phase.busy && this.writer.started ? 'TX_ERROR' : 'REM_CLOSE')
  }

  bodyWanted(): void {
    const body = this.requestBody
    this.body_due_ms = deadlineAfter(this.context.clock.mono_ms, this.timeout_idle_ms)
    if (this.expecting && body?.claimed === true) {
      this.expecting = false
      if (!this.writer.started && this.input === undefined && this.run_at >= this.run_end) this.writer.interim(CONTINUE)
    }
    this.queuePump()
  }

  onDue(now_ms: number): void {
    if (this.sending.check(this.transport, now_ms, this.idle_send_timeout_ms, this.send_timeout_ms)) return this.kill('TX_ERROR')
    if (this.phase_due_ms <= now_ms) this.expire()
    else this.arm()
  }

  // The machine.

  private run(buffer: Buffer, start: number, end: number): void {
    const writer = this.writer
    this.run_buffer = buffer
    this.run_at = start
    this.run_end = end
    this.running = writer.deferring = true
    while (this.run_at < this.run_end && this.step()) continue
    this.running = writer.deferring = false
    writer.flush()
  }

  private runInput(input: InputBuffer): void {
    this.run(input.bytes, input.start, input.end)
    input.start = this.run_at
    if (input.length === 0) this.input = undefined
  }

  private keep(buffer: Buffer, end: number): void {
    if (this.phase < Phase.ending) this.input = new InputBuffer(buffer, this.run_at, end)
    else this.more_coming = true
  }

  /** Uses some of the bytes at hand; false if they must wait. */
  private step(): boolean {
    switch (this.phase) {
      case Phase.head:
        // Nothing is begun for a client that does not take its answers.
        return this.writer.flushed && this.takeHead()
      case Phase.busy:
      case Phase.tail:
        return this.takeBody()
      case Phase.proxy:
        return this.takeProxyHeader()
      default:
        return false
    }
  }

  private takeHead(): boolean {
    const context = this.context
    if (this.req === NO_REQUEST) this.req = context.takeHead()
    const consumed = context.parser.parse(this.run_buffer, this.run_at, this.run_end, this.req, this.scanned)
    if (consumed > 0) {
      this.scanned = 0
      this.run_at += consumed
      this.begin(consumed)
      return true
    }
    if (consumed < 0) this.refuse()
    else {
      if (this.scanned === 0) this.head_due_ms = deadlineAfter(context.clock.mono_ms, context.limits.timeout_req * 1000)
      this.scanned = this.run_end - this.run_at
    }
    return false
  }

  private begin(head_bytes: number): void {
    const { parser, flow } = this.context
    this.phase = Phase.busy
    this.head_bytes = head_bytes
    this.http11 = parser.http11
    this.upgrade = parser.upgrade
    // What follows a CONNECT is meant for a tunnel, not for us.
    this.persistent = parser.keep_alive && !(parser.upgrade && this.req.method === 'CONNECT')
    this.reason = undefined
    this.writer.started = false
    this.expecting = parser.expect_continue
    if (parser.framing === 'chunked') this.requestBody = new Http1Body(this, -1)
    else if (parser.content_length > 0) this.requestBody = new Http1Body(this, parser.content_length)
    try {
      flow.request(this)
    } catch (error) {
      this.failed(error)
    }
  }

  private takeBody(): boolean {
    const body = this.requestBody
    if (body === undefined || !body.wanting) return false
    const at = this.run_at
    try {
      this.run_at = body.feed(this.run_buffer, at, this.run_end)
    } catch (error) {
      this.failed(error)
      return false
    }
    const { mono_ms } = this.context.clock
    const earned_ms = ((this.run_at - at) * 1000) / BODY_MIN_BYTES_PER_S
    this.body_due_ms = Math.min(this.body_due_ms + earned_ms, deadlineAfter(mono_ms, this.timeout_idle_ms))
    this.settleTail()
    return true
  }

  private takeProxyHeader(): boolean {
    const header = new ProxyHeader()
    const consumed = header.parse(this.run_buffer, this.run_at, this.run_end)
    if (consumed > 0) {
      this.run_at += consumed
      this.facts.client_ip = header.client ?? this.facts.client_ip
      this.facts.server_ip = header.server ?? this.facts.server_ip
      this.phase = Phase.head
      this.context.observer.proxied(this)
      return true
    }
    if (consumed < 0) {
      this.context.observer.proxyRefused(this, header.error)
      this.drop('RX_JUNK')
    }
    return false
  }

  private refuse(): void {
    const { parser, observer, clock } = this.context
    const refusal = parser.refusal
    if (refusal === undefined) return
    observer.refused(this, refusal, this.run_buffer.subarray(this.run_at, this.run_end))
    this.sending.begin(clock.mono_ms)
    this.writer.interim(refusalResponse(refusal, clock.wall_ms))
    this.reason = refusal.close
    this.more_coming = true
    this.phase = Phase.ending
  }

  /** The response is written. */
  private finish(): void {
    this.requests++
    this.onDrain = this.onClosed = undefined
    const body = this.requestBody
    if (!this.keepAlive) this.phase = Phase.ending
    else if (body === undefined || body.done) this.nextRequest()
    else {
      this.phase = Phase.tail
      body.discard()
    }
    this.queuePump()
  }

  private nextRequest(): void {
    this.phase = Phase.head
    this.requestBody = undefined
    this.idle_due_ms = deadlineAfter(this.context.clock.mono_ms, this.timeout_idle_ms)
    if (this.input !== undefined || this.run_at < this.run_end) this.context.observer.pipelined(this)
  }

  private get bodyAllowsReuse(): boolean {
    const body = this.requestBody
    return body === undefined || body.done || (body.cheapToDiscard && !this.expecting)
  }

  /** Goes on from a fresh stack: whoever called may still be using the request that has just ended. */
  private queuePump(): void {
    if (this.running || this.pump_queued) return
    this.pump_queued = true
    process.nextTick(pumpLater, this)
  }

  /** Goes on with what was kept. */
  pump(): void {
    this.pump_queued = false
    if (this.phase >= Phase.detached) return
    if (this.input !== undefined && this.phase < Phase.ending) this.runInput(this.input)
    this.settle()
  }

  private settle(): void {
    this.settleBody()
    if (this.phase === Phase.ending && this.writer.flushed) this.hangUp()
    if (this.phase === Phase.head) this.settleIdle()
    if (this.phase >= Phase.detached) return
    if (this.shouldRead) this.transport.resumeReading()
    else this.transport.pauseReading()
    this.arm()
  }

  private settleBody(): void {
    const body = this.requestBody
    if (body !== undefined && this.ended && body.wanting && this.input === undefined) body.fail('the client stopped sending')
    this.settleTail()
  }

  private settleTail(): void {
    const body = this.requestBody
    if (this.phase !== Phase.tail || body === undefined) return
    if (body.broken) this.phase = Phase.ending
    else if (body.done) this.nextRequest()
  }

  private settleIdle(): void {
    if (this.req !== NO_REQUEST) {
      this.context.giveHead(this.req)
      this.req = NO_REQUEST
    }
    if (!this.writer.flushed) return
    if (this.ended) this.drop('REM_CLOSE')
    else if (this.context.draining && this.input === undefined) this.drop('SHUTDOWN')
  }

  private get shouldRead(): boolean {
    switch (this.phase) {
      case Phase.proxy:
      case Phase.linger:
        return true
      case Phase.ending:
        return false
      default:
        if (this.requestBody?.wanting === true) return true
        return this.input === undefined || this.input.length < this.context.limits.http_req_size
    }
  }

  /** Files the next deadline. */
  private arm(): void {
    const { clock, sweep } = this.context
    this.phase_due_ms = this.phaseDue()
    const check_ms = this.sending.nextCheck(this.transport, clock.mono_ms, this.idle_send_timeout_ms, this.send_timeout_ms)
    sweep.schedule(this, Math.min(this.phase_due_ms, check_ms))
  }

  private phaseDue(): number {
    switch (this.phase) {
      case Phase.head:
        if (!this.writer.flushed) return Infinity
        return this.scanned > 0 ? this.head_due_ms : this.idle_due_ms
      case Phase.proxy:
        return this.head_due_ms
      case Phase.busy:
      case Phase.tail:
        return this.requestBody?.wanting === true ? this.body_due_ms : Infinity
      case Phase.linger:
        return this.linger_due_ms
      default:
        return Infinity
    }
  }

  private expire(): void {
    if (this.phase === Phase.linger) return this.drop(this.reason ?? 'REM_CLOSE')
    if (this.phase < Phase.busy) return this.drop('RX_TIMEOUT')
    this.closeAfter('RX_TIMEOUT')
    this.requestBody?.fail('the client sends its request body too slowly')
    this.settle()
  }

  /** The last answer is sent. Closing with unread bytes would reset the connection and may take that answer from the client. */
  private hangUp(): void {
    const body_read = this.requestBody === undefined || this.requestBody.done
    const reason = this.reason ?? this.closingReason(body_read)
    if (this.ended || (body_read && !this.more_coming && this.input === undefined)) return this.drop(reason)
    this.reason = reason
    this.input = undefined
    this.phase = Phase.linger
    this.linger_due_ms = this.context.clock.mono_ms + LINGER_MAX_MS
    this.transport.end()
  }

  private closingReason(body_read: boolean): CloseReason {
    if (!body_read) return 'RX_BODY'
    if (this.context.draining) return 'SHUTDOWN'
    return this.http11 ? 'REQ_CLOSE' : 'REQ_HTTP10'
  }

  private throwAway(size_bytes: number): void {
    this.more_coming = true
    this.lingered_bytes += size_bytes
    if (this.lingered_bytes > LINGER_MAX_BYTES && this.phase === Phase.linger) this.drop(this.reason ?? 'REM_CLOSE')
  }

  /** Bytes received and not used, for a pipe. */
  private unread(): Buffer {
    if (this.running) {
      const rest = Buffer.from(this.run_buffer.subarray(this.run_at, this.run_end))
      this.run_at = this.run_end
      return rest
    }
    return this.input === undefined ? NOTHING : this.input.bytes.subarray(this.input.start, this.input.end)
  }

  /** The flow threw. */
  private failed(error: unknown): void {
    this.context.observer.failed(this, error)
    this.onClosed = undefined
    this.requestBody?.cancel()
    this.kill('TX_ERROR')
  }

  /** Closes in good order. */
  private drop(reason: CloseReason): void {
    this.leave(reason)
    this.transport.close()
  }

  /** Closes so that the client cannot take what it has for complete. */
  private kill(reason: CloseReason): void {
    this.writer.flush()
    this.leave(reason)
    this.transport.reset()
  }

  private leave(reason: CloseReason): void {
    if (this.phase === Phase.closed) return
    const { sweep, observer } = this.context
    const onClosed = this.phase === Phase.busy ? this.onClosed : undefined
    this.phase = Phase.closed
    this.onDrain = this.onClosed = this.input = undefined
    sweep.remove(this)
    observer.closed(this, reason)
    this.owner.connectionClosed(this)
    this.requestBody?.fail('the client went away')
    onClosed?.()
  }
}

function pumpLater(connection: Http1Connection): void {
  connection.pump()
}
