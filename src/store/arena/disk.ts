import type { Clock } from '../../base/clock.ts'
import type { FileMapping } from '../../shm/mapping.ts'
import type { Outcome } from '../../shm/native.ts'
import { Residency } from '../../shm/residency.ts'
import { UNIT_BYTES } from './geometry.ts'
import { type ArenaMemory, DISK_LINE_S, DISK_REFUSED, TALLY } from './memory.ts'

/** What a worker must know of an arena in a file, beside its memory. Can be posted to a thread. */
export interface DiskHandle {
  /** The process that has it open now: a number that no earlier one had. */
  readonly boot: number
  readonly residency: SharedArrayBuffer
  /** A bit for each unit: the record there was written by an earlier process, and verified by this one. None when there was no earlier one. */
  readonly verified: SharedArrayBuffer | undefined
}

/** Segments that the kernel is asked to read at a time. */
const READINGS_MAX = 16

const PROVIDED = 1
const CONDEMNED = 2

/** A line about the disk at most so often. */
const QUIET_S = 60

export function verifiedMemory(total_bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.ceil(total_bytes / UNIT_BYTES / 32) * 4)
}

/** The file below an arena, as one thread sees it: room on the disk, what of it is in memory, what of it has been verified. */
export class Disk {
  readonly boot: number
  readonly residency: Residency
  /** A sentence for the operator. */
  onTrouble: (message: string) => void = () => {}
  private readonly memory: ArenaMemory
  private readonly mapping: FileMapping
  private readonly verified: Int32Array | undefined
  /** Segments that the kernel was asked to read, in this round of `isReadable` and in the one before. */
  private begun = new Set<number>()
  private expected = new Set<number>()

  constructor(memory: ArenaMemory, mapping: FileMapping, handle: DiskHandle, clock: Clock) {
    this.memory = memory
    this.mapping = mapping
    this.boot = handle.boot
    this.residency = new Residency(mapping, handle.residency, clock)
    this.verified = handle.verified === undefined ? undefined : new Int32Array(handle.verified)
  }

  /** Prepares a segment for being written: a page without a block on a full disk would be a SIGBUS. */
  provide(segment: number): Outcome {
    const { segment_bytes } = this.memory.geometry
    const offset = this.offsetOf(segment)
    const first = !this.isProvided(segment)
    const allocated = first ? this.allocate(segment) : 0
    if (allocated !== 0) return allocated
    const outcome = this.mapping.renew(offset, segment_bytes)
    if (outcome !== 0) return outcome
    // A record of an earlier process, left between those of this one, would be taken for one of them.
    if (first && this.verified !== undefined) this.memory.bytes.fill(0, offset, offset + segment_bytes)
    Atomics.store(this.memory.provided, segment, PROVIDED)
    return 0
  }

  /** It could not be read: nobody shall read it again, or write to it. */
  condemn(segment: number): void {
    Atomics.store(this.memory.provided, segment, CONDEMNED)
  }

  isCondemned(segment: number): boolean {
    return Atomics.load(this.memory.provided, segment) === CONDEMNED
  }

  isProvided(segment: number): boolean {
    return Atomics.load(this.memory.provided, segment) === PROVIDED
  }

  /** The segment is going to be read from end to end: the kernel may begin. */
  expect(segment: number): void {
    this.mapping.willNeed(this.offsetOf(segment), this.memory.geometry.segment_bytes)
  }

  /** Can it be read, all of it or that range? Waits for what is not in memory. What cannot be read is condemned. */
  isLegible(segment: number, from = this.offsetOf(segment), length = this.memory.geometry.segment_bytes): boolean {
    const outcome = this.isCondemned(segment) ? 'EIO' : this.mapping.readNow(from, length)
    if (outcome === 0) return true
    this.condemn(segment)
    this.trouble(outcome)
    return false
  }

  private offsetOf(segment: number): number {
    return this.memory.geometry.segments_at + segment * this.memory.geometry.segment_bytes
  }

  /** A round of `isReadable` begins. */
  nextRound(): void {
    this.expected = this.begun
    this.begun = new Set()
  }

  /**
   * May the segment be walked over without a wait for the disk? If not, the kernel begins to read it, and in the next round it may:
   * memory may be too short to keep it.
   */
  isReadable(segment: number): boolean {
    const { segment_bytes } = this.memory.geometry
    const offset = this.offsetOf(segment)
    if (this.expected.has(segment)) return this.isLegible(segment)
    if (this.mapping.residentPages(offset, segment_bytes) * this.mapping.page_bytes >= segment_bytes) return true
    if (this.begun.size < READINGS_MAX) this.mapping.willNeed(offset, segment_bytes)
    if (this.begun.size < READINGS_MAX) this.begun.add(segment)
    return false
  }

  isVerified(place: number): boolean {
    return this.verified !== undefined && ((Atomics.load(this.verified, place >>> 5) >>> (place & 31)) & 1) === 1
  }

  /** Before the segment's state is looked at: who judges it looks the other way round. */
  setVerified(place: number): void {
    if (this.verified !== undefined) Atomics.or(this.verified, place >>> 5, 1 << (place & 31))
  }

  /** The next verified place from `place` on and before `end`; `end` when there is none. */
  nextVerified(place: number, end: number): number {
    const { verified } = this
    if (verified === undefined) return end
    for (let at = place; at < end;) {
      const bits = Atomics.load(verified, at >>> 5) >>> (at & 31)
      if (bits !== 0) return Math.min(end, at + 31 - Math.clz32(bits & -bits))
      at += 32 - (at & 31)
    }
    return end
  }

  /** Had the disk blocks when it was last asked for some, by whichever worker? */
  get happy(): boolean {
    return Atomics.load(this.memory.general, DISK_REFUSED) === 0
  }

  /** Blocks for the segment, to be asked for by who prepares it, or wants to know whether there are any. */
  allocate(segment: number): Outcome {
    const outcome = this.mapping.allocate(this.offsetOf(segment), this.memory.geometry.segment_bytes)
    Atomics.store(this.memory.general, DISK_REFUSED, outcome === 0 ? 0 : 1)
    return outcome
  }

  /** The disk is full, or broken. Counted each time, told once in a while. */
  trouble(outcome: string): void {
    const { general, tally } = this.memory
    tally[TALLY.disk_errors]++
    const now_s = Math.floor(performance.now() / 1000) + QUIET_S
    const last_s = Atomics.load(general, DISK_LINE_S)
    if (now_s - last_s < QUIET_S || Atomics.compareExchange(general, DISK_LINE_S, last_s, now_s) !== last_s) return
    this.onTrouble(
      isFull(outcome)
        ? `the file store ${this.mapping.place.path} finds no room on its file system (${outcome}): it makes do with what it has; make room there, or use a smaller size`
        : `the file store ${this.mapping.place.path} could not be read or written (${outcome}): what lay there is fetched again; look at the disk`,
    )
  }
}

/** No room, and not a broken disk. */
export function isFull(outcome: string | 0): boolean {
  return outcome === 'ENOSPC' || outcome === 'EDQUOT'
}
