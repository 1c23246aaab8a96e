import type { Body, BodyReader } from '../../../store/contract.ts'
import type { Fragment } from './fragment.ts'
import { FRAME, FrameDecoder } from './frames.ts'
import type { EsiInclude } from './include.ts'

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
  private readonly decoder = new FrameDecoder()
  private readonly scout: BodyReader
  private readonly scouting = new FrameDecoder()
  private readonly includer: Includer
  /** Begun, the first of them the next. */
  private readonly begun: Included[] = []
  /** Whose turn it is. */
  private current: Included | undefined = undefined
  private broken = false
  private released = false

  constructor(body: Body, includer: Includer) {
    this.includer = includer
    this.source = body.read(0)
    this.scout = body.read(0)
    this.lookAhead()
  }

  next(): Buffer | undefined {
    this.onMore = undefined
    for (;;) {
      if (this.current !== undefined) {
        const piece = this.fromFragment(this.current)
        if (piece !== undefined || this.current !== undefined) return piece
      }
      if (this.broken) return undefined
      const found = this.decoder.next()
      if (found === undefined) {
        if (!this.feed()) return undefined
      } else if (found.include !== undefined) this.turn()
      else if (found.kind === FRAME.verbatim) return found.bytes
    }
  }

  get done(): boolean {
    return !this.broken && this.isAtEnd && this.source.done && !this.decoder.unfinished
  }

  get failed(): boolean {
    if (this.broken) return true
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
    return this.current === undefined
  }

  private feed(): boolean {
    const chunk = this.source.next()
    if (chunk === undefined) {
      this.source.onMore = this.wake
      return false
    }
    this.decoder.feed(chunk)
    return true
  }

  private turn(): void {
    // The scout has seen all that we see, but for what it had no hands free for.
    if (this.begun.length === 0) this.lookAhead()
    this.current = this.begun.shift()
    this.lookAhead()
  }

  private fromFragment(included: Included): Buffer | undefined {
    const { fragment, include } = included
    if (fragment === undefined) return this.leave()
    if (fragment.status !== 0 && this.includer.breaks(include, fragment)) return this.giveUp()
    const piece = fragment.next()
    if (piece !== undefined) return piece
    if (fragment.failed && this.includer.breaks(include, fragment)) return this.giveUp()
    if (fragment.done) {
      fragment.release()
      return this.leave()
    }
    fragment.onMore = this.wake
    return undefined
  }

  private leave(): undefined {
    this.current = undefined
    return undefined
  }

  private giveUp(): undefined {
    this.broken = true
    this.current?.fragment?.release()
    return this.leave()
  }

  private readonly wake = (): void => {
    const { onMore } = this
    this.onMore = undefined
    onMore?.()
  }

  private readonly lookAhead = (): void => {
    this.scout.onMore = undefined
    while (!this.released && this.begun.length < AHEAD) {
      const found = this.scouting.next()
      if (found === undefined) {
        const chunk = this.scout.next()
        if (chunk === undefined) return void (this.scout.onMore = this.lookAhead)
        this.scouting.feed(chunk)
      } else if (found.include !== undefined) {
        const { include } = found
        this.begun.push({ include, fragment: this.includer.begin(include) })
      }
    }
  }
}

/** The page as it came from its origin, tags and all. */
export class RawReader implements BodyReader {
  private readonly source: BodyReader
  private readonly decoder = new FrameDecoder()

  constructor(body: Body) {
    this.source = body.read(0)
  }

  next(): Buffer | undefined {
    for (;;) {
      const found = this.decoder.next()
      if (found?.bytes !== undefined) return found.bytes
      if (found !== undefined) continue
      const chunk = this.source.next()
      if (chunk === undefined) return undefined
      this.decoder.feed(chunk)
    }
  }

  get done(): boolean {
    return this.source.done
  }

  get failed(): boolean {
    return this.source.failed
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
}
