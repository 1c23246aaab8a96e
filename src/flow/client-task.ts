import { MAIN } from '../counters/counters.ts'
import { countTime } from '../counters/histogram.ts'
import { firstByteOf, RESULT, totalOf, type Result } from '../counters/vitals.ts'
import { TAG } from '../log/tags.ts'
import type { Fields } from '../http/fields.ts'
import type { ResponseHead } from '../http/message.ts'
import type { Busy, Waiter } from '../cache/busy.ts'
import type { Cold, StoredObject } from '../store/contract.ts'
import type { Forwarded } from '../policy/cache-status.ts'
import { BodyPump, type PumpHost } from './body-pump.ts'
import { ClientState } from './client-state.ts'
import type { ClientConnection } from './client.ts'
import { logFilters, logHit, logIncluded, logReqBody, logRequest } from './request-log.ts'
import type { LoadedVcl } from '../vcl/runtime/context.ts'
import type { Environment } from './environment.ts'
import type { Fetch } from './fetch.ts'
import type { Fragment } from './filters/esi/fragment.ts'
import { learnFrom } from './invalidate.ts'
import { purgeKey, softPurgeKey } from './purges.ts'
import type { FetchOwner } from './recipients.ts'
import { goOn, run } from './steps.ts'
import { STEP, type Step } from './step.ts'

/** Where finished tasks go back to. */
export interface TaskPool {
  take(): ClientTask
  giveBack(task: ClientTask): void
}

/** One client request under way. Reused: nothing is allocated for a request that hits. */
export class ClientTask extends ClientState implements Waiter, FetchOwner, PumpHost {
  readonly pool: TaskPool
  /** The right to fetch, while it is ours and the fetch has not begun. */
  busy: Busy | undefined
  /** What we are parked on. */
  private parked: Busy | undefined
  /** The fetch that was started for this request and has not answered yet. */
  fetch: Fetch | undefined
  /** Where the response being delivered comes from, if it was fetched for us. */
  private source: Fetch | undefined
  readonly pump = new BodyPump(this, this.env.turns)
  purging = false
  /** How often this request has waited for a disk, or for the first byte of what another worker fetches. */
  thaws = 0
  /** The response came around the store: its conditions and ranges were the origin's business. */
  passed = false
  /** It passes only because of its method: rules had nothing against looking it up. */
  by_method = false
  /** The response was fetched for this request (not a hit, not collapsed). */
  fetched_by_us = false
  /** Of what was fetched for us: it is a stored object, in place of a response that could not be had. */
  stood_in = false
  /** When the head of the response left, 0: it has not. */
  private first_ms = 0
  private over = true

  constructor(env: Environment, pool: TaskPool) {
    super(env)
    this.pool = pool
  }

  /** A request has been read, and the clock with it: runs it as far as it goes. */
  begin(connection: ClientConnection): void {
    this.open(connection, this.env.vcl)
    logRequest(this)
    if (this.vcl.usage.pristine) this.original.copyFrom(this.req)
    this.env.counters[MAIN.client_req]++
    run(this, STEP.recv)
  }

  /** The same for what the page of another request includes. */
  beginIncluded(fragment: Fragment, parent: ClientTask): void {
    this.open(fragment, parent.vcl)
    this.included = fragment
    this.esi_level = parent.esi_level + 1
    this.top = parent.top ?? parent
    logIncluded(this, parent)
    if (this.vcl.usage.pristine) this.original.copyFrom(this.req)
    this.env.counters[MAIN.esi_req]++
    run(this, STEP.recv)
  }

  private open(connection: ClientConnection, vcl: LoadedVcl): void {
    const { env } = this
    this.over = false
    this.head_tx_bytes = 0
    this.body_tx_bytes = 0
    this.body_tx_pieces = 0
    this.start_ms = this.last_ms = env.clock.wall_ms
    this.req_xid = env.log.nextXid()
    this.log = env.log.open(this.req_xid, 'client')
    this.first_ms = 0
    this.thaws = 0
    this.esi_level = 0
    this.beginState(connection, vcl)
    this.beginAgain()
    connection.onClosed = this.onClosed
  }

  /** Nothing of an earlier run through the rules is left but the request. */
  beginAgain(): void {
    this.passed = false
    this.by_method = false
    this.fetched_by_us = false
    this.purging = false
    this.announced_bytes = -1
    this.resetRules()
  }

  /** The client left, and the task is free or busy with another. */
  get gone(): boolean {
    return this.over
  }

  /** Rules failed: 503 from vcl_synth, and the connection goes, as in varnishd: nobody knows what they would do to the next request of this client. */
  failed(): Step {
    this.connection.closeAfter('VCL_FAILURE')
    return this.refuse(503, 'VCL failed')
  }

  refuse(status: number, reason: string): Step {
    this.action_status = status
    this.action_reason = reason
    return STEP.synth
  }

  park(busy: Busy): Step {
    const { env } = this
    env.counters[MAIN.busy_sleep]++
    this.parked = busy
    this.object = undefined
    env.cache.wait(busy, this)
    this.log.park()
    return STEP.wait
  }

  /** What was looked up lies on a disk: looks again when it is in memory. */
  thaw(cold: Cold): Step {
    this.thaws++
    this.object = undefined
    this.giveUpFetch()
    const { req_xid } = this
    cold.thaw(() => {
      // It may be free by now, or busy with another request.
      if (!this.over && this.req_xid === req_xid) this.resume(STEP.lookup)
    })
    this.log.park()
    return STEP.wait
  }

  /** On with `then` when the body of its object has begun, or broken. */
  awaitBytes(then: (task: ClientTask) => Step): Step {
    const { object, req_xid } = this
    if (object === undefined) return then(this)
    this.pump.awaitFirst(object.body, () => {
      if (this.over || this.req_xid !== req_xid) return
      this.env.clock.refresh()
      goOn(this, then)
    })
    this.log.park()
    return STEP.wait
  }

  /** What it has waited for is there. */
  resume(step: Step): void {
    this.env.clock.refresh()
    run(this, step)
  }

  /** Waiter: the response will do for us. */
  attach(object: StoredObject, came: Readonly<Forwarded> | undefined): void {
    this.woken(came)
    try {
      this.take(object)
    } catch (error) {
      this.broke(error)
    }
  }

  private woken(came: Readonly<Forwarded> | undefined): void {
    this.parked = undefined
    this.collapsed = true
    this.came = came
    this.env.counters[MAIN.busy_wakeup]++
    this.timestamp('Waitinglist')
  }

  joined(): void {
    const { env, object } = this
    if (this.over || object === undefined) return
    env.counters[MAIN.busy_served]++
    env.counters[MAIN.cache_hit]++
    object.hits++
    logHit(this, object)
    run(this, STEP.hit)
  }

  /** Waiter: look up again. */
  released(came?: Readonly<Forwarded>): void {
    if (this.over) return
    this.env.clock.refresh()
    this.woken(came)
    run(this, STEP.lookup)
  }

  /** Waiter: enough. It does not wait a second time, for the one of those who waited that came first. */
  gaveUp(): void {
    this.hash_ignore_busy = true
    this.released()
  }

  /** Waiter: what came is for the one who asked first. */
  fetchAlone(): void {
    this.hash_always_miss = true
    this.released()
  }

  /** The response of our own fetch is about to be handed out: hold its first byte. */
  take(object: StoredObject): void {
    this.object = object
    this.pump.hold(object.body)
  }

  /** The response of our own fetch is there. */
  fetched(): void {
    this.source = this.fetch
    this.came = this.fetch?.forwarded
    this.fetch = undefined
    this.fetched_by_us = true
    this.stood_in = this.object?.head.xid !== this.source?.bereq_xid
    if (this.over) return
    this.timestamp('Fetch')
    run(this, STEP.deliver)
  }

  /** Our fetch came to nothing that could be delivered. */
  notFetched(status: number, reason: string): void {
    this.fetch = undefined
    if (this.over) return
    this.timestamp('Fetch')
    run(this, this.refuse(status, reason))
  }

  /** The same response in another coding. */
  showInstead(object: StoredObject): void {
    if (object === this.object) return
    this.object = object
    this.pump.exchange(object.body)
  }

  /** With what is stored goes the right to fetch that came with it: a fetch from now on has another. */
  purgeHard(): number {
    const purged = purgeKey(this.env, this.search?.exact ?? this.key, this.search)
    this.giveUpFetch()
    return purged
  }

  purgeSoft(ttl_s: number, grace_s: number, keep_s: number): number {
    return softPurgeKey(this.env, this.search?.exact ?? this.key, this.search, { ttl_s, grace_s, keep_s })
  }

  /** A right to fetch that will not be used. */
  giveUpFetch(): void {
    const busy = this.busy
    if (busy === undefined) return
    this.busy = undefined
    this.env.cache.abandon(busy)
  }

  dropObject(): void {
    this.pump.release()
    this.object = undefined
  }

  /** The connection is not to call us any more for this request. */
  leave(): void {
    this.pump.release()
    this.connection.onClosed = undefined
    this.connection.onDrain = undefined
  }

  /** Accounts the request and makes the task free for another. The clock has been read since the last byte was written. */
  finish(): void {
    if (this.over) return
    this.over = true
    const { env, log, connection } = this
    const counters = env.counters
    const { head_bytes, body_bytes } = connection
    counters[MAIN.s_req_hdrbytes] += head_bytes
    counters[MAIN.s_req_bodybytes] += body_bytes
    if (this.esi_level === 0) {
      counters[MAIN.s_resp_hdrbytes] += this.head_tx_bytes
      counters[MAIN.s_resp_bodybytes] += this.body_tx_bytes
    }
    if (this.filter_counts.length > 0 || !log.masks(TAG.VdpAcct)) logFilters(this)
    this.timestamp('Resp')
    if (this.first_ms !== 0 && this.esi_level === 0) this.measure()
    log.account(TAG.ReqAcct, head_bytes, body_bytes, this.head_tx_bytes, this.body_tx_bytes)
    this.retire()
  }

  /** Rules have said what they had to say: what follows is the sending. */
  processed(): void {
    this.env.clock.refresh()
    this.timestamp('Process')
    this.first_ms = this.last_ms
  }

  private measure(): void {
    const { env, start_ms } = this
    const result = this.result()
    countTime(env.vitals, firstByteOf(result), this.first_ms - start_ms)
    countTime(env.vitals, totalOf(result), this.last_ms - start_ms)
  }

  private result(): Result {
    if (this.object === undefined) return RESULT.synth
    if (this.passed) return RESULT.pass
    return this.fetched_by_us ? RESULT.miss : RESULT.hit
  }

  /** The same for one that became a pipe, and has been accounted. */
  finishPiped(): void {
    if (this.over) return
    this.over = true
    this.retire()
  }

  private retire(): void {
    this.log.end()
    if (this.pipe_log !== undefined) {
      this.pipe_log.end()
      this.pipe_log = undefined
    }
    this.fetch = this.source = undefined
    this.endState()
    this.pool.giveBack(this)
  }

  answered(head: ResponseHead, replaced: boolean): void {
    if (this.passed) learnFrom(this, head, replaced)
  }

  bodySent(): void {
    if (this.over) return
    logReqBody(this)
    this.log.park()
  }

  informational(status: number, reason: string, fields: Fields): void {
    if (!this.over && this.connection.http11) this.connection.informational(status, reason, fields)
  }

  /** PumpHost. It may wait for long, and its records need not wait with it. */
  slow(): void {
    if (!this.over) this.log.park()
  }

  streamed(whole: boolean): void {
    this.leave()
    if (whole) this.connection.end()
    else this.connection.abort('TX_ERROR')
    this.env.clock.refresh()
    this.finish()
  }

  /** The client went away. A fill goes on for others (rule 4 of coalescing); a pass ends with its client. */
  private readonly onClosed = (): void => {
    if (this.over) return
    this.quit()
    this.finish()
  }

  /** A mistake of ours: this request ends, the client can tell, and nobody else is to suffer. */
  broke(error: unknown): void {
    const { env, connection } = this
    env.counters[MAIN.client_resp_500]++
    env.operations.error(`request ${this.req_xid} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    if (this.over) return
    this.quit()
    connection.abort('TX_ERROR')
    this.finish()
  }

  private quit(): void {
    this.parked?.leave(this)
    this.parked = undefined
    this.giveUpFetch()
    const fetch = this.fetch ?? this.source
    this.leave()
    if (fetch !== undefined) fetch.clientLeft()
    this.env.clock.refresh()
  }
}
