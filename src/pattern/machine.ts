import { WORD } from './classes.ts'
import { OP, UNLIMITED } from './code.ts'
import { Backtracking, FEWER, LOOKED, MatchLimit, MORE, OTHERWISE, VERB, WAY } from './stack.ts'

/**
 * A backtracking matcher with PCRE2's order of ways and its captures, on a stack of its own: patterns cannot overflow anything, and the
 * number of steps is bounded.
 */
export class Machine extends Backtracking {
  private from = 0
  private at = 0

  /** The first match at or after `from`; `^` and lookbehind see what is before. Throws MatchLimit. `steps` are to be set before; what is left of them counts for the next search. */
  search(subject: string, from: number, not_empty: boolean, not_empty_at_start: boolean, depth: number): boolean {
    const { first, start } = this.program
    this.subject = subject
    this.from = from
    this.deepest = depth
    this.registers.fill(-1)
    for (let at = from; at <= subject.length; at++) {
      if (first !== undefined) {
        while (at < subject.length && first[subject.charCodeAt(at) & 0xff] === 0) at++
        if (at >= subject.length) return false
      }
      if (start === 'subject' && at > 0) return false
      if (start === 'line' && at > from && subject.charCodeAt(at - 1) !== 10) continue
      if (this.matchAt(at, not_empty || (not_empty_at_start && at === from))) return true
      if (this.next_start > at) at = this.next_start - 1
      if (start === 'from') return false
    }
    return false
  }

  /** What fails has put back all that it has set. */
  private matchAt(start: number, not_empty: boolean): boolean {
    this.registers[0] = start
    this.next_start = -1
    this.top = 0
    this.call = -1
    this.depth = 0
    this.calls.length = 0
    const end = this.run(start, not_empty)
    if (end < 0) return false
    this.registers[1] = end
    return true
  }

  /** The end of the match, or -1. */
  private run(start: number, not_empty: boolean): number {
    const { subject } = this
    const { code, sets } = this.program
    const length = subject.length
    let pc = 0
    let at = start
    for (;;) {
      if (--this.steps < 0) throw new MatchLimit('more steps than pcre2_match_limit allows')
      let ok = true
      switch (code[pc]) {
        case OP.byte:
          ok = at < length && subject.charCodeAt(at) === code[pc + 1]
          at++
          pc += 2
          break
        case OP.set:
          ok = at < length && sets[(code[pc + 1] << 8) | (subject.charCodeAt(at) & 0xff)] === 1
          at++
          pc += 2
          break
        case OP.split:
          this.push(WAY, code[pc + 1], at, 0)
          pc += 2
          break
        case OP.jump:
          pc = code[pc + 1]
          break
        case OP.mark:
          this.set(code[pc + 1], at)
          pc += 2
          break
        case OP.match:
          if (this.call >= 0 && this.calls[this.call].group === 0) pc = this.leave()
          else if (not_empty && at === this.registers[0]) ok = false
          else return at
          break
        default:
          this.at = at
          pc = code[pc] <= OP.run ? this.repeat(pc) : this.step(pc)
          at = this.at
          ok = pc >= 0
      }
      if (ok) continue
      pc = this.backtrack()
      if (pc < 0) return -1
      at = this.resumed
    }
  }

  /** A run of bytes of a set: where to go on, or -1. */
  private repeat(pc: number): number {
    const { code } = this.program
    const { at } = this
    const [op, set, min, max] = [code[pc], code[pc + 1], code[pc + 2], code[pc + 3]]
    const least = at + min
    const end = this.runEnd(set, at, op === OP.lazy ? min : max)
    if (end < least) return -1
    this.at = end
    if (op === OP.run) return pc + 4
    if (op === OP.greedy) {
      if (end > least) this.push(FEWER, pc + 5, least, end)
      return pc + 5
    }
    const most = max === UNLIMITED ? this.subject.length : Math.min(this.subject.length, at + max)
    if (most > least) this.push(MORE, pc, least, most)
    return pc + 4
  }

  /** What is rarer. */
  private step(pc: number): number {
    const { registers } = this
    const { code } = this.program
    const a = code[pc + 1]
    switch (code[pc]) {
      case OP.close:
        return this.close(pc)
      case OP.anchor:
        return this.holds(a, this.at) ? pc + 2 : -1
      case OP.backreference:
        return this.backreference(pc)
      case OP.zero:
        this.set(a, 0)
        return pc + 2
      case OP.round:
        return this.round(pc)
      case OP.next:
        return this.nextRound(pc)
      case OP.unless_empty:
        return registers[a] === this.at ? code[pc + 2] : pc + 3
      case OP.atomic:
        this.set(a, 0)
        registers[a] = this.top
        return pc + 2
      case OP.cut:
        this.cut(registers[a])
        return pc + 2
      case OP.look:
      case OP.not:
      case OP.look_end:
      case OP.not_end:
      case OP.return_to:
        return this.look(pc)
      case OP.back:
        this.at -= a
        return this.at < 0 ? -1 : pc + 2
      case OP.if_set:
        return this.isSet(pc) ? pc + 3 + code[pc + 2] : a
      case OP.if_called:
        return this.isCalled(pc) ? pc + 3 + code[pc + 2] : a
      case OP.call:
        this.enter(a, this.at, pc + 3)
        return code[pc + 2]
      case OP.accept:
        return this.accept(pc)
      case OP.branch:
        this.set(a, 0)
        registers[a] = this.top
        return pc + 2
      case OP.or_else:
      case OP.prune:
      case OP.skip:
      case OP.commit:
        this.push(VERB, pc, this.at, 0)
        return code[pc] === OP.or_else ? pc + 2 : pc + 1
      case OP.keep:
        this.set(0, this.at)
        return pc + 1
      default:
        return -1
    }
  }

  private look(pc: number): number {
    const { code } = this.program
    const { registers } = this
    const [height, position] = [code[pc + 1], code[pc + 2]]
    switch (code[pc]) {
      case OP.look:
        this.beginLook(height, position)
        this.push(LOOKED, 0, 0, 0)
        return pc + 3
      case OP.not:
        this.beginLook(height, position)
        this.push(OTHERWISE, code[pc + 3], this.at, 0)
        return pc + 4
      case OP.look_end:
        this.cut(registers[height])
        this.at = registers[position]
        return pc + 3
      case OP.not_end:
        // Of a condition that does not hold, what it captured stays.
        if (code[pc + 3] < 0) this.undo(registers[height])
        else this.cut(registers[height])
        this.at = registers[position]
        return code[pc + 3]
      default:
        this.at = registers[height]
        return pc + 2
    }
  }

  private beginLook(height: number, position: number): void {
    this.set(height, 0)
    this.set(position, this.at)
    this.registers[height] = this.top
  }

  // ---- rounds

  private round(pc: number): number {
    const { code } = this.program
    const count = this.registers[code[pc + 1]]
    if (count < code[pc + 2]) return pc + 6
    if (count >= code[pc + 3]) return code[pc + 5]
    const lazy = code[pc + 4] === 1
    this.push(WAY, lazy ? pc + 6 : code[pc + 5], this.at, 0)
    return lazy ? code[pc + 5] : pc + 6
  }

  private nextRound(pc: number): number {
    const { code } = this.program
    const count = this.registers[code[pc + 1]] + 1
    this.set(code[pc + 1], count)
    // PCRE2 has copies for what is counted, and stops at an empty round only in the last one, which repeats without end.
    const last = code[pc + 4] === UNLIMITED && count >= code[pc + 3]
    return last && this.at === this.registers[code[pc + 2]] ? pc + 6 : code[pc + 5]
  }

  // ---- groups

  private close(pc: number): number {
    const { code } = this.program
    const group = code[pc + 1]
    if (this.call >= 0 && this.calls[this.call].group === group) return this.leave()
    this.set(2 * group, this.registers[code[pc + 2]])
    this.set(2 * group + 1, this.at)
    return pc + 3
  }

  private isSet(pc: number): boolean {
    const { code } = this.program
    for (let i = 0; i < code[pc + 2]; i++) if (this.registers[2 * code[pc + 3 + i] + 1] >= 0) return true
    return false
  }

  private isCalled(pc: number): boolean {
    const { code } = this.program
    if (this.call < 0) return false
    for (let i = 0; i < code[pc + 2]; i++) if (code[pc + 3 + i] < 0 || code[pc + 3 + i] === this.calls[this.call].group) return true
    return false
  }

  /** What the first of the groups that is set matched, once more; fails when none is. */
  private backreference(pc: number): number {
    const { code } = this.program
    const { registers } = this
    for (let i = 0; i < code[pc + 2]; i++) {
      const group = code[pc + 3 + i]
      if (registers[2 * group + 1] < 0) continue
      const start = registers[2 * group]
      const width = registers[2 * group + 1] - start
      if (!this.isSame(start, this.at, width, code[pc + 1] === 1)) return -1
      this.at += width
      return pc + 3 + code[pc + 2]
    }
    return -1
  }

  private isSame(a: number, b: number, width: number, fold: boolean): boolean {
    const { subject } = this
    if (b + width > subject.length) return false
    let same = 0
    while (same < width && isSameByte(subject.charCodeAt(a + same), subject.charCodeAt(b + same), fold)) same++
    this.steps -= same >> 3
    return same === width
  }

  /** (*ACCEPT): groups that are open end here, then the call or the lookaround that it stands in, or all. */
  private accept(pc: number): number {
    const { code } = this.program
    for (let i = 0; i < code[pc + 2]; i++) {
      const group = code[pc + 3 + 2 * i]
      if (this.call >= 0 && this.calls[this.call].group === group) return this.leaveForGood()
      this.set(2 * group, this.registers[code[pc + 4 + 2 * i]])
      this.set(2 * group + 1, this.at)
    }
    return code[pc + 1] >= 0 ? code[pc + 1] : code.length - 1
  }

  // ---- positions

  private holds(anchor: number, at: number): boolean {
    const { subject } = this
    const { length } = subject
    switch (anchor) {
      case 0:
        return at === 0
      case 1:
        return at === length
      case 2:
        return at === length || (at === length - 1 && subject.charCodeAt(at) === 10)
      case 3:
        return at === 0 || (at < length && subject.charCodeAt(at - 1) === 10)
      case 4:
        return at === length || subject.charCodeAt(at) === 10
      case 5:
        return this.isEdge(at)
      case 6:
        return !this.isEdge(at)
      default:
        return at === this.from
    }
  }

  private isEdge(at: number): boolean {
    return this.isWord(at - 1) !== this.isWord(at)
  }

  private isWord(at: number): boolean {
    return at >= 0 && at < this.subject.length && WORD[this.subject.charCodeAt(at)] === 1
  }
}

function isSameByte(a: number, b: number, fold: boolean): boolean {
  return a === b || (fold && lower(a) === lower(b))
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte
}
