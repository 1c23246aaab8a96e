import { RING_MAIN } from '../eviction/policy.ts'
import { UNIT_BYTES } from './geometry.ts'
import type { IndexTable } from './index-table.ts'
import type { Legible } from './legible.ts'
import { TALLY } from './memory.ts'
import type { Objects } from './objects.ts'
import { COMPLETE } from './records.ts'
import type { Tags } from './tags.ts'
import { ObjectWriter, SHARED_SEGMENTS_MAX, type ArenaParts } from './writer.ts'

/** Moves objects that are worth keeping out of a segment that is given up. */
export class Mover {
  private readonly parts: ArenaParts
  private readonly index: IndexTable
  private readonly objects: Objects
  private readonly tags: Tags
  private readonly legible: Legible

  constructor(parts: ArenaParts, index: IndexTable, objects: Objects, tags: Tags, legible: Legible) {
    this.parts = parts
    this.index = index
    this.objects = objects
    this.tags = tags
    this.legible = legible
  }

  /** Copies the object to the main ring; a large one that has its own segments only gets another head. */
  keep(place: number, entry: number, size_bytes: number, frequency: number): boolean {
    const { records } = this.parts
    if (records.state(place) !== COMPLETE || !this.legible.whole(place) || !this.isIntact(place, entry)) return false
    const leads = this.objects.leaderOf(place) >= 0
    if (!leads && !this.isMovable(size_bytes)) return false
    const writer = new ObjectWriter(this.parts, RING_MAIN, records.originOf(place))
    writer.filed(entry)
    const written = leads
      ? writer.beginCopy(place, 0)
      : writer.beginCopy(place, this.objects.bodyBytes(place)) && this.copyBody(place, writer)
    if (!written) {
      writer.discard()
      return false
    }
    if (leads) records.setFirstExtent(writer.place, records.firstExtent(place))
    return this.replace(place, entry, writer, leads, frequency)
  }

  /** What another process has written is not copied unseen. */
  private isIntact(place: number, entry: number): boolean {
    const { checks } = this.parts
    return checks === undefined || checks.admitsCopy(place, entry, this.objects)
  }

  /** More than this is not copied at one go; it can be fetched again. */
  private isMovable(size_bytes: number): boolean {
    return size_bytes <= this.parts.memory.geometry.segment_bytes * SHARED_SEGMENTS_MAX
  }

  private copyBody(place: number, writer: ObjectWriter): boolean {
    for (const piece of this.objects.pieces(place)) {
      const bytes = this.parts.memory.bytes.subarray(piece.at, piece.at + this.objects.filledOf(piece))
      if (writer.put(bytes, 0) < bytes.length) return false
    }
    return true
  }

  private replace(place: number, entry: number, writer: ObjectWriter, leads: boolean, frequency: number): boolean {
    const { records, memory } = this.parts
    writer.finish()
    writer.filed(entry)
    records.setEntry(writer.place, entry)
    writer.seal()
    records.setState(writer.place, COMPLETE)
    if (!this.index.move(entry, records.generationOf(place), writer.place, writer.generation)) {
      // It has left, or has another head now and its body still lies here: then it leaves by its origin.
      writer.discard()
      return false
    }
    this.objects.arrived(writer.place)
    this.tags.list(writer.place, entry, writer.generation)
    this.index.setFrequency(entry, frequency)
    memory.tally[TALLY.moved]++
    memory.tally[TALLY.moved_bytes] += writer.total_units * UNIT_BYTES
    if (!leads) this.objects.discount(place)
    else this.objects.discountHead(place)
    writer.release()
    return true
  }
}
