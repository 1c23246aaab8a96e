import type { FetchFilter, FilterLine, Sink } from './fetch-filter.ts'

/** What a line of filters asks of its fetch. */
export interface LineHost {
  /** The first filter can take more: the origin may go on. */
  resumeCall(): void
  /** The store has no room for now: whoever reads is to read. */
  storeFull(): void
  /** All is stored. */
  bodyComplete(): void
  filterFailed(message: string): void
  logGzip(what: string, in_bytes: number, out_bytes: number): void
}

/** The filters that the body of a fetch goes through between the origin and its intake, in order. */
export class FetchLine implements FilterLine, Sink {
  private readonly filters: readonly FetchFilter[]
  private readonly host: LineHost
  private over = false

  constructor(filters: readonly FetchFilter[], intake: Sink, host: LineHost) {
    this.filters = filters
    this.host = host
    const last: Sink = {
      take: (chunk) => {
        if (this.over || intake.take(chunk)) return true
        host.storeFull()
        return false
      },
      complete: () => {
        this.drop()
        host.bodyComplete()
      },
    }
    filters.forEach((filter, i) => filter.join(this, filters[i + 1] ?? last))
  }

  take(chunk: Buffer): boolean {
    return this.over || this.filters[0].take(chunk)
  }

  complete(): void {
    if (!this.over) this.filters[0].complete()
  }

  /** The store has room again. */
  onRoom(): void {
    if (!this.over) this.filters[this.filters.length - 1].onRoom()
  }

  hasRoom(filter: FetchFilter): void {
    if (this.over) return
    const i = this.filters.indexOf(filter)
    if (i > 0) this.filters[i - 1].onRoom()
    else this.host.resumeCall()
  }

  broke(message: string): void {
    if (this.over) return
    this.drop()
    this.host.filterFailed(message)
  }

  account(what: string, in_bytes: number, out_bytes: number): void {
    this.host.logGzip(what, in_bytes, out_bytes)
  }

  /** Nothing more comes out of it. */
  drop(): void {
    if (this.over) return
    this.over = true
    for (const filter of this.filters) filter.drop()
  }
}
