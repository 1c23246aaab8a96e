import { APPEND_OK, APPEND_PAUSE, type Body, type BodyReader, type BodyState } from '../contract.ts'
import { ReaderList } from '../reader-list.ts'
import type { ColdReads } from './cold.ts'
import { ArenaReader } from './reader.ts'
import { COMPLETE, FAILED, OUTGROWN } from './records.ts'
import type { ObjectWriter, Piece } from './writer.ts'

/** What a body asks of its store. */
export interface BodyHost {
  readonly bytes: Buffer
  readonly epochs: { readonly runs: number }
  /** Of an arena in a file. */
  readonly reads: ColdReads | undefined
  filledOf(piece: Piece): number
  /** Holds the segment in which a place lies. */
  pin(place: number): void
  unpin(place: number): void
  /** Adds the pieces of the body at that place that are not known yet, in order. */
  extend(place: number, pieces: Piece[]): void
  /** COMPLETE, FAILED or FILLING, as its writer left it. */
  stateOf(body: ArenaBody): number
  /** Its writer is another worker, which is to ring us. */
  follow(body: ArenaBody): void
  unfollow(body: ArenaBody): void
  /** Bytes came in: the workers that follow are rung. */
  grown(body: ArenaBody): void
  /** Its writer is done with it. */
  ended(body: ArenaBody, state: number): void
  /** It is broken, and must not be found again. */
  spoiled(body: ArenaBody): void
  /** Where a body goes on that has outgrown its room. */
  window(): Body
  /** Its rest will come into that window: to be sent to those who follow it in other workers. Is it kept for them, so that it is not deserted before they are known? */
  outgrown(body: ArenaBody, window: Body): boolean
  /** The rest of this one, which another worker fills, is sent to us: where it comes in. */
  expect(body: ArenaBody): Body
}

const EMPTY = Buffer.alloc(0)

/**
 * A body in the arena, as one worker sees it: the worker that fills it has its `writer`. Its readers hold the segments
 * it lies in, from the first reader to the last.
 */
export class ArenaBody implements Body {
  readonly expected_bytes: number
  /** Of the index. */
  readonly entry: number
  /** Of the object's record. */
  readonly place: number
  onRoom: (() => void) | undefined = undefined
  onDeserted: (() => void) | undefined = undefined
  private readonly host: BodyHost
  private writer: ObjectWriter | undefined
  private known: BodyState = 'filling'
  private pieces: Piece[] = []
  /** Of the pieces, those that are known to be full. */
  private full = 0
  private full_bytes = 0
  private pinned = 0
  /** The record, too: it says what comes next, and when that was all. */
  private record_held = false
  private readonly readers = new ReaderList<ArenaReader>()
  private overflow: Body | undefined = undefined
  /** In which that was found out: all of it is there until the next. */
  private overflow_run = 0
  private only: Buffer | undefined = undefined
  private seen_bytes = 0

  constructor(host: BodyHost, place: number, entry: number, expected_bytes: number, writer: ObjectWriter | undefined) {
    this.host = host
    this.entry = entry
    this.place = place
    this.expected_bytes = expected_bytes
    this.writer = writer
    if (writer === undefined) this.refresh()
    else this.pieces = writer.pieces
  }

  get state(): BodyState {
    return this.overflow === undefined ? this.known : this.overflow.state
  }

  get size_bytes(): number {
    return this.kept_bytes + (this.overflow === undefined ? 0 : this.overflow.size_bytes)
  }

  /** Bytes that lie in the arena. */
  get kept_bytes(): number {
    return this.writer === undefined ? this.seen_bytes : this.writer.filled_bytes
  }

  get joinable(): boolean {
    return this.overflow === undefined
  }

  get windowed(): boolean {
    return this.overflow !== undefined
  }

  get whole(): Buffer | undefined {
    if (this.known !== 'complete' || this.overflow !== undefined) return undefined
    this.only ??= this.onePiece()
    return this.host.reads === undefined || this.pieces.length !== 1 || this.host.reads.isReady(this, this.pieces[0])
      ? this.only
      : undefined
  }

  get readerCount(): number {
    return this.readers.count
  }

  /** Another worker fills it. */
  get followed(): boolean {
    return this.writer === undefined && this.known === 'filling'
  }

  append(chunk: Buffer): typeof APPEND_OK | typeof APPEND_PAUSE {
    const { writer } = this
    if (this.overflow !== undefined) return this.overflow.append(chunk)
    if (this.known !== 'filling' || writer === undefined || chunk.length === 0) return APPEND_OK
    if (this.expected_bytes >= 0 && chunk.length > this.expected_bytes - writer.filled_bytes) {
      this.fail()
      return APPEND_OK
    }
    const taken = writer.put(chunk, 0)
    if (this.readers.count > 0) this.pinNew()
    if (taken < chunk.length) return this.outgrow(chunk.subarray(taken))
    this.readers.wake(false)
    this.host.grown(this)
    return APPEND_OK
  }

  complete(): void {
    const { writer } = this
    if (this.overflow !== undefined) return this.overflow.complete()
    if (this.known !== 'filling' || writer === undefined) return
    if (this.expected_bytes >= 0 && writer.filled_bytes !== this.expected_bytes) return this.fail()
    this.end('complete', COMPLETE)
  }

  fail(): void {
    if (this.overflow !== undefined) return this.overflow.fail()
    if (this.known === 'filling' && this.writer !== undefined) this.end('failed', FAILED)
  }

  read(from_bytes: number): BodyReader {
    if (this.overflow !== undefined && !(from_bytes >= this.kept_bytes) && this.overflow_run !== this.host.epochs.runs)
      throw new RangeError(`byte ${from_bytes} of the body is gone`)
    if (!(from_bytes >= 0)) throw new RangeError(`there is no byte ${from_bytes}`)
    if (this.readers.count === 0) this.hold()
    const reader = new ArenaReader(this, from_bytes)
    this.readers.add(reader)
    if (this.overflow !== undefined) reader.continueWith(this.overflow.read(Math.max(0, from_bytes - this.kept_bytes)))
    return reader
  }

  /** A reader was released. */
  leave(reader: ArenaReader): void {
    this.readers.remove(reader)
    if (this.readers.count > 0) return
    for (let i = 0; i < this.pinned; i++) this.host.unpin(this.pieces[i].place)
    this.pinned = 0
    if (this.record_held) this.host.unpin(this.place)
    this.record_held = false
    if (this.followed) this.host.unfollow(this)
  }

  /** In a file: what was said of it, or what it holds, is not true. Its readers see it break off. */
  spoil(): void {
    if (this.known === 'failed') return
    this.known = 'failed'
    this.seen_bytes = 0
    this.only = undefined
    this.host.spoiled(this)
    this.readers.wake(true)
  }

  // For readers.

  /** May the piece be handed out now? */
  offers(piece: number, reader: ArenaReader): boolean {
    const { reads } = this.host
    // What still fills has just been written.
    return reads === undefined || this.known === 'filling' || reads.offer(this, this.pieces[piece], reader)
  }

  get firstPiece(): Piece | undefined {
    return this.pieces.length === 0 ? undefined : this.pieces[0]
  }

  get pieceCount(): number {
    return this.pieces.length
  }

  filledOf(piece: number): number {
    return this.host.filledOf(this.pieces[piece])
  }

  view(piece: number, offset: number): Buffer {
    const { at } = this.pieces[piece]
    return this.host.bytes.subarray(at + offset, at + this.filledOf(piece))
  }

  /**
   * Before the worker announces a new epoch: what was added since is held now. Later it might be gone, when the object has left
   * and its writer holds it no more.
   */
  catchUp(): void {
    if (!this.followed) return
    this.host.extend(this.place, this.pieces)
    this.pinNew()
  }

  /** The doorbell rang: what has the worker that fills it done meanwhile? */
  look(): void {
    if (this.followed) this.refresh()
  }

  private refresh(): void {
    // The state first: what was written before it is seen then.
    const state = this.host.stateOf(this)
    const before_bytes = this.seen_bytes
    this.host.extend(this.place, this.pieces)
    this.count()
    if (this.readers.count > 0) this.pinNew()
    if (state === COMPLETE) this.known = 'complete'
    else if (state === FAILED) this.known = 'failed'
    else if (state === OUTGROWN) return this.continueIn(this.host.expect(this))
    const ended = this.known !== 'filling'
    if (ended) this.host.unfollow(this)
    if (ended || this.seen_bytes > before_bytes) this.readers.wake(ended)
  }

  private count(): void {
    for (; this.full < this.pieces.length; this.full++) {
      const piece = this.pieces[this.full]
      const filled = this.host.filledOf(piece)
      this.seen_bytes = this.full_bytes + filled
      if (filled < piece.capacity) return
      this.full_bytes += filled
    }
  }

  private hold(): void {
    this.pinNew()
    const { reads } = this.host
    if (reads !== undefined && this.known === 'complete' && !reads.isHeld(this.pieces)) return this.spoil()
    if (!this.followed) return
    this.host.pin(this.place)
    this.record_held = true
    this.host.follow(this)
    this.look()
  }

  private pinNew(): void {
    for (; this.pinned < this.pieces.length; this.pinned++) this.host.pin(this.pieces[this.pinned].place)
  }

  private end(known: BodyState, state: number): void {
    const { writer } = this
    if (writer === undefined) return
    writer.finish()
    this.seen_bytes = writer.filled_bytes
    this.writer = undefined
    this.known = known
    this.onRoom = undefined
    this.onDeserted = undefined
    this.host.ended(this, state)
    this.readers.wake(true)
  }

  /** There is no more room: who reads here goes on in a window; the object leaves. */
  private outgrow(rest: Buffer): typeof APPEND_OK | typeof APPEND_PAUSE {
    const { writer, onRoom, onDeserted, host } = this
    if (writer === undefined) return APPEND_OK
    writer.finish()
    this.seen_bytes = writer.filled_bytes
    this.writer = undefined
    const window = host.window()
    window.onRoom = onRoom
    window.onDeserted = onDeserted
    this.continueIn(window)
    const kept = host.outgrown(this, window)
    const said = window.append(rest)
    // Who reads in other workers may be all there is: their relay reads the window, and deserts it.
    if (!kept && this.readers.count === 0) onDeserted?.()
    return said
  }

  /** Each reader takes its place in the window before anything comes into it. */
  private continueIn(window: Body): void {
    this.overflow = window
    this.overflow_run = this.host.epochs.runs
    // For whoever comes now it is too late.
    this.known = 'failed'
    this.host.unfollow(this)
    for (let reader = this.readers.first; reader !== undefined; reader = reader.after) {
      reader.continueWith(window.read(Math.max(0, reader.position_bytes - this.seen_bytes)))
    }
    this.readers.wake(false)
  }

  private onePiece(): Buffer | undefined {
    if (this.seen_bytes === 0) return EMPTY
    if (this.pieces.length !== 1) return undefined
    const { at } = this.pieces[0]
    return this.host.bytes.subarray(at, at + this.seen_bytes)
  }
}
