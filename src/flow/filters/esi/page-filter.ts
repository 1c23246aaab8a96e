import type { FetchFilter, FilterLine, Sink } from '../fetch-filter.ts'
import type { EsiInclude } from './include.ts'
import { type EsiFeatures, type EsiOutput, EsiParser } from './parser.ts'

/** A filter of a fetch that parses a page on its way into its body, which gets frames. */
export abstract class PageFilter implements FetchFilter, EsiOutput {
  abstract readonly name: string
  readonly trouble: EsiOutput['trouble']
  protected readonly parser: EsiParser
  protected line: FilterLine | undefined
  protected next: Sink | undefined
  protected full = false

  constructor(url: string, features: EsiFeatures, trouble: EsiOutput['trouble']) {
    this.trouble = trouble
    this.parser = new EsiParser(this, url, features)
  }

  abstract take(chunk: Buffer): boolean
  abstract complete(): void
  abstract onRoom(): void
  abstract verbatim(bytes: Buffer): void
  abstract skipped(bytes: Buffer): void
  abstract include(include: EsiInclude): void

  join(line: FilterLine, next: Sink): void {
    this.line = line
    this.next = next
  }

  drop(): void {
    this.line = this.next = undefined
  }

  protected put(bytes: Buffer): void {
    if (this.next?.take(bytes) === false) this.full = true
  }
}
