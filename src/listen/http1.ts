import type { Duplex } from 'node:stream'
import type { CloseReason } from '../flow/client.ts'
import { Deadlines } from './deadlines.ts'
import { Exchange, type ExchangeHost } from './exchange.ts'
import { Facts, type Door } from './facts.ts'
import type { Http1Context } from './http1-context.ts'
import { Input, type InputUser } from './input.ts'
import { LINGER_MAX_BYTES } from './limits.ts'
import type { Session } from './observer.ts'
import { Phase } from './phase.ts'
import { refusalResponse } from './refusal.ts'
import { ResponseWriter } from './response-writer.ts'
import { SendWatch } from './send-watch.ts'
import { Share, type Sharer } from './share.ts'
import type { Timed } from './sweep.ts'
import type { Transport, TransportOwner } from './transport.ts'

/** Told when a connection is no more. */
export interface ConnectionOwner {
  connectionClosed(connection: Http1Connection): void
}

/**
 * An HTTP/1 connection, RFC 9112. Received bytes run through `step` until they are used up or must wait: for the flow, or a slow client. What waits
 * is kept, within http_req_size and one read. Every event ends in `settle`, which decides from the state: close, hand back memory, read, until when.
 */
export class Http1Connection implements Session, TransportOwner, ExchangeHost, InputUser, Sharer, Timed {
  readonly facts: Facts
  readonly opened_ms: number
  readonly share: Share
  received_bytes = 0
  requests = 0

  due_ms = Infinity
  slot = -1
  next: Timed | undefined = undefined
  previous: Timed | undefined = undefined

  private readonly context: Http1Context
  private readonly owner: ConnectionOwner
  private readonly transport: Transport
  private readonly writer: ResponseWriter
  private readonly exchange: Exchange
  private readonly input: Input
  private readonly deadlines = new Deadlines()
  private readonly sending = new SendWatch()
  private phase: Phase
  /** The client has half-closed: it sends nothing more, and may still read. */
  private ended = false
  /** How many of the bytes at hand the parser has seen without finding a whole head. */
  private scanned = 0
  private pump_queued = false
  private phase_due_ms = Infinity
  /** Bytes came, or must come, behind the last request that is answered. */
  private more_coming = false
  private lingered_bytes = 0

  constructor(context: Http1Context, transport: Transport, door: Door, owner: ConnectionOwner) {
    const { limits, clock } = context
    this.context = context
    this.owner = owner
    this.transport = transport
    this.facts = new Facts(context.nextXid(), transport.addresses(), door, transport)
    this.opened_ms = clock.wall_ms
    this.writer = new ResponseWriter(transport, context.scratch)
    this.exchange = new Exchange(context, this, this.writer, this.facts)
    this.input = new Input(this)
    this.share = new Share(this, context.turns, clock)
    this.phase = door.proxy ? Phase.proxy : Phase.head
    this.deadlines.idle(clock.mono_ms, this.exchange.timeout_idle_ms)
    this.deadlines.head(clock.mono_ms, limits.timeout_req)
    transport.owner = this
    context.observer.opened(this)
    this.arm()
  }

  get sent_bytes(): number {
    return this.writer.sent_bytes
  }

  // What the listener does with a connection.

  /** Closes if no request is under way or begun. */
  closeIdle(): void {
    if (this.phase <= Phase.head && this.input.empty && this.writer.flushed) this.drop('SHUTDOWN')
  }

  // Events of the transport and of the sweep.

  received(buffer: Buffer, start: number, end: number): void {
    this.context.clock.refresh()
    this.received_bytes += end - start
    if (this.phase >= Phase.ending) return this.throwAway(end - start)
    this.share.received(end - start)
    this.writer.deferring = true
    this.input.offer(buffer, start, end)
    this.answer()
  }

  inputEnded(): void {
    this.context.clock.refresh()
    this.ended = true
    if (this.phase === Phase.linger) return this.drop(this.exchange.closingReason)
    this.settle()
  }

  drained(): void {
    if (this.phase >= Phase.detached || !this.writer.flushed) return
    const { clock } = this.context
    clock.refresh()
    this.sending.rest()
    if (this.phase === Phase.head) this.deadlines.idle(clock.mono_ms, this.exchange.timeout_idle_ms)
    this.exchange.drained()
    this.pump()
  }

  gone(error: Error | undefined): void {
    this.exchange.letGo()
    if (this.phase === Phase.detached) return this.leave('TX_PIPE')
    if (this.phase >= Phase.ending) return this.leave(this.exchange.closingReason)
    this.leave(error !== undefined && this.exchange.active && this.writer.started ? 'TX_ERROR' : 'REM_CLOSE')
  }

  onDue(now_ms: number): void {
    const { idle_send_timeout_ms, send_timeout_ms } = this.exchange
    if (this.sending.check(this.transport, now_ms, idle_send_timeout_ms, send_timeout_ms)) return this.destroy('TX_ERROR')
    if (this.phase_due_ms <= now_ms) this.expire()
    else this.arm()
  }

  // What the exchange asks for.

  responding(): void {
    this.sending.begin(this.context.clock.mono_ms)
  }

  answered(): void {
    this.requests++
    const body = this.exchange.incoming
    if (!this.exchange.keepAlive) this.phase = Phase.ending
    else if (body === undefined || body.done) this.nextRequest()
    else {
      this.phase = Phase.tail
      body.discard()
    }
    const no_more = this.phase === Phase.head && !this.input.running && this.input.empty
    if (!no_more || !this.writer.joins(this)) this.queuePump()
  }

  waiting(): void {
    if (!this.input.running) this.arm()
  }

  aborted(reason: CloseReason): void {
    this.destroy(reason, false)
  }

  detached(): Duplex {
    this.writer.flush()
    this.context.sweep.remove(this)
    this.phase = Phase.detached
    this.requests++
    return this.transport.detach(this.input.take())
  }

  bodyWanted(): void {
    this.deadlines.body(this.context.clock.mono_ms, this.exchange.timeout_idle_ms)
    this.queuePump()
  }

  get bodyArrived(): boolean {
    return !this.input.empty
  }

  step(): boolean {
    switch (this.phase) {
      case Phase.head:
        // Nothing is begun for a client that does not take its answers.
        return this.writer.taken && !this.share.over && this.takeHead()
      case Phase.busy:
      case Phase.tail:
        return this.takeBody()
      case Phase.proxy:
        return this.takeProxyHeader()
      default:
        this.more_coming = true
        this.input.clear()
        return false
    }
  }

  private takeHead(): boolean {
    const { context, input } = this
    const consumed = context.parser.parse(input.buffer, input.at, input.end, this.exchange.headToFill(), this.scanned)
    if (consumed < 0) return this.refuse()
    if (consumed === 0) {
      if (this.scanned === 0) this.deadlines.head(context.clock.mono_ms, context.limits.timeout_req)
      this.scanned = input.end - input.at
      return false
    }
    this.scanned = 0
    input.at += consumed
    this.phase = Phase.busy
    this.share.requestBegins()
    try {
      this.exchange.begin(consumed)
    } catch (error) {
      this.failed(error)
    }
    return true
  }

  private takeBody(): boolean {
    const { input } = this
    const body = this.exchange.incoming
    if (body === undefined || !body.wanting) return false
    const at = input.at
    try {
      input.at = body.feed(input.buffer, at, input.end)
    } catch (error) {
      this.failed(error)
    }
    this.deadlines.bodyBytes(this.context.clock.mono_ms, this.exchange.timeout_idle_ms, input.at - at)
    this.settleTail()
    return true
  }

  private takeProxyHeader(): boolean {
    const { input, facts } = this
    const { observer, proxyHeader } = this.context
    const consumed = proxyHeader.parse(input.buffer, input.at, input.end)
    if (consumed === 0) return false
    if (consumed < 0) {
      observer.proxyRefused(this, proxyHeader.error)
      this.drop('RX_JUNK')
      return true
    }
    input.at += consumed
    facts.proxied(proxyHeader)
    this.phase = Phase.head
    observer.proxied(this)
    return true
  }

  /** No request can be made of the head, and nothing that follows can be read. */
  private refuse(): boolean {
    const { input } = this
    const { observer, clock } = this.context
    const { refusal } = this.context.parser
    if (refusal === undefined) return false
    this.phase = Phase.ending
    this.exchange.reason = refusal.close
    observer.refused(this, refusal, input.buffer.subarray(input.at, input.end))
    this.responding()
    this.writer.interim(refusalResponse(refusal, clock.wall_ms))
    return true
  }

  private nextRequest(): void {
    this.phase = Phase.head
    this.exchange.incoming = undefined
    this.deadlines.idle(this.context.clock.mono_ms, this.exchange.timeout_idle_ms)
    if (!this.input.empty) this.context.observer.pipelined(this)
  }

  /** Goes on from a fresh stack: whoever called may still be using the request that has just ended. */
  private queuePump(): void {
    if (this.input.running || this.pump_queued) return
    this.pump_queued = true
    process.nextTick(pumpLater, this)
  }

  /** Goes on with what was kept. */
  pump(): void {
    this.context.clock.refresh()
    this.pump_queued = false
    if (this.phase >= Phase.detached) return
    this.share.resumed()
    this.writer.deferring = true
    this.input.again()
    this.answer()
  }

  /** What was received has been looked at. Complete answers wait for those of others; nothing else does. */
  private answer(): void {
    this.writer.deferring = false
    if (this.phase !== Phase.head || this.share.waits || !this.writer.joins(this)) this.depart()
  }

  depart(): void {
    this.writer.flush()
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
    const body = this.exchange.incoming
    if (body !== undefined && this.ended && body.wanting && this.input.empty) body.fail('the client stopped sending')
    this.settleTail()
  }

  private settleTail(): void {
    const body = this.exchange.incoming
    if (this.phase !== Phase.tail || body === undefined) return
    if (body.broken) this.phase = Phase.ending
    else if (body.done) this.nextRequest()
  }

  private settleIdle(): void {
    this.exchange.rest()
    if (!this.writer.flushed || this.share.waits) return
    if (this.ended) this.drop('REM_CLOSE')
    else if (this.context.draining && this.input.empty) this.drop('SHUTDOWN')
  }

  private get shouldRead(): boolean {
    if (this.phase === Phase.ending || this.share.waits) return false
    if (this.phase === Phase.linger || this.phase === Phase.proxy) return true
    return this.exchange.incoming?.wanting === true || this.input.kept_bytes < this.context.limits.http_req_size
  }

  /** Files the next deadline. */
  private arm(): void {
    const { exchange, transport } = this
    const { clock, sweep } = this.context
    const idle = this.phase === Phase.head && (this.share.waits || !this.writer.flushed)
    const wanting = exchange.incoming?.wanting === true
    this.phase_due_ms = idle ? Infinity : this.deadlines.due(this.phase, this.scanned > 0, wanting)
    const check_ms = this.sending.nextCheck(transport, clock.mono_ms, exchange.idle_send_timeout_ms, exchange.send_timeout_ms)
    sweep.schedule(this, Math.min(this.phase_due_ms, check_ms))
  }

  private expire(): void {
    if (this.phase === Phase.linger) return this.drop(this.exchange.closingReason)
    if (this.phase < Phase.busy) return this.drop(this.phase === Phase.head && this.scanned === 0 ? 'RX_CLOSE_IDLE' : 'RX_TIMEOUT')
    this.exchange.closeAfter('RX_TIMEOUT')
    this.exchange.incoming?.fail('the client sends its request body too slowly')
    this.settle()
  }

  /** The last answer is sent. Closing with unread bytes would reset the connection and may take that answer from the client. */
  private hangUp(): void {
    const body = this.exchange.incoming
    const all_read = (body === undefined || body.done) && !this.more_coming && this.input.empty
    if (this.ended || all_read) return this.drop(this.exchange.closingReason)
    this.input.clear()
    this.phase = Phase.linger
    this.deadlines.linger(this.context.clock.mono_ms)
    this.transport.end()
  }

  private throwAway(size_bytes: number): void {
    this.more_coming = true
    this.lingered_bytes += size_bytes
    if (this.lingered_bytes > LINGER_MAX_BYTES && this.phase === Phase.linger) this.drop(this.exchange.closingReason)
  }

  /** The flow threw. */
  private failed(error: unknown): void {
    this.context.observer.failed(this, error)
    this.destroy('TX_ERROR', false)
  }

  /** Closes in good order. */
  private drop(reason: CloseReason): void {
    this.writer.flush()
    this.leave(reason)
    this.transport.close()
  }

  /** Closes, whatever is under way, so that the client cannot take what it has for complete. */
  destroy(reason: CloseReason, tell_flow = true): void {
    this.writer.flush()
    this.leave(reason, tell_flow)
    this.transport.reset()
  }

  private leave(reason: CloseReason, tell_flow = true): void {
    if (this.phase === Phase.closed) return
    this.phase = Phase.closed
    this.input.clear()
    this.context.sweep.remove(this)
    this.context.observer.closed(this, reason)
    this.owner.connectionClosed(this)
    this.exchange.close(tell_flow)
  }
}

function pumpLater(connection: Http1Connection): void {
  connection.pump()
}
