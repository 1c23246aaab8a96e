import { Chains } from '../../base/chains.ts'
import type { Doorbells } from '../../shm/doorbell.ts'
import type { Body, Cold, ObjectHead, SoftPurge, Store, StoredObject, StoreKind, StoreStats, StoreWatcher } from '../contract.ts'
import { VERDICT } from '../purges/table.ts'
import { admissionRing, FREQ_MAX } from '../eviction/policy.ts'
import { Allocator } from './allocator.ts'
import { ArenaBody, type BodyHost } from './body.ts'
import { Checks } from './checks.ts'
import { ColdReads } from './cold.ts'
import { Continuations } from './continuations.ts'
import { EarlierObjects } from './earlier.ts'
import { Epochs } from './epochs.ts'
import { Evictor, type EvictionParameters } from './evictor.ts'
import { Fill } from './fill.ts'
import { Fills, NO_FILL } from './fills.ts'
import { capacityOf } from './geometry.ts'
import { hashed, hashId } from './hash.ts'
import { decodeHead, expectedBytes, headSize, idIs } from './head-codec.ts'
import { HEADER } from './header.ts'
import { IndexTable, NO_ENTRY } from './index-table.ts'
import { TALLY, type ArenaMemory } from './memory.ts'
import { ArenaObject, type ObjectHost } from './object.ts'
import { Objects } from './objects.ts'
import { atOnce, Purger, type PurgeHost } from './purger.ts'
import { COMPLETE, FAILED, GONE, OUTGROWN, Records } from './records.ts'
import { Reheader } from './reheader.ts'
import { Segments } from './segments.ts'
import { arenaStats, type ArenaStats, storeStats } from './stats.ts'
import { hashTagsOf, Tags } from './tags.ts'
import { fitsIn, ObjectWriter, type ArenaParts, type Piece } from './writer.ts'

export interface ArenaStoreOptions {
  readonly name: string
  readonly memory: ArenaMemory
  readonly kind: StoreKind
  /** Has the bodies that are not kept. */
  readonly transient: Store
  readonly parameters: EvictionParameters
  /** To ring workers that follow a body; none when there is one worker. */
  readonly bells: Doorbells | undefined
  /** A sentence for the operator, when a file's disk is full or broken. */
  readonly onTrouble?: ((message: string) => void) | undefined
  /** Has something done again and again, between other work, until it says false; at once where nothing is said of it. */
  readonly later?: ((more: () => boolean) => void) | undefined
}

/** The origin of no object. */
const NO_ORIGIN = 0

/** Segments of ended objects freed at one go. */
const EXPIRED_PER_SWEEP = 16

/** One worker's way into an arena. */
export class ArenaStore implements Store, ObjectHost, BodyHost, PurgeHost {
  readonly name: string
  readonly kind: StoreKind
  readonly index: IndexTable
  readonly bytes: Buffer
  private readonly memory: ArenaMemory
  private readonly parts: ArenaParts
  /** In a file. */
  readonly reads: ColdReads | undefined
  private readonly earlier: EarlierObjects | undefined
  cold: Cold | undefined = undefined
  private readonly records: Records
  private readonly segments: Segments
  readonly objects: Objects
  readonly epochs: Epochs
  private readonly evictor: Evictor
  private readonly fills: Fills
  private readonly filling = new Chains<Fill>()
  /** Bodies that other workers fill and readers here follow. */
  private readonly followed = new Set<ArenaBody>()
  private readonly continuations: Continuations
  private readonly tags: Tags
  private readonly reheader: Reheader
  private readonly purger: Purger
  private readonly transient: Store
  private readonly bells: Doorbells | undefined
  /** Of its hashes; the same for all workers. */
  readonly seed: number

  constructor(options: ArenaStoreOptions) {
    const { memory, bells } = options
    this.name = options.name
    this.kind = options.kind
    this.memory = memory
    this.bytes = memory.bytes
    this.bells = bells
    this.seed = memory.header[HEADER.seed]
    this.records = new Records(memory)
    this.epochs = new Epochs(memory)
    this.segments = new Segments(memory, this.epochs)
    const allocator = new Allocator(memory, this.segments)
    const { disk } = memory
    const checks = disk && new Checks(memory, disk, this.segments, this.records)
    this.parts = { memory, segments: this.segments, records: this.records, allocator, checks }
    this.index = new IndexTable(memory, this.records)
    this.objects = new Objects(this.parts)
    if (disk !== undefined && checks !== undefined) {
      const earlier = new EarlierObjects(this.parts, checks, this.index, this.objects)
      this.earlier = earlier
      this.reads = new ColdReads(this.parts, disk, checks, earlier.lost)
      disk.onTrouble = options.onTrouble ?? disk.onTrouble
    }
    const { parts, index, objects, earlier } = this
    this.tags = new Tags(memory, this.records, index)
    this.later = options.later ?? atOnce
    this.purger = new Purger(memory, this.tags.postings, this)
    this.reheader = new Reheader(parts, { index, objects, earlier, tags: this.tags, remove: (object) => this.remove(object) })
    this.evictor = new Evictor(parts, index, objects, this.tags, this.epochs, options.parameters, bells)
    allocator.makeRoom = this.evictor.makeRoom
    this.evictor.announce = this.announce
    this.evictor.lost = earlier?.lost ?? this.evictor.lost
    this.fills = new Fills(memory)
    this.transient = options.transient
    this.continuations = new Continuations(parts, this.epochs, this.fills, bells, `lacquer ${this.seed} ${this.name}`, {
      window: () => this.window(),
      // Not all of our handles of a body may have been looked at since its writer did something.
      look: (generation) => {
        for (const body of Array.from(this.followed)) if (this.records.generationOf(body.place) === generation) body.look()
      },
    })
  }

  newRun(): void {
    this.announce()
  }

  find(id: string): ArenaObject | undefined {
    hashId(id, this.seed)
    const { hi, lo } = hashed
    // A second look when it was replaced or moved under our eyes.
    for (let looks = 0; looks < 2; looks++) {
      const entry = this.index.find(hi, lo)
      if (entry === NO_ENTRY) return undefined
      const found = this.handle(id, entry, this.index.foundGeneration, this.index.foundPlace)
      if (found === undefined || found.live) return found
    }
    return undefined
  }

  seek(id: string): ArenaObject | undefined {
    const { reads } = this
    if (reads !== undefined) {
      hashId(id, this.seed)
      const entry = this.index.candidate(hashed.hi, hashed.lo)
      this.cold = entry === NO_ENTRY ? undefined : reads.ofRecord(this.index.placeOf(entry), entry)
      if (this.cold !== undefined) return undefined
    }
    return this.find(id)
  }

  open(id: string, head: ObjectHead, expected_bytes: number, _into?: Store, serial = 0): StoredObject | undefined {
    this.memory.tally[TALLY.requests]++
    const size_bytes = headSize(id, head) + Math.max(0, expected_bytes)
    if (!this.fits(id, head, expected_bytes)) return this.refuse()
    hashId(id, this.seed)
    const { hi, lo } = hashed
    const ring = admissionRing(size_bytes, this.evictor.ghost.take(hi, lo), capacityOf(this.memory.geometry))
    const writer = new ObjectWriter(this.parts, ring, 0)
    if (!writer.begin(id, head, expected_bytes, hi, lo, serial, hashTagsOf(this.memory, head.tags))) {
      writer.discard()
      return this.refuse()
    }
    const number = this.fills.add(writer.place)
    const entry = this.index.insert(hi, lo, writer.place, writer.generation, this.objects.displaced)
    if (entry === NO_ENTRY) {
      this.fills.remove(number)
      writer.discard()
      return this.refuse()
    }
    this.evictor.ageing.admitted(size_bytes)
    if (head.status !== 0) this.memory.tally[TALLY.objects]++
    this.tags.list(writer.place, entry, writer.generation)
    return this.begin(id, head, entry, writer, number, expected_bytes)
  }

  fits(id: string, head: ObjectHead, expected_bytes: number): boolean {
    return fitsIn(this.memory.geometry, headSize(id, head), expected_bytes)
  }

  transit(expected_bytes: number): Body {
    return this.transient.transit(expected_bytes)
  }

  rehead(object: StoredObject, head: ObjectHead, serial?: number): boolean {
    return this.reheader.rehead(object as ArenaObject, head, serial)
  }

  touch(object: StoredObject): void {
    const { entry } = object as ArenaObject
    const frequency = this.index.frequency(entry)
    if (frequency < FREQ_MAX) this.index.setFrequency(entry, frequency + 1)
  }

  remove(object: StoredObject): boolean {
    const { entry, generation, origin } = object as ArenaObject
    return this.hasLeft(this.index.remove(entry, generation, origin))
  }

  discard(id: string): boolean {
    hashId(id, this.seed)
    return this.hasLeft(this.index.removeHash(hashed.hi, hashed.lo))
  }

  notePurge(serial: number, tags: readonly string[], soft?: SoftPurge): void {
    this.purger.note(serial, tags, soft)
  }

  meetPurge(tags: readonly string[], soft: boolean): number {
    return this.purger.meet(tags, soft)
  }

  survives(object: StoredObject, since: number): boolean {
    const ours = object as ArenaObject
    const verdict = this.tags.judge(ours.at, since)
    if (verdict === VERDICT.stands) return true
    if (verdict === VERDICT.softened) return this.reheader.soften(ours, this.memory.purges)
    this.memory.tally[TALLY.purged]++
    return false
  }

  wouldSurvive(tags: readonly string[], since: number): boolean {
    return this.memory.purges.judge(hashTagsOf(this.memory, tags), 0, tags.length, since) === VERDICT.stands
  }

  watch(watcher: StoreWatcher): void {
    this.objects.watcher = watcher
  }

  expire(now_ms: number, _objects_max: number): void {
    this.evictor.setNow(now_ms)
    this.evictor.expire(EXPIRED_PER_SWEEP)
  }

  /** The worker's doorbell rang: it is in no old run, and what it follows may have grown. */
  rung(): void {
    this.announce()
    for (const body of Array.from(this.followed)) body.look()
    this.continuations.rung()
  }

  stats(): StoreStats {
    return storeStats(this.memory, this.transient.stats().transient_bytes)
  }

  arenaStats(): ArenaStats {
    return arenaStats(this.memory, this.segments)
  }

  // PurgeHost.

  readonly later: (more: () => boolean) => void

  isWarm(entry: number): boolean {
    return this.reads === undefined || this.reads.ofRecord(this.index.placeOf(entry), entry) === undefined
  }

  takeOut(entry: number, generation: number): boolean {
    return this.hasLeft(this.index.remove(entry, generation, NO_ORIGIN))
  }

  // ObjectHost.

  bodyAt(place: number): ArenaBody {
    const expected_bytes = expectedBytes(this.memory.doubles, this.objects.headAt(place))
    return new ArenaBody(this, place, this.records.entryOf(place), expected_bytes, undefined)
  }

  // BodyHost.

  filledOf(piece: Piece): number {
    return this.objects.filledOf(piece)
  }

  pin(place: number): void {
    this.segments.pin(this.segments.at(place))
  }

  unpin(place: number): void {
    this.segments.unpin(this.segments.at(place))
  }

  extend(place: number, pieces: Piece[]): void {
    this.objects.extend(place, pieces)
  }

  stateOf(body: ArenaBody): number {
    const state = this.records.state(body.place)
    return state === GONE ? COMPLETE : state
  }

  follow(body: ArenaBody): void {
    this.followed.add(body)
    this.records.follow(body.place, this.memory.worker)
  }

  unfollow(body: ArenaBody): void {
    this.followed.delete(body)
  }

  grown(body: ArenaBody): void {
    const { bells } = this
    if (bells !== undefined) this.records.eachFollower(body.place, (worker) => bells.ring(worker))
  }

  ended(body: ArenaBody, state: number): void {
    const fill = this.filling.first(body.place)
    if (fill === undefined) return
    this.filling.remove(fill)
    if (state !== OUTGROWN) this.fills.remove(fill.number)
    if (state === COMPLETE) this.completed(fill)
    else this.broken(fill, state)
    this.grown(body)
  }

  spoiled(body: ArenaBody): void {
    this.earlier?.spoiled(body.entry, body.place)
  }

  window(): Body {
    return this.transit(-1)
  }

  outgrown(body: ArenaBody, window: Body): boolean {
    const kept = this.continuations.begin(body.place, window, this.filling.first(body.place)?.number ?? NO_FILL)
    this.ended(body, OUTGROWN)
    return kept
  }

  expect(body: ArenaBody): Body {
    return this.continuations.expect(body)
  }

  /** What the index has let go of; 0 for nothing. */
  private hasLeft(place: number): boolean {
    if (place !== 0) this.objects.left(place)
    return place !== 0
  }

  /** In this order: see `ArenaBody.catchUp`. */
  private readonly announce = (): void => {
    if (this.followed.size > 0) for (const body of this.followed) body.catchUp()
    this.epochs.announce()
  }

  private begin(id: string, head: ObjectHead, entry: number, writer: ObjectWriter, number: number, expected_bytes: number): ArenaObject {
    writer.filed(entry)
    const body = new ArenaBody(this, writer.place, entry, expected_bytes, writer)
    const { generation, origin, place } = writer
    const object = new ArenaObject(this, id, head, entry, generation, origin, place, this.objects.checked(place), body)
    this.filling.add(new Fill(object, writer, number))
    return object
  }

  /** A handle of what was found there, if it is that id's, and all there or on its way. */
  private handle(id: string, entry: number, generation: number, place: number): ArenaObject | undefined {
    const { bytes, doubles, words } = this.memory
    const fill = this.filling.first(place)
    if (fill !== undefined && fill.object.generation === generation) return fill.object
    if (this.earlier !== undefined && !this.tags.admit(this.earlier, entry, generation, place)) return undefined
    const at = this.objects.headAt(place)
    const state = this.records.state(place)
    if (!idIs(bytes, words, at, id) || state === FAILED || state === OUTGROWN) return undefined
    const found = decodeHead(bytes, doubles, words, at)
    return new ArenaObject(this, id, found, entry, generation, this.records.originOf(place), place, this.objects.checked(place))
  }

  /** The state last: who sees it complete sees all of it. One of us takes note if it was taken out until then, and who takes it out from then on. */
  private completed({ object: { entry, generation }, writer }: Fill): void {
    writer.seal()
    const there = this.index.whileIn(entry, generation, () => {
      this.objects.arrived(writer.place)
      this.records.setState(writer.place, COMPLETE)
    })
    writer.release()
    if (!there) this.objects.leftWhileFilling(writer.place)
  }

  private broken({ object, writer }: Fill, state: number): void {
    const { tally } = this.memory
    this.records.setState(writer.place, state)
    const removed = this.index.remove(object.entry, object.generation, object.origin) !== 0
    if (removed && object.head.status !== 0) tally[TALLY.objects]--
    if (state === OUTGROWN) tally[TALLY.failures]++
    if (state === OUTGROWN && removed) tally[TALLY.nuked]++
    writer.discard()
  }

  private refuse(): undefined {
    this.memory.tally[TALLY.failures]++
    return undefined
  }
}
