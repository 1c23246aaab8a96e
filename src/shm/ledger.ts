import { assert } from '../base/assert.ts'
import { type LedgerCopy, writeSlot } from './ledger-copy.ts'
import { FLAGS, HALVES_AT, RECORD_BYTES, recordSum, SERIAL, SIZE, sizeOf, SUM, TEXT_BYTES, TIME } from './ledger-record.ts'
import type { Serials } from './serial.ts'

// Words in front of the two halves.
const EPOCH = 0
const CHANGES = 1
const DROPPED = 2
// Of each half: it becomes the list with all of them.
const OF_HALF = 8
const USED = 0
const RECORDS = 1
const DONE = 2
const DONE_BYTES = 3

/** Nothing is left that it concerns, or another one says the same and more. */
const IS_DONE = 1

export interface LedgerEntry {
  readonly serial: number
  readonly time_ms: number
  readonly text: string
  /** Where it lies in this epoch, for `finish`, and where the next one does. */
  readonly at: number
  readonly end: number
  readonly done: boolean
}

/** What `add` says when there is no room. */
export const LEDGER_FULL = 'full'
/** The lock was not to be had. */
export const LEDGER_BUSY = 'busy'

/**
 * A list of texts, each with a serial, that all threads of a process see: what has been invalidated, and is still to be tested. It is
 * appended to under the lock of the serials; readers take no lock. Entries that are done stay until somebody `compact`s: the others are
 * copied into the other half of the memory, which becomes the list with the next epoch. A reader that finds the epoch changed after it
 * has read begins again; the half that it has read is only written over in the epoch after the next.
 *
 * Bounded by its memory: what does not fit is refused, and nothing is ever forgotten. `copies` lie in files.
 */
export class Ledger {
  /** Can be posted to other threads. */
  readonly memory: SharedArrayBuffer
  readonly half_bytes: number
  private readonly serials: Serials
  private readonly copies: readonly LedgerCopy[]
  private readonly words: Int32Array
  private readonly doubles: Float64Array
  private readonly bytes: Buffer

  constructor(memory: SharedArrayBuffer, serials: Serials, copies: readonly LedgerCopy[] = []) {
    this.memory = memory
    this.half_bytes = (memory.byteLength - HALVES_AT) / 2
    assert(this.half_bytes % 8 === 0, 'halves of a ledger hold whole records')
    this.serials = serials
    this.copies = copies
    this.words = new Int32Array(memory)
    this.doubles = new Float64Array(memory)
    this.bytes = Buffer.from(memory)
  }

  /** `half`: the one to begin with. */
  static memory(half_bytes: number, half = 0): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(HALVES_AT + 2 * half_bytes)
    new Int32Array(memory)[EPOCH] = half
    return memory
  }

  /** Changes with each compaction. */
  get epoch(): number {
    return Atomics.load(this.words, EPOCH)
  }

  /** Bytes of the list in this epoch, which are where the next entry will be. */
  get used_bytes(): number {
    return this.ofHalf(USED)
  }

  get records(): number {
    return this.ofHalf(RECORDS)
  }

  get done(): number {
    return this.ofHalf(DONE)
  }

  /** Of entries that are done, which a compaction would give back. */
  get done_bytes(): number {
    return this.ofHalf(DONE_BYTES)
  }

  /** Entries given up so far. */
  get dropped(): number {
    return Atomics.load(this.words, DROPPED)
  }

  /** Counts whatever is written. */
  get changes(): number {
    return Atomics.load(this.words, CHANGES)
  }

  /** Adds an entry under a new serial, which is the result. `replaces` are then done: the new one says the same. */
  add(text: string, time_ms: number, replaces: readonly LedgerEntry[] = []): number | typeof LEDGER_FULL | typeof LEDGER_BUSY {
    const size = sizeOf(text.length)
    let full = false
    const serial = this.serials.take((next) => {
      if (this.used_bytes + size > this.half_bytes) this.compactNow()
      full = this.used_bytes + size > this.half_bytes
      if (!full) this.append(text, next, time_ms)
      return !full
    })
    if (serial === undefined) return full ? LEDGER_FULL : LEDGER_BUSY
    for (const entry of replaces) this.finish(entry)
    return serial
  }

  /** For the manager, before there are workers: an entry of an earlier process. False when there is no room. */
  restore(text: string, serial: number, time_ms: number): boolean {
    if (this.used_bytes + sizeOf(text.length) > this.half_bytes) return false
    this.append(text, serial, time_ms)
    return true
  }

  /** It is done. Seen by others when they read the list anew. */
  finish(entry: LedgerEntry): void {
    this.serials.exclusively(() => {
      const at = this.find(entry)
      if (at < 0 || (this.words[at / 4 + FLAGS / 4] & IS_DONE) !== 0) return
      Atomics.or(this.words, at / 4 + FLAGS / 4, IS_DONE)
      const half = halfWords(this.epoch)
      Atomics.add(this.words, half + DONE, 1)
      Atomics.add(this.words, half + DONE_BYTES, this.words[at / 4 + SIZE / 4])
      this.changed()
    })
  }

  /** Gives the memory of what is done back. False when the lock is not to be had. */
  compact(): boolean {
    return this.serials.exclusively(() => this.compactNow()) !== undefined
  }

  /**
   * The entries from `from` on (0, or what `used_bytes` was in this epoch), in order. Read `epoch` before and after: another one, and what was
   * read counts for nothing.
   */
  read(epoch: number, from: number): LedgerEntry[] {
    const entries: LedgerEntry[] = []
    const end = Atomics.load(this.words, halfWords(epoch) + USED)
    const first = this.halfAt(epoch)
    for (let at = from; at < end;) {
      const entry = this.entryAt(first + at, first)
      if (entry === undefined) break
      entries.push(entry)
      at = entry.end
    }
    return entries
  }

  /** All of it as it is at one moment. */
  all(): LedgerEntry[] {
    for (;;) {
      const { epoch } = this
      const entries = this.read(epoch, 0)
      if (epoch === this.epoch) return entries
    }
  }

  /** For the manager, when all is read from files and restored: the copies are what the list is. */
  begin(): void {
    this.serials.exclusively(() => {
      this.copyOut(this.epoch, 0, this.used_bytes)
      this.changed()
    })
  }

  private ofHalf(word: number): number {
    return Atomics.load(this.words, halfWords(this.epoch) + word)
  }

  /** Under the lock, or while being compacted by a reader who will see that: then it may be anything. */
  private entryAt(at: number, first: number): LedgerEntry | undefined {
    const { words } = this
    const size = words[at / 4 + SIZE / 4]
    const text_bytes = words[at / 4 + TEXT_BYTES / 4]
    if (!(text_bytes >= 0 && size === sizeOf(text_bytes) && at - first + size <= this.half_bytes)) return undefined
    const text = this.bytes.toString('latin1', at + RECORD_BYTES, at + RECORD_BYTES + text_bytes)
    const done = (Atomics.load(words, at / 4 + FLAGS / 4) & IS_DONE) !== 0
    return {
      serial: words[at / 4 + SERIAL / 4],
      time_ms: this.doubles[(at + TIME) / 8],
      text,
      at: at - first,
      end: at - first + size,
      done,
    }
  }

  /** The record first: whoever sees the new end sees all of it, and who dies before it is set has written nothing. */
  private append(text: string, serial: number, time_ms: number): void {
    const used = this.used_bytes
    const at = this.halfAt(this.epoch) + used
    this.write(at, text, serial, time_ms)
    const size = sizeOf(text.length)
    this.copyOut(this.epoch, used, used + size)
    const half = halfWords(this.epoch)
    Atomics.store(this.words, half + USED, used + size)
    Atomics.add(this.words, half + RECORDS, 1)
    this.changed()
  }

  private write(at: number, text: string, serial: number, time_ms: number): void {
    const { words } = this
    const w = at / 4
    words[w + SIZE / 4] = sizeOf(text.length)
    words[w + SERIAL / 4] = serial
    words[w + FLAGS / 4] = 0
    words[w + TEXT_BYTES / 4] = text.length
    this.doubles[(at + TIME) / 8] = time_ms
    this.bytes.write(text, at + RECORD_BYTES, 'latin1')
    words[w + SUM / 4] = recordSum(this.bytes, at)
  }

  /** What lies there in the list of that epoch into the files, and then that it counts. */
  private copyOut(epoch: number, from: number, used: number): void {
    const at = this.halfAt(epoch)
    for (const copy of this.copies) {
      copy.bytes.set(this.bytes.subarray(at + from, at + used), at + from)
      writeSlot(copy, epoch & 1, used, this.half_bytes)
    }
  }

  /** Everything into the other half, then the epoch. Who dies before that has changed nothing. */
  private compactNow(): true {
    const { words } = this
    const epoch = this.epoch
    const from = this.halfAt(epoch)
    const to = this.halfAt(epoch + 1)
    let used = 0
    let kept = 0
    for (const entry of this.read(epoch, 0)) {
      if (entry.done) continue
      const size = sizeOf(entry.text.length)
      this.bytes.copyWithin(to + used, from + entry.at, from + entry.at + size)
      used += size
      kept++
    }
    const half = halfWords(epoch + 1)
    words[half + RECORDS] = kept
    words[half + DONE] = words[half + DONE_BYTES] = 0
    Atomics.store(words, half + USED, used)
    const dropped = this.records - kept
    this.copyOut(epoch + 1, 0, used)
    Atomics.store(words, EPOCH, epoch + 1)
    Atomics.add(words, DROPPED, dropped)
    this.changed()
    return true
  }

  /** An entry that was read in an earlier epoch lies elsewhere, or nowhere. */
  private find(entry: LedgerEntry): number {
    const first = this.halfAt(this.epoch)
    const same = this.entryAt(first + entry.at, first)
    if (entry.at < this.used_bytes && same?.serial === entry.serial && same.text === entry.text) return first + entry.at
    const moved = this.read(this.epoch, 0).find(({ serial, text }) => serial === entry.serial && text === entry.text)
    return moved === undefined ? -1 : first + moved.at
  }

  private halfAt(epoch: number): number {
    return HALVES_AT + (epoch & 1) * this.half_bytes
  }

  private changed(): void {
    Atomics.add(this.words, CHANGES, 1)
  }
}

function halfWords(epoch: number): number {
  return OF_HALF + (epoch & 1) * 4
}
