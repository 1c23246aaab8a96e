import { randomInt } from 'node:crypto'
import { HEADER } from './header.ts'
import { SEGMENT_WORDS, UNIT_BYTES } from './geometry.ts'
import { FREE_SEGMENTS, rowOf, TALLY, type ArenaMemory } from './memory.ts'
import { ROW, STATE } from './segments.ts'

/** Of its head alone. */
const LEAST_OBJECT_UNITS = 3

/**
 * Makes the arena of an earlier process usable, however that has ended and whatever the file says: looks at each row of the table
 * of segments and at no object. What lies in the segments is looked at when somebody asks for it (`Checks`).
 */
export function reopen(memory: ArenaMemory, boot: number): void {
  const table = new Table(memory, boot)
  const kept = table.keptSegments()
  for (let segment = 0; segment < table.count; segment++) if (kept[segment] === 0) table.free(segment)
  table.count_up()
  // Not one that was given to an object which is still there: what the header says may be old, or wrong.
  memory.header[HEADER.generation] = randomInt(-(2 ** 31), 2 ** 31)
}

class Table {
  readonly count: number
  private readonly memory: ArenaMemory
  private readonly words: Int32Array
  private readonly doubles: Float64Array
  private readonly units: number
  private readonly boot: number

  constructor(memory: ArenaMemory, boot: number) {
    this.memory = memory
    this.boot = boot
    this.words = memory.table
    this.doubles = memory.tableDoubles
    this.count = memory.geometry.segments
    this.units = memory.geometry.segment_bytes / UNIT_BYTES
  }

  /** 1 for each segment that may hold something: sealed, or part of a large object that is all there. */
  keptSegments(): Uint8Array {
    const kept = new Uint8Array(this.count)
    for (let segment = 0; segment < this.count; segment++) {
      const leader = this.get(segment, ROW.leader) - 1
      if (leader === segment) this.keepLed(segment, kept)
      else if (this.wasWritten(segment)) this.keep(segment, kept, STATE.sealed)
    }
    return kept
  }

  free(segment: number): void {
    this.words.fill(0, segment * SEGMENT_WORDS, (segment + 1) * SEGMENT_WORDS)
  }

  /** Free segments, and what is in the others. What was being filled is not among the objects: nobody will find it. */
  count_up(): void {
    const { memory } = this
    const row = rowOf(memory, 0)
    let free = 0
    for (let segment = 0; segment < this.count; segment++) {
      if (this.get(segment, ROW.state) === STATE.free) free++
      row[TALLY.live_bytes] += this.get(segment, ROW.live) * UNIT_BYTES
      row[TALLY.objects] += this.get(segment, ROW.objects)
    }
    row[TALLY.allocated_bytes] = row[TALLY.live_bytes]
    memory.general[FREE_SEGMENTS] = free
  }

  /** A large object's segments: all of them, or none. */
  private keepLed(leader: number, kept: Uint8Array): void {
    if (this.get(leader, ROW.whole) !== 1 || !this.wasWritten(leader)) return
    const members = [leader]
    for (let next = this.get(leader, ROW.next) - 1; next !== -1; next = this.get(next, ROW.next) - 1) {
      if (!this.isMember(next, leader) || members.length === this.count) return
      members.push(next)
    }
    // In a circle somebody comes twice.
    if (new Set(members).size < members.length) return
    const { leader: led, next, whole } = ROW
    for (const segment of members) {
      const links = [led, next, whole].map((word) => this.get(segment, word))
      this.keep(segment, kept, segment === leader ? STATE.sealed : STATE.member)
      for (const [i, word] of [led, next, whole].entries()) this.set(segment, word, links[i])
    }
  }

  private isMember(segment: number, leader: number): boolean {
    return (
      segment >= 0 && segment < this.count && this.get(segment, ROW.state) === STATE.member && this.get(segment, ROW.leader) === leader + 1
    )
  }

  /** Its owner has died while it wrote or judged it, or it was sealed. */
  private wasWritten(segment: number): boolean {
    const state = this.get(segment, ROW.state)
    return (state === STATE.open || state === STATE.sealed || state === STATE.judged) && this.get(segment, ROW.used) !== 0
  }

  private keep(segment: number, kept: Uint8Array, state: number): void {
    kept[segment] = 1
    const used = within(this.get(segment, ROW.used), this.units)
    const live = within(this.get(segment, ROW.live), used)
    const last = this.memory.header[HEADER.sequence]
    const at = (segment * SEGMENT_WORDS) / 2
    const sequence = this.doubles[at + ROW.sequence]
    const end_ms = this.doubles[at + ROW.end]
    const objects = Math.max(0, Math.min(this.get(segment, ROW.objects), Math.floor(live / LEAST_OBJECT_UNITS)))
    const { ring, boot } = ROW
    const was_ring = this.get(segment, ring)
    const was_boot = this.get(segment, boot)
    this.free(segment)
    this.set(segment, ROW.state, state)
    this.set(segment, ring, was_ring === 1 ? 1 : 0)
    this.set(segment, ROW.used, used)
    this.set(segment, ROW.live, live)
    this.set(segment, ROW.objects, objects)
    // Whoever wrote it, it was not this process.
    this.set(segment, boot, was_boot === this.boot ? 0 : was_boot)
    this.doubles[at + ROW.sequence] = sequence >= 0 && sequence <= last ? sequence : last
    this.doubles[at + ROW.end] = Number.isNaN(end_ms) ? Infinity : end_ms
  }

  private get(segment: number, word: number): number {
    return this.words[segment * SEGMENT_WORDS + word]
  }

  private set(segment: number, word: number, value: number): void {
    this.words[segment * SEGMENT_WORDS + word] = value
  }
}

/** What is out of range counts as all: nothing is missed by a look too many. */
function within(value: number, most: number): number {
  return value >= 0 && value <= most ? value : most
}
