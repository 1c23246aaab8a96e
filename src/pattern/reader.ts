import { RegexError } from './tree.ts'

export interface Flags {
  readonly fold: boolean
  readonly dot_all: boolean
  readonly lines: boolean
  readonly extended: boolean
  /** (?xx): blanks in classes mean nothing, too. */
  readonly extended_more: boolean
  /** (?n): plain parentheses do not capture. */
  readonly no_capture: boolean
  /** (?J): names may be given twice. */
  readonly same_names: boolean
  /** (?U): quantifiers are lazy unless a ? follows. */
  readonly lazy: boolean
}

export const NO_FLAGS: Flags = {
  fold: false,
  dot_all: false,
  lines: false,
  extended: false,
  extended_more: false,
  no_capture: false,
  same_names: false,
  lazy: false,
}

export const MAX_NAME = 32
export const MAX_GROUP = 65_535

/** A pattern and how far it has been read. */
export class Reader {
  protected readonly pattern: string
  protected at = 0
  protected flags: Flags = NO_FLAGS
  /** Capturing groups opened so far; under (?|…) the highest number. */
  protected groups = 0
  /** Between \Q and \E. */
  protected quoting = false

  constructor(pattern: string) {
    this.pattern = pattern
  }

  protected take(text: string): boolean {
    if (!this.looking(text)) return false
    this.at += text.length
    return true
  }

  protected looking(text: string): boolean {
    return this.pattern.startsWith(text, this.at)
  }

  protected match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.at
    const found = sticky.exec(this.pattern) ?? undefined
    if (found !== undefined) this.at = sticky.lastIndex
    return found
  }

  /** A number of a group, relative to the groups before it when it has a sign. */
  protected groupNumber(): number | undefined {
    const start = this.at
    const found = this.match(/([+-]?)([0-9]+)/y)
    if (found === undefined) return undefined
    const [, sign, digits] = found
    const value = Number(digits)
    if (value > MAX_GROUP) this.fail('a group number that is too large', start)
    if (sign === '') return value
    if (value === 0) this.fail('group +0 or -0', start, 'relative numbers count from 1: -1 is the group before')
    const number = sign === '-' ? this.groups + 1 - value : this.groups + value
    if (number <= 0) this.fail(`there is no ${sign}${digits}th group`, start)
    return number
  }

  /** A name of a group and what ends it. */
  protected name(end: string): string {
    const start = this.at
    const name = this.match(/\w+/y)?.[0] ?? ''
    if (name === '') this.fail('the name of a group is missing', start, 'names are of letters, digits and _')
    if (/^[0-9]/.test(name)) this.fail('the name of a group begins with a digit', start)
    if (name.length > MAX_NAME) this.fail(`the name of a group is longer than ${MAX_NAME} characters`, start)
    if (!this.take(end)) this.fail(`missing ${end} behind the name of a group`)
    return name
  }

  protected comment(): boolean {
    if (!this.looking('(?#')) return false
    const end = this.pattern.indexOf(')', this.at)
    if (end < 0) this.fail('(?# comment is never closed', this.at, 'add )')
    this.at = end + 1
    return true
  }

  /** White space and #-comments under (?x). */
  protected skipExtended(): boolean {
    return this.flags.extended && this.match(/[\t\n\v\f\r \x85]+|#[^\n]*\n?/y) !== undefined
  }

  protected fail(message: string, offset = this.at, hint?: string): never {
    throw new RegexError(message, Math.max(0, Math.min(offset, this.pattern.length)), hint)
  }
}
