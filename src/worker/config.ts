import type { ParameterValues } from '../config/parameters.ts'
import type { StoreSpec } from '../config/storage.ts'
import type { CounterHandle } from '../counters/counters.ts'
import type { PurgeOrder } from '../flow/purge-order.ts'
import type { Endpoint } from '../listen/address.ts'
import type { HealthHandle } from '../shm/health.ts'
import type { ArenaHandle } from '../store/arena/arena.ts'
import type { VclImage } from '../vcl/instantiate.ts'

/** All a worker is told: plain data, posted to its thread. */
export interface WorkerConfig {
  /** This worker's number, from 0: its name in all that workers share. */
  readonly slot: number
  readonly endpoints: readonly Endpoint[]
  /** How many workers there are: more than one share the ports. */
  readonly workers: number
  readonly parameters: ParameterValues
  /** Checked and compiled by the manager. */
  readonly rules: VclImage
  /** The health of their backends; left out, all are healthy. */
  readonly health?: HealthHandle
  /** Backends declared. */
  readonly backends: number
  readonly stores: readonly StoreSpec[]
  /** What bodies that are not kept may take in this worker. */
  readonly transient_bytes: number
  readonly identity: string
  readonly hostname: string
  /** This worker's own: MAIN, SMA of Transient, VBE of each backend. What is missing is counted where nobody looks. */
  readonly counters: readonly CounterHandle[]
  /** For the worker that tells how all stores are doing: what all share is reported once. */
  readonly store_counters: StoreCounters | undefined
  /** This worker's ring of log records. It outlives the thread. */
  readonly ring: SharedArrayBuffer
  /** The next transaction id, shared by all workers. */
  readonly xids: SharedArrayBuffer
  readonly shared: SharedMemory
}

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
  /** Serials. */
  readonly serials: SharedArrayBuffer
  /** Ledger. */
  readonly ledger: SharedArrayBuffer
  /** The stores' memory, in the order of `stores`. */
  readonly arenas: readonly ArenaHandle[]
}

export interface PurgeFault {
  readonly message: string
  /** It would be the same with any worker. */
  readonly refused: boolean
}

/** Worker to manager. */
export type WorkerMessage =
  | { kind: 'ready'; endpoints: readonly Endpoint[] }
  | { kind: 'failed'; message: string }
  | { kind: 'drained'; cut: number }
  /** What a purge met, or why it could not be carried out. */
  | { kind: 'purged'; id: number; objects: number; fault: PurgeFault | undefined }
  /** A line for the operations log. */
  | { kind: 'line'; level: 'warn' | 'error'; message: string }

/** The thread is started before the rules are compiled, so that it loads its code meanwhile; `start` tells it the rest. */
export type ManagerMessage =
  | { kind: 'start'; config: WorkerConfig }
  | { kind: 'drain'; deadline_ms: number }
  | { kind: 'purge'; id: number; order: PurgeOrder }
