import { hostname } from 'node:os'
import type { Panic } from '../admin/program.ts'
import { type Clock, SystemClock } from '../base/clock.ts'
import type { ServeOptions } from '../config/command-line.ts'
import { defaultTransientBytes } from '../config/memory-limit.ts'
import { clearGauges, CounterBlock, MAIN, MGT, type CounterSet, type CounterValues } from '../counters/counters.ts'
import { newVitals } from '../counters/vitals.ts'
import { type StoreSpec, TRANSIENT } from '../config/storage.ts'
import type { MappedMemory, RingPlace } from '../log/place.ts'
import type { LogWriter } from '../log/writer.ts'
import { closeSendRing } from '../shm/send-ring.ts'
import type { StoreCounters } from '../worker/config.ts'
import type { Health } from '../upkeep/health/health.ts'
import type { Upkeep } from '../upkeep/upkeep.ts'
import { CliLog } from './cli-log.ts'
import { newHealth } from './health.ts'
import { newLogRing, newManagerLog } from './log.ts'
import type { Operations } from './operations.ts'
import type { RuleSets } from './rule-sets.ts'
import { newSendRings } from './send-rings.ts'
import { Shared } from './shared.ts'
import type { WorkerPost } from './worker-thread.ts'

/** What the manager gives the workers; it outlives them. */
export interface WorkerSupplies {
  postOf(slot: number): WorkerPost
  /** To begin when the workers serve. */
  readonly upkeep: Upkeep
  /** To begin before: whoever is asked first should find backends that have been probed. */
  readonly health: Health
  readonly panics: Panics
  /** What each worker measures. */
  readonly vitals: readonly Float64Array[]
  /** The log of all, and the manager's part in it. */
  readonly ring: RingPlace
  readonly log: LogWriter
  readonly cli_log: CliLog
  /** The next transaction id. */
  readonly xids: Int32Array
  /** What the stores are, a line for each. */
  describe(): readonly string[]
  /** What the operator should hear about them. */
  remarks(): readonly string[]
  /** All workers have ended. Resolves with what did not go well. */
  close(): Promise<readonly string[]>
}

/** Why the last worker died that died of a mistake, until somebody has seen it; and how many have. */
export class Panics {
  last: Panic | undefined
  private readonly counted: CounterValues

  constructor(counters: CounterSet) {
    const { handle, values } = new CounterBlock('MGT')
    counters.add(handle)
    this.counted = values
  }

  add(panic: Panic): void {
    this.last = panic
    this.counted[MGT.child_panic]++
    this.counted[MGT.child_died]++
  }

  clear(counted: boolean): void {
    this.last = undefined
    if (counted) this.counted[MGT.child_panic] = 0
  }
}

/** `mapped`: memory for the log that others can read. */
export function newSupplies(
  options: ServeOptions,
  rules: RuleSets,
  counters: CounterSet,
  operations: Operations,
  mapped?: MappedMemory,
): WorkerSupplies {
  const { workers, parameters, stores } = options
  const blocks = Array.from({ length: workers }, newBlocks)
  for (const block of blocks.flat()) counters.add(block.handle)
  const storeBlocks = newStoreBlocks(stores)
  for (const handle of [storeBlocks.main, ...storeBlocks.space, ...storeBlocks.arena]) counters.add(handle)
  const vitals = blocks.map(newVitals)
  const clock = new SystemClock()
  const panics = new Panics(counters)
  const shared = new Shared(stores, clock, options.transient)
  const own = new CounterBlock('MAIN')
  counters.add(own.handle)
  const upkeep = shared.upkeep(workers, clock, parameters, own.values, (message) => operations.write('warn', message))
  const ring = newLogRing(parameters, mapped)
  const log = newManagerLog(ring, parameters, own.values.subarray(MAIN.shm_records, MAIN.shm_lost + 1))
  const health = newHealth({ options, counters: (set, backend) => rules.countersOf(set, backend), operations, clock, log })
  rules.watch(health)
  const sends = newSendRings(workers, parameters, operations)
  const common = { ...sameForAll(options), shared: shared.memory }
  return {
    postOf: (slot) => ({
      config: (endpoints) => ({
        ...common,
        slot,
        endpoints,
        rules: rules.tableOf(slot),
        counters: blocks[slot].map((block) => block.handle),
        vitals: vitals[slot],
        // The first of them: while it is being replaced the figures stay as they were.
        store_counters: slot === 0 ? storeBlocks : undefined,
        ring,
        sends: sends[slot],
      }),
      began: (faults) => rules.began(slot, faults),
      over: (id) => rules.over(slot, id),
      watch: (watch) => health.heard(slot, watch),
      died: (why) => panics.add(panicOf(why, clock)),
      buried: () => {
        // First, so that who is rung below finds its connections given back.
        health.releaseAllOf(slot)
        shared.releaseAllOf(slot)
        log.releaseAllOf(slot)
        for (const block of blocks[slot]) clearGauges(block)
        rules.buried(slot)
      },
    }),
    describe: () => shared.describe(),
    remarks: () => shared.remarks(),
    vitals: vitals.map((memory) => new Float64Array(memory)),
    upkeep,
    health,
    panics,
    ring,
    log,
    cli_log: new CliLog(log, clock),
    xids: new Int32Array(common.xids),
    close: async () => {
      health.stop()
      await upkeep.stop()
      for (const ring of sends) closeSendRing(ring)
      return shared.close()
    },
  }
}

/** What workers are told that is the same for all. */
function sameForAll({ workers, parameters, stores, identity, transient }: ServeOptions) {
  const transient_bytes = Math.ceil((transient?.size_bytes ?? defaultTransientBytes()) / workers)
  return { workers, parameters, stores, transient_bytes, identity, hostname: hostname(), xids: firstXid() }
}

function panicOf(text: string, clock: Clock): Panic {
  clock.refresh()
  return { at_s: clock.wall_ms / 1000, text }
}

/** One worker's counters: what it has counted stays when it dies. */
function newBlocks(): readonly CounterBlock[] {
  return [new CounterBlock('MAIN'), new CounterBlock('SMA', TRANSIENT)]
}

/** The stores' counters are nobody's: whoever reports sets them. */
export function newStoreBlocks(stores: readonly StoreSpec[]): StoreCounters {
  return {
    main: new CounterBlock('MAIN').handle,
    space: stores.map(({ kind, name }) => new CounterBlock(kind === 'file' ? 'SMF' : 'SMA', name).handle),
    arena: stores.map(({ name }) => new CounterBlock('ARENA', name).handle),
  }
}

/** The transaction ids begin at 1: 0 is nobody's. */
export function firstXid(): SharedArrayBuffer {
  const xids = new SharedArrayBuffer(4)
  new Int32Array(xids)[0] = 1
  return xids
}
