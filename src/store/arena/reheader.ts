import { isNewer } from '../../shm/serial.ts'
import type { ObjectHead, SoftPurge } from '../contract.ts'
import { soften } from '../purges/soften.ts'
import type { EarlierObjects } from './earlier.ts'
import { endOf_ms, expectedBytes, setTimes } from './head-codec.ts'
import { DEAD, type IndexTable } from './index-table.ts'
import type { ArenaObject } from './object.ts'
import type { Objects } from './objects.ts'
import { COMPLETE } from './records.ts'
import { hashTagsOf, type Tags } from './tags.ts'
import { ObjectWriter, type ArenaParts, type Piece } from './writer.ts'

/** What giving an object another head needs of its store. */
export interface ReheadParts {
  readonly index: IndexTable
  readonly objects: Objects
  readonly tags: Tags
  readonly earlier: EarlierObjects | undefined
  remove(object: ArenaObject): void
}

/** Gives objects another head: a new record, which the index leads to from then on, over the same body. */
export class Reheader {
  private readonly arena: ArenaParts
  private readonly parts: ReheadParts

  constructor(arena: ArenaParts, parts: ReheadParts) {
    this.arena = arena
    this.parts = parts
  }

  /** False when there is no room for the new head: the object has left. */
  rehead(object: ArenaObject, head: ObjectHead, serial = object.recheck()): boolean {
    if (!this.isThere(object)) {
      object.moved(head, DEAD, object.at)
      return true
    }
    const { memory, records } = this.arena
    const { objects, tags } = this.parts
    const { at } = object
    // Whoever says nothing of tags leaves them as they are: nothing escapes a purge by that.
    const pairs = head.tags === undefined ? tags.pairsOf(at) : hashTagsOf(memory, head.tags)
    const announced_bytes = expectedBytes(memory.doubles, objects.headAt(at))
    const checked = objects.checked(at)
    const since = isNewer(checked, serial) ? serial : checked
    return this.renew(object, head, (writer, inline_bytes) =>
      writer.begin(object.id, head, inline_bytes, records.hi(at), records.lo(at), since, pairs, announced_bytes),
    )
  }

  /** The same head, with no more time than a soft purge has left. False when the object is not there any more, or not all there yet. */
  soften(object: ArenaObject, left: SoftPurge): boolean {
    if (!this.isThere(object)) return false
    const { memory } = this.arena
    const { objects } = this.parts
    const { head, at } = object
    soften(head, left)
    this.renew(object, head, (writer, inline_bytes) => {
      if (!writer.beginCopy(at, inline_bytes)) return false
      setTimes(memory.doubles, objects.headAt(writer.place), head)
      return true
    })
    return object.live
  }

  private isThere({ entry, generation, at }: ArenaObject): boolean {
    return this.parts.index.isLive(entry, generation) && this.arena.records.state(at) === COMPLETE
  }

  private renew(object: ArenaObject, head: ObjectHead, begin: (writer: ObjectWriter, inline_bytes: number) => boolean): boolean {
    const { segments } = this.arena
    // Making room for the new record must not take the old one.
    const held = segments.at(object.at)
    segments.pin(held)
    const writer = this.rewrite(object, begin)
    segments.unpin(held)
    if (writer !== undefined) this.replace(object, head, writer)
    else {
      this.parts.remove(object)
      object.moved(head, object.generation, object.at)
    }
    return writer !== undefined
  }

  /** The object's record with another head, and its body again if that lies in the record. */
  private rewrite(object: ArenaObject, begin: (writer: ObjectWriter, inline_bytes: number) => boolean): ObjectWriter | undefined {
    const { records, segments, memory } = this.arena
    const { objects } = this.parts
    const { at } = object
    const inline_bytes = records.inlineFilled(at)
    const writer = new ObjectWriter(this.arena, segments.ring(segments.at(at)), object.origin)
    const pieces = objects.pieces(at)
    if (!begin(writer, inline_bytes)) {
      writer.discard()
      return undefined
    }
    if (inline_bytes > 0) writer.put(memory.bytes.subarray(pieces[0].at, pieces[0].at + inline_bytes), 0)
    else records.setFirstExtent(writer.place, objects.firstExtent(at))
    this.extendEnds(pieces, endOf_ms(memory.doubles, objects.headAt(writer.place)))
    writer.finish()
    writer.filed(object.entry)
    records.setEntry(writer.place, object.entry)
    writer.seal()
    records.setState(writer.place, COMPLETE)
    return writer
  }

  /** Its body must not go with what it was stored beside, when that has ended. */
  private extendEnds(pieces: readonly Piece[], end_ms: number): void {
    const { segments } = this.arena
    for (const { place, inline } of pieces) if (!inline) segments.extendEnd(segments.at(place), end_ms)
  }

  private replace(object: ArenaObject, head: ObjectHead, writer: ObjectWriter): void {
    const { index, objects, earlier, tags } = this.parts
    const { at: before, entry, generation } = object
    const whole = earlier === undefined || earlier.isAllThere(writer.place)
    if (!whole || !index.move(entry, generation, writer.place, writer.generation)) {
      writer.discard()
      return object.moved(head, DEAD, before)
    }
    objects.arrived(writer.place)
    if (this.arena.records.firstExtent(before) === 0) objects.discount(before)
    else objects.discountHead(before)
    tags.list(writer.place, entry, writer.generation)
    writer.release()
    object.moved(head, writer.generation, writer.place)
  }
}
