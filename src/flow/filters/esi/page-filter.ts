import type { FetchFilter, FilterLine, Sink } from '../fetch-filter.ts'
import { turns } from '../turns.ts'
import type { EsiInclude } from './include.ts'
import { type EsiFeatures, type EsiOutput, EsiParser } from './parser.ts'

/** What is smaller goes on together with what comes with it: each piece wakes whoever reads the page while it comes, which may be a thousand. */
const LARGE_BYTES = 4 * 1024
/** What is parsed at least, before others may have their turn. */
const SLICE_BYTES = 8 * 1024
/** Includes that are parsed in the time in which one is made. */
const INCLUDES_OF_A_UNIT = 4

/** A filter of a fetch that parses a page on its way into its body, which gets frames. */
export abstract class PageFilter implements FetchFilter, EsiOutput {
  abstract readonly name: string
  readonly trouble: EsiOutput['trouble']
  private readonly parser: EsiParser
  protected line: FilterLine | undefined
  protected next: Sink | undefined
  protected full = false
  /** To go on together. */
  private batch: Buffer[] = []
  /** To be parsed in a later turn. */
  private late: Buffer[] = []
  private completing = false

  constructor(url: string, features: EsiFeatures, trouble: EsiOutput['trouble']) {
    this.trouble = trouble
    this.parser = new EsiParser(this, url, features)
  }

  abstract verbatim(bytes: Buffer): void
  abstract skipped(bytes: Buffer): void
  protected abstract putInclude(include: EsiInclude): void
  /** Some of it has been parsed: what it has led to is to go on before this returns. */
  protected abstract parsed(): void
  /** All of it has been. */
  protected abstract finish(): void

  take(chunk: Buffer): boolean {
    // The origin had been told to wait, and had read it already.
    if (this.late.length > 0) this.late.push(Buffer.from(chunk))
    else this.parse(chunk)
    return this.takesMore
  }

  complete(): void {
    if (this.late.length > 0) {
      this.completing = true
      return
    }
    this.parser.finish()
    this.finish()
  }

  onRoom(): void {
    this.full = false
    this.askForMore()
  }

  include(include: EsiInclude): void {
    turns.spend(1 / INCLUDES_OF_A_UNIT)
    this.putInclude(include)
  }

  join(line: FilterLine, next: Sink): void {
    this.line = line
    this.next = next
  }

  drop(): void {
    this.line = this.next = undefined
    this.batch = []
    this.late = []
  }

  protected get takesMore(): boolean {
    return !this.full && this.late.length === 0
  }

  protected askForMore(): void {
    if (this.takesMore) this.line?.hasRoom(this)
  }

  /** Holds until `handOn`, which is to come in the same turn. */
  protected put(bytes: Buffer): void {
    if (bytes.length < LARGE_BYTES) return void this.batch.push(bytes)
    this.handOn()
    this.give(bytes)
  }

  protected handOn(): void {
    const { batch } = this
    if (batch.length === 0) return
    this.batch = []
    this.give(batch.length === 1 ? batch[0] : Buffer.concat(batch))
  }

  private give(bytes: Buffer): void {
    if (this.next?.take(bytes) === false) this.full = true
  }

  private parse(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && (at === 0 || !turns.over)) {
      this.parser.push(chunk.subarray(at, at + SLICE_BYTES))
      at += SLICE_BYTES
    }
    if (at < chunk.length) {
      this.late.push(Buffer.from(chunk.subarray(at)))
      turns.wait(this.parseLate)
    }
    this.parsed()
  }

  private readonly parseLate = (): void => {
    const { late } = this
    // It was dropped.
    if (late.length === 0) return
    this.late = []
    this.parse(late.length === 1 ? late[0] : Buffer.concat(late))
    if (this.late.length > 0) return
    if (this.completing) this.complete()
    else this.askForMore()
  }
}
