import { assert } from '../base/assert.ts'
import { THREADS_MAX } from '../config/workers.ts'
import { SharedLocks } from '../shm/lock.ts'
import { END, FIRST_SEGMENT, type RingView, SEGMENTS, WRAP } from './ring.ts'

/** Words of a cache line: what different threads write lies in different ones. */
const LINE = 16
// What all share, under the lock.
const LOCK = 0
/** Where the next block goes. */
const AT = 1
const SEGMENT = 2
// A thread's own line.
const START = 0
/** Words of the block; 0: it has claimed nothing. Written last, and taken back first. */
const SIZE = 1
/** Where the lap before this block ends, when it begins a new one; else NO_WRAP. */
const LAP_END = 2
/** Number of the segment in which the block ends. */
const SEGMENT_TO = 3
const NO_WRAP = -1

/** Whoever has the lock needs a fraction of a microsecond, unless it was suspended (on a busy machine for tens of milliseconds) or has died. */
const PATIENCE_MS = 200

/**
 * Who writes where in a ring that many threads write to. A thread claims the room for its block under a lock, fills it without, and
 * publishes it with one store; between claim and publication its line says what it has claimed. This is memory of the process alone:
 * nothing outside it can lock us out.
 *
 * A thread may die between any two steps. Therefore its line is written before anything is changed by its claim, all that is changed
 * follows from that line (`apply`), and when it has died the manager does it once more and fills what was claimed (`release`).
 *
 * A line is written plainly: it is read under the lock, or when its thread has ended. Only the end of a claim may be seen early or late,
 * by nanoseconds where a lap takes milliseconds.
 *
 * A claim never runs into one that was made a lap before and is still being filled: its thread was suspended. It is refused
 * instead, and the block is lost.
 */
export class RingClaims {
  /** Claims that had to wait for another's; laps that claims have begun. */
  waits = 0
  laps = 0
  private readonly ring: RingView
  private readonly words: Int32Array
  private readonly locks: SharedLocks
  private readonly mine: number
  /** Words of the ring. */
  private readonly length: number

  /** One for all threads, new. */
  static memory(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer((1 + THREADS_MAX) * LINE * 4)
    new Int32Array(memory)[SEGMENT] = FIRST_SEGMENT
    return memory
  }

  /** `thread`: a worker's slot, or MANAGER. */
  constructor(ring: RingView, memory: SharedArrayBuffer, thread: number) {
    assert(thread >= 0 && thread < THREADS_MAX, 'a writer of the log is a worker or the manager')
    this.ring = ring
    this.words = new Int32Array(memory)
    this.locks = new SharedLocks(this.words.subarray(LOCK, LOCK + 1), thread)
    this.mine = (1 + thread) * LINE
    this.length = ring.words.length
  }

  /** Position of the first word of a block, which still says END; -1 when there is no room to be had. `publish` follows. */
  claim(size: number): number {
    const { locks, words, ring, mine } = this
    if (!locks.tryLock(0)) {
      this.waits++
      if (!locks.lock(0, PATIENCE_MS)) return -1
    }
    const at = words[AT]
    const wraps = at + size >= this.length
    const start = wraps ? 0 : at
    const end = start + size
    const segment = words[SEGMENT]
    const next = wraps || end >= ((segment & (SEGMENTS - 1)) + 1) * ring.segment_words
    if (next && !this.isFree(start, end)) {
      locks.unlock(0)
      return -1
    }
    if (wraps) this.laps++
    words[mine + START] = start
    words[mine + LAP_END] = wraps ? at : NO_WRAP
    words[mine + SEGMENT_TO] = next ? this.segmentAt(segment, end, wraps) : segment
    words[mine + SIZE] = size
    if (next) {
      this.apply(mine)
    } else {
      ring.words[end] = END
      words[AT] = end
    }
    locks.unlock(0)
    return start
  }

  /** The block is complete but for its first word. */
  publish(start: number, first: number): void {
    Atomics.store(this.ring.signed, start, first | 0)
    this.words[this.mine + SIZE] = 0
  }

  /**
   * For the manager, when that thread has ended: `fill` publishes something in place of what it had claimed, and others may claim again.
   */
  release(thread: number, fill: (start: number, size: number) => void): void {
    const theirs = (1 + thread) * LINE
    const size = Atomics.load(this.words, theirs + SIZE)
    if (size !== 0) {
      if (this.locks.isHeldBy(0, thread)) this.apply(theirs)
      const start = this.words[theirs + START]
      // It may have died right after it had published.
      if (Atomics.load(this.ring.words, start) === END) fill(start, size)
      Atomics.store(this.words, theirs + SIZE, 0)
    }
    this.locks.releaseAllOf(thread)
  }

  /** All that a claim changes; doing it twice is doing it once. Under the lock. */
  private apply(line: number): void {
    const { ring, words } = this
    const [start, lap_end, segment] = [words[line + START], words[line + LAP_END], words[line + SEGMENT_TO]]
    const end = start + words[line + SIZE]
    // Seen no later than the store of the block's first word, which is atomic and comes last.
    ring.words[end] = END
    let k = Math.floor(start / ring.segment_words)
    if (lap_end !== NO_WRAP) {
      ring.setOffset(0, 0)
      Atomics.store(ring.words, 0, END)
      Atomics.store(ring.words, lap_end, WRAP)
      k = 0
    }
    while (++k <= Math.floor(end / ring.segment_words)) ring.setOffset(k, end)
    // Before the block is written: slow readers must know that what stood there is gone.
    ring.segment = segment
    words[SEGMENT] = segment
    Atomics.store(words, AT, end)
  }

  private segmentAt(segment: number, end: number, wraps: boolean): number {
    const first = segment - (segment & (SEGMENTS - 1)) + (wraps ? SEGMENTS : 0)
    return (first + Math.floor(end / this.ring.segment_words)) | 0
  }

  /** Does nobody fill a block any more, since a lap ago, in the segments that a block from `start` to `end` enters? */
  private isFree(start: number, end: number): boolean {
    const { words, ring } = this
    const { segment_words } = ring
    // Of this lap are blocks that begin where the newest does not yet reach.
    const from = start === 0 ? 0 : (Math.floor(start / segment_words) + 1) * segment_words
    const to = (Math.floor(end / segment_words) + 1) * segment_words
    for (let line = LINE; line < words.length; line += LINE) {
      const size = Atomics.load(words, line + SIZE)
      const at = words[line + START]
      if (size !== 0 && at < to && at + size > from) return false
    }
    return true
  }
}
