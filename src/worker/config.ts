import type { ParameterValues } from '../config/parameters.ts'
import type { StoreSpec } from '../config/storage.ts'
import type { CounterHandle } from '../counters/counters.ts'
import type { Explanation, ExplainOrder } from '../explain/contract.ts'
import type { PurgeOrder } from '../flow/purge-order.ts'
import type { Endpoint } from '../listen/address.ts'
import type { RingPlace } from '../log/place.ts'
import type { DirectorListed } from '../origin/directors/listing.ts'
import type { HealthHandle } from '../shm/health.ts'
import type { SendRingPlace } from '../shm/send-ring.ts'
import type { ArenaHandle } from '../store/arena/arena.ts'
import type { BackendDeclaration } from '../vcl/runtime/context.ts'
import type { VclImage } from '../vcl/instantiate.ts'

/** All a worker is told: plain data, posted to its thread. */
export interface WorkerConfig {
  /** This worker's number, from 0: its name in all that workers share. */
  readonly slot: number
  readonly endpoints: readonly Endpoint[]
  /** Descriptors that are bound to them, now the worker's to close. Where there is none it binds by itself. */
  readonly bound?: readonly (number | undefined)[]
  /** How many workers there are: more than one share the ports. */
  readonly workers: number
  readonly parameters: ParameterValues
  /** Rule sets as they are now. */
  readonly rules: RuleTable
  readonly stores: readonly StoreSpec[]
  /** What bodies that are not kept may take in this worker. */
  readonly transient_bytes: number
  readonly identity: string
  readonly hostname: string
  /** This worker's own: MAIN, SMA of Transient. What is missing is counted where nobody looks. */
  readonly counters: readonly CounterHandle[]
  /** What this worker number measures (counters/vitals.ts). */
  readonly vitals: SharedArrayBuffer
  /** For the worker that tells how all stores are doing: what all share is reported once. */
  readonly store_counters: StoreCounters | undefined
  /** The log of all. It outlives the thread. */
  readonly ring: RingPlace
  /** Through which this worker number sends, where the kernel has such rings. It outlives the thread. */
  readonly sends?: SendRingPlace | undefined
  /** The next transaction id, shared by all workers. */
  readonly xids: SharedArrayBuffer
  readonly shared: SharedMemory
}

/** A rule set, checked and compiled by the manager. Names may be used again: `id` may not. */
export interface RuleImage {
  readonly id: number
  readonly name: string
  readonly image: VclImage
  /** The health of its backends; left out, all are healthy. */
  readonly health?: HealthHandle | undefined
  /** VBE of each backend: this worker's. What is missing is counted where nobody looks. */
  readonly counters: readonly CounterHandle[]
}

/** What a worker begins with. */
export interface RuleTable {
  readonly sets: readonly RuleImage[]
  /** Which of them requests go by. */
  readonly active: number
  /** Label to rule set. */
  readonly labels: readonly (readonly [string, number])[]
}

/** The manager's word about rule sets; by `id`. */
export type RuleOrder =
  | { readonly does: 'load'; readonly set: RuleImage }
  /** Is it there? Asked before all workers are told to use it. */
  | { readonly does: 'find'; readonly id: number }
  | { readonly does: 'use'; readonly id: number }
  | { readonly does: 'label'; readonly label: string; readonly id: number }
  | { readonly does: 'unlabel'; readonly label: string }
  /** It is not needed soon: its idle connections end. */
  | { readonly does: 'cool'; readonly id: number }
  /** No request begins with it any more: it ends with those that have. */
  | { readonly does: 'discard'; readonly id: number }
  /** How many requests and fetches go by each. */
  | { readonly does: 'count' }

export type RuleCounts = readonly (readonly [id: number, running: number])[]

/** Questions to a worker that it answers, and with what. */
export interface Answers {
  readonly purge: number
  readonly rules: RuleCounts
  readonly parameters: undefined
  readonly explain: Explanation
  readonly directors: readonly (readonly DirectorListed[])[]
  readonly xids: undefined
}

export type Question =
  | { readonly kind: 'purge'; readonly order: PurgeOrder }
  | { readonly kind: 'rules'; readonly order: RuleOrder }
  | { readonly kind: 'explain'; readonly order: ExplainOrder }
  /** Of these rule sets. */
  | { readonly kind: 'directors'; readonly rules: readonly number[] }
  /** They count on from somewhere else: what a worker has taken it gives back. */
  | { readonly kind: 'xids' }
  /** These have changed. */
  | { readonly kind: 'parameters'; readonly changed: Partial<ParameterValues> }

/** Where the figures of the stores go. They are set, not added to, and outlive the worker that sets them. */
export interface StoreCounters {
  /** MAIN, of all stores together. */
  readonly main: CounterHandle
  /** SMA or SMF, and ARENA, of each store. */
  readonly space: readonly CounterHandle[]
  readonly arena: readonly CounterHandle[]
}

/** What all workers see; each has its class in shm/. */
export interface SharedMemory {
  /** Doorbells. */
  readonly bells: SharedArrayBuffer
  /** Claims, and counts of purges (cache/shared-claims.ts). */
  readonly claims: SharedArrayBuffer
  readonly purges: SharedArrayBuffer
  /** Token buckets and global variables of rules. */
  readonly buckets: SharedArrayBuffer
  readonly texts: SharedArrayBuffer
  /** What saintmode has listed. */
  readonly saints: SharedArrayBuffer
  /** Serials. */
  readonly serials: SharedArrayBuffer
  /** Ledger. */
  readonly ledger: SharedArrayBuffer
  /** The stores' memory, in the order of `stores`. */
  readonly arenas: readonly ArenaHandle[]
}

export interface Fault {
  readonly message: string
  /** It would be the same with any worker. */
  readonly refused: boolean
}

/** Rule sets that a worker could not bring to life, and why. */
export type RuleFaults = readonly (readonly [id: number, why: string])[]

/** A backend that rules have made while they run, or (undefined) have given up. */
export interface HealthWatch {
  /** The rule set's name. */
  readonly set: string
  readonly name: string
  readonly declared: BackendDeclaration | undefined
}

/** Worker to manager. */
export type WorkerMessage =
  | { kind: 'watch'; watch: HealthWatch }
  /** It serves, but nobody knows it. */
  | { kind: 'rehearsing'; endpoints: readonly Endpoint[] }
  | { kind: 'cannot_rehearse'; why: string }
  | { kind: 'ready'; endpoints: readonly Endpoint[]; faults: RuleFaults }
  | { kind: 'failed'; message: string }
  | { kind: 'drained'; cut: number }
  /** It has as many connections as it may have, or room again. */
  | { kind: 'full'; full: boolean }
  | { kind: 'answer'; id: number; answer: Answers[keyof Answers] }
  | { kind: 'fault'; id: number; fault: Fault }
  /** The last request that went by that rule set is over, and it has ended. */
  | { kind: 'rules_over'; rules: number }
  /** A line for the operations log. */
  | { kind: 'line'; level: 'warn' | 'error'; message: string }

/** The thread is started before the rules are compiled, so that it loads its code meanwhile; `start` tells it the rest. */
export type ManagerMessage =
  /** Before `start`: it serves, from nothing that others have, until it is told to rest. */
  | { kind: 'rehearse'; config: WorkerConfig }
  | { kind: 'rest' }
  | { kind: 'start'; config: WorkerConfig }
  | { kind: 'drain'; deadline_ms: number }
  /** That worker is away: this one listens there, too, on descriptors that are now its to close, until it stands down. */
  | { kind: 'stand_in'; slot: number; endpoints: readonly Endpoint[]; bound: readonly (number | undefined)[] }
  | { kind: 'stand_down'; slot: number }
  /** It is to die of a mistake. */
  | { kind: 'panic' }
  | { kind: 'ask'; id: number; question: Question }
