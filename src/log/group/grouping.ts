import type { Clock } from '../../base/clock.ts'
import type { LogFormat } from '../format.ts'
import { vxidAt } from '../read/format.ts'
import { RecordCursor, type Stretch } from '../read/record-cursor.ts'
import type { LogSource } from '../read/source.ts'
import type { Grouping } from '../read/transaction.ts'
import { TAG, tagName } from '../tags.ts'
import { type LinkText, quoted, readLink } from './link.ts'
import { OpenTransaction, type Remark } from './open-transaction.ts'

export interface GroupingLimits {
  /** -L */
  readonly incomplete_max: number
  /** -T */
  readonly timeout_ms: number
}

/** Words that all transactions together may keep, 256 MiB: beyond that the oldest is taken for complete, as beyond `incomplete_max`. */
const KEPT_WORDS_MAX = 1 << 26
/** The clock is looked at once for so many units. */
const UNITS_PER_LOOK = 64

/**
 * Puts records together to transactions, and these to groups. A group is ready when its first transaction and all that it caused are complete.
 * What is not in the records is said in VSL records, in the words of Varnish's tools.
 */
export class Transactions {
  /** Groups that are ready, oldest first. */
  readonly ready: OpenTransaction[][] = []
  private readonly grouping: Grouping
  private readonly limits: GroupingLimits
  private readonly clock: Clock
  private readonly format: LogFormat
  private readonly all = new Map<number, OpenTransaction>()
  /** Oldest first. */
  private readonly incomplete = new Map<number, OpenTransaction>()
  /** Those with a stretch in the memory that the source will use again. */
  private readonly borrowing = new Set<OpenTransaction>()
  private kept_words = 0
  private units = 0
  /** For looking at a unit that has just come. */
  private readonly scanned: Stretch[] = []
  private readonly scanner: RecordCursor
  private remarks: Remark[] = []

  constructor(grouping: Grouping, limits: GroupingLimits, format: LogFormat, clock: Clock) {
    this.grouping = grouping
    this.limits = limits
    this.format = format
    this.clock = clock
    this.scanner = new RecordCursor(this.scanned, format)
  }

  /** Takes the unit that the source stands on. */
  take({ block, from, to }: LogSource): void {
    if (from >= to) return
    const vxid = vxidAt(block.words, from, this.format)
    // What belongs to no transaction is seen record by record only.
    if (vxid === 0) return
    const stretch = { block, from, to }
    let transaction = this.all.get(vxid)
    if (transaction === undefined) {
      if (this.format.tags[block.words[from] >>> 24] !== TAG.Begin || this.isOutside(stretch)) return
      transaction = this.add(vxid)
    }
    transaction.append(stretch)
    transaction.taken_words += to - from
    this.kept_words += to - from
    this.borrowing.add(transaction)
    this.scan(transaction, stretch)
  }

  /** Takes for complete what has been open for too long, or is too much. */
  limit(): void {
    if (this.limits.timeout_ms === 0 || this.units++ % UNITS_PER_LOOK === 0) this.timeout()
    // What is ready counts, too, until it is handed out: varnishlog does that behind this look, or when one was taken for complete.
    let waiting = this.ready.length === 0 ? 0 : this.ready.reduce((sum, group) => sum + group.length, 0)
    while (this.all.size + waiting > this.limits.incomplete_max || this.kept_words > KEPT_WORDS_MAX) {
      if (!this.forceOldest('store overflow')) return
      waiting = 0
    }
  }

  timeout(): void {
    this.clock.refresh()
    const due_ms = this.clock.mono_ms - this.limits.timeout_ms
    for (const transaction of this.incomplete.values()) {
      if (transaction.since_ms > due_ms) return
      this.force(transaction, 'timeout')
    }
  }

  /** Takes everything for complete. */
  flush(): void {
    while (this.forceOldest('flush'));
  }

  /** What is not complete yet is copied: the memory it lies in is used again. */
  keep(): void {
    for (const transaction of this.borrowing) transaction.keep()
    this.borrowing.clear()
  }

  /** What cannot be in a group of requests is not looked at: it would only be kept until it ends. */
  private isOutside(stretch: Stretch): boolean {
    if (this.grouping !== 'request') return false
    this.scanned[0] = stretch
    this.scanner.rewind()
    const kind = this.scanner.next() ? readLink(this.scanner.text)?.kind : undefined
    return kind !== 'req' && kind !== 'bereq'
  }

  private add(vxid: number): OpenTransaction {
    const transaction = new OpenTransaction(vxid, this.clock.mono_ms, this.format)
    this.all.set(vxid, transaction)
    this.incomplete.set(vxid, transaction)
    return transaction
  }

  /** Begin, Link and End of what has just come. */
  private scan(transaction: OpenTransaction, stretch: Stretch): void {
    const { scanner, scanned } = this
    scanned[0] = stretch
    scanner.rewind()
    this.remarks = []
    while (!transaction.is_complete && scanner.next()) {
      const { tag } = scanner
      if (scanner.vxid !== transaction.vxid) this.remark('vxid mismatch')
      else if (tag === TAG.Begin) this.begin(transaction)
      else if (tag === TAG.Link) this.link(transaction)
      else if (tag === TAG.End) this.end(transaction)
    }
    if (this.remarks.length > 0) transaction.interleave(this.remarks)
  }

  private remark(reason: string): void {
    this.say(`${reason} ${quoted(this.scanner, tagName(this.scanner.tag))}`)
  }

  private say(text: string): void {
    this.remarks.push({ before: this.scanner.follow, text })
  }

  private begin(transaction: OpenTransaction): void {
    if (transaction.has_begun) return this.remark('duplicate begin')
    transaction.has_begun = true
    const link = readLink(this.scanner.text)
    if (link === undefined) return this.remark('parse error')
    if (link.kind === 'unknown') this.remark('unknown vxid type')
    if (transaction.kind !== 'unknown' && transaction.kind !== link.kind) this.remark('type mismatch')
    transaction.kind = link.kind
    transaction.reason = link.reason
    transaction.esi_level = link.esi_level
    if (link.vxid === 0) return
    if (link.vxid === transaction.vxid) return this.remark('link to self')
    if (!this.isLinked(transaction, link.reason)) return
    this.adopt(transaction, link.vxid)
  }

  /** Does it belong into a group with the transaction that caused it? */
  private isLinked(transaction: OpenTransaction, reason: string): boolean {
    if (this.grouping === 'vxid') return false
    return this.grouping !== 'request' || transaction.kind !== 'req' || reason !== 'rxreq'
  }

  private adopt(child: OpenTransaction, parent_vxid: number): void {
    if (child.parent !== undefined) {
      if (child.parent.vxid !== parent_vxid) this.remark('link mismatch')
      return
    }
    const parent = this.all.get(parent_vxid) ?? this.add(parent_vxid)
    if (parent.is_complete) return this.remark('link too late')
    this.join(parent, child)
  }

  private link(transaction: OpenTransaction): void {
    const link = readLink(this.scanner.text)
    if (link === undefined) return this.remark('parse error')
    if (link.kind === 'unknown') this.remark('unknown vxid type')
    if (this.grouping === 'vxid' || (this.grouping === 'request' && transaction.kind === 'sess')) return
    if (link.vxid === 0) return this.remark('illegal link vxid')
    if (link.vxid === transaction.vxid) return this.remark('link to self')
    this.linkTo(transaction, link)
  }

  private linkTo(transaction: OpenTransaction, link: LinkText): void {
    const child = this.all.get(link.vxid) ?? this.add(link.vxid)
    if (child.parent === transaction) return
    if (child.parent !== undefined) return this.remark('duplicate link')
    if (child.is_complete) return this.remark('link too late')
    if (child.kind !== 'unknown' && child.kind !== link.kind) this.remark('type mismatch')
    child.kind = link.kind
    child.reason = link.reason
    child.esi_level = link.esi_level
    this.join(transaction, child)
  }

  /** Records that lie could make a circle of what caused what. */
  private join(parent: OpenTransaction, child: OpenTransaction): void {
    for (let above: OpenTransaction | undefined = parent; above !== undefined; above = above.parent) {
      if (above === child) return this.remark('link to self')
    }
    child.parent = parent
    parent.children.push(child)
  }

  private end(transaction: OpenTransaction): void {
    if (transaction.kind === 'unknown') this.say(UNKNOWN)
    this.complete(transaction)
  }

  private complete(transaction: OpenTransaction): void {
    transaction.is_complete = true
    this.incomplete.delete(transaction.vxid)
    let at = transaction
    while (at.is_complete && at.children.length === at.children_ready) {
      if (at.parent === undefined) return this.release(at)
      at = at.parent
      at.children_ready++
    }
  }

  /** The group of which this is the first is ready: nothing of it is known any more. */
  private release(first: OpenTransaction): void {
    const group = groupOf(first)
    for (const transaction of group) {
      this.all.delete(transaction.vxid)
      this.borrowing.delete(transaction)
      this.kept_words -= transaction.taken_words
    }
    this.ready.push(group)
  }

  private forceOldest(reason: string): boolean {
    const [oldest] = this.incomplete.values()
    if (oldest === undefined) return false
    this.force(oldest, reason)
    return true
  }

  /** As Varnish's tools do it, record by record. */
  private force(transaction: OpenTransaction, reason: string): void {
    const { kind, has_begun } = transaction
    const begin = `${kind} 0 synth`
    if (!has_begun) transaction.add(TAG.Begin, begin)
    transaction.add(TAG.VSL, reason)
    transaction.add(TAG.End, 'synth')
    if (!has_begun) transaction.reason = 'synth'
    if (!has_begun && kind === 'unknown') transaction.add(TAG.VSL, `unknown vxid type (${transaction.vxid}:Begin "${begin}")`)
    if (kind === 'unknown') transaction.add(TAG.VSL, UNKNOWN)
    transaction.has_begun = true
    this.complete(transaction)
  }
}

const UNKNOWN = 'vtx of unknown type marked complete'

/** A transaction and what it caused, level by level: each before those that it caused. */
function groupOf(first: OpenTransaction): OpenTransaction[] {
  const group = [first]
  first.level = 1
  for (const transaction of group) {
    for (const child of transaction.children) {
      // What rules restart stays on its level.
      child.level = child.reason === 'restart' ? transaction.level : transaction.level + 1
      group.push(child)
    }
  }
  return group
}
