import { LEVELS, type Level } from '../../counters/read/doc.ts'
import type { ScreenLine, ScreenSize } from '../screen/screen.ts'
import { type CellOptions, duration, headText, layout, rowText } from './cells.ts'
import type { Row, Samples } from './samples.ts'

/** What the keys of the screen change. Keys are varnishstat's. */

const STATUS_LINES = 3
const INFO_LINES = 3
const OTHER_LINES = STATUS_LINES + INFO_LINES + 2
const INTERVAL_STEP_S = 0.1

export const HELP: readonly (readonly [keys: string, about: string])[] = [
  ['h', 'Show this, or no longer'],
  ['UP, k / DOWN, j', 'A line up or down'],
  ['PAGEUP, b, CTRL-B / PAGEDOWN, SPACE, CTRL-F', 'A page up or down'],
  ['HOME, g / END, G', 'To the first, to the last'],
  ['d', 'Show counters that have always been 0, or no longer'],
  ['r', 'Show gauges as they are: one that was counted down too early is near 2^64'],
  ['e', 'Show large numbers in full, or no longer'],
  ['v / V', 'Show more, or fewer: INFO is for operators, DIAG for who looks for a fault, DEBUG for developers'],
  ['+ / -', 'Look less often, or more often'],
  ['CTRL-T', 'Look now'],
  ['q', 'Quit'],
]

export class StatView {
  interval_s = 1
  raw: boolean
  private selected = 0
  private first = 0
  private level = 0
  private is_help = false
  private has_unseen = false
  private scale = true
  private readonly samples: Samples

  constructor(samples: Samples, raw: boolean) {
    this.samples = samples
    this.raw = raw
  }

  /** `quit`, `sample` (look now), or undefined. */
  key(key: string, { rows }: ScreenSize): 'quit' | 'sample' | undefined {
    const page = Math.max(1, rows - OTHER_LINES)
    const moves: Readonly<Record<string, number>> = {
      up: -1,
      k: -1,
      down: 1,
      j: 1,
      pageup: -page,
      b: -page,
      'ctrl-b': -page,
      pagedown: page,
      ' ': page,
      'ctrl-f': page,
      home: -Infinity,
      g: -Infinity,
      end: Infinity,
      G: Infinity,
    }
    if (Object.hasOwn(moves, key)) this.move(moves[key])
    else if (key === 'q' || key === 'Q') return 'quit'
    else if (key === 'ctrl-t') return 'sample'
    else this.toggle(key)
    return undefined
  }

  /** Of that level, and not always 0, unless those are asked for. */
  private visible(): Row[] {
    return this.samples.rows.filter(({ point, is_seen }) => (is_seen || this.has_unseen) && LEVELS.indexOf(point.doc.level) <= this.level)
  }

  lines({ rows, columns }: ScreenSize): ScreenLine[] {
    if (this.is_help) return [...this.status(columns), ...helpLines()].slice(0, rows)
    const visible = this.visible()
    const page = Math.max(1, rows - OTHER_LINES)
    this.selected = Math.max(0, Math.min(this.selected, visible.length - 1))
    this.first = Math.max(0, Math.min(this.first, this.selected, visible.length - page))
    if (this.selected >= this.first + page) this.first = this.selected - page + 1
    const place = layout(columns)
    const options: CellOptions = { raw: this.raw, scale: this.scale }
    const shown = visible.slice(this.first, this.first + page)
    return [
      ...this.status(columns),
      { text: headText(place, this.first > 0), style: 'bar' },
      ...shown.map((row, i): ScreenLine => ({
        text: rowText(row, place, options),
        ...(this.first + i === this.selected ? { style: 'bold' as const } : {}),
      })),
      ...Array.from({ length: page - shown.length }, () => ({ text: '' })),
      { text: this.bar(visible, shown.length, columns), style: 'bar' },
      ...info(visible.at(this.selected), columns),
    ]
  }

  private move(by: number): void {
    const last = Math.max(0, this.visible().length - 1)
    this.selected = Math.max(0, Math.min(last, this.selected + by))
  }

  private toggle(key: string): void {
    const level_max = LEVELS.length - 1
    if (key === 'h') this.is_help = !this.is_help
    else if (key === 'd') this.has_unseen = !this.has_unseen
    else if (key === 'r') this.raw = !this.raw
    else if (key === 'e') this.scale = !this.scale
    else if (key === 'v') this.level = Math.min(level_max, this.level + 1)
    else if (key === 'V') this.level = Math.max(0, this.level - 1)
    else if (key === '+') this.interval_s += INTERVAL_STEP_S
    else if (key === '-') this.interval_s = Math.max(INTERVAL_STEP_S, this.interval_s - INTERVAL_STEP_S)
  }

  private status(columns: number): ScreenLine[] {
    const { hitrate, uptimes } = this.samples
    const [n, average] = [
      hitrate.map(({ n: count }) => String(count).padStart(8)),
      hitrate.map(({ value }) => value.toFixed(4).padStart(8)),
    ]
    const left = [`Uptime mgt:   ${running(uptimes.manager_s)}`, `Uptime child: ${running(uptimes.child_s)}`]
    const right = [`Hitrate n: ${n.join(' ')}`, `   avg(n): ${average.join(' ')}`]
    const both = left.map((text, i) => (columns > 70 ? text.padEnd(columns - 37) + right[i] : text))
    return [...both, 'Press <h> to toggle help screen'].map((text) => ({ text }))
  }

  private bar(visible: readonly Row[], shown: number, columns: number): string {
    const is_more = this.first + shown < visible.length
    const left = `${is_more ? 'vvv' : '   '} ${visible.at(this.selected)?.point.name ?? ''}`
    const level: Level = LEVELS[this.level]
    const range = visible.length === 0 ? '0/0' : `${this.first + 1}-${this.first + shown}/${visible.length}`
    const refresh = this.interval_s === 1 ? '' : `EVERY ${this.interval_s.toFixed(1)} s  `
    const right = `${refresh}${this.raw ? 'RAW  ' : ''}${this.has_unseen ? 'UNSEEN  ' : ''}${level.toUpperCase()}  ${range}`
    return `${left.slice(0, Math.max(0, columns - right.length - 1)).padEnd(columns - right.length)}${right}`
  }
}

function running(uptime_s: bigint | undefined): string {
  return uptime_s === undefined ? '(Not running)' : duration(uptime_s)
}

function helpLines(): ScreenLine[] {
  return [{ text: '' }, ...HELP.flatMap(([keys, about]) => [{ text: keys, style: 'bold' as const }, { text: `    ${about}` }])]
}

const INDENT = 8

function info(row: Row | undefined, columns: number): ScreenLine[] {
  if (row === undefined) return []
  const { oneliner, docs } = row.point.doc
  const width = Math.max(1, columns - INDENT)
  const text = docs.replaceAll(/\s+/g, ' ').trim()
  const lines = [text.slice(0, width), text.slice(width, 2 * width)]
  return [{ text: `${oneliner}:` }, ...lines.map((line) => ({ text: ' '.repeat(INDENT) + line.trimStart() }))]
}
