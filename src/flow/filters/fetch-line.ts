import { TAG } from '../../log/tags.ts'
import { logGzip, logVfp } from '../fetch-log.ts'
import type { FetchFilter, FilterLine, Sink } from './fetch-filter.ts'
import type { GzipBits } from './gzip/bits.ts'

/** What a line of filters says in the log. */
export interface FilterLog {
  masks(tag: number): boolean
  record(tag: number, text: string): void
}

/** What a line of filters asks of its fetch. */
export interface LineHost {
  /** The first filter can take more: the origin may go on. */
  resumeCall(): void
  /** The store has no room for now: whoever reads is to read. */
  storeFull(): void
  /** All is stored. */
  bodyComplete(): void
  filterFailed(message: string): void
  readonly log: FilterLog
}

/** Counts what a filter hands on, where that is to be told. */
class Counted implements Sink {
  private readonly next: Sink
  calls = 0
  bytes = 0

  constructor(next: Sink) {
    this.next = next
  }

  take(chunk: Buffer): boolean {
    this.calls++
    this.bytes += chunk.length
    return this.next.take(chunk)
  }

  complete(): void {
    this.next.complete()
  }
}

/** The filters that the body of a fetch goes through between the origin and its intake, in order. */
export class FetchLine implements FilterLine, Sink {
  private readonly filters: readonly FetchFilter[]
  private readonly host: LineHost
  readonly wantsBits: boolean
  /** Of each filter; none, when they are not told. */
  private readonly counts: readonly Counted[]
  private over = false

  constructor(filters: readonly FetchFilter[], intake: Sink, host: LineHost) {
    this.filters = filters
    this.host = host
    this.wantsBits = !host.log.masks(TAG.Gzip)
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
    const next = filters.map((_, i) => filters[i + 1] ?? last)
    this.counts = host.log.masks(TAG.VfpAcct) ? [] : next.map((sink) => new Counted(sink))
    filters.forEach((filter, i) => filter.join(this, this.counts[i] ?? next[i]))
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
    this.host.filterFailed(message)
    this.drop()
  }

  account(what: string, in_bytes: number, out_bytes: number, bits: GzipBits): void {
    logGzip(this.host.log, what, in_bytes, out_bytes, bits)
  }

  /** Nothing more comes out of it: they tell what they have done, the last of them first, as in Varnish. */
  drop(): void {
    if (this.over) return
    this.over = true
    for (let i = this.filters.length - 1; i >= 0; i--) {
      this.filters[i].drop()
      const count = this.counts.at(i)
      if (count !== undefined) logVfp(this.host.log, this.filters[i].name, count.calls, count.bytes)
    }
  }
}
