import type { Cold, ObjectHead } from '../contract.ts'
import { VERDICT } from '../purges/table.ts'
import { Allocator } from './allocator.ts'
import { Checks } from './checks.ts'
import { ColdReads } from './cold.ts'
import { EarlierObjects } from './earlier.ts'
import { Epochs } from './epochs.ts'
import { decodeHead } from './head-codec.ts'
import { IndexTable } from './index-table.ts'
import type { ArenaMemory } from './memory.ts'
import { Objects } from './objects.ts'
import { FAILED, OUTGROWN, Records } from './records.ts'
import { Segments } from './segments.ts'
import { Tags } from './tags.ts'

/** An object that a walk has come to. What it says of itself holds until the visitor returns. */
export interface Walked {
  /** As `StoredObject.checked`. */
  readonly checked: number
  readonly head: ObjectHead
  readonly lastHit_ms: number
  /** No invalidation up to `serial` concerns it. Says up to which one that is so by now: purges may have left something to do. */
  raise(serial: number): number
  remove(): void
}

/** What came of a piece of a walk. */
export const WALK = {
  /** There is more. */
  goesOn: 0,
  /** There is more, but somebody has what is needed next. */
  meetsOthers: 1,
  /** There is more, when the disk has read it. */
  waits: 2,
  ended: 3,
} as const
export type WalkOutcome = (typeof WALK)[keyof typeof WALK]

/** Entries that are looked at in one piece: most are empty, or of objects that need nothing. */
const ENTRIES_PER_PIECE = 8192
/** Reads from the disk under way. */
const READS_MAX = 32

/**
 * The manager's walk over all objects of an arena, in pieces. It goes through the index: what is there when the walk begins and stays is
 * visited, wherever eviction moves it meanwhile. What comes later may be missed. Each piece is a run as those of workers are: it is announced, so
 * that nothing it looks at is written over, and ended, so that the manager holds back nobody while it does other things.
 */
export class ArenaWalk {
  private readonly memory: ArenaMemory
  private readonly records: Records
  private readonly segments: Segments
  private readonly objects: Objects
  private readonly epochs: Epochs
  private readonly index: IndexTable
  private readonly tags: Tags
  private readonly earlier: EarlierObjects | undefined
  private readonly reads: ColdReads | undefined
  private next = 0
  /** Entries whose objects were not in memory: being read, and read. */
  private readonly reading = new Set<number>()
  private readonly read: number[] = []
  private readonly current: Current

  /** `memory` is attached as a thread of its own, behind the workers. */
  constructor(memory: ArenaMemory) {
    this.memory = memory
    this.records = new Records(memory)
    this.epochs = new Epochs(memory)
    this.segments = new Segments(memory, this.epochs)
    this.index = new IndexTable(memory, this.records)
    const { disk } = memory
    const checks = disk && new Checks(memory, disk, this.segments, this.records)
    const parts = { memory, segments: this.segments, records: this.records, allocator: new Allocator(memory, this.segments), checks }
    this.objects = new Objects(parts)
    this.tags = new Tags(memory, this.records, this.index)
    if (disk !== undefined && checks !== undefined) {
      this.earlier = new EarlierObjects(parts, checks, this.index, this.objects)
      this.reads = new ColdReads(parts, disk, checks, this.earlier.lost)
    }
    this.current = new Current(memory, this.records, this.index, this.objects, this.tags)
    Epochs.rest(memory, memory.worker)
  }

  begin(): void {
    this.next = 0
    this.reading.clear()
    this.read.length = 0
  }

  /** Visits objects until `visit` says that it is enough, or a piece is done. */
  piece(visit: (object: Walked) => boolean): WalkOutcome {
    this.epochs.announce()
    try {
      return this.look(visit)
    } finally {
      Epochs.rest(this.memory, this.memory.worker)
    }
  }

  private look(visit: (object: Walked) => boolean): WalkOutcome {
    for (let looked = 0; looked < ENTRIES_PER_PIECE; looked++) {
      const again = this.read.pop()
      if (again === undefined && this.next === this.index.entries) return this.reading.size > 0 ? WALK.waits : WALK.ended
      if (again === undefined && this.reading.size >= READS_MAX) return WALK.waits
      const entry = again ?? this.next++
      const found = this.find(entry, again !== undefined)
      if (found === BUSY) {
        this.read.push(entry)
        return WALK.meetsOthers
      }
      if (found === COLD || found === NOTHING) continue
      this.current.at(entry, found)
      if (visit(this.current)) return WALK.goesOn
    }
    return WALK.goesOn
  }

  /** The place of the object in that entry, or one of the words below. What was just read is touched, whatever the kernel says by now. */
  private find(entry: number, wasRead: boolean): number {
    const { index, records } = this
    const generation = index.generationOf(entry)
    if (generation === 0) return this.isMoving(entry) ? BUSY : NOTHING
    const place = index.placeOf(entry)
    const cold = this.reads === undefined || wasRead ? undefined : this.reads.ofRecord(place, entry)
    if (cold !== undefined) return this.wait(entry, cold)
    if (this.segments.holds(place) && records.isHeadRecord(place) && records.generationOf(place) === generation) {
      if (this.earlier !== undefined && !this.tags.admit(this.earlier, entry, generation, place)) return NOTHING
      return this.isObject(place) ? place : NOTHING
    }
    // It was moved, or replaced, between our looks; or the entry of an earlier process leads nowhere.
    if (index.generationOf(entry) !== generation || index.isBusy(entry)) return BUSY
    this.earlier?.admits(entry, place)
    return NOTHING
  }

  /** An object that is being moved has no generation; that can be no longer so when the lock is free. */
  private isMoving(entry: number): boolean {
    return this.index.isBusy(entry) || this.index.generationOf(entry) !== 0
  }

  private isObject(place: number): boolean {
    const state = this.records.state(place)
    return state !== FAILED && state !== OUTGROWN && this.objects.counts(place)
  }

  private wait(entry: number, cold: Cold): typeof COLD {
    const { reading, read } = this
    reading.add(entry)
    cold.thaw(() => {
      // Another walk may have begun.
      if (reading.delete(entry)) read.push(entry)
    })
    return COLD
  }
}

// No places.
const NOTHING = -1
const BUSY = -2
const COLD = -3

/** The object that the walk is at: one, used for all. */
class Current implements Walked {
  private readonly memory: ArenaMemory
  private readonly records: Records
  private readonly index: IndexTable
  private readonly objects: Objects
  private readonly tags: Tags
  private entry = 0
  private place = 0
  checked = 0

  constructor(memory: ArenaMemory, records: Records, index: IndexTable, objects: Objects, tags: Tags) {
    this.memory = memory
    this.records = records
    this.index = index
    this.objects = objects
    this.tags = tags
  }

  at(entry: number, place: number): void {
    this.entry = entry
    this.place = place
    this.checked = this.objects.checked(place)
  }

  get head(): ObjectHead {
    const { bytes, doubles, words } = this.memory
    return decodeHead(bytes, doubles, words, this.objects.headAt(this.place))
  }

  get lastHit_ms(): number {
    return this.index.lastHit_ms(this.entry)
  }

  /** Purges by tag have their say first; what is only made stale by one is left to whoever asks for it. */
  raise(serial: number): number {
    const verdict = this.tags.judge(this.place, this.checked)
    if (verdict === VERDICT.purged) this.remove()
    if (verdict !== VERDICT.stands) return verdict === VERDICT.purged ? serial : this.checked
    this.objects.setChecked(this.place, serial)
    return serial
  }

  remove(): void {
    const { records, place } = this
    const removed = this.index.remove(this.entry, records.generationOf(place), records.originOf(place))
    if (removed !== 0) this.objects.left(removed)
  }
}
