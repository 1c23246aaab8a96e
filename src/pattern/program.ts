import { onlyByte, type ByteSet } from './bytes.ts'
import { ANCHORS, OP, UNLIMITED, type Program } from './code.ts'
import { firstBytes, isAnchored, startsLines } from './first.ts'
import { has, type CallNode, type Condition, type LookNode, type RegexNode, type RegexTree, type RepeatNode, type Verb } from './tree.ts'
import { canBeEmpty } from './width.ts'

export function programOf({ root, groups }: RegexTree): Program {
  const writer = new Writer(groups)
  writer.write(root)
  writer.emit(OP.match)
  writer.resolveCalls()
  const start = isAnchored(root, 'start')
    ? 'subject'
    : isAnchored(root, 'match_start')
      ? 'from'
      : startsLines(root) && !has(root, ({ kind }) => kind === 'verb')
        ? 'line'
        : 'anywhere'
  const sets = new Uint8Array(writer.sets.length * 256)
  writer.sets.forEach((set, i) => sets.set(set, i * 256))
  return { code: Int32Array.from(writer.code), sets, groups, registers: writer.registers, first: firstBytes(root), start }
}

function isThen(node: RegexNode): boolean {
  return node.kind === 'verb' && node.verb === 'then'
}

interface Call {
  readonly at: number
  readonly index: number
}

class Writer {
  readonly code: number[] = []
  readonly sets: ByteSet[] = []
  registers: number
  private readonly calls: Call[] = []
  /** Where a group begins. */
  private readonly begins = new Map<number, number>([[0, 0]])
  /** Groups that are open here, and the lookaround, for (*ACCEPT). */
  private open: readonly (readonly [index: number, register: number])[] = []
  /** Of the innermost alternatives, for (*THEN). */
  private branch = -1
  private look_ends: number[] | undefined = undefined

  constructor(groups: number) {
    this.registers = 2 * (groups + 1)
  }

  emit(...words: readonly number[]): number {
    const at = this.code.length
    this.code.push(...words)
    return at
  }

  resolveCalls(): void {
    for (const { at, index } of this.calls) this.code[at] = this.begins.get(index) ?? 0
  }

  /** `follow` is what a greedy run may look for. */
  write(node: RegexNode, follow = -1): void {
    switch (node.kind) {
      case 'set':
        return this.one(node.set)
      case 'sequence':
        return node.items.forEach((item, i) => this.write(item, i + 1 < node.items.length ? this.setThatFollows(node.items[i + 1]) : -1))
      case 'choice':
        return this.choice(node.options)
      case 'repeat':
        return this.repeat(node, follow)
      case 'capture':
        return this.capture(node.index, node.item)
      case 'atomic':
        return this.atomic(node.item)
      case 'look':
        return node.negative ? void this.negative(node, -1) : this.positive(node)
      case 'anchor':
        return void this.emit(OP.anchor, ANCHORS.indexOf(node.anchor))
      case 'backreference':
        return void this.emit(OP.backreference, Number(node.fold), node.indexes.length, ...node.indexes)
      case 'condition':
        return this.condition(node.test, node.yes, node.no)
      case 'call':
        return this.call(node)
      case 'verb':
        return this.verb(node.verb)
      default:
        return void this.emit(OP.keep)
    }
  }

  private register(): number {
    return this.registers++
  }

  private set(set: ByteSet): number {
    const known = this.sets.findIndex((other) => other.every((bit, i) => bit === set[i]))
    return known >= 0 ? known : this.sets.push(set) - 1
  }

  private setThatFollows(node: RegexNode): number {
    if (node.kind === 'set') return this.set(node.set)
    if (node.kind === 'sequence' && node.items.length > 0) return this.setThatFollows(node.items[0])
    return -1
  }

  private one(set: ByteSet): void {
    const byte = onlyByte(set)
    if (byte === undefined) this.emit(OP.set, this.set(set))
    else this.emit(OP.byte, byte)
  }

  /** Fills in a place that was left open. */
  private land(at: number): void {
    this.code[at] = this.code.length
  }

  private choice(options: readonly RegexNode[], before: (i: number) => void = () => {}): void {
    const outer = this.branch
    const own = options.length > 1 && options.some((option) => has(option, isThen)) ? this.register() : -1
    if (own >= 0) this.branch = own
    this.alternatives(options, (i) => {
      if (own >= 0) this.emit(OP.branch, own)
      before(i)
    })
    this.branch = outer
  }

  private alternatives(options: readonly RegexNode[], before: (i: number) => void): void {
    const ends: number[] = []
    options.forEach((option, i) => {
      const last = i === options.length - 1
      const split = last ? -1 : this.emit(OP.split, 0) + 1
      before(i)
      this.write(option)
      if (last) return
      ends.push(this.emit(OP.jump, 0) + 1)
      this.land(split)
    })
    for (const end of ends) this.land(end)
  }

  // ---- repetition

  private repeat(node: RepeatNode, follow: number): void {
    const { item, min, lazy } = node
    const max = Math.min(node.max, UNLIMITED)
    if (item.kind === 'set') {
      if (min === max) this.emit(OP.run, this.set(item.set), min, max)
      else if (lazy) this.emit(OP.lazy, this.set(item.set), min, max)
      else this.emit(OP.greedy, this.set(item.set), min, max, follow)
    } else if (max === 0) this.skipped(item)
    else if (max === 1) this.optional(item, min, lazy)
    else if (min <= 1 && max === UNLIMITED) this.loop(item, min, lazy)
    else this.counted(item, min, max, lazy)
  }

  /** Only here to be called. */
  private skipped(item: RegexNode): void {
    const over = this.emit(OP.jump, 0) + 1
    this.write(item)
    this.land(over)
  }

  private optional(item: RegexNode, min: number, lazy: boolean): void {
    const over = min === 1 ? -1 : this.ask(lazy)
    this.write(item)
    if (over >= 0) this.land(over)
  }

  /** A choice between what follows here and a place that is left open, which is returned. */
  private ask(lazy: boolean): number {
    if (!lazy) return this.emit(OP.split, 0) + 1
    const here = this.emit(OP.split, 0, OP.jump, 0)
    this.land(here + 1)
    return here + 3
  }

  private loop(item: RegexNode, min: number, lazy: boolean): void {
    const over = min === 0 ? this.ask(lazy) : -1
    const begin = this.code.length
    const mark = canBeEmpty(item) ? this.register() : -1
    if (mark >= 0) this.emit(OP.mark, mark)
    this.write(item)
    const stop = mark >= 0 ? this.emit(OP.unless_empty, mark, 0) + 2 : -1
    if (lazy) this.emit(OP.split, begin)
    else {
      const out = this.emit(OP.split, 0, OP.jump, begin) + 1
      this.land(out)
    }
    if (stop >= 0) this.land(stop)
    if (over >= 0) this.land(over)
  }

  private counted(item: RegexNode, min: number, max: number, lazy: boolean): void {
    const [counter, mark] = [this.register(), this.register()]
    this.emit(OP.zero, counter)
    const round = this.emit(OP.round, counter, min, max, Number(lazy), 0)
    this.emit(OP.mark, mark)
    this.write(item)
    this.emit(OP.next, counter, mark, min, max, round)
    this.land(round + 5)
  }

  // ---- groups

  private capture(index: number, item: RegexNode): void {
    const begun = this.register()
    const { open } = this
    this.open = [[index, begun], ...open]
    const at = this.emit(OP.mark, begun)
    if (!this.begins.has(index)) this.begins.set(index, at)
    this.write(item)
    this.emit(OP.close, index, begun)
    this.open = open
  }

  private atomic(item: RegexNode): void {
    if (item.kind === 'repeat' && item.item.kind === 'set') {
      const max = item.lazy ? item.min : Math.min(item.max, UNLIMITED)
      return void this.emit(OP.run, this.set(item.item.set), item.min, max)
    }
    const height = this.register()
    this.emit(OP.atomic, height)
    this.write(item)
    this.emit(OP.cut, height)
  }

  private call({ index }: CallNode): void {
    // The whole once more is not re-entered, as PCRE2 does it; a group is.
    const height = index === 0 ? this.register() : -1
    if (height >= 0) this.emit(OP.atomic, height)
    const at = this.emit(OP.call, index, 0)
    this.calls.push({ at: at + 2, index })
    if (height >= 0) this.emit(OP.cut, height)
  }

  private verb(verb: Verb): void {
    if (verb === 'accept') this.accept()
    else if (verb === 'then') this.emit(OP.or_else, this.branch)
    else this.emit(OP[verb])
  }

  private accept(): void {
    const at = this.emit(OP.accept, -1, this.open.length, ...this.open.flat())
    this.look_ends?.push(at + 1)
  }

  // ---- lookaround

  private positive(node: LookNode): void {
    const [height, position] = [this.register(), this.register()]
    this.emit(OP.look, height, position)
    this.insideLook(node)
    if (node.atomic) this.emit(OP.look_end, height, position)
    else this.emit(OP.return_to, position)
  }

  /** When it matches: fails, or goes on where `matched` tells (a place in the code that is filled in later). */
  private negative(node: LookNode, matched: number): number {
    const [height, position] = [this.register(), this.register()]
    const over = this.emit(OP.not, height, position, 0) + 3
    this.insideLook(node)
    const end = this.emit(OP.not_end, height, position, matched)
    this.land(over)
    return end + 3
  }

  private insideLook(node: LookNode): void {
    const { open, look_ends, branch } = this
    this.branch = -1
    const ends: number[] = (this.look_ends = [])
    this.open = []
    if (node.behind) this.behind(node)
    else this.write(node.item)
    for (const end of ends) this.land(end)
    this.open = open
    this.look_ends = look_ends
    this.branch = branch
  }

  private behind({ options, widths }: LookNode): void {
    this.choice(options, (i) => widths[i] > 0 && this.emit(OP.back, widths[i]))
  }

  private condition(test: Condition, yes: RegexNode, no: RegexNode): void {
    const otherwise = this.test(test)
    this.write(yes)
    const end = this.emit(OP.jump, 0) + 1
    for (const place of otherwise) this.land(place)
    this.write(no)
    this.land(end)
  }

  /** Places to fill in with where it goes on when the test fails. */
  private test(test: Condition): readonly number[] {
    switch (test.kind) {
      case 'known':
        return test.value ? [] : [this.emit(OP.jump, 0) + 1]
      case 'set':
        return [this.emit(OP.if_set, 0, test.indexes.length, ...test.indexes) + 1]
      case 'called':
        return [this.emit(OP.if_called, 0, test.indexes.length, ...test.indexes) + 1]
      default:
        return test.negative ? [this.negative(test, 0)] : [this.positiveTest(test)]
    }
  }

  /** As a lookahead, but one that goes on elsewhere when it does not match. */
  private positiveTest(node: LookNode): number {
    const [height, position] = [this.register(), this.register()]
    const otherwise = this.emit(OP.not, height, position, 0) + 3
    this.insideLook(node)
    this.emit(OP.look_end, height, position)
    return otherwise
  }
}
