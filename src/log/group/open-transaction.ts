import { BACKEND, CLIENT, type LogFormat } from '../format.ts'
import { blockOf, RecordCursor, type Stretch } from '../read/record-cursor.ts'
import type { Kind, LoggedTransaction } from '../read/transaction.ts'
import { TAG } from '../tags.ts'

/** What a reader has to say of a record: a VSL record behind it. */
export interface Remark {
  readonly before: number
  readonly text: string
}

/** Longest text of a record that a reader makes itself, as in Varnish's tools. */
const TEXT_MAX = 63

/** A transaction as it is put together. */
export class OpenTransaction implements LoggedTransaction {
  readonly vxid: number
  readonly since_ms: number
  kind: Kind = 'unknown'
  reason = 'unknown'
  esi_level: number | undefined = undefined
  level = 1
  parent: OpenTransaction | undefined = undefined
  readonly children: OpenTransaction[] = []
  /** Of these, how many are complete with all that they caused. */
  children_ready = 0
  has_begun = false
  /** No children are added any more. */
  is_complete = false
  /** Words that were read. */
  taken_words = 0
  readonly records: RecordCursor
  readonly stretches: Stretch[] = []
  private readonly format: LogFormat
  /** How many of the stretches are copies of its own: they come first. */
  private own = 0

  constructor(vxid: number, since_ms: number, format: LogFormat) {
    this.vxid = vxid
    this.since_ms = since_ms
    this.format = format
    this.records = new RecordCursor(this.stretches, format)
  }

  get parent_vxid(): number {
    return this.parent?.vxid ?? 0
  }

  append(stretch: Stretch): void {
    this.stretches.push(stretch)
  }

  /** Copies what lies in memory that is about to be used again. */
  keep(): void {
    const { stretches, own } = this
    if (own === stretches.length) return
    const size = stretches.slice(own).reduce((sum, { from, to }) => sum + to - from, 0)
    const block = blockOf(new ArrayBuffer(size * 4))
    let at = 0
    for (const { block: from_block, from, to } of stretches.slice(own)) {
      block.words.set(from_block.words.subarray(from, to), at)
      at += to - from
    }
    stretches.length = own
    stretches.push({ block, from: 0, to: size })
    this.own = stretches.length
    if (this.own > STRETCHES_MAX) this.join()
  }

  /** Records of the reader's own, each before a word of the stretch that was appended last, in order of these words. */
  interleave(remarks: readonly Remark[]): void {
    const last = this.stretches.pop()
    if (last === undefined) return
    let from = last.from
    for (const { before, text } of remarks) {
      if (before > from) this.stretches.push({ block: last.block, from, to: before })
      this.add(TAG.VSL, text)
      from = before
    }
    if (last.to > from) this.stretches.push({ block: last.block, from, to: last.to })
  }

  /** A record of the reader's own, behind everything. */
  add(tag: number, text: string): void {
    this.stretches.push(this.made(tag, text))
  }

  private made(tag: number, text: string): Stretch {
    const kept = text.length > TEXT_MAX ? text.slice(0, TEXT_MAX) : text
    const length = kept.length + 1
    const { header_words } = this.format
    const size = header_words + ((length + 3) >> 2)
    const block = blockOf(new ArrayBuffer(size * 4))
    block.words[0] = (this.format.firsts[tag] | length) >>> 0
    block.words[1] = this.vxid >>> 0
    if (header_words === 3) block.words[2] = Math.floor(this.vxid / 2 ** 32)
    block.words[header_words - 1] = (block.words[header_words - 1] | SIDES[this.kind]) >>> 0
    block.bytes.write(kept, header_words * 4, 'latin1')
    return { block, from: 0, to: size }
  }

  private join(): void {
    this.own = 0
    this.keep()
  }
}

/** Copies of its own that a transaction has before they are made one. */
const STRETCHES_MAX = 64
const SIDES: Readonly<Record<Kind, number>> = { unknown: 0, sess: 0, raw: 0, req: CLIENT, bereq: BACKEND }
