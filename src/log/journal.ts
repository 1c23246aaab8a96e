import type { Run, Snippet } from './encoded.ts'
import type { FieldLines } from './records.ts'
import type { HeadLines, Transaction } from './transaction.ts'

/** What a request may tell. In `ops` the tag, of what has one, stands above. */
export const OP = {
  record: 0,
  change: 1,
  run: 2,
  recall: 3,
  block: 4,
  response: 5,
  hit: 6,
  timestamp: 7,
  account: 8,
  number: 9,
  field: 10,
  counted: 11,
} as const
const TAG_SHIFT = 4
const OP_MASK = (1 << TAG_SHIFT) - 1
/** Who tells more is written as it tells it. */
const OPS_MAX = 48
/** Most texts, things and numbers of either kind that one op comes with. */
const ARGUMENTS_MAX = 4
const PRIME = 0x01000193
const NO_HEAD: HeadLines = { status: 0, reason: '', fields: { count: 0, names: [], values: [] } }

/**
 * What a request has told its transaction, and nothing of it written yet: ops in their order, and what they came with. A number that has a place of its own in the
 * records, and may be another with the next request, is `moving`; all else has to be the same for the records to be the same.
 */
export class Journal {
  readonly ops = new Int32Array(OPS_MAX)
  readonly texts: string[] = Array<string>(OPS_MAX * ARGUMENTS_MAX).fill('')
  readonly things: object[] = Array.from({ length: OPS_MAX * ARGUMENTS_MAX }, () => NO_HEAD)
  readonly fixed = new Float64Array(OPS_MAX * ARGUMENTS_MAX)
  readonly moving = new Float64Array(OPS_MAX * ARGUMENTS_MAX)
  count = 0
  text_count = 0
  thing_count = 0
  fixed_count = 0
  moving_count = 0
  /** Of what tells one request from another: the client's address, its field lines, the object, what was sent. */
  hash = 0
  /** The response, if there is one. What is compared of it are its field lines. */
  private head = NO_HEAD

  begin(): void {
    this.count = this.text_count = this.thing_count = this.fixed_count = this.moving_count = this.hash = 0
    this.head = NO_HEAD
  }

  get hasResponse(): boolean {
    return this.head !== NO_HEAD
  }

  get full(): boolean {
    return this.count === OPS_MAX
  }

  record(tag: number, text: string): void {
    this.ops[this.count++] = OP.record | (tag << TAG_SHIFT)
    this.texts[this.text_count++] = text
  }

  change(tag: number, name: string, value: string): void {
    this.ops[this.count++] = OP.change | (tag << TAG_SHIFT)
    this.texts[this.text_count++] = name
    this.texts[this.text_count++] = value
  }

  number(tag: number, value: number): void {
    this.ops[this.count++] = OP.number | (tag << TAG_SHIFT)
    this.fixed[this.fixed_count++] = value
  }

  field(tag: number, name: string, value: string): void {
    this.ops[this.count++] = OP.field | (tag << TAG_SHIFT)
    this.texts[this.text_count++] = name
    this.texts[this.text_count++] = value
  }

  counted(tag: number, name: string, text: string, value: number): void {
    this.ops[this.count++] = OP.counted | (tag << TAG_SHIFT)
    this.texts[this.text_count++] = name
    this.texts[this.text_count++] = text
    this.fixed[this.fixed_count++] = value
  }

  run(run: Run): void {
    this.ops[this.count++] = OP.run
    this.things[this.thing_count++] = run
  }

  recall(records: Snippet): void {
    this.ops[this.count++] = OP.recall
    this.things[this.thing_count++] = records
  }

  block(proto: string, lines: FieldLines, forwarded: string, key: number): void {
    this.ops[this.count++] = OP.block
    this.texts[this.text_count++] = proto
    this.texts[this.text_count++] = forwarded
    this.things[this.thing_count++] = lines
    this.fixed[this.fixed_count++] = key
    const { length } = forwarded
    if (length > 1) this.mix(forwarded.charCodeAt(length - 1) ^ (forwarded.charCodeAt(length - 2) << 8))
    this.mix(key)
  }

  response(head: HeadLines, key: number, length_bytes: number, age_s: number, trace: Run, status: string, ttl_s: number): void {
    this.ops[this.count++] = OP.response
    this.head = head
    this.things[this.thing_count++] = head.fields
    this.things[this.thing_count++] = trace
    this.texts[this.text_count++] = status
    this.fixed[this.fixed_count++] = key
    this.fixed[this.fixed_count++] = length_bytes
    this.moving[this.moving_count++] = age_s
    this.moving[this.moving_count++] = ttl_s
    this.mix(key)
  }

  hit(xid: number, ttl_s: number, grace_s: number, keep_s: number): void {
    this.ops[this.count++] = OP.hit
    this.fixed[this.fixed_count++] = xid
    this.fixed[this.fixed_count++] = grace_s
    this.fixed[this.fixed_count++] = keep_s
    this.moving[this.moving_count++] = ttl_s
  }

  timestamp(label: string, at_ms: number, sinceStart_ms: number, sinceLast_ms: number): void {
    this.ops[this.count++] = OP.timestamp
    this.texts[this.text_count++] = label
    this.moving[this.moving_count++] = at_ms
    this.moving[this.moving_count++] = sinceStart_ms
    this.moving[this.moving_count++] = sinceLast_ms
  }

  account(tag: number, head1: number, body1: number, head2: number, body2: number): void {
    this.ops[this.count++] = OP.account | (tag << TAG_SHIFT)
    this.fixed[this.fixed_count++] = head1
    this.fixed[this.fixed_count++] = body1
    this.fixed[this.fixed_count++] = head2
    this.fixed[this.fixed_count++] = body2
    this.mix(head2 ^ (body2 << 8))
  }

  private mix(value: number): void {
    this.hash = Math.imul(this.hash ^ value, PRIME)
  }

  /** Tells `transaction` all of it. `before`: what is about to be told, with the first of its texts and numbers. */
  replay(transaction: Transaction, before: (op: number, text: string, fixed: number) => void = nothing): void {
    const { ops, texts, things, fixed, moving } = this
    let [text, thing, fix, move] = [0, 0, 0, 0]
    for (let i = 0; i < this.count; i++) {
      const tag = ops[i] >> TAG_SHIFT
      before(ops[i] & OP_MASK, texts[text], fixed[fix])
      switch (ops[i] & OP_MASK) {
        case OP.record:
          transaction.record(tag, texts[text++])
          break
        case OP.change:
          transaction.change(tag, texts[text++], texts[text++])
          break
        case OP.number:
          transaction.number(tag, fixed[fix++])
          break
        case OP.field:
          transaction.field(tag, texts[text++], texts[text++])
          break
        case OP.counted:
          transaction.countedField(tag, texts[text++], texts[text++], fixed[fix++])
          break
        case OP.run:
          transaction.run(things[thing++] as Run)
          break
        case OP.recall:
          transaction.recall(things[thing++] as Snippet)
          break
        case OP.block:
          transaction.requestBlock(texts[text], things[thing++] as FieldLines, texts[text + 1], fixed[fix++])
          text += 2
          break
        case OP.response: {
          const [key, length, age, ttl] = [fixed[fix++], fixed[fix++], moving[move++], moving[move++]]
          transaction.storedResponse(this.head, key, length, age, things[thing + 1] as Run, texts[text++], ttl)
          thing += 2
          break
        }
        case OP.hit:
          transaction.hit(fixed[fix++], moving[move++], fixed[fix++], fixed[fix++])
          break
        case OP.timestamp:
          transaction.timestamp(texts[text++], moving[move++], moving[move++], moving[move++])
          break
        case OP.account:
          transaction.account(tag, fixed[fix++], fixed[fix++], fixed[fix++], fixed[fix++])
          break
      }
    }
  }
}

function nothing(): void {}
