import { MAIN } from '../counters/counters.ts'
import { TAG } from '../log/tags.ts'
import { varyByCoding } from '../policy/coding.ts'
import { codingUnder } from '../policy/copies.ts'
import { OBJ_ANY_CODING, OBJ_GZIP, OBJ_IN_CODINGS } from '../policy/flags.ts'
import type { Body } from '../store/contract.ts'
import * as account from './fetch-log.ts'
import { FetchState } from './fetch-state.ts'
import { FieldChange } from './field-change.ts'
import type { OutgoingBody } from '../origin/contract.ts'
import { FilteredUpload, planUpload, type UploadFilter } from './filters/upload.ts'
import type { FetchFilter } from './filters/fetch-filter.ts'
import { anyCoding, defaultFetchFilters, hasBody, planFilters, recodable } from './filters/fetch-filters.ts'
import { FetchLine, type LineHost } from './filters/fetch-line.ts'
import { releaseRules } from './hold.ts'
import { Intake, type IntakeHost } from './intake.ts'
import { handOver } from './recipients.ts'

export const FAILED = 'Backend fetch failed'

/** What a fetch does with the body: from the origin, through filters, into what its readers read; and how it ends. */
export abstract class FetchBody extends FetchState implements IntakeHost, LineHost {
  /** What the body goes through on its way to the intake. */
  protected line: FetchLine | undefined
  private upload_plan: readonly UploadFilter[] | string | undefined = undefined
  protected filters: readonly FetchFilter[] = []

  onData(chunk: Buffer): void {
    // Other workers may wait for us to be in no older one.
    this.env.store.newRun()
    const { intake, line } = this
    if (intake === undefined) return
    this.body_calls++
    this.body_in_bytes += chunk.length
    if ((line ?? intake).take(chunk)) return
    this.call?.pause()
    if (line === undefined) this.storeFull()
  }

  /** There is no room to have it whole before it is delivered: without a reader it would stand still. */
  storeFull(): void {
    if (!this.handedOut) this.handOut()
  }

  onEnd(): void {
    this.env.clock.refresh()
    this.call = undefined
    if (this.line === undefined) this.bodyComplete()
    else this.line.complete()
  }

  bodyComplete(): void {
    if (this.ended) return
    this.env.clock.refresh()
    this.intake?.complete()
    if (!this.handedOut) this.handOut()
    this.finish()
  }

  /** The body is not what it claims to be: as good as none. */
  filterFailed(message: string): void {
    if (this.ended) return
    this.dropCall()
    this.log.record(TAG.FetchError, message)
    this.env.counters[MAIN.fetch_failed]++
    this.bodyBroke()
  }

  /** Half a body: its readers must see that it broke, and nobody else may find it. */
  protected bodyBroke(): void {
    const { env, intake, object } = this
    this.line?.drop()
    if (object !== undefined && intake !== undefined) env.cache.discard(object)
    intake?.fail()
    if (!this.handedOut) this.recipients.disappoint(503, FAILED)
    this.finish()
  }

  // IntakeHost.

  unwanted(): void {
    if (!this.ended && (this.call !== undefined || this.line !== undefined)) this.giveUp('nobody reads it')
  }

  protected giveUp(why: string): void {
    this.dropCall()
    this.log.record(TAG.FetchError, why)
    this.line?.drop()
    this.intake?.fail()
    this.finish()
  }

  /** IntakeHost: the store has room again. */
  resumeOrigin(): void {
    if (this.line === undefined) this.call?.resume()
    else this.line.onRoom()
  }

  resumeCall(): void {
    this.call?.resume()
  }

  closeFilters(): void {
    this.line?.drop()
  }

  protected defaultFilters(): string {
    return this.beresp_was_304 ? '' : defaultFetchFilters(this, this.expected_bytes)
  }

  /** The body of the request as it is to be sent; or the name of a filter that there is none of. A retry sends it as it was sent before. */
  protected filtered(body: OutgoingBody): OutgoingBody | string {
    this.upload_plan ??= planUpload(this, `${this.from.filters} ${this.bereq_filters}`)
    const plan = this.upload_plan
    if (typeof plan === 'string') return plan
    return plan.length === 0 ? body : (this.upload = new FilteredUpload(body, plan, this))
  }

  /** Makes the filters of the body, and the head that of what comes out of them; false when rules ask for one that there is not. */
  protected planFilters(): boolean {
    const list = this.beresp_filters
    if (!this.beresp_was_304) this.log.record(TAG.Filters, list)
    this.filters = []
    this.coding_flags = anyCoding(this)
    if (this.validated !== undefined) {
      this.keepCoding(this.validated.head.flags)
      return true
    }
    if (!hasBody(this, this.expected_bytes)) return this.nothingCoded()
    const plan = planFilters(this, list, this.change)
    if (typeof plan === 'string') {
      this.log.record(TAG.FetchError, `Filter '${plan}' not found`)
      return false
    }
    this.filters = plan.filters
    this.coding_flags |= plan.flags
    this.coding_flags |= recodable(this, this.coding_flags, this.change)
    return true
  }

  /** To Varnish nothing, in whatever coding, is just nothing. True. */
  private nothingCoded(): true {
    const { fields } = this.beresp
    const isNothing = !this.env.policy.decidesStorage && fields.get('content-length') === '0' && fields.has('content-encoding')
    if (isNothing && this.bereq.method !== 'HEAD') this.change.unset('content-encoding')
    return true
  }

  /** Of a response that a 304 has confirmed. */
  private keepCoding(flags: number): void {
    const { policy } = this.env
    const { fields } = this.beresp
    const under = codingUnder(policy, fields, flags)
    const stored = this.beresp_do_recode ? under : under & ~OBJ_IN_CODINGS
    this.coding_flags |= this.vary_confirmed || !policy.decidesStorage ? stored : stored & ~OBJ_ANY_CODING
    // For caches between us and the client it goes on to depend on it.
    if ((flags & (OBJ_GZIP | OBJ_IN_CODINGS)) !== 0) varyByCoding(fields, this.change)
  }

  private get change(): FieldChange {
    return new FieldChange(this, this.beresp.fields)
  }

  protected adopt(body: Body): Body {
    const intake = (this.intake = new Intake(body, this))
    if (this.filters.length > 0) this.line = new FetchLine(this.filters, intake, this)
    return body
  }

  /** After this turn: what came with the head in one read then leaves with it in one write. */
  protected handOut(): void {
    this.handedOut = true
    process.nextTick(handOver, this.recipients, this.intake, this.bereq.method === 'HEAD' ? this.expected_bytes : -1)
  }

  protected finish(): void {
    if (this.ended) return
    this.ended = true
    releaseRules(this.vcl)
    this.recipients.releaseWaiters()
    this.stale.release()
    const body = this.object?.body
    account.endLog(this, this.traffic, body?.state === 'complete' ? body.size_bytes : undefined)
  }
}
