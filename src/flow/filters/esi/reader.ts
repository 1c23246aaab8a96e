import type { Body, BodyReader } from '../../../store/contract.ts'
import type { FilterCount } from '../filter-count.ts'
import { turns } from '../turns.ts'
import type { Fragment } from './fragment.ts'
import { FRAME, FrameDecoder } from './frames.ts'
import type { EsiInclude } from './include.ts'
import { PackedFragment } from './packed-fragment.ts'
import type { PageOutput } from './page-output.ts'

/** Includes that are under way before it is their turn: all of most pages. */
const AHEAD = 32

/** Makes the requests for what a page includes. */
export interface Includer {
  /** Undefined: there is to be nothing in its place. */
  begin(include: EsiInclude): Fragment | undefined
  /** Does the page end where this has failed? */
  breaks(include: EsiInclude, fragment: Fragment): boolean
}

interface Included {
  readonly include: EsiInclude
  readonly fragment: Fragment | undefined
}

/**
 * A page as its client is to have it, in order: its own bytes, and those of what it includes. A second reader of the same body runs ahead,
 * so that all includes are asked for at once, however slow the first.
 */
export class EsiReader implements BodyReader {
  onMore: (() => void) | undefined = undefined
  private readonly source: BodyReader
  private readonly decoder = new FrameDecoder(false)
  private readonly scout: BodyReader
  private readonly scouting = new FrameDecoder()
  private readonly includer: Includer
  /** Begun, the first of them the next. */
  private readonly begun: Included[] = []
  /** Whose turn it is. */
  private current: Included | undefined = undefined
  /** It is gzip, and so is the page. */
  private packed: PackedFragment | undefined = undefined
  private readonly output: PageOutput
  private readonly count: FilterCount | undefined
  private broken = false
  private released = false
  /** For its turn to look further ahead. */
  private waits = false
  /** It is an include's turn that the scout has not come upon: it may have to wait for what we have had (another thread's fetch, a disk). */
  private owed = false

  /** `count`: of the page's own bytes, where that is told. */
  constructor(body: Body, includer: Includer, output: PageOutput, count?: FilterCount) {
    this.includer = includer
    this.output = output
    this.count = count
    this.source = body.read(0)
    this.scout = body.read(0)
    this.lookAhead()
  }

  next(): Buffer | undefined {
    this.onMore = undefined
    const { output } = this
    for (;;) {
      const piece = output.next()
      if (piece !== undefined) return piece
      if (this.owed) {
        if (!this.pay()) return undefined
      } else if (this.current !== undefined) {
        this.fromFragment(this.current)
        if (output.isEmpty && this.current !== undefined) return undefined
      } else if (this.broken || output.rests(this.wake) || !this.fromPage()) return undefined
    }
  }

  get done(): boolean {
    return !this.broken && this.output.isOver
  }

  get failed(): boolean {
    if (this.broken) return this.output.isEmpty
    return this.isAtEnd && (this.source.failed || (this.source.done && this.decoder.unfinished))
  }

  release(): void {
    if (this.released) return
    this.released = true
    this.onMore = undefined
    this.current?.fragment?.release()
    for (const { fragment } of this.begun) fragment?.release()
    this.begun.length = 0
    for (const reader of [this.source, this.scout]) {
      reader.onMore = undefined
      reader.release()
    }
  }

  /** No fragment is being waited for. */
  private get isAtEnd(): boolean {
    return this.current === undefined && !this.owed
  }

  /** The next of the page itself; false: there is none yet, or none at all. */
  private fromPage(): boolean {
    const found = this.decoder.next()
    if (found === undefined) return this.feed()
    if (found.include !== undefined) this.turn()
    else if (found.kind !== FRAME.skipped) this.output.page(found)
    return true
  }

  private feed(): boolean {
    const chunk = this.source.next()
    if (chunk !== undefined) {
      this.count?.took(chunk)
      this.decoder.feed(chunk)
      return true
    }
    if (this.source.done && !this.decoder.unfinished && !this.output.isOver) {
      this.output.end()
      return true
    }
    this.source.onMore = this.wake
    return false
  }

  private turn(): void {
    this.output.took(1)
    this.owed = true
  }

  /** On with the include whose turn it is. False: it is not there yet. */
  private pay(): boolean {
    const { begun, scout } = this
    if (begun.length === 0) this.begin(true)
    if (begun.length === 0) {
      if (scout.done || scout.failed) this.broken = true
      this.owed = !this.broken
      return false
    }
    this.owed = false
    this.current = begun.shift()
    this.lookAhead()
    return true
  }

  /** Puts out the next of it, or ends its turn, or waits for it. */
  private fromFragment({ fragment, include }: Included): void {
    if (fragment === undefined) return this.leave()
    if (fragment.status !== 0 && this.includer.breaks(include, fragment)) return this.giveUp()
    if (fragment.packed !== undefined) return this.fromPacked(fragment, fragment.packed, include)
    const piece = fragment.next()
    if (piece !== undefined) {
      if (fragment.blocks === undefined) this.output.plain(piece)
      else this.output.part(piece)
      return
    }
    if (fragment.failed && this.includer.breaks(include, fragment)) return this.giveUp()
    if (fragment.done) this.endOf(fragment)
    else fragment.onMore = this.wake
  }

  private fromPacked(fragment: Fragment, body: Body, include: EsiInclude): void {
    this.packed ??= new PackedFragment(fragment, body)
    const progress = this.packed.advance(this.output, this.wake)
    if (progress === 'open') fragment.onMore = this.wake
    else if (progress === 'done') this.leave()
    else if (progress === 'torn') this.giveUp()
    else if (fragment.failed && this.includer.breaks(include, fragment)) this.giveUp()
    else this.leave()
  }

  private endOf({ blocks }: Fragment): void {
    if (blocks !== undefined) {
      // In the middle of a block nothing can stand behind it.
      if (!blocks.isWhole) return this.giveUp()
      this.output.sum(blocks.crc, blocks.plain_bytes)
    }
    this.leave()
  }

  /** On with the page. */
  private leave(): void {
    this.current?.fragment?.release()
    this.current = this.packed = undefined
  }

  private giveUp(): void {
    this.broken = true
    this.leave()
  }

  private readonly wake = (): void => {
    const { onMore } = this
    this.onMore = undefined
    onMore?.()
  }

  private readonly lookAhead = (): void => {
    this.begin(this.owed)
    if (this.owed) this.wake()
  }

  /** Begins includes as long as there is time, or the one that is `due`. */
  private begin(due: boolean): void {
    this.scout.onMore = undefined
    while (!this.released && this.begun.length < AHEAD) {
      if (turns.over && !(due && this.begun.length === 0)) return this.lookLater()
      const found = this.scouting.next()
      if (found === undefined) {
        const chunk = this.scout.next()
        if (chunk === undefined) return void (this.scout.onMore = this.lookAhead)
        this.scouting.feed(chunk)
      } else if (found.include !== undefined) {
        const { include } = found
        turns.spend(1)
        this.begun.push({ include, fragment: this.includer.begin(include) })
      }
    }
  }

  private lookLater(): void {
    if (this.waits) return
    this.waits = true
    turns.wait(this.lookAgain)
  }

  private readonly lookAgain = (): void => {
    this.waits = false
    try {
      this.begin(this.owed)
    } catch {
      // Frames that nobody writes: the page's client comes upon them as well, and is told.
    }
    if (this.owed) this.wake()
  }
}

/** The page as it came from its origin, tags and all. */
export class RawReader implements BodyReader {
  private readonly source: BodyReader
  private readonly decoder = new FrameDecoder()
  private readonly output: PageOutput

  constructor(body: Body, output: PageOutput) {
    this.source = body.read(0)
    this.output = output
  }

  next(): Buffer | undefined {
    const { decoder, output, source } = this
    for (;;) {
      const piece = output.next()
      if (piece !== undefined) return piece
      if (output.rests(this.wake)) return undefined
      const found = decoder.next()
      if (found !== undefined) {
        output.page(found)
        continue
      }
      const chunk = source.next()
      if (chunk !== undefined) decoder.feed(chunk)
      else if (source.done && !decoder.unfinished && !output.isOver) output.end()
      else return undefined
    }
  }

  get done(): boolean {
    return this.output.isOver
  }

  get failed(): boolean {
    return this.source.failed || (this.source.done && this.decoder.unfinished)
  }

  get onMore(): (() => void) | undefined {
    return this.source.onMore
  }

  set onMore(wake: (() => void) | undefined) {
    this.source.onMore = wake
  }

  release(): void {
    this.source.release()
  }

  private readonly wake = (): void => {
    this.source.onMore?.()
  }
}
