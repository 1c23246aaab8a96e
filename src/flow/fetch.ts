import type { Ip } from '../base/ip.ts'
import { MAIN } from '../counters/counters.ts'
import { LooseObject } from '../cache/loose.ts'
import type { Fields } from '../http/fields.ts'
import { formatHttpDate } from '../http/dates.ts'
import { removeHopByHop } from '../http/hop.ts'
import type { ResponseHead } from '../http/message.ts'
import { isBodyless } from '../http/status.ts'
import { TAG } from '../log/tags.ts'
import { parseResponseDirectives } from '../policy/directives.ts'
import { initialAnswers, type InitialAnswers } from '../policy/initial.ts'
import { isErrorStatus, mayServeOnError, type FailureKind } from '../policy/reuse.ts'
import type { FetchFailure, OriginCall, OriginHandler } from '../origin/contract.ts'
import { APPEND_PAUSE, type Body, type BodyReader, type StoredObject } from '../store/contract.ts'
import { ACTION, type Action, type LoadedVcl } from '../vcl/runtime/context.ts'
import { asBackend, timeoutsFor } from './backend-choice.ts'
import { BackendState, type FetchOrigin } from './backend-state.ts'
import { composeError, errorAnswers } from './backend-error.ts'
import { prepareBereq } from './bereq.ts'
import type { Environment } from './environment.ts'
import type { FetchKind, FetchSetup } from './fetch-setup.ts'
import { beginLog, countBody, logBereq, logBeresp, logTtl } from './fetch-log.ts'
import { mergeStale, objectHead, settle } from './object-head.ts'
import { Recipients } from './recipients.ts'
import { callBackend } from './rules.ts'

const FAILED = 'Backend fetch failed'

/**
 * One fetch, from vcl_backend_fetch to the last byte of the body. It outlives the client request that caused it.
 * Everything happens in calls from the origin; nothing is awaited.
 */
export class Fetch extends BackendState implements OriginHandler {
  readonly kind: FetchKind
  private readonly setup: FetchSetup
  private readonly recipients: Recipients
  private call: OriginCall | undefined
  private body: Body | undefined
  private object: StoredObject | undefined
  private answers: InitialAnswers | undefined
  private expected_bytes = -1
  private chunked = false
  private staleReader: BodyReader | undefined
  private ended = false
  /** Published to its owner only. */
  private private = false
  private sent_ms = 0
  private received_ms = 0
  private beresp_hdrbytes = 0

  constructor(env: Environment, vcl: LoadedVcl, key: string, from: FetchOrigin, setup: FetchSetup) {
    super(env, vcl, key, from)
    this.setup = setup
    this.kind = setup.kind
    this.recipients = new Recipients(env.cache, setup.owner, setup.busy)
    this.bereq_uncacheable = setup.kind === 'pass'
    this.forgetUncacheable()
    // Holds the stored body for as long as it may yet be validated or stand in.
    if (setup.stale !== undefined && setup.stale.body.state === 'complete') this.staleReader = setup.stale.body.read(0)
  }

  /** For the PROXY header of backends that want one. */
  get client(): { ip: Ip; server: Ip } {
    return { ip: this.client_ip, server: this.server_ip }
  }

  get is_bgfetch(): boolean {
    return this.kind === 'bgfetch'
  }

  /** Begins; `bereq` is a copy of the request as the rules left it. */
  start(): void {
    beginLog(this, this.kind, this.setup.parent_xid)
    prepareBereq(this.bereq, this.kind === 'pass', this.stale)
    if (this.vcl.usage.rollback) this.original.copyFrom(this.bereq)
    this.fetch()
  }

  /** The client that wanted it is gone. What may be stored is fetched to the end, for others; the rest is not. */
  clientLeft(): void {
    this.recipients.ownerLeft()
    if (this.ended || (this.kind !== 'pass' && !this.private)) return
    this.dropCall()
    this.log.record(TAG.FetchError, 'client left')
    this.body?.fail()
    this.finish()
  }

  onConnected(reused: boolean, address: string): void {
    this.log.record(TAG.BackendOpen, `0 ${this.beresp_backend?.name ?? ''} ${address} ${reused ? 'reuse' : 'connect'}`)
  }

  onInformational(status: number, reason: string, fields: Fields): void {
    this.env.counters[MAIN.fetch_1xx]++
    this.recipients.informational(status, reason, fields)
  }

  onHead(head: ResponseHead, content_length: number): void {
    const { beresp, env } = this
    env.clock.refresh()
    this.received_ms = env.clock.wall_ms
    this.beresp_time_s = this.received_ms / 1000
    beresp.copyFrom(head)
    this.expected_bytes = content_length
    this.chunked = head.fields.has('transfer-encoding')
    this.timestamp('Beresp')
    logBeresp(this)
    if (isErrorStatus(beresp.status) && this.serveStale('status')) return
    removeHopByHop(beresp.fields)
    if (!beresp.fields.has('date')) beresp.fields.appendKeyed('Date', 'date', formatHttpDate(this.received_ms))
    if (beresp.status === 304) this.freshenStale()
    this.answer()
    this.afterResponse(callBackend(this, 'BACKEND_RESPONSE', this.vcl.subs.backend_response))
  }

  onData(chunk: Buffer): void {
    if (this.body?.append(chunk) !== APPEND_PAUSE) return
    this.call?.pause()
    if (!this.beresp_do_stream) this.streamAfterAll()
  }

  onEnd(): void {
    this.env.clock.refresh()
    this.call = undefined
    this.body?.complete()
    if (!this.beresp_do_stream) this.handOut()
    this.finish()
  }

  onError(failure: FetchFailure): void {
    const { env, body, object } = this
    env.clock.refresh()
    this.call = undefined
    this.log.record(TAG.FetchError, failure.message)
    env.counters[MAIN.fetch_failed]++
    if (body === undefined) {
      if (!this.serveStale('disconnected')) this.backendError(503, FAILED)
      return
    }
    // Half a body: its readers must see that it broke, and nobody else may find it.
    if (object !== undefined) env.cache.discard(object)
    body.fail()
    if (!this.beresp_do_stream) this.recipients.disappoint(503, FAILED)
    this.finish()
  }

  private get stale(): StoredObject | undefined {
    return this.staleReader === undefined ? undefined : this.setup.stale
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
    const chosen = asBackend(this.bereq_backend)
    const backend = chosen?.resolve() ?? chosen
    if (backend === undefined) return this.backendError(503, FAILED)
    const body = this.bodyUnset ? undefined : this.setup.body
    // It went with an earlier try, or an earlier run of a request that was restarted, and is not kept.
    if (body?.started === true) return this.backendError(503, 'Request body is gone')
    this.beresp_backend = backend
    const { spec } = backend
    if (!bereq.fields.has('host')) bereq.fields.set('Host', spec.host_header ?? spec.host ?? 'localhost')
    logBereq(this)
    this.sent_ms = env.clock.wall_ms
    const timeouts = timeoutsFor(spec, env.params, this.connect_timeout_s, this.first_byte_timeout_s, this.between_bytes_timeout_s)
    this.call = env.origin.fetch(backend, bereq, body, timeouts, this)
  }

  /** RFC 9111 section 4.3.4: a 304 to our conditions updates the stored head, which then is the response. */
  private freshenStale(): void {
    const { stale, beresp } = this
    if (stale === undefined || this.kind === 'pass') return
    mergeStale(beresp, stale.head)
    this.beresp_was_304 = true
    this.env.counters[MAIN.fetch_304]++
  }

  /** The policy's first answers, which rules may change. */
  private answer(): void {
    this.forgetUncacheable()
    const answers = initialAnswers(this.env.policy, this.bereq, this.beresp, this.sent_ms, this.received_ms)
    this.answers = answers
    this.beresp_age_s = answers.age_ms / 1000
    this.beresp_ttl_s = answers.ttl_ms / 1000
    this.beresp_grace_s = answers.grace_ms / 1000
    this.beresp_keep_s = answers.keep_ms / 1000
    logTtl(this, 'RFC')
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

  private judged(): InitialAnswers {
    const { answers } = this
    if (answers === undefined) throw new Error('a response is judged before it is published')
    return answers
  }

  /** The response goes to whoever waits: into the store, or around it. */
  private publish(hitForPass: boolean): void {
    const settled = settle(this, this.judged(), this.sent_ms, this.received_ms)
    logTtl(this, settled.uncacheable ? 'HFM' : 'VCL')
    countBody(this, this.expected_bytes, this.chunked)
    if (settled.uncacheable) this.publishLoose(settled, hitForPass)
    else this.publishStored(settled)
    if (this.beresp_do_stream) this.handOut()
    if (this.beresp_was_304) this.dropBodyOf304()
  }

  private publishLoose(settled: InitialAnswers, hitForPass: boolean): void {
    const { env, stale } = this
    if (this.kind !== 'pass') env.counters[MAIN.beresp_uncacheable]++
    const reuse = this.beresp_was_304 && stale !== undefined
    const body = reuse ? stale.body : env.store.transit(this.body_bytes)
    if (!reuse) this.adopt(body)
    this.private = true
    this.object = new LooseObject(objectHead(this.bereq_xid, this.beresp, settled, false), body)
    this.recipients.give(this.object)
    const ttl_ms = hitForPass && this.action_ttl >= 0 ? this.action_ttl * 1000 : settled.ttl_ms
    if (this.kind !== 'pass') env.cache.mark(this.key, this.bereq, this.recipients.takeBusy(), ttl_ms, hitForPass)
  }

  private publishStored(settled: InitialAnswers): void {
    const { env, stale } = this
    const head = objectHead(this.bereq_xid, this.beresp, settled, true)
    if (this.beresp_was_304 && stale !== undefined) {
      this.object = env.cache.freshen(this.key, stale, head, this.recipients.takeBusy(), this.bereq)
    } else {
      const body = env.store.fill(this.body_bytes)
      this.adopt(body)
      this.object = env.cache.insert(this.key, this.bereq, head, body, this.recipients.takeBusy())
    }
    this.recipients.give(this.asReceived(settled, this.object))
  }

  /**
   * For the request it answers the response is whole; fields that private="..." and no-cache="..." list are missing only
   * from what is stored (RFC 9111 sections 5.2.2.4 and 5.2.2.7).
   */
  private asReceived(settled: InitialAnswers, stored: StoredObject): StoredObject {
    if (parseResponseDirectives(this.beresp.fields).unshared.length === 0) return stored
    return new LooseObject(objectHead(this.bereq_xid, this.beresp, settled, false), stored.body)
  }

  /** Bytes of body to come: Content-Length of a response to HEAD is only an announcement. */
  private get body_bytes(): number {
    return this.bereq.method === 'HEAD' || isBodyless(this.beresp.status) ? 0 : this.expected_bytes
  }

  private adopt(body: Body): void {
    this.body = body
    body.onRoom = this.onRoom
    body.onDeserted = this.onDeserted
  }

  private readonly onRoom = (): void => {
    this.call?.resume()
  }

  /** Nobody reads on, and nobody can join: the rest is of no use. */
  private readonly onDeserted = (): void => {
    if (this.call === undefined) return
    this.dropCall()
    this.body?.fail()
    this.finish()
  }

  /** There is no room to have it whole before it is delivered: without a reader it would stand still. */
  private streamAfterAll(): void {
    this.beresp_do_stream = true
    this.handOut()
  }

  private handOut(): void {
    this.recipients.handOut(this.bereq.method === 'HEAD' ? this.expected_bytes : -1)
  }

  /** A 304 has no body; its end will be reported, and ends the fetch. */
  private dropBodyOf304(): void {
    this.body = undefined
  }

  /** The stale object stands in for a response that could not be had (RFC 9111 section 4.2.4, RFC 5861 section 4). */
  private serveStale(failure: FailureKind): boolean {
    const { stale, env } = this
    if (stale === undefined || !stale.live) return false
    if (!mayServeOnError(env.policy, stale.head, env.clock.wall_ms, this.setup.asked, failure)) return false
    this.dropCall()
    this.object = stale
    this.recipients.giveAll(stale)
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
    this.timestamp('Retry')
    this.bereq_retries++
    this.beresp_was_304 = false
    this.beresp_do_stream = true
    this.forgetUncacheable()
    const before = this.log
    const xid = this.bereq_xid
    beginLog(this, 'retry', xid)
    before.link('bereq', this.bereq_xid, 'retry')
    before.end()
    this.fetch()
  }

  /** vcl_backend_error: a response of our own. `final` when a retry is out of the question. */
  private backendError(status: number, reason: string, final = false): void {
    composeError(this, status, reason)
    this.received_ms = this.env.clock.wall_ms
    if (this.sent_ms === 0) this.sent_ms = this.received_ms
    const action = callBackend(this, 'BACKEND_ERROR', this.vcl.subs.backend_error)
    if (action === ACTION.retry && !final) return this.retry()
    if (action !== ACTION.deliver) return this.abandon()
    this.publishError()
    this.finish()
  }

  /** Stored only when the rules gave it a ttl. Those who waited for the fetch get it too. */
  private publishError(): void {
    const { env } = this
    const text = Buffer.from(this.body_text, 'latin1')
    const stored = this.kind !== 'pass' && this.beresp_ttl_s > 0 && !this.beresp_uncacheable
    const answers = errorAnswers(this, this.received_ms, stored)
    const head = objectHead(this.bereq_xid, this.beresp, answers, stored)
    const body = stored ? env.store.fill(text.length) : env.store.transit(text.length)
    if (text.length > 0) body.append(text)
    body.complete()
    this.expected_bytes = text.length
    if (stored) {
      this.object = env.cache.insert(this.key, this.bereq, head, body, this.recipients.takeBusy())
      this.recipients.give(this.object)
    } else {
      this.object = new LooseObject(head, body)
      this.recipients.giveAll(this.object)
    }
    this.handOut()
  }

  /** No response at all: the client gets a 503 from vcl_synth, who waited looks up again. */
  private abandon(): void {
    this.recipients.disappoint(503, FAILED)
    this.finish()
  }

  private dropCall(): void {
    const { call } = this
    this.call = undefined
    call?.abort()
  }

  private finish(): void {
    if (this.ended) return
    this.ended = true
    this.recipients.releaseWaiters()
    this.staleReader?.release()
    this.staleReader = undefined
    const { log, body } = this
    const body_bytes = body?.size_bytes ?? 0
    this.timestamp('BerespBody')
    log.number(TAG.Length, body_bytes)
    log.account(TAG.BereqAcct, 0, 0, this.beresp_hdrbytes, body_bytes)
    log.end()
  }
}
