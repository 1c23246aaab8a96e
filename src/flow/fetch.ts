import { MAIN } from '../counters/counters.ts'
import { LooseObject } from '../cache/loose.ts'
import type { Fields } from '../http/fields.ts'
import { formatHttpDate } from '../http/dates.ts'
import { removeHopByHop } from '../http/hop.ts'
import type { ResponseHead } from '../http/message.ts'
import { finalStatus, isBodyless } from '../http/status.ts'
import { TAG } from '../log/tags.ts'
import { initialAnswers, type InitialAnswers } from '../policy/initial.ts'
import { variesByCoding } from '../policy/coding.ts'
import { isErrorStatus, type FailureKind } from '../policy/reuse.ts'
import type { StorablePart } from '../policy/content-range.ts'
import type { FetchFailure, OriginHandler } from '../origin/contract.ts'
import { ACTION, type Action } from '../vcl/runtime/context.ts'
import { chooseBackend, timeoutsFor } from './backend-choice.ts'
import { STALE_IF_ERROR } from './cache-status.ts'
import { composeError, errorAnswers, errorForAll } from './backend-error.ts'
import * as account from './fetch-log.ts'
import { FAILED, FetchBody } from './fetch-body.ts'
import { replaces } from './invalidate.ts'
import { asReceived, gatherFields, headToStore, mergeStale, objectHead, ownsCookie, renew, settle, tagged } from './object-head.ts'
import { StaleView } from './object-view.ts'
import { HEARD } from './partial-fetch.ts'
import { leadTo } from './search.ts'
import { callBackend } from './rules.ts'
import type { StoredObject } from '../store/contract.ts'

/**
 * One fetch, from vcl_backend_fetch to the last byte of the body. It outlives the client request that caused it.
 * Everything happens in calls from the origin; nothing is awaited.
 */
export class Fetch extends FetchBody implements OriginHandler {
  /** Begins; `bereq` is a copy of the request as the rules left it. */
  start(): void {
    this.partial.prepare(this.bereq, this.kind === 'pass', this.stale, this.is_hitmiss)
    account.beginLog(this, this.kind, this.setup.parent_xid)
    if (this.vcl.usage.rollback) this.keepOriginal()
    this.fetch()
  }

  /** The client that wanted it is gone. What may be stored is fetched to the end, for others; the rest is not. */
  clientLeft(): void {
    this.recipients.ownerLeft()
    if (this.ended || !this.private) return
    this.giveUp('client left')
  }

  onConnected(reused: boolean, remote: string, local: string, descriptor: string): void {
    this.env.clock.refresh()
    account.logConnected(this, reused, remote, local, descriptor)
  }

  onSent(): void {
    this.timestamp('Bereq')
    if (this.setup.body?.started === true) this.recipients.bodySent()
  }

  onInformational(status: number, reason: string, fields: Fields): void {
    this.env.counters[MAIN.fetch_1xx]++
    this.recipients.informational(status, reason, fields)
  }

  onHead(head: ResponseHead, content_length: number): void {
    // Other workers may wait for us to be in no older one.
    this.env.store.newRun()
    // Of a 304 both are wanted: what it says, and the response that it confirms.
    if (head.status === 304) this.beresp.copyFrom(head)
    else this.beresp = head
    const { beresp } = this
    this.received_ms = this.env.clock.wall_ms
    this.beresp_time_s = this.received_ms / 1000
    this.forwarded.status = head.status
    this.expected_bytes = isBodyless(head.status) ? 0 : content_length
    this.chunked = head.fields.has('transfer-encoding')
    this.body_calls = this.body_in_bytes = 0
    this.timestamp('Beresp')
    account.logBeresp(this)
    if (isErrorStatus(beresp.status) && this.serveStale('status')) return
    removeHopByHop(beresp.fields)
    if (!this.env.policy.decidesStorage) gatherFields(beresp.fields)
    if (!(this.dated = beresp.fields.has('date'))) this.addField('Date', formatHttpDate(this.received_ms))
    const heard = this.partial.hear(beresp, this.bereq, this.kind === 'pass', content_length)
    if (heard === HEARD.again) return this.askForWhole()
    if (beresp.status === 304 && this.kind !== 'pass' && !this.freshenStale(head.fields)) return
    this.answer(head)
    if (this.beresp_was_304) account.logConfirmed(this, head.fields)
    if (heard === HEARD.alone) this.beresp_uncacheable = true
    this.afterResponse(callBackend(this, 'BACKEND_RESPONSE', this.vcl.subs.backend_response))
  }

  onError(failure: FetchFailure): void {
    const { env, intake, object } = this
    env.clock.refresh()
    this.call = undefined
    account.logFailure(this, failure)
    if (failure.kind === 'request_body' && object === undefined) return this.badRequest()
    env.counters[MAIN.fetch_failed]++
    if (object === undefined) {
      this.timestamp('Beresp')
      intake?.fail()
      if (!this.serveStale('disconnected')) this.backendError(503, FAILED)
      return
    }
    this.bodyBroke()
  }

  /** What the client sent of a body broke or never came: no fault of the backend's. */
  private badRequest(): void {
    this.env.counters[MAIN.client_req_400]++
    this.recipients.bodySent()
    this.recipients.disappoint(400, 'Bad Request')
    this.finish()
  }

  /** vcl_backend_fetch, then off to the origin. */
  private fetch(): void {
    switch (callBackend(this, 'BACKEND_FETCH', this.vcl.subs.backend_fetch)) {
      case ACTION.fetch:
        return this.send()
      case ACTION.error:
        return this.backendError(this.action_status || 503, this.action_reason ?? FAILED)
      default:
        return this.abandon()
    }
  }

  private send(): void {
    const { env, bereq } = this
    this.timestamp('Fetch')
    const backend = chooseBackend(this, this.bereq_backend)
    if (typeof backend === 'string') return this.onError({ kind: 'no_backend', message: backend })
    const body = this.bodyUnset ? undefined : this.setup.body
    // It went with an earlier try, or an earlier run of a request that was restarted, and is not kept.
    if (body?.started === true) return this.backendError(503, 'Request body is gone')
    const upload = body === undefined ? undefined : this.filtered(body)
    if (typeof upload === 'string') {
      this.log.record(TAG.FetchError, `Filter '${upload}' not found`)
      return this.backendError(503, FAILED)
    }
    this.beresp_backend = backend
    const { spec } = backend
    if (!bereq.fields.has('host')) this.addHost(spec.host_header ?? spec.host ?? 'localhost')
    this.sent_ms = env.clock.wall_ms
    const timeouts = timeoutsFor(spec, env.params, this.connect_timeout_s, this.first_byte_timeout_s, this.between_bytes_timeout_s)
    if (body !== undefined) account.logBereqBody(this, body.length_bytes)
    this.call = env.origin.fetch(backend, bereq, upload, timeouts, this)
    this.traffic = this.call.traffic
    this.log.park()
  }

  /** RFC 9111 section 4.3.4: a 304 to our conditions updates the stored head, which then is the response. */
  private freshenStale(of304: Fields): boolean {
    const { beresp } = this
    const stale = this.stale.confirmedBy(beresp.fields)
    if (stale === undefined) return this.unconfirmed()
    if (!this.vcl.usage.refreshes) mergeStale(beresp, stale.head)
    else if (!this.refresh(stale)) return false
    this.beresp_was_304 = true
    this.own_cookie = ownsCookie(this, of304)
    this.vary_confirmed = !variesByCoding(of304)
    this.env.counters[MAIN.fetch_304]++
    return true
  }

  /** vcl_backend_refresh decides what becomes of the stored response and of what the 304 says; false: nothing. */
  private refresh(stale: StoredObject): boolean {
    this.beginRefresh(stale)
    this.obj_stale = new StaleView(this.env, stale, () => this.stale.valid)
    const action = callBackend(this, 'BACKEND_REFRESH', this.vcl.subs.backend_refresh)
    if (renew(this.beresp, stale.head, action)) return true
    this.afterResponse(action)
    return false
  }

  /** beresp.ttl and its like are those that the 304 gives to what it confirms. */
  private beginRefresh({ head }: StoredObject): void {
    const { beresp } = this
    const { status } = beresp
    beresp.status = head.status
    this.begin(initialAnswers(this.env.policy, this.bereq, beresp, this.sent_ms, this.received_ms))
    beresp.status = status
  }

  /** Of no condition of ours, or of a response that we have not: the origin is asked for the whole. */
  private unconfirmed(): false {
    this.dropCall()
    if (!this.stale.named) this.backendError(503, 'Not modified since when?')
    else this.askForWhole()
    return false
  }

  private askForWhole(): void {
    this.dropCall()
    this.partial.giveUp()
    this.stale.giveUp(this.bereq)
    this.send()
  }

  judgeAgain(): void {
    this.answers = initialAnswers(this.env.policy, this.bereq, this.beresp, this.sent_ms, this.received_ms)
    this.begin(this.answers)
  }

  /** The policy's first answers, which rules may change. `head` as it came: to Varnish a 304 has a life of its own. */
  private answer(head: ResponseHead): void {
    const { policy } = this.env
    const answers = initialAnswers(policy, this.bereq, policy.decidesStorage ? this.beresp : head, this.sent_ms, this.received_ms)
    // What Varnish passes has no life at all.
    if (this.kind === 'pass' && !policy.decidesStorage) answers.ttl_ms = answers.grace_ms = answers.keep_ms = 0
    this.answers = answers
    this.forgetUncacheable(this.bereq_uncacheable && (answers.uncacheable || !this.setup.storable))
    this.begin(answers)
    if (this.kind !== 'pass') account.logRfcTtl(this, answers)
  }

  private afterResponse(action: Action): void {
    switch (action) {
      case ACTION.deliver:
        return this.publish(false)
      case ACTION.pass:
        this.beresp_uncacheable = true
        return this.publish(true)
      case ACTION.retry:
        return this.retry()
      case ACTION.error:
        this.dropCall()
        return this.backendError(this.action_status || 503, this.action_reason ?? FAILED)
      default:
        this.dropCall()
        return this.abandon()
    }
  }

  /** The response goes to whoever waits: into the store, or around it. */
  private publish(hitForPass: boolean): void {
    finalStatus(this.beresp)
    const { answers } = this
    if (answers === undefined) throw new Error('a response is judged before it is published')
    const { part } = this.partial
    this.findPlace()
    // Parts are filed under the key that was looked up.
    if (part !== undefined && (this.beresp.status !== 206 || this.place.key !== this.key)) this.beresp_uncacheable = true
    const settled = settle(this, answers, this.sent_ms, this.received_ms)
    if (settled.uncacheable && this.partial.isUseless) return this.askForWhole()
    if (this.kind !== 'pass') account.logSettled(this, settled)
    this.timestamp('Process')
    if (!this.planFilters()) {
      this.dropCall()
      return this.backendError(503, FAILED)
    }
    settled.flags |= this.coding_flags
    const stored = !settled.uncacheable && (this.kind !== 'pass' || replaces(this))
    if (this.kind === 'pass') this.recipients.answered(this.beresp, stored)
    if (stored && part !== undefined) this.publishPart(part, settled)
    else if (stored) this.publishStored(settled)
    else this.publishLoose(settled, hitForPass)
    account.logBody(this, this.object)
    if (this.beresp_do_stream) this.handOut()
  }

  private publishLoose(settled: InitialAnswers, hitForPass: boolean): void {
    const { env } = this
    if (this.kind !== 'pass') env.counters[MAIN.beresp_uncacheable]++
    const body = this.validated?.body ?? this.adopt(env.store.transit(this.body_bytes))
    this.private = true
    this.object = new LooseObject(objectHead(env.policy, this.bereq_xid, this.beresp, settled, false), body, this.validated?.store)
    this.recipients.give(this.object)
    const ttl_ms = hitForPass && this.action_ttl >= 0 ? this.action_ttl * 1000 : this.partial.particular ? 0 : settled.ttl_ms
    if (this.kind !== 'pass') env.cache.mark(this.key, this.bereq, this.recipients.takeBusy(), ttl_ms, hitForPass, this.bereq_xid)
  }

  private publishStored(settled: InitialAnswers): void {
    const { env, validated } = this
    const head = headToStore(this, settled)
    this.private = false
    if (validated !== undefined) {
      this.object = env.cache.freshen(this.place.key, validated, head, this.recipients.takeBusy(), this.bereq, this)
    } else {
      this.object = env.cache.insert(this.place.key, this.bereq, head, this.body_bytes, this.recipients.takeBusy(), this)
      this.adopt(this.object.body)
    }
    leadTo(env, this.from.search, this.place, this.object)
    this.recipients.give(asReceived(this, settled, head, this.object), this.object.live)
  }

  private publishPart(part: StorablePart, settled: InitialAnswers): void {
    const [object, given] = this.partial.store(this, part, settled, this.recipients.takeBusy())
    this.object = object
    this.private = false
    if (object.filling !== undefined) this.adopt(object.filling)
    this.recipients.give(given, object.live)
  }

  private serveStale(failure: FailureKind): boolean {
    const object = this.stale.standsIn(this.partial.wish, this.setup.asked, failure)
    if (object === undefined) return false
    this.dropCall()
    this.object = object
    this.recipients.giveAll(object, (req) => this.stale.willDo(req, failure), STALE_IF_ERROR)
    this.handOut()
    this.finish()
    return true
  }

  private retry(): void {
    const { env } = this
    this.dropCall()
    if (this.bereq_retries >= env.params.max_retries) {
      this.log.record(TAG.VCL_Error, 'Too many retries, delivering 503')
      return this.backendError(503, FAILED, true)
    }
    this.bereq_retries++
    // A condition on what is no longer to be used would be answered in vain.
    if (!this.stale.valid) this.stale.giveUp(this.bereq)
    this.beresp_was_304 = this.own_cookie = false
    this.forgetUncacheable()
    account.retryLog(this)
    this.fetch()
  }

  /** vcl_backend_error: a response of our own. `final` when a retry is out of the question. */
  private backendError(status: number, reason: string, final = false): void {
    account.logUnwanted(this)
    composeError(this, status, reason)
    this.timestamp('Error')
    account.logBeresp(this)
    this.received_ms = this.env.clock.wall_ms
    if (this.sent_ms === 0) this.sent_ms = this.received_ms
    const action = callBackend(this, 'BACKEND_ERROR', this.vcl.subs.backend_error)
    if (action === ACTION.retry && !final) return this.retry()
    if (action !== ACTION.deliver) return this.abandon()
    this.publishError()
    this.finish()
  }

  /** Stored only when the rules gave it a ttl. Those who waited get it too, if it may be for everybody. */
  private publishError(): void {
    const { env, recipients } = this
    const text = Buffer.from(this.body_text, 'latin1')
    this.findPlace()
    const stored = this.kind !== 'pass' && this.beresp_ttl_s > 0 && !this.beresp_uncacheable
    const head = objectHead(env.policy, this.bereq_xid, this.beresp, errorAnswers(this, this.received_ms, stored), stored)
    this.expected_bytes = text.length
    this.object = stored
      ? env.cache.insert(this.place.key, this.bereq, tagged(this, head), text.length, recipients.takeBusy(), this)
      : new LooseObject(head, env.store.transit(text.length))
    account.logStorage(this, this.object)
    const { body } = this.object
    if (text.length > 0) body.append(text)
    body.complete()
    recipients.giveAll(this.object, () => stored || errorForAll(this))
    this.handOut()
  }

  /** No response at all: the client gets a 503 from vcl_synth, who waited looks up again. */
  private abandon(): void {
    this.recipients.disappoint(503, FAILED)
    this.recipients.scatter(this.key, this.bereq, this.bereq_xid)
    this.finish()
  }
}
