import type { Question } from './oracle.ts'

/** Patterns of all constructs, and subjects that have a chance to match them; the same for the same seed. */
export function questions(seed: number, count: number): Question[] {
  const make = new Maker(seed)
  return Array.from({ length: count }, () => ({ pattern: make.pattern(), subjects: Array.from({ length: 8 }, () => make.subject()) }))
}

class Maker {
  private state: number

  constructor(seed: number) {
    this.state = seed
  }

  private next(below: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.state / 2 ** 32) * below)
  }

  private one<T>(of: readonly T[]): T {
    return of[this.next(of.length)]
  }

  pattern(): string {
    const made = this.next(12) === 0 ? this.one(SETTINGS) : ''
    const flags = this.next(6) === 0 ? this.one(FLAGS) : ''
    return made + flags + this.alternatives(3)
  }

  subject(): string {
    const length = this.next(9)
    return Array.from({ length }, () => this.one(LETTERS)).join('') + (this.next(12) === 0 ? '\n' : '')
  }

  private alternatives(depth: number): string {
    return Array.from({ length: 1 + (this.next(3) === 0 ? 1 + this.next(2) : 0) }, () => this.sequence(depth)).join('|')
  }

  private sequence(depth: number): string {
    return Array.from({ length: this.next(4) + (depth === 3 ? 1 : 0) }, () => this.item(depth)).join('')
  }

  private item(depth: number): string {
    const roll = this.next(20)
    const atom =
      roll < 9 || depth === 0
        ? this.one(LETTERS_OF_PATTERNS)
        : roll < 12
          ? this.one(ESCAPES)
          : roll < 13
            ? this.byteClass()
            : this.group(depth - 1)
    if (this.next(3) > 0) return atom
    return atom + this.one(this.next(40) === 0 ? STRANGE_QUANTIFIERS : QUANTIFIERS)
  }

  private byteClass(): string {
    const members = Array.from({ length: 1 + this.next(3) }, () => this.one(MEMBERS)).join('')
    return `[${this.next(3) === 0 ? '^' : ''}${members}]`
  }

  private group(depth: number): string {
    const roll = this.next(24)
    if (roll < 9) return `(${this.alternatives(depth)})`
    if (roll < 21) return `${this.one(OPENINGS)}${this.alternatives(depth)})`
    if (roll < 22) return `${this.one(CONDITIONS)}${this.sequence(depth)}|${this.sequence(depth)})`
    return this.one(WHOLE)
  }
}

const LETTERS = ['a', 'a', 'a', 'b', 'b', 'c', 'A', 'B', '1', ' ', '-', '\n', '\r\n', '\xe9']
const LETTERS_OF_PATTERNS = ['a', 'a', 'b', 'b', 'c', '.', '.', 'A', '1', '^', '$', ' ', '-', '\\b']
const ESCAPES = [
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\h',
  '\\H',
  '\\v',
  '\\V',
  '\\R',
  '\\N',
  '\\X',
  '\\C',
  '\\A',
  '\\z',
  '\\Z',
  '\\G',
  '\\K',
  '\\b',
  '\\B',

  '\\1',
  '\\1',
  '\\2',
  '\\g1',
  '\\g{-1}',
  '\\g{2}',
  '\\k<n>',
  "\\k'n'",
  '\\k{n}',
  '(?P=n)',
  '\\10',
  '\\g{+1}',
  '\\x61',
  '\\x{62}',
  '\\o{141}',
  '\\141',
  '\\cA',

  '\\Qa.\\E',
  '\\Q*\\E',
  '\\Q\\E',
  '\\E',
  '\\p{L}',
  '\\P{Lu}',
  '\\p{^Nd}',
  '\\pL',
  '\\e',
  '\\8',
  '\\0',
  '\\-',
  '\\{',
  '\\q',
  '\\i',
]
const QUANTIFIERS = ['*', '+', '?', '*?', '+?', '??', '*+', '++', '?+', '{2}', '{1,2}', '{0,2}?', '{2,}', '{1,}+', '{,2}', '{0}']
const STRANGE_QUANTIFIERS = ['{2,1}', '{', '**', '+ ?', '{65536}', '+++']
const MEMBERS = [
  'a',
  'b-d',
  'A-C',
  '\\d',
  '\\W',
  '[:alpha:]',
  '[:^digit:]',
  '[:punct:]',
  ']',
  '^',
  '-',
  '\\-',
  '\\b',
  '\\n',
  '\\x61',
  '\\Q]a\\E',
  '\\h',
  'é'.slice(0, 1),
  '[',
  '\\p{L}',
  ' ',
  '1',
  '\\E',
]
const OPENINGS = [
  '(?:',
  '(?:',
  '(?:',
  '(?=',
  '(?!',
  '(?<=',
  '(?<!',
  '(?>',
  '(?>',
  '(?|',
  '(?i:',
  '(?s-i:',
  '(?x:',
  '(?m:',
  '(?^:',
  '(?U:',
  '(?n:',
  '(?xx:',
  '(?i)(',
  '(?J:',
  '(?-i:',

  '(?<n>',
  "(?'n'",
  '(?P<n>',
  '(?<m>',
  '(*atomic:',
  '(*pla:',
  '(*nlb:',
  '(*napla:',
  '(?*',
  '(?<*',
  '(?^i:',
]
const CONDITIONS = [
  '(?(1)',
  '(?(2)',
  '(?(<n>)',
  "(?('n')",
  '(?(n)',
  '(?(?=a)',
  '(?(?!b)',
  '(?(?<=a)',
  '(?(R)',
  '(?(R1)',
  '(?(-1)',
  '(?(+1)',
  '(?(DEFINE)',
  '(?(R&n)',
  '(?(VERSION>=10.4)',
]
const WHOLE = [
  '(?R)?',
  '(?1)',
  '(?&n)',
  '(?P>n)',
  '\\g<1>',
  '(?-1)',
  '(?+1)',
  '(?#x)',
  '(?i)',
  '(?-i)',
  '(?s)',
  '(?x)',
  '(?C)',
  '(?C1)',
  '(*ACCEPT)',
  '(*FAIL)',
  '(*F)',
  '(*:x)',
  '(*COMMIT)',
  '(*PRUNE)',
  '(*SKIP)',
  '(*SKIP)(*F)',
  '(*THEN)',
  '(*THEN:x)',
  '(?J)',
  '(?U)',
  '[[:<:]]',
]
const FLAGS = ['(?i)', '(?s)', '(?m)', '(?x)', '(?im)', '(?J)', '(?U)', '(?n)', '(?xx)', '(?^)', '(?is-i)']
const SETTINGS = [
  '(*NOTEMPTY)',
  '(*NOTEMPTY_ATSTART)',
  '(*BSR_ANYCRLF)',
  '(*LF)',
  '(*NO_JIT)',
  '(*LIMIT_MATCH=100000)',
  '(*NO_START_OPT)(*NOTEMPTY)',
]
