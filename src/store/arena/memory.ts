import { SharedLocks } from '../../shm/lock.ts'
import { THREADS_MAX } from '../../config/workers.ts'
import { AGEING_WORDS } from '../eviction/ageing.ts'
import { ghostWords } from '../eviction/ghost.ts'
import { PurgeTable } from '../purges/table.ts'
import type { Disk } from './disk.ts'
import { BUCKET_ENTRIES, ENTRY_WORDS, type Geometry, HEADER_BYTES, SEGMENT_WORDS } from './geometry.ts'

/** A worker that is in no run, and holds back nobody. */
export const AT_REST = 0x7fffffff

const BUCKET_LOCKS = 1024
/** The lock behind those of the buckets: one worker evicts at a time. */
export const EVICTION_LOCK = BUCKET_LOCKS
/** Of the postings that were given back. */
export const POSTINGS_LOCK = BUCKET_LOCKS + 1
const LOCKS = BUCKET_LOCKS + 2

/** What a worker counts, in Float64: its own row, so that nothing is lost and nobody waits. All rows together are the store's. */
export const TALLY = {
  objects: 0,
  live_bytes: 1,
  nuked: 2,
  expired: 3,
  requests: 4,
  failures: 5,
  evicted_small: 6,
  evicted_main: 7,
  moved_bytes: 8,
  moved: 9,
  allocated_bytes: 10,
  /** Of the disk: segments it had no room for, ranges it could not read or write. */
  disk_errors: 11,
  /** Objects that another process had written and that were found broken. */
  broken: 12,
  /** Objects taken out because a tag of theirs was purged. */
  purged: 13,
  /** Tags of the table of purges that had to make room for others. */
  forgotten: 14,
  /** Tags of objects for which there was no posting. */
  unlisted: 15,
  /** Objects that had to leave because their bucket of the index was full. */
  crowded: 16,
} as const
/** Whole cache lines: nobody counts in another's. */
const TALLIES = 24

/** Objects that one worker may fill at a time and have them seen by others. */
export const FILLS_MAX = 4096

// Words of the general part of the control memory.
export const EPOCH = 0
export const FREE_SEGMENTS = 1
export const RETIRED_SEGMENTS = 2
/** One more than the highest number of a worker that has been here: rows beyond are empty. */
export const WORKERS_SEEN = 3
export const WITHHELD_SEGMENTS = 4
/** The second since the start in which the last line about the disk was written. */
export const DISK_LINE_S = 5
/** 1: the disk had no blocks for a segment when it was last asked for some. */
export const DISK_REFUSED = 6
/** How often a worker's thread has ended, a word for each. */
const LIVES = 16
const GENERAL_WORDS = 16 + THREADS_MAX

/** Sizes of the control memory's parts, in words. */
interface Plan {
  readonly general: number
  readonly announced: number
  readonly locks: number
  readonly ageing: number
  readonly fills: number
  readonly pins: number
  readonly provided: number
  readonly ghost: number
  readonly last_hits: number
}

function plan(geometry: Geometry): Plan {
  return {
    general: GENERAL_WORDS,
    announced: THREADS_MAX * 16,
    locks: LOCKS,
    ageing: AGEING_WORDS,
    fills: THREADS_MAX * FILLS_MAX,
    pins: THREADS_MAX * geometry.segments,
    provided: geometry.segments,
    ghost: ghostWords(geometry.buckets * BUCKET_ENTRIES),
    last_hits: geometry.buckets * BUCKET_ENTRIES,
  }
}

const TALLY_BYTES = THREADS_MAX * TALLIES * 8

/**
 * What must not survive the process: epochs, locks, pins, counts. Always a SharedArrayBuffer, whatever the arena lies in: only
 * there can a thread sleep, and only memory that begins as zeroes can be trusted not to hold what a dead process held.
 */
export function controlMemory(geometry: Geometry): SharedArrayBuffer {
  const words = Object.values(plan(geometry)).reduce((sum, count) => sum + count, 0)
  return new SharedArrayBuffer(TALLY_BYTES + words * 4)
}

/** An arena's memory as one thread sees it: views, no logic. */
export class ArenaMemory {
  readonly geometry: Geometry
  readonly bytes: Buffer
  /** All of it as words and as doubles; indices are byte offsets divided by 4 and by 8. */
  readonly words: Int32Array
  readonly doubles: Float64Array
  readonly header: Int32Array
  readonly index: Int32Array
  readonly indexBytes: Uint8Array
  readonly table: Int32Array
  readonly tableDoubles: Float64Array
  readonly general: Int32Array
  readonly announced: Int32Array
  readonly locks: SharedLocks
  readonly ageing: Int32Array
  readonly fills: Int32Array
  readonly pins: Int32Array
  /** For each segment what this process knows of its blocks on the disk. */
  readonly provided: Int32Array
  readonly ghost: Uint32Array
  /** Of each index entry: the second in which its object was last hit, 0 for none in the life of this process. */
  readonly last_hits: Int32Array
  /** All workers' rows. */
  readonly tallies: Float64Array
  readonly tally: Float64Array
  readonly worker: number
  /** The table of purges. */
  readonly purges: PurgeTable
  /** Of tags to objects. */
  readonly postings: SharedArrayBuffer
  /** Of an arena in a file. */
  disk: Disk | undefined = undefined

  constructor(geometry: Geometry, buffer: ArrayBufferLike, control: SharedArrayBuffer, worker: number, postings: SharedArrayBuffer) {
    const { index_at, purges_at, purges_bytes, table_at, segments, buckets } = geometry
    this.geometry = geometry
    this.worker = worker
    this.bytes = Buffer.from(buffer, 0, geometry.total_bytes)
    this.words = new Int32Array(buffer, 0, Math.floor(geometry.total_bytes / 4))
    this.doubles = new Float64Array(buffer, 0, Math.floor(geometry.total_bytes / 8))
    this.header = new Int32Array(buffer, 0, 64)
    this.index = new Int32Array(buffer, index_at, buckets * BUCKET_ENTRIES * ENTRY_WORDS)
    this.purges = new PurgeTable(buffer, purges_at, purges_bytes)
    this.postings = postings
    this.indexBytes = new Uint8Array(buffer, index_at, this.index.byteLength)
    this.table = new Int32Array(buffer, table_at, segments * SEGMENT_WORDS)
    this.tableDoubles = new Float64Array(buffer, table_at, (segments * SEGMENT_WORDS) / 2)
    this.tallies = new Float64Array(control, 0, TALLY_BYTES / 8)
    this.tally = rowOf(this, Math.max(0, worker))
    const parts = plan(geometry)
    let at = TALLY_BYTES
    const part = (words: number): [SharedArrayBuffer, number, number] => {
      const from = at
      at += words * 4
      return [control, from, words]
    }
    this.general = new Int32Array(...part(parts.general))
    this.announced = new Int32Array(...part(parts.announced))
    this.locks = new SharedLocks(new Int32Array(...part(parts.locks)), worker)
    this.ageing = new Int32Array(...part(parts.ageing))
    this.fills = new Int32Array(...part(parts.fills))
    this.pins = new Int32Array(...part(parts.pins))
    this.provided = new Int32Array(...part(parts.provided))
    this.ghost = new Uint32Array(...part(parts.ghost))
    this.last_hits = new Int32Array(...part(parts.last_hits))
    this.beSeen()
  }

  /** Of a file: what it keeps of the ledger for the next process. */
  get ledger(): Buffer | undefined {
    const { ledger_bytes } = this.geometry
    return ledger_bytes === 0 ? undefined : this.bytes.subarray(HEADER_BYTES, HEADER_BYTES + ledger_bytes)
  }

  /** Workers that may have announced, pinned or counted something: 0 up to this. */
  get workers(): number {
    return Atomics.load(this.general, WORKERS_SEEN)
  }

  /** Changes when that worker's thread ends. */
  lifeOf(worker: number): number {
    return Atomics.load(this.general, LIVES + worker)
  }

  endLife(worker: number): void {
    Atomics.add(this.general, LIVES + worker, 1)
  }

  /** Sum over the workers. */
  total(which: number): number {
    let sum = 0
    for (let i = which; i < this.tallies.length; i += TALLIES) sum += this.tallies[i]
    return sum
  }

  /** Before this worker looks at anything. */
  private beSeen(): void {
    for (;;) {
      const seen = Atomics.load(this.general, WORKERS_SEEN)
      if (this.worker < seen || Atomics.compareExchange(this.general, WORKERS_SEEN, seen, this.worker + 1) === seen) return
    }
  }

  lockOf(bucket: number): number {
    return bucket & (BUCKET_LOCKS - 1)
  }
}

/** A worker's counts. */
export function rowOf({ tallies }: Pick<ArenaMemory, 'tallies'>, worker: number): Float64Array {
  return tallies.subarray(worker * TALLIES, (worker + 1) * TALLIES)
}
