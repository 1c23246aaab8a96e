import type { GzipBits } from './gzip/bits.ts'

/** Where the bytes of a fetch go: a filter, or at last the intake. */
export interface Sink {
  /** The caller's buffer may be reused at once. False: no more until there is room again. */
  take(chunk: Buffer): boolean
  complete(): void
}

/** What a filter tells those around it. */
export interface FilterLine {
  /** It can take more. */
  hasRoom(filter: FetchFilter): void
  /** The body is not what it claims to be. */
  broke(message: string): void
  /** Somebody reads where bits begin and end. */
  readonly wantsBits: boolean
  /** The Gzip record: what was done, how many bytes that were and came to, and where their bits are. */
  account(what: string, in_bytes: number, out_bytes: number, bits: GzipBits): void
}

/** A filter of a fetch: what it takes it hands on to `next`, changed or checked. It calls nobody once it was dropped. */
export interface FetchFilter extends Sink {
  readonly name: string
  /** Before anything else: where it hands on to. */
  join(line: FilterLine, next: Sink): void
  /** What it hands on to has room again. */
  onRoom(): void
  /** The body ended, broke, or nobody wants the rest. */
  drop(): void
}
