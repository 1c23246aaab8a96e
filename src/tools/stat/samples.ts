import type { Point } from '../../counters/read/counter-reader.ts'
import { shownValue } from './print.ts'

/** What the screen remembers of counters from one look to the next. */

/** The mean of the last values: of all until there are `n_max`, then each counts for so much of it. */
export class MovingAverage {
  n = 0
  value = 0
  private readonly n_max: number

  constructor(n_max: number) {
    this.n_max = n_max
  }

  add(value: number): void {
    if (this.n < this.n_max) this.n++
    this.value += (value - this.value) / this.n
  }
}

function averages(): MovingAverage[] {
  return [10, 100, 1000].map((n_max) => new MovingAverage(n_max))
}

export class Row {
  point: Point
  /** It has been something else than 0. */
  is_seen = false
  change: number | undefined
  /** In each second since the start; 0 for gauges. */
  average = 0
  readonly averages = averages()
  private looked_s: number | undefined
  private value = 0n

  constructor(point: Point) {
    this.point = point
  }

  sample(point: Point, now_s: number, uptime_s: number, raw: boolean): void {
    this.point = point
    const value = shownValue(point, raw)
    if (value === 0n && !this.is_seen) return
    this.is_seen = true
    const { looked_s } = this
    if (looked_s !== undefined && now_s > looked_s) this.change = Number(value - this.value) / (now_s - looked_s)
    this.average = point.doc.semantics === 'c' && uptime_s > 0 ? Number(value) / uptime_s : 0
    const added = point.doc.semantics === 'g' ? Number(value) : point.doc.semantics === 'c' ? this.change : undefined
    if (added !== undefined) for (const average of this.averages) average.add(added)
    this.value = value
    this.looked_s = now_s
  }
}

export class Samples {
  readonly rows: Row[] = []
  /** Hits among hits and misses, between two looks. */
  readonly hitrate = averages()
  uptimes: { readonly manager_s: bigint | undefined; readonly child_s: bigint | undefined } = { manager_s: undefined, child_s: undefined }
  private readonly known = new Map<string, Row>()
  private hits: bigint | undefined
  private misses = 0n

  /** `all` has what is not shown, too. */
  add(all: readonly Point[], wanted: (name: string) => boolean, now_s: number, raw: boolean): void {
    const values = new Map(all.map(({ name, value }) => [name, value]))
    this.uptimes = { manager_s: values.get('MGT.uptime'), child_s: values.get('MAIN.uptime') }
    this.addHitrate(values)
    const uptime_s = Number(this.uptimes.child_s ?? 0n)
    this.rows.length = 0
    const names = new Set<string>()
    for (const point of all) {
      if (!wanted(point.name)) continue
      const row = this.known.get(point.name) ?? new Row(point)
      this.known.set(point.name, row)
      names.add(point.name)
      row.sample(point, now_s, uptime_s, raw)
      this.rows.push(row)
    }
    for (const name of this.known.keys()) if (!names.has(name)) this.known.delete(name)
  }

  private addHitrate(values: ReadonlyMap<string, bigint>): void {
    const [hits, misses] = [values.get('MAIN.cache_hit'), values.get('MAIN.cache_miss')]
    if (hits === undefined || misses === undefined) return
    // Those before the first look are none of it.
    const [hit, miss] = this.hits === undefined ? [0, 0] : [Number(hits - this.hits), Number(misses - this.misses)]
    const ratio = hit >= 0 && miss >= 0 && hit + miss > 0 ? hit / (hit + miss) : 0
    for (const average of this.hitrate) average.add(ratio)
    this.hits = hits
    this.misses = misses
  }
}
