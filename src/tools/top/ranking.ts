import { isFlagged, plainText } from '../../log/formats/collector.ts'
import type { RecordCursor } from '../../log/read/record-cursor.ts'
import { tagName, TAGS, type TagRow } from '../../log/tags.ts'

export interface Entry {
  readonly tag: number
  readonly name: string
  /** Latin1. */
  readonly text: string
  /** The sum of its bytes, with their signs, by which varnishtop orders what is equally frequent. */
  readonly sum: number
  count: number
}

/** More different ones are not counted: those that are rare make room. */
const ENTRIES_MAX = 100_000
const SKIPPED = new Set(Object.values<TagRow>(TAGS).flatMap((row) => (isFlagged(row) ? [row.number] : [])))
/** What is seen less often than this in the period is not kept. */
const COUNT_MIN = 0.01

/** How often records with the same tag and text were seen. */
export class Ranking {
  private readonly entries = new Map<string, Entry>()
  private readonly first_field: boolean
  private readonly entries_max: number

  /** `first_field`: -f. */
  constructor(first_field: boolean, entries_max = ENTRIES_MAX) {
    this.first_field = first_field
    this.entries_max = entries_max
  }

  get size(): number {
    return this.entries.size
  }

  add(record: RecordCursor): void {
    const { tag } = record
    if (SKIPPED.has(tag)) return
    const whole = plainText(record)
    const text = this.first_field ? firstField(whole) : whole
    if (text === '') return
    const key = `${tag} ${text}`
    const known = this.entries.get(key)
    if (known !== undefined) {
      known.count++
      return
    }
    if (this.entries.size >= this.entries_max) this.makeRoom()
    this.entries.set(key, { tag, name: tagName(tag) ?? String(tag), text, sum: sumOf(text), count: 1 })
  }

  /** The most frequent first. */
  list(): Entry[] {
    return [...this.entries.values()].toSorted(inOrder)
  }

  /** Lets `part` of every count go: of what comes no more, after some time nothing is left. */
  fade(part: number): void {
    for (const [key, entry] of this.entries) {
      entry.count -= entry.count * part
      if (entry.count < COUNT_MIN) this.entries.delete(key)
    }
  }

  /** The rarer half. */
  private makeRoom(): void {
    const kept = this.list().slice(0, this.entries_max >> 1)
    this.entries.clear()
    for (const entry of kept) this.entries.set(`${entry.tag} ${entry.text}`, entry)
  }
}

function inOrder(a: Entry, b: Entry): number {
  return b.count - a.count || a.sum - b.sum || a.tag - b.tag || a.text.length - b.text.length || (a.text < b.text ? -1 : 1)
}

function firstField(text: string): string {
  const end = text.search(/[: \t-\r]/)
  return end === -1 ? text : text.slice(0, end)
}

function sumOf(text: string): number {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum += (text.charCodeAt(i) << 24) >> 24
  return sum
}
