import { APPEND_OK, APPEND_PAUSE, type Body, type BodyReader, type BodyState } from '../contract.ts'
import { ReaderList } from '../reader-list.ts'
import { Extents, type ExtentSizes } from './extents.ts'
import type { HeapObject } from './object.ts'
import { HeapReader } from './readers.ts'

/** Where the memory of a body is accounted for. */
export const PLACE = {
  /** Nowhere: it ended, and nobody reads it. */
  none: 0,
  /** In the store's budget: admitted, or filling and meant to be. */
  store: 1,
  /** Not in the store (any more), but a reader holds it. */
  held: 2,
  /** A window that moves with its readers. */
  window: 3,
} as const
export type Place = (typeof PLACE)[keyof typeof PLACE]

/** What a body asks of its store. */
export interface BodyOwner {
  /** Windows hold more than their share, all together: each is to make do with less. */
  readonly tight: boolean
  /** May this body hold so many bytes more? Evicts to make room. */
  grant(body: HeapBody, bytes: number): boolean
  /** Its memory, state or readers changed: bring the accounts up to date. */
  settle(body: HeapBody): void
  /** Its object cannot stay. */
  oust(object: HeapObject, reason: 'evicted' | 'failed'): void
}

const EMPTY = Buffer.alloc(0)

/** A body of the heap store: kept whole, or a window over its newest bytes. A kept one that gets no room becomes a window. */
export class HeapBody implements Body {
  state: BodyState = 'filling'
  readonly expected_bytes: number
  windowed: boolean
  whole: Buffer | undefined = undefined
  onRoom: (() => void) | undefined = undefined
  onDeserted: (() => void) | undefined = undefined
  /** The object it was admitted as, live or not; a body is admitted once. */
  object: HeapObject | undefined = undefined
  /** As entered in the store's accounts: kept by the store. */
  place: Place = PLACE.none
  charged_bytes = 0
  readonly owner: BodyOwner
  private readonly extents = new Extents()
  private readonly readers = new ReaderList<HeapReader>()
  private readonly sizes: ExtentSizes
  private readonly window_bytes: number
  /** Room granted before the first byte came: bodies kept in one exact piece. */
  private prepaid_bytes = 0
  private paused = false
  /** Windowed: what all readers have consumed, and how many of them stand exactly there. */
  private floor_bytes = 0
  private atFloor = 0

  constructor(owner: BodyOwner, sizes: ExtentSizes, expected_bytes: number, window_bytes: number, windowed: boolean) {
    this.owner = owner
    this.sizes = sizes
    this.expected_bytes = expected_bytes
    this.window_bytes = window_bytes
    this.windowed = windowed
  }

  get size_bytes(): number {
    return this.extents.end_bytes
  }

  get joinable(): boolean {
    return this.extents.start_bytes === 0
  }

  /** Memory it holds or has been promised. */
  get retained_bytes(): number {
    return Math.max(this.extents.allocated_bytes, this.prepaid_bytes)
  }

  get readerCount(): number {
    return this.readers.count
  }

  /** Small bodies of known size ask for all their room at once; larger ones piece by piece as they come. */
  open(): void {
    const expected = this.expected_bytes
    if (this.windowed || expected < 0 || expected > this.sizes.exact_bytes) return this.owner.settle(this)
    if (this.owner.grant(this, expected)) this.prepaid_bytes = expected
    else this.windowed = true
    this.owner.settle(this)
  }

  append(chunk: Buffer): typeof APPEND_OK | typeof APPEND_PAUSE {
    // The rest of a broken body: nobody wants it any more.
    if (this.state !== 'filling' || chunk.length === 0) return APPEND_OK
    if (this.expected_bytes >= 0 && chunk.length > this.expected_bytes - this.size_bytes) {
      this.fail()
      return APPEND_OK
    }
    const kept = !this.windowed
    this.take(chunk)
    // Nobody stands at the floor when all readers wait for bytes to come.
    if (this.windowed && this.atFloor === 0) this.raiseFloor()
    this.readers.wake(false)
    if (kept && this.windowed && this.readers.count === 0) this.desert()
    this.paused = this.windowed && this.state === 'filling' && this.buffered_bytes >= this.room_bytes
    return this.paused ? APPEND_PAUSE : APPEND_OK
  }

  complete(): void {
    if (this.state !== 'filling') return
    if (this.expected_bytes >= 0 && this.size_bytes !== this.expected_bytes) return this.fail()
    this.state = 'complete'
    if (!this.windowed && this.extents.compact(this.sizes.extent_bytes)) this.relocateReaders()
    this.whole = this.onePiece()
    this.end()
  }

  fail(): void {
    if (this.state !== 'filling') return
    this.state = 'failed'
    if (this.object !== undefined) this.owner.oust(this.object, 'failed')
    this.end()
  }

  read(from_bytes: number): BodyReader {
    const extents = this.extents
    if (!(from_bytes >= extents.start_bytes)) throw new RangeError(`byte ${from_bytes} of the body is gone`)
    const reader = new HeapReader(this, extents, from_bytes)
    this.readers.add(reader)
    if (this.windowed) this.lowerFloor(from_bytes)
    if (this.readers.count === 1) this.owner.settle(this)
    return reader
  }

  /** A reader moved on. */
  consumed(from_bytes: number, to_bytes: number): void {
    if (this.windowed && from_bytes !== to_bytes) this.leftFloor(from_bytes)
  }

  /** A reader was released. */
  leave(reader: HeapReader): void {
    this.readers.remove(reader)
    if (this.windowed) this.leftFloor(reader.held_bytes)
    if (this.readers.count > 0) return
    this.owner.settle(this)
    if (this.windowed) this.desert()
  }

  private get room_bytes(): number {
    return this.owner.tight ? Math.min(this.window_bytes, this.sizes.window_extent_bytes) : this.window_bytes
  }

  private get buffered_bytes(): number {
    return this.extents.end_bytes - this.floor_bytes
  }

  private take(chunk: Buffer): void {
    const extents = this.extents
    let taken = 0
    while (taken < chunk.length) {
      if (extents.free_bytes === 0) this.extend(chunk.length - taken)
      taken += extents.put(chunk, taken)
    }
  }

  private extend(wanted_bytes: number): void {
    let capacity = this.nextPiece(wanted_bytes)
    if (!this.windowed && this.prepaid_bytes === 0 && !this.owner.grant(this, capacity)) {
      this.becomeWindow()
      capacity = this.nextPiece(wanted_bytes)
    }
    this.extents.add(capacity)
    this.owner.settle(this)
  }

  private nextPiece(wanted_bytes: number): number {
    const sizes = this.sizes
    const ceiling = this.windowed ? sizes.window_extent_bytes : sizes.extent_bytes
    if (this.expected_bytes < 0) return sizes.grow(this.extents.dropped + this.extents.pieces.length, wanted_bytes, ceiling)
    const left = this.expected_bytes - this.extents.end_bytes
    return this.prepaid_bytes > 0 ? left : Math.min(ceiling, left)
  }

  private becomeWindow(): void {
    this.windowed = true
    if (this.object !== undefined) this.owner.oust(this.object, 'evicted')
    this.raiseFloor()
  }

  private onePiece(): Buffer | undefined {
    const extents = this.extents
    if (extents.end_bytes === 0) return EMPTY
    return extents.start_bytes === 0 && extents.pieces.length === 1 ? extents.view(0, 0) : undefined
  }

  private end(): void {
    this.prepaid_bytes = 0
    this.paused = false
    this.onRoom = undefined
    this.onDeserted = undefined
    this.owner.settle(this)
    this.readers.wake(true)
  }

  private desert(): void {
    if (this.state === 'filling') this.onDeserted?.()
  }

  private relocateReaders(): void {
    for (let reader = this.readers.first; reader !== undefined; reader = reader.after) reader.locate()
  }

  private lowerFloor(from_bytes: number): void {
    if (this.atFloor > 0 && from_bytes > this.floor_bytes) return
    if (from_bytes === this.floor_bytes) {
      this.atFloor++
      return
    }
    this.floor_bytes = from_bytes
    this.atFloor = 1
  }

  /** Only the last reader to leave the floor looks for the new one, so that many readers in step cost O(1) each. */
  private leftFloor(from_bytes: number): void {
    if (from_bytes === this.floor_bytes && --this.atFloor === 0) this.raiseFloor()
  }

  private raiseFloor(): void {
    if (this.readers.count === 0) return
    this.findFloor()
    if (this.floor_bytes > this.extents.start_bytes) this.drop()
    if (!this.paused || this.buffered_bytes * 2 >= this.room_bytes) return
    this.paused = false
    this.onRoom?.()
  }

  private findFloor(): void {
    let floor = this.extents.end_bytes
    let count = 0
    for (let reader = this.readers.first; reader !== undefined; reader = reader.after) {
      if (reader.held_bytes > floor) continue
      count = reader.held_bytes === floor ? count + 1 : 1
      floor = reader.held_bytes
    }
    this.floor_bytes = floor
    this.atFloor = count
  }

  private drop(): void {
    this.extents.dropBefore(this.floor_bytes, this.state === 'filling')
    if (this.extents.start_bytes > 0) this.whole = undefined
    this.owner.settle(this)
  }
}
