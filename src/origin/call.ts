import type { Dispatcher } from 'undici'
import type { Clock } from '../base/clock.ts'
import { Fields } from '../http/fields.ts'
import { ResponseHead } from '../http/message.ts'
import type { RequestHead } from '../http/message.ts'
import { isBodyless } from '../http/status.ts'
import { withAsterisk } from './asterisk.ts'
import { BodyStream } from './body.ts'
import type { UploadWatch } from './body.ts'
import type { Carried, Wire } from './connection.ts'
import type { BackendSpec, FetchFailure, OriginCall, OriginHandler, OriginTimeouts, OutgoingBody, Traffic } from './contract.ts'
import type { Deadlines, Timed } from './deadlines.ts'
import { describe, FailureError, isLostConnection } from './failure.ts'
import { headBytes, Meter } from './meter.ts'
import type { OriginObserver, OriginParameters } from './options.ts'
import { asksForClose, headerList } from './request.ts'
import { rawLines, STAND_IN } from './response-parser.ts'
import { CONTRADICTORY, declaredLength, isReason, readFields, TOO_MANY_LINES } from './response.ts'

/** What a call needs of its backend. */
export interface Carrier {
  readonly spec: BackendSpec
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly parameters: OriginParameters
  readonly observer: OriginObserver
  /** Sends on a pooled connection, or on one of its own. */
  dispatch(options: Dispatcher.DispatchOptions, call: Call, fresh: boolean): void
  /** undici is through with this call. */
  release(): void
}

const ABANDONED = new FailureError('aborted', 'the fetch was abandoned')
/** A response may be preceded by this many 1xx; more is an attack on our patience. */
const INFORMATIONAL_MAX = 32

/** One fetch: undici's handler and the flow's handle in one object. */
export class Call implements Dispatcher.DispatchHandler, Carried, OriginCall, Timed, UploadWatch {
  deadline_ms = Infinity
  slot = -1
  wire: Wire | undefined = undefined
  refused = false

  private readonly carrier: Carrier
  private readonly handler: OriginHandler
  private readonly timeouts: OriginTimeouts
  private options: Dispatcher.DispatchOptions | undefined
  private controller: Dispatcher.DispatchController | undefined
  /** The flow has heard the end, or does not want to. */
  private done = false
  private released = false
  private dispatching = false
  private retried = false
  private reused = false
  /** A byte of a response has arrived. */
  private answered = false
  private headSeen = false
  /** The request has been written, its body included. */
  private sent = false
  private closes = false
  /** The end of the connection is the end of the body. */
  private untilClose = false
  private informationals = 0
  private readonly meter = new Meter()
  private paused = false

  constructor(carrier: Carrier, timeouts: OriginTimeouts, handler: OriginHandler) {
    this.carrier = carrier
    this.timeouts = timeouts
    this.handler = handler
  }

  start(bereq: RequestHead, body: OutgoingBody | undefined, fresh: boolean): void {
    const { spec, deadlines } = this.carrier
    const hasBody = body !== undefined && body.length_bytes !== 0
    const stream = hasBody ? new BodyStream(body, this) : undefined
    this.meter.body = stream
    this.options = {
      path: bereq.url === '*' ? '/' : bereq.url,
      method: bereq.method,
      headers: headerList(bereq, spec, hasBody ? body.length_bytes : -1),
      body: stream ?? null,
      ...(asksForClose(bereq) ? { reset: true } : undefined),
    }
    deadlines.add(this)
    if (bereq.url === '*') withAsterisk(() => this.dispatch(true))
    else this.dispatch(fresh)
  }

  private dispatch(fresh: boolean): void {
    this.dispatching = true
    this.carrier.dispatch(this.options!, this, fresh)
    this.dispatching = false
  }

  // ---- the flow's side

  get traffic(): Traffic {
    return this.meter
  }

  pause(): void {
    if (this.done || this.paused) return
    this.paused = true
    // A consumer that does not read must not be counted against the origin.
    if (this.headSeen) this.deadline_ms = Infinity
    this.controller?.pause()
  }

  resume(): void {
    if (this.done || !this.paused) return
    this.paused = false
    if (this.headSeen) this.carrier.deadlines.set(this, this.timeouts.between_bytes_ms)
    // Not within: whoever resumes may have been called by the parser of another connection, and undici has one for all at a time.
    process.nextTick(resumeNow, this)
  }

  /** Unless it has been paused again meanwhile. */
  resumeNow(): void {
    if (!this.done && !this.paused) this.controller?.resume()
  }

  abort(): void {
    if (this.done) return
    this.finish()
    this.drop()
  }

  // ---- Timed

  expire(): void {
    if (this.headSeen) this.give('between_bytes_timeout', 'between_bytes_timeout: the origin stopped sending')
    else if (!this.sent) this.give('between_bytes_timeout', 'between_bytes_timeout: the origin does not take the request body')
    else this.give('first_byte_timeout', 'first_byte_timeout: the origin did not answer')
  }

  // ---- UploadWatch

  waitsForOrigin(): void {
    if (!this.done && !this.headSeen) this.carrier.deadlines.set(this, this.timeouts.between_bytes_ms)
  }

  waitsForClient(): void {
    if (!this.headSeen) this.deadline_ms = Infinity
  }

  // ---- undici's side

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown, undici forgets the request and keeps the connection; controller.abort() would close it.
    if (this.done) throw ABANDONED
    const { carrier, wire } = this
    this.controller = controller
    this.answered = false
    this.reused = wire!.uses++ > 0
    carrier.observer.count('backend_req')
    if (this.reused) carrier.observer.count('backend_reuse')
    this.meter.begin(wire!.socket)
    this.handler.onConnected?.(this.reused, wire!.remote, wire!.local, wire!.descriptor)
  }

  /** From here on it is the origin's time. What it may have answered before the whole body was there is an answer. */
  onRequestSent(): void {
    this.sent = true
    if (this.done) return
    const { clock, deadlines } = this.carrier
    clock.refresh()
    if (!this.headSeen) deadlines.set(this, this.timeouts.first_byte_ms)
    this.handler.onSent?.()
  }

  onResponseStarted(): void {
    this.answered = true
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, _headers: unknown, reason = ''): void {
    if (this.done) return
    this.carrier.clock.refresh()
    if (status < 100) return this.give('malformed', `status ${status}`)
    if (!isReason(reason)) return this.give('malformed', 'a control byte in the reason phrase')
    const raw = rawLines()
    try {
      if (status < 200) this.onInformational(status, reason, raw)
      else this.onHead(status, reason, raw)
    } catch (error) {
      this.broke(error as Error)
    }
  }

  private onInformational(status: number, reason: string, raw: readonly Buffer[]): void {
    if (++this.informationals > INFORMATIONAL_MAX) return this.give('malformed', 'too many 1xx responses')
    // The front answers Expect itself: a 100 from the origin says nothing to the client.
    if (status === STAND_IN) return
    const fields = new Fields()
    const problem = readFields(raw, fields, this.carrier.parameters)
    if (problem !== undefined) return this.give('malformed', problem)
    this.handler.onInformational(status, reason, fields)
  }

  private onHead(status: number, reason: string, raw: readonly Buffer[]): void {
    const head = new ResponseHead()
    head.status = status
    head.reason = reason
    const problem = readFields(raw, head.fields, this.carrier.parameters)
    if (problem !== undefined) return this.unread(problem)
    const content_length = declaredLength(head)
    if (content_length === CONTRADICTORY) return this.give('malformed', 'contradictory or unknown body framing')
    this.headSeen = true
    this.untilClose = this.endsWithConnection(head)
    this.closes = this.untilClose || head.fields.get('connection')?.toLowerCase() === 'close'
    this.meter.received_head_bytes += headBytes(reason, raw)
    this.carrier.deadlines.set(this, this.timeouts.between_bytes_ms)
    this.handler.onHead(head, content_length)
  }

  private unread(problem: string): void {
    if (problem.startsWith(TOO_MANY_LINES)) this.carrier.observer.lostLines?.()
    this.give('malformed', problem)
  }

  /** RFC 9112 section 6.3: neither a length nor chunks. */
  private endsWithConnection({ status, fields }: ResponseHead): boolean {
    if (isBodyless(status) || this.options!.method === 'HEAD') return false
    return !fields.has('content-length') && !fields.has('transfer-encoding')
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.meter.received_body_bytes += chunk.length
    // llhttp, resumed at the end of a body that the close delimits, gives an empty piece.
    if (this.done || chunk.length === 0) return
    const { clock } = this.carrier
    clock.refresh()
    if (!this.paused) this.deadline_ms = clock.mono_ms + this.timeouts.between_bytes_ms
    try {
      this.handler.onData(chunk)
    } catch (error) {
      this.broke(error as Error)
    }
  }

  onResponseEnd(): void {
    this.release()
    if (this.done) return
    if (this.untilClose && this.wasReset) return this.tell({ kind: 'incomplete', message: 'the origin reset the connection' })
    this.finish()
    this.meter.recycled = !this.closes
    if (!this.closes) this.carrier.observer.count('backend_recycle')
    this.handler.onEnd()
  }

  /** undici takes a reset for the end of a body that the close delimits; only an orderly close is one. */
  private get wasReset(): boolean {
    return (this.wire?.socket?.errored ?? null) !== null
  }

  onResponseError(controller: unknown, error: Error): void {
    this.refused = controller === null
    if (this.done) return this.release()
    if (this.isStale(error)) return this.retry()
    this.release()
    this.tell(describe(error, this.headSeen ? 'body' : 'head'))
  }

  /**
   * An idle connection may be closed by the origin just as a request is written to it. Nothing of an answer came,
   * the method is safe and there is no body: the request may be sent again (RFC 9112 section 9.3.1).
   */
  private isStale(error: Error): boolean {
    if (!this.reused || this.answered || this.retried || this.options!.body !== null || this.handler.retry_connect === false) return false
    const { method } = this.options!
    return (method === 'GET' || method === 'HEAD') && isLostConnection(error)
  }

  private retry(): void {
    this.retried = true
    this.meter.end()
    this.controller = undefined
    this.deadline_ms = Infinity
    this.carrier.observer.count('backend_retry')
    this.dispatch(true)
  }

  /** Fails by our own judgement: the connection cannot be used further. */
  private give(kind: FetchFailure['kind'], message: string): void {
    if (this.done) return
    this.finish()
    this.drop()
    this.handler.onError({ kind, message })
  }

  /**
   * Closes the connection, but not from within undici's parser: a request aborted there while the parser ends a body
   * that is delimited by the close fails an assertion outside of any try (undici 8.12, Parser.finish).
   */
  private drop(): void {
    const { controller } = this
    if (controller !== undefined) queueMicrotask(() => controller.abort(ABANDONED))
  }

  /** The flow threw: its fetch fails, the worker goes on. */
  private broke(error: Error): void {
    this.give('aborted', error.stack ?? error.message)
  }

  private tell(failure: FetchFailure): void {
    this.finish()
    if (!this.dispatching) return this.handler.onError(failure)
    queueMicrotask(() => this.handler.onError(failure))
  }

  private finish(): void {
    this.done = true
    this.meter.end()
    this.deadline_ms = Infinity
    this.carrier.deadlines.remove(this)
  }

  private release(): void {
    if (this.released) return
    this.released = true
    this.meter.end()
    this.carrier.observer.fetched?.(this.meter)
    this.carrier.release()
  }
}

function resumeNow(call: { resumeNow(): void }): void {
  call.resumeNow()
}
