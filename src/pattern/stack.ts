import { OP, UNLIMITED, type Program } from './code.ts'

/** Why a match was given up. */
export class MatchLimit extends Error {
  override readonly name = 'MatchLimit'
}

/** What is on the stack, four words each: ways not taken, and what to put back on the way to them. */
export const WAY = 0 // place, position
const REGISTER = 1 // register, value
export const FEWER = 2 // place, least position, position: a greedy run gives back
export const MORE = 3 // instruction, position, most position: a lazy run takes more
/** Of a lookaround that does not fail, but goes on elsewhere: what (*COMMIT) and the like end at. */
/** Of a lookaround that fails: what (*THEN) ends at. */
export const LOOKED = 8
export const OTHERWISE = 6 // place, position
/** (*THEN) and the like: where it is in the code, position. */
export const VERB = 7
const RETURNED = 4 // call
const CALLED = 5 // call, number of calls

/** Words of the stack, beyond which a match is given up: 64 MiB. */
const STACK_MAX = 1 << 24

/** Shared by all programs of a thread: one match at a time. */
let stack = new Int32Array(4096)

interface Call {
  readonly group: number
  readonly at: number
  readonly back_to: number
  /** Of the stack, when it was made. */
  readonly height: number
  /** The call that this one was made in. */
  readonly outer: number
  readonly registers: Int32Array
}

/** What a match has set, and the ways that it has not taken: the stack of a backtracking matcher. */
export class Backtracking {
  /** Start and end of each group of the last match; -1 when it took no part. Those of instructions follow. */
  readonly registers: Int32Array
  /** Steps left. */
  steps = 0
  protected readonly program: Program
  protected subject = ''
  protected top = 0
  /** The call that goes on, or -1. */
  protected call = -1
  protected readonly calls: Call[] = []
  protected depth = 0
  protected deepest = 0
  /** Where a verb wants the search to begin next. */
  protected next_start = -1
  /** Where `backtrack` goes on. */
  protected resumed = 0

  constructor(program: Program) {
    this.program = program
    this.registers = new Int32Array(program.registers)
  }

  /** To the last way not taken: its place; -1 when there is none. */
  protected backtrack(): number {
    const { registers } = this
    while (this.top > 0) {
      this.top -= 4
      const top = this.top
      const a = stack[top + 1]
      switch (stack[top]) {
        case VERB:
          if (!this.trigger(a, stack[top + 2])) return -1
          break
        case OTHERWISE:
        case WAY:
          this.resumed = stack[top + 2]
          return a
        case REGISTER:
          registers[a] = stack[top + 2]
          break
        case FEWER:
          if (this.fewer(top)) return a
          break
        case MORE:
          if (this.more(top)) return a + 4
          break
        case CALLED:
          this.calls.length = stack[top + 2]
          this.call = a
          this.depth--
          break
        case RETURNED:
          this.call = a
          this.depth++
          break
        default:
      }
    }
    return -1
  }

  /** Backtracking came to a verb: false when that is the end of this start. */
  private trigger(pc: number, at: number): boolean {
    const { code } = this.program
    const branch = code[pc] === OP.or_else ? code[pc + 1] : -1
    if (this.fellThrough(branch < 0 ? -1 : this.registers[branch], code[pc] === OP.or_else)) return true
    if (code[pc] === OP.commit) this.next_start = Infinity
    else if (code[pc] === OP.skip) this.next_start = at
    return false
  }

  /** Puts back everything down to this height, or to what no verb reaches beyond: the call, or the lookaround, that it stands in. */
  private fellThrough(height: number, is_then: boolean): boolean {
    let calls = 0
    while (this.top > Math.max(height, 0)) {
      const kind = stack[this.top - 4]
      if (kind === OTHERWISE || (kind === LOOKED && is_then) || (kind === CALLED && calls === 0)) return true
      if (kind === RETURNED) calls++
      else if (kind === CALLED) calls--
      this.undo(this.top - 4)
    }
    return height >= 0
  }

  /** A greedy run gives back one byte, or as many as there are until what follows is found. */
  private fewer(top: number): boolean {
    const { code, sets } = this.program
    const least = stack[top + 2]
    const follow = code[stack[top + 1] - 1]
    let at = stack[top + 3] - 1
    if (follow >= 0) {
      const before = at
      while (at >= least && sets[(follow << 8) | (this.subject.charCodeAt(at) & 0xff)] === 0) at--
      this.steps -= (before - at) >> 3
      if (at < least) return false
    }
    this.resumed = at
    if (at > least) {
      stack[top + 3] = at
      this.top += 4
    }
    return true
  }

  private more(top: number): boolean {
    const at = stack[top + 2]
    const set = this.program.code[stack[top + 1] + 1]
    if (this.program.sets[(set << 8) | (this.subject.charCodeAt(at) & 0xff)] === 0) return false
    this.resumed = at + 1
    if (at + 1 < stack[top + 3]) {
      stack[top + 2] = at + 1
      this.top += 4
    }
    return true
  }

  protected push(kind: number, a: number, b: number, c: number): void {
    const { top } = this
    if (top + 4 > stack.length) grow()
    stack[top] = kind
    stack[top + 1] = a
    stack[top + 2] = b
    stack[top + 3] = c
    this.top = top + 4
  }

  protected set(register: number, value: number): void {
    this.push(REGISTER, register, this.registers[register], 0)
    this.registers[register] = value
  }

  /** Forgets the ways not taken above; what is to be put back stays. */
  protected cut(height: number): void {
    let kept = height
    for (let from = height; from < this.top; from += 4) {
      const kind = stack[from]
      if (kind !== REGISTER && kind !== RETURNED && kind !== CALLED) continue
      if (kept !== from) stack.copyWithin(kept, from, from + 4)
      kept += 4
    }
    this.steps -= (this.top - height) >> 4
    this.top = kept
  }

  /** Puts back everything above. */
  protected undo(height: number): void {
    const { registers } = this
    while (this.top > height) {
      this.top -= 4
      const a = stack[this.top + 1]
      const kind = stack[this.top]
      if (kind === REGISTER) registers[a] = stack[this.top + 2]
      else if (kind === CALLED || kind === RETURNED) {
        this.call = a
        this.depth += kind === CALLED ? -1 : 1
      }
    }
  }

  /** Where a run of bytes of the set ends. */
  protected runEnd(set: number, from: number, max: number): number {
    const { subject } = this
    const { sets } = this.program
    const most = max === UNLIMITED ? subject.length : Math.min(subject.length, from + max)
    let at = from
    while (at < most && sets[(set << 8) | (subject.charCodeAt(at) & 0xff)] === 1) at++
    this.steps -= (at - from) >> 3
    return at
  }

  protected enter(group: number, at: number, back_to: number): void {
    for (let call = this.call; call >= 0; call = this.calls[call].outer) {
      if (this.calls[call].group !== group) continue
      if (this.calls[call].at === at) throw new MatchLimit('recursion without end')
      break
    }
    if (++this.depth > this.deepest) throw new MatchLimit('calls deeper than pcre2_depth_limit')
    this.push(CALLED, this.call, this.calls.length, 0)
    this.steps -= this.registers.length >> 3
    this.calls.push({ group, at, back_to, height: this.top, outer: this.call, registers: this.registers.slice() })
    this.call = this.calls.length - 1
  }

  /** Out of a call: groups are again what they were before it, but \K stays. */
  protected leave(): number {
    const { back_to, outer, registers } = this.calls[this.call]
    for (let i = 1; i < registers.length; i++) if (registers[i] !== this.registers[i]) this.set(i, registers[i])
    this.push(RETURNED, this.call, 0, 0)
    this.call = outer
    this.depth--
    return back_to
  }

  /** As PCRE2 does it, a call that (*ACCEPT) ends is not re-entered. */
  protected leaveForGood(): number {
    this.cut(this.calls[this.call].height)
    return this.leave()
  }
}

function grow(): void {
  if (stack.length >= STACK_MAX) throw new MatchLimit('more memory than a match may take')
  const larger = new Int32Array(stack.length * 2)
  larger.set(stack)
  stack = larger
}
