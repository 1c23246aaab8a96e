import type { Checks } from './checks.ts'
import type { IndexTable } from './index-table.ts'
import { TALLY } from './memory.ts'
import type { Objects } from './objects.ts'
import { COMPLETE } from './records.ts'
import { STATE } from './segments.ts'
import type { ArenaParts } from './writer.ts'

/** What earlier processes have left in a file: found again when it is all there and true, else forgotten. */
export class EarlierObjects {
  private readonly parts: ArenaParts
  private readonly checks: Checks
  private readonly index: IndexTable
  private readonly objects: Objects

  constructor(parts: ArenaParts, checks: Checks, index: IndexTable, objects: Objects) {
    this.parts = parts
    this.checks = checks
    this.index = index
    this.objects = objects
  }

  /** May the object be used that the entry leads to? What this process has stored may. */
  admits(entry: number, place: number): boolean {
    const { segments, records, memory } = this.parts
    if (this.checks.admitsHead(place, entry)) {
      if (records.state(place) !== COMPLETE || this.isAllThere(place)) return true
    } else if (segments.holds(place) && segments.state(segments.at(place)) === STATE.judged) {
      // It is just being moved, or dropped.
      return false
    }
    if (!this.index.forget(entry, place)) return false
    memory.tally[TALLY.broken]++
    this.objects.forgotten(place, entry)
    return false
  }

  /** Has nobody of this process met it yet? */
  isNews(place: number): boolean {
    return this.checks.isNews(place)
  }

  /** Its extents may be gone: where their segment was left in disorder, they do not keep it from being written over. */
  isAllThere(place: number): boolean {
    return this.checks.isBodyThere(place, this.objects)
  }

  /** Its head was true, and its body is not. */
  spoiled(entry: number, place: number): void {
    if (!this.index.forget(entry, place)) return
    this.parts.memory.tally[TALLY.broken]++
    this.objects.left(place)
  }

  /** The disk cannot read it: nor can its head be asked what it was. */
  readonly lost = (entry: number, place: number): void => {
    if (this.index.forget(entry, place)) this.objects.unreadable(place)
  }
}
