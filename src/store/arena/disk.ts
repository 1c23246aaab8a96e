import type { Clock } from '../../base/clock.ts'
import type { FileMapping } from '../../shm/mapping.ts'
import type { Outcome } from '../../shm/native.ts'
import { Residency } from '../../shm/residency.ts'
import { UNIT_BYTES } from './geometry.ts'
import { type ArenaMemory, DISK_LINE_S, DISK_REFUSED, TALLY } from './memory.ts'
import { Readings } from './readings.ts'

/** What a worker must know of an arena in a file, beside its memory. Can be posted to a thread. */
export interface DiskHandle {
  /** The process that has it open now: a number that no earlier one had. */
  readonly boot: number
  readonly residency: SharedArrayBuffer
  /** A bit for each unit: the record there was written by an earlier process, and verified by this one. None when there was no earlier one. */
  readonly verified: SharedArrayBuffer | undefined
}

/** Free segments that are looked at for one that can be written at once. */
export const COLD_LOOKS_MAX = 16

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
  private readonly readings: Readings

  constructor(memory: ArenaMemory, mapping: FileMapping, handle: DiskHandle, clock: Clock) {
    this.memory = memory
    this.mapping = mapping
    this.boot = handle.boot
    this.residency = new Residency(mapping, handle.residency, clock)
    this.readings = new Readings((segment) => this.read(segment))
    this.verified = handle.verified === undefined ? undefined : new Int32Array(handle.verified)
  }

  /**
   * May `provide` be called without a wait for the disk? What is in memory is written over as it is, and what nobody has written has
   * nothing to wait for. The rest is read first, by others: to make zeros of a range, the kernel waits for each of its pages that is just
   * being read, which it may be without our doing, and lets nobody else at the file until then.
   */
  isWritable(segment: number): boolean {
    const { segment_bytes } = this.memory.geometry
    if (this.isCondemned(segment) || this.mapping.isAtHand(this.offsetOf(segment), segment_bytes) || this.readings.ended(segment))
      return true
    this.readings.begin(segment, true)
    return false
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

  /** Called when something was read that was waited for, or cannot be: not in the middle of anybody's run. */
  whenRead(goOn: () => void): void {
    this.readings.onEnd = () => {
      if (!this.mapping.isClosed) goOn()
    }
  }

  /** It could not be read: what lies there is lost, and nobody reads it again. When it is free it may be written over, all of it: that reads nothing. */
  condemn(segment: number): void {
    Atomics.store(this.memory.provided, segment, CONDEMNED)
  }

  isCondemned(segment: number): boolean {
    return Atomics.load(this.memory.provided, segment) === CONDEMNED
  }

  isProvided(segment: number): boolean {
    return Atomics.load(this.memory.provided, segment) === PROVIDED
  }

  private offsetOf(segment: number): number {
    return this.memory.geometry.segments_at + segment * this.memory.geometry.segment_bytes
  }

  /**
   * May so much of the segment be walked over without a wait for the disk? If not, it is read in the thread pool, and later it may: also when
   * memory was too short to keep it. What cannot be read is condemned.
   */
  isReadable(segment: number, used_bytes: number, urgent: boolean): boolean {
    if (this.isCondemned(segment)) return false
    if (this.mapping.isAtHand(this.offsetOf(segment), used_bytes) || this.readings.ended(segment)) return true
    this.readings.begin(segment, urgent)
    return false
  }

  /** The range, likewise. `undefined`: not yet. */
  isLegible(segment: number, from: number, length: number): boolean | undefined {
    if (this.residency.isWarm(from, length)) return true
    if (this.isCondemned(segment)) return false
    if (this.mapping.isAtHand(from, length)) return true
    this.readings.beginRange(async () => this.settle(segment, await this.residency.warm(from, length)))
    return undefined
  }

  private async read(segment: number): Promise<void> {
    if (this.mapping.isClosed) return
    this.settle(segment, await this.mapping.readCold(this.offsetOf(segment), this.memory.geometry.segment_bytes))
  }

  private settle(segment: number, outcome: Outcome): void {
    if (outcome === 0) return
    this.condemn(segment)
    this.trouble(outcome)
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
