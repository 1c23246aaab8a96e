import type { Worker } from 'node:worker_threads'
import type { Explanation, ExplainOrder } from '../explain/contract.ts'
import type { PurgeOrder } from '../flow/purge-order.ts'
import { Ended } from './questions.ts'
import type { ParameterValues } from '../config/parameters.ts'
import type { DirectorListed } from '../origin/directors/listing.ts'
import type { Endpoint } from '../listen/address.ts'
import { Loans } from '../listen/loans.ts'
import type { Operations } from './operations.ts'
import type { WorkerSupplies } from './supplies.ts'
import type { RuleCounts, RuleOrder } from '../worker/config.ts'
import { arrangeStandIns } from './stand-ins.ts'
import type { SpareThread } from './spare-thread.ts'
import { WorkerThread } from './worker-thread.ts'

/** How long an answer may take that a worker has at once. */
const ANSWER_MAX_MS = 4000
/** And when rules change: vcl_init may have something to do. */
const RULES_MAX_MS = 30_000
/** What a worker has to do besides, when it explains a request. */
const EXPLAIN_MORE_MS = 5000

/** All workers: started together, drained together; each is replaced by itself. */
export class Workers {
  private readonly threads: readonly WorkerThread[]
  private readonly spare: SpareThread | undefined

  /** `spare`: takes the place of the first that dies. */
  constructor(count: number, heap_bytes: number, operations: Operations, spare?: SpareThread) {
    const loans = new Loans()
    this.spare = spare
    const changed = (): void => this.changed()
    const common = { heap_bytes, operations, shared: count > 1, loans, spare, changed }
    this.threads = Array.from({ length: count }, (_, slot) => new WorkerThread({ slot, ...common }))
  }

  /** Begins to load the workers' code. */
  preload(): void {
    for (const thread of this.threads) thread.preload()
  }

  /** What there is to be measured, by number; undefined while one is being replaced. */
  get running(): readonly (Worker | undefined)[] {
    return this.threads.map(({ running }) => running)
  }

  /** One of them carries it out for all; when it dies over it, another. */
  async purge(order: PurgeOrder): Promise<number> {
    const serving = this.threads.filter((thread) => thread.serving)
    let fault: unknown = new Error('no worker serves')
    for (const thread of serving) {
      try {
        return await thread.ask({ kind: 'purge', order }, ANSWER_MAX_MS)
      } catch (error) {
        fault = error
        if (thread.serving) break
      }
    }
    throw fault
  }

  /** That worker, else the first that serves. */
  async explain(order: ExplainOrder, slot: number | undefined): Promise<Explanation> {
    if (slot !== undefined && this.threads[slot] === undefined)
      throw new Error(`there are ${this.threads.length} workers: the last is ${this.threads.length - 1}`)
    const thread = slot === undefined ? this.threads.find(({ serving }) => serving) : this.threads[slot]
    if (thread?.serving !== true) throw new Error(slot === undefined ? 'no worker serves' : `worker ${slot} does not serve just now`)
    return await thread.ask({ kind: 'explain', order }, order.patience_ms + EXPLAIN_MORE_MS)
  }

  /** Of each of these rule sets, as the first that serves has them; none while none serves. */
  async directors(rules: readonly number[]): Promise<readonly (readonly DirectorListed[])[]> {
    const thread = this.threads.find(({ serving }) => serving)
    return thread === undefined ? [] : await thread.ask({ kind: 'directors', rules }, ANSWER_MAX_MS)
  }

  /**
   * All of them, and an answer from each; `of` makes what one worker is told. Undefined for a worker whose thread ends over it: the next one
   * begins with the rule sets as they then are.
   */
  async rule(of: (slot: number) => RuleOrder): Promise<(RuleCounts | undefined)[]> {
    const asked = this.threads.map(async (thread, slot) => {
      if (!thread.begun) return undefined
      try {
        return await thread.ask({ kind: 'rules', order: of(slot) }, RULES_MAX_MS)
      } catch (error) {
        if (error instanceof Ended) return undefined
        throw error
      }
    })
    const settled = await Promise.allSettled(asked)
    const fault = settled.find((one) => one.status === 'rejected')
    if (fault !== undefined) throw fault.reason
    return settled.map((one) => (one.status === 'fulfilled' ? one.value : undefined))
  }

  /** Of parameters that take effect while they run. Those that begin just now have them already. */
  async tellParameters(changed: Partial<ParameterValues>): Promise<void> {
    const begun = this.threads.filter((thread) => thread.begun)
    const asked = begun.map((thread) => thread.ask({ kind: 'parameters', changed }, ANSWER_MAX_MS))
    const settled = await Promise.allSettled(asked)
    const fault = settled.find((one) => one.status === 'rejected' && !(one.reason instanceof Ended))
    if (fault?.status === 'rejected') throw fault.reason
  }

  /** They have been set to something else. */
  async forgetXids(): Promise<void> {
    const begun = this.threads.filter((thread) => thread.begun)
    await Promise.allSettled(begun.map((thread) => thread.ask({ kind: 'xids' }, ANSWER_MAX_MS)))
  }

  /** The first that serves dies of a mistake. */
  panic(): void {
    this.threads.find(({ serving }) => serving)?.panic()
  }

  async discard(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.discard()))
    await this.spare?.end()
  }

  /**
   * Resolves with what they listen on when all of them serve; rejects with the first failure. Where any port will do, the
   * first worker settles which: it can still take another one, the rest can not.
   */
  async start(endpoints: readonly Endpoint[], supplies: WorkerSupplies): Promise<readonly Endpoint[]> {
    const start = (slot: number, from: readonly Endpoint[]): Promise<readonly Endpoint[]> =>
      this.threads[slot].start(this.endpointsOf(slot, from), supplies.postOf(slot))
    if (!endpoints.some((endpoint) => endpoint.any_port)) {
      await Promise.all(this.threads.map((_, slot) => start(slot, endpoints)))
      return endpoints
    }
    const of_first = this.endpointsOf(0, endpoints)
    const opened = await start(0, endpoints)
    const settled = endpoints.map((endpoint) => opened[of_first.indexOf(endpoint)] ?? endpoint)
    await Promise.all(this.threads.slice(1).map((_, i) => start(i + 1, settled)))
    return settled
  }

  /** Resolves with the number of connections that were cut when all have finished. */
  async drain(deadline_ms: number): Promise<number> {
    const cut = await Promise.all(this.threads.map((thread) => thread.drain(deadline_ms)))
    // Last: until then it could have been begun.
    await this.spare?.end()
    return cut.reduce((sum, one) => sum + one, 0)
  }

  /** One has left, or serves. */
  private changed(): void {
    arrangeStandIns(this.threads)
    if (this.threads.every(({ serving }) => serving)) this.spare?.prepare(this.threads[0].entry)
    else this.spare?.wait()
  }

  /** Workers share ports (SO_REUSEPORT), but a unix socket has one listener: they are dealt out. */
  private endpointsOf(slot: number, endpoints: readonly Endpoint[]): readonly Endpoint[] {
    let sockets = 0
    return endpoints.filter(({ path }) => path === undefined || sockets++ % this.threads.length === slot)
  }
}
