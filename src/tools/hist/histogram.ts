import type { ScreenLine, ScreenSize } from '../screen/screen.ts'
import type { Profile } from './profile.ts'

/** How far back it remembers, and buckets between two powers of ten. */
const REMEMBERED = 2000
const RESOLUTION = 100
/** How many requests a mark may be. */
const SCALES = [1, 2, 3, 4, 5, 10, 15, 20, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000]
const LABEL_EVERY = 5

export class Histogram {
  private readonly low: number
  private readonly range: number
  private readonly hits: Uint32Array
  private readonly misses: Uint32Array
  /** Buckets of what was added last, misses below zero: ~bucket. */
  private readonly remembered: Int32Array
  private next = 0
  n = 0

  constructor({ low, high }: Pick<Profile, 'low' | 'high'>, remembered = REMEMBERED) {
    this.low = low
    this.range = high - low
    this.hits = new Uint32Array(this.range * RESOLUTION)
    this.misses = new Uint32Array(this.range * RESOLUTION)
    this.remembered = new Int32Array(remembered)
  }

  /** What is not above 0 has no place on the axis. */
  add(value: number, is_hit: boolean): void {
    if (!(value > 0)) return
    const bucket = this.bucketOf(value)
    const { length } = this.remembered
    if (this.n === length) this.forget(this.remembered[this.next])
    else this.n++
    if (is_hit) this.hits[bucket]++
    else this.misses[bucket]++
    this.remembered[this.next] = is_hit ? bucket : ~bucket
    this.next = (this.next + 1) % length
  }

  /** `right` stands in the other corner of the first line, `about` behind what is told in the first. */
  lines({ rows, columns }: ScreenSize, about: string, right: string): ScreenLine[] {
    const width = Math.floor(columns / this.range)
    const grid = new Grid(rows, columns)
    const put = (row: number, column: number, text: string): void => grid.put(row, column, text)
    if (width > 0) {
      put(rows - 2, 0, '-'.repeat(width * this.range))
      for (let k = 0; k < this.range; k++) {
        put(rows - 2, width * k, '+')
        put(rows - 1, width * k, `|1e${this.low + k}`)
      }
    }
    put(0, columns - 1 - right.length, right)
    const bars = this.bars(width * this.range)
    const scale = scaleOf(Math.max(1, ...bars.map(([misses, hits]) => misses + hits)), rows - 3)
    put(0, 0, `1:${scale}, n = ${this.n}${about}`)
    for (let height = LABEL_EVERY; rows - 2 - height >= 1; height += LABEL_EVERY) put(rows - 2 - height, 0, `${height * scale}_`)
    bars.forEach(([misses, hits], column) => {
      const [below, all] = [Math.floor(misses / scale), Math.floor((misses + hits) / scale)]
      for (let height = 0; height < all; height++) put(rows - 3 - height, column, height < below ? '#' : '|')
    })
    return grid.lines()
  }

  private bars(count: number): (readonly [misses: number, hits: number])[] {
    const sums = Array.from({ length: count }, (): [number, number] => [0, 0])
    if (count === 0) return sums
    for (let bucket = 0; bucket < this.hits.length; bucket++) {
      const sum = sums[Math.floor((bucket * count) / this.hits.length)]
      sum[0] += this.misses[bucket]
      sum[1] += this.hits[bucket]
    }
    return sums
  }

  private bucketOf(value: number): number {
    const place = Math.round(RESOLUTION * (Math.log(value) / Math.log(10)))
    return Math.max(0, Math.min(this.hits.length - 1, place - this.low * RESOLUTION))
  }

  private forget(entry: number): void {
    if (entry >= 0) this.hits[entry]--
    else this.misses[~entry]--
  }
}

/** Characters of a screen; what lies beyond it is not put anywhere. */
class Grid {
  private readonly rows: string[][]

  constructor(rows: number, columns: number) {
    this.rows = Array.from({ length: rows }, () => Array.from({ length: columns }, () => ' '))
  }

  put(row: number, column: number, text: string): void {
    const line = row < 0 ? undefined : this.rows.at(row)
    if (line === undefined) return
    for (const [i, char] of text.split('').entries()) if (column + i >= 0 && column + i < line.length) line[column + i] = char
  }

  lines(): ScreenLine[] {
    return this.rows.map((line) => ({ text: line.join('') }))
  }
}

function scaleOf(highest: number, height: number): number {
  return SCALES.find((scale) => Math.floor(highest / scale) <= Math.max(1, height)) ?? highest
}
