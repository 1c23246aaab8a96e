import { Transactions } from '../group/grouping.ts'
import { RawRecords } from '../group/raw.ts'
import type { Deliver, ReadHooks, ReadOptions } from './options.ts'
import { RateLimit } from './rate-limit.ts'
import type { LogSource, SourceState } from './source.ts'
import type { Group } from './transaction.ts'

/** `enough`: nobody wants more. */
export type Dispatched = SourceState | 'enough'

/** Units between two looks at what else there is to do. */
const UNITS_PER_TURN = 4096
/** So long at most, and then a unit more or three: a pattern may take a tenth of a second for a record, and signals wait. */
const TURN_MS = 100
/** Units between two looks at the time, less one; a power of two, less one. */
const UNITS_BETWEEN = 3

/** Takes units from a source, makes groups of them, and hands out those that the query is true of. */
export class Dispatcher {
  private readonly source: LogSource
  private readonly transactions: Transactions
  private readonly raw: RawRecords | undefined
  private readonly output: GroupOutput

  constructor(source: LogSource, options: ReadOptions, hooks: ReadHooks, output: GroupOutput) {
    this.source = source
    this.output = output
    const limits = { incomplete_max: options.incomplete_max, timeout_ms: options.timeout_s * 1000 }
    this.transactions = new Transactions(options.grouping, limits, source.format, hooks.clock)
    this.raw = options.grouping === 'raw' ? new RawRecords(source.format) : undefined
    source.beforeReuse = () => this.transactions.keep()
  }

  /** At most so many units, and what TURN_MS has time for; `some` when there are more. */
  run(): Dispatched {
    const until_ms = performance.now() + TURN_MS
    for (let units = 0; units < UNITS_PER_TURN; units++) {
      if ((units & UNITS_BETWEEN) === UNITS_BETWEEN && performance.now() >= until_ms) return 'some'
      const state = this.source.next()
      if (state !== 'some') return state === 'none' ? this.idle() : state
      if (!(this.raw === undefined ? this.group() : this.single(this.raw))) return 'enough'
    }
    return 'some'
  }

  /** Hands out what is not complete, too. False: enough. */
  flush(): boolean {
    this.transactions.flush()
    return this.deliverReady()
  }

  private idle(): Dispatched {
    if (this.raw !== undefined) return 'none'
    this.transactions.timeout()
    return this.deliverReady() ? 'none' : 'enough'
  }

  private single(raw: RawRecords): boolean {
    raw.take(this.source)
    for (let group = raw.next(); group !== undefined; group = raw.next()) {
      if (!this.output.offer(group)) return false
    }
    return true
  }

  private group(): boolean {
    this.transactions.take(this.source)
    this.transactions.limit()
    return this.transactions.ready.length === 0 || this.deliverReady()
  }

  private deliverReady(): boolean {
    const { ready } = this.transactions
    for (let group = ready.shift(); group !== undefined; group = ready.shift()) {
      if (!this.output.offerFrom(group[0].kind, group)) return false
    }
    return true
  }
}

/** What becomes of a group: the query, the rate, and how many there may be. It outlives the sources. */
export class GroupOutput {
  private readonly options: ReadOptions
  private readonly deliver: Deliver
  private readonly rate: RateLimit | undefined
  private left: number

  constructor(options: ReadOptions, hooks: ReadHooks, deliver: Deliver) {
    this.options = options
    this.deliver = deliver
    this.rate = options.rate === undefined ? undefined : new RateLimit(options.rate, hooks.clock)
    this.left = options.groups_max ?? Infinity
  }

  /** False: enough. */
  offer(group: Group): boolean {
    const { query } = this.options
    if (query !== undefined && !query.test(group)) return true
    if (this.rate !== undefined && !this.rate.permits()) return true
    return this.deliver(group) !== false && --this.left > 0
  }

  /** Whose first is of the kind that the grouping is about. */
  offerFrom(kind: string, group: Group): boolean {
    const { grouping } = this.options
    if ((grouping === 'session' && kind !== 'sess') || (grouping === 'request' && kind !== 'req')) return true
    return this.offer(group)
  }
}
