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
  /** The Gzip record: what was done, and how many bytes that were and came to. */
  account(what: string, in_bytes: number, out_bytes: number): void
}

/** A filter of a fetch: what it takes it hands on to `next`, changed or checked. It calls nobody once it was dropped. */
export interface FetchFilter extends Sink {
  /** Before anything else: where it hands on to. */
  join(line: FilterLine, next: Sink): void
  /** What it hands on to has room again. */
  onRoom(): void
  /** The body ended, broke, or nobody wants the rest. */
  drop(): void
}
