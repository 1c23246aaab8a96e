import { digitsOf, NO_NUMBER } from '../base/digits.ts'
import type { Run, Snippet } from './encoded.ts'
import { type Journal, OP } from './journal.ts'
import type { Preamble } from './preamble.ts'
import { type FieldLines, NUMBERS_BYTES } from './records.ts'
import { BATCH } from './ring.ts'
import { TAG } from './tags.ts'
import { FORM, type Places, Template, widthIn } from './template.ts'
import { type HeadLines, Transaction } from './transaction.ts'
import { TALLY } from './tally.ts'

/** The records of longer ones are not kept. */
const TEMPLATE_BYTES_MAX = 4096

/** What was told, where its records began, and the first text and number that it came with. */
interface Told {
  readonly op: number
  readonly text: string
  readonly number: number
  readonly start: number
}

/**
 * A transaction that, if it is a request's, notes what it is told and writes nothing yet: most hits tell what another told before, but for a few numbers. At the
 * end the whole is compared with that, and where it is the same the words of then are written, with these numbers. Where it is not, or as soon as something
 * happens for which there is no place in a journal, all is told again, and written as if it had never been noted.
 */
export class JournaledTransaction extends Transaction {
  /** The writer's, while nothing is written. */
  private journal: Journal | undefined = undefined
  private preamble: Preamble | undefined = undefined

  override receive(session: number, at_ms: number, rules: string, peer: string, method: string): void {
    this.writer.unfold()
    super.receive(session, at_ms, rules, peer, method)
  }

  protected override beginAs(preamble: Preamble, at_ms: number): void {
    const { writer } = this
    if (this.eager || this.text_max !== writer.text_max || !writer.templates.ask()) return super.beginAs(preamble, at_ms)
    this.journal = writer.journal
    this.journal.begin()
    this.preamble = preamble
    preamble.put(this.id, this.xid, at_ms)
    writer.journaling = this
  }

  override record(tag: number, text: string): void {
    const journal = this.notes()
    if (journal === undefined) super.record(tag, text)
    else if (this.mask[tag] === 0) journal.record(tag, text)
  }

  override change(tag: number, name: string, value: string): void {
    const journal = this.notes()
    if (journal === undefined) super.change(tag, name, value)
    else if (this.mask[tag] === 0) journal.change(tag, name, value)
  }

  override number(tag: number, value: number): void {
    const journal = this.notes()
    if (journal === undefined) super.number(tag, value)
    else if (this.mask[tag] === 0) journal.number(tag, value)
  }

  override field(tag: number, name: string, value: string): void {
    const journal = this.notes()
    if (journal === undefined) super.field(tag, name, value)
    else if (this.mask[tag] === 0) journal.field(tag, name, value)
  }

  override countedField(tag: number, name: string, text: string, value: number): void {
    const journal = this.notes()
    if (journal === undefined) super.countedField(tag, name, text, value)
    else if (this.mask[tag] === 0) journal.counted(tag, name, text, value)
  }

  /** Who comes with lines that are not known to come again, or with a head made for it, tells something else each time. */
  override fields(tag: number, lines: FieldLines): void {
    this.unfold()
    super.fields(tag, lines)
  }

  override run(run: Run): void {
    const journal = this.notes()
    if (journal === undefined) super.run(run)
    else journal.run(run)
  }

  override recall(records: Snippet): void {
    const journal = this.notes()
    if (journal === undefined) super.recall(records)
    else journal.recall(records)
  }

  override requestBlock(proto: string, lines: FieldLines, forwarded: string, key: number): void {
    const journal = this.notes()
    if (journal === undefined) super.requestBlock(proto, lines, forwarded, key)
    else journal.block(proto, lines, forwarded, key)
  }

  override storedResponse(
    head: HeadLines,
    key: number,
    length_bytes: number,
    age_s: number,
    trace: Run,
    status = '',
    ttl_s = NO_NUMBER,
  ): void {
    if (this.journal?.hasResponse === true) this.unfold()
    const journal = this.notes()
    if (journal === undefined) super.storedResponse(head, key, length_bytes, age_s, trace, status, ttl_s)
    else if (this.mask[TAG.RespHeader] === 0) journal.response(head, key, length_bytes, age_s, trace, status, ttl_s)
    // Numbers that nobody sees are not to make a difference.
    else journal.response(head, key, -1, -1, trace, '', NO_NUMBER)
  }

  override timestamp(label: string, at_ms: number, sinceStart_ms: number, sinceLast_ms: number): void {
    const journal = this.notes()
    if (journal === undefined) super.timestamp(label, at_ms, sinceStart_ms, sinceLast_ms)
    else if (this.mask[TAG.Timestamp] === 0) journal.timestamp(label, at_ms, sinceStart_ms, sinceLast_ms)
  }

  override hit(objectXid: number, ttl_s: number, grace_s: number, keep_s: number): void {
    const journal = this.notes()
    if (journal === undefined) super.hit(objectXid, ttl_s, grace_s, keep_s)
    else if (this.mask[TAG.Hit] === 0) journal.hit(objectXid, ttl_s, grace_s, keep_s)
  }

  override account(tag: number, head1: number, body1: number, head2: number, body2: number): void {
    const journal = this.notes()
    if (journal === undefined) super.account(tag, head1, body1, head2, body2)
    else if (this.mask[tag] === 0) journal.account(tag, head1, body1, head2, body2)
  }

  override park(): void {
    this.unfold()
    super.park()
  }

  override end(): void {
    const { journal, preamble } = this
    if (journal === undefined || preamble === undefined) return super.end()
    const { templates } = this.writer
    const template = templates.find(journal)
    if (template !== undefined && this.isOneBatch(preamble, template)) return this.endBy(preamble, template)
    if (template === undefined && templates.isDue(journal)) return this.endLearning(journal, preamble)
    this.unfold()
    super.end()
  }

  /** Writes what has been told. What follows is written as it is told. */
  override unfold(): void {
    const { journal, preamble } = this
    if (journal === undefined || preamble === undefined) return
    this.letGo()
    this.copyPreamble(preamble)
    journal.replay(this)
  }

  /** The journal to be told, if there is one. */
  private notes(): Journal | undefined {
    const { journal } = this
    if (journal === undefined || !journal.full) return journal
    this.unfold()
    return undefined
  }

  private letGo(): void {
    this.journal = this.preamble = this.writer.journaling = undefined
  }

  /** Does it fit the buffer that it would be written to, wherever that is looked at? */
  private isOneBatch(preamble: Preamble, { words }: Template): boolean {
    return (preamble.words.length + words.length) * 4 + NUMBERS_BYTES + this.text_max <= this.writer.buffer_bytes
  }

  private endBy(preamble: Preamble, { words, ids }: Template): void {
    const { writer, id, last } = this
    this.letGo()
    const { batch_word, words: before } = preamble
    before[batch_word] = BATCH
    before[batch_word + last] = 0
    before[batch_word + 1] = (before.length - batch_word - this.header_words + words.length) * 4
    writer.tally[TALLY.records] += preamble.records + ids.length
    writer.writeTwo(before, words, ids, id, preamble.first)
    this.open = false
    writer.giveTransaction(this)
  }

  private endLearning(journal: Journal, preamble: Preamble): void {
    this.letGo()
    this.copyPreamble(preamble)
    const from = this.mark()
    const told: Told[] = []
    journal.replay(this, (op, text, number) => told.push({ op, text, number, start: this.at - from.at }))
    this.record(TAG.End, '')
    const records = this.since(from, TEMPLATE_BYTES_MAX)
    const places = this.placesOf(told, journal.moving)
    this.writer.templates.learn(journal, records === undefined ? undefined : Template.of(journal, records, places))
    this.close()
  }

  private placesOf(told: readonly Told[], moving: Float64Array): Places {
    const places: Places = { forms: [], at: [] }
    const put = (form: number, at: number): number => {
      places.at.push(at)
      return at + widthIn(form, moving[places.forms.push(form) - 1])
    }
    for (const { op, text, number, start } of told) {
      const at = start + this.header_bytes
      if (op === OP.hit) put(FORM.seconds, at + digitsOf(number) + 1)
      if (op === OP.timestamp) put(FORM.milliseconds, put(FORM.milliseconds, put(FORM.wall, at + text.length + 2) + 1) + 1)
      if (op === OP.response) {
        const { age_at, ttl_at } = this.writer.encoded.response(number)
        put(age_at === 0 ? FORM.none : FORM.digits, start + age_at)
        put(ttl_at === 0 ? FORM.none : FORM.digits, start + ttl_at)
      }
    }
    return places
  }
}
