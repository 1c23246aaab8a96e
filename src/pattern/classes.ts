import { addRange, ANY_BYTE, inverted, setOf, type ByteSet } from './bytes.ts'
import type { Anchor, RegexNode } from './tree.ts'

// What PCRE2's class names mean for bytes in the C locale.

function ranges(...bounds: readonly [string, string][]): ByteSet {
  const set = new Uint8Array(256)
  for (const [from, to] of bounds) addRange(set, from.charCodeAt(0), to.charCodeAt(0))
  return set
}

const DIGIT = ranges(['0', '9'])
export const WORD = ranges(['0', '9'], ['A', 'Z'], ['a', 'z'], ['_', '_'])
const SPACE = setOf('\t\n\x0b\f\r ')
const BLANK = setOf('\t \xa0')
const VERTICAL = setOf('\n\x0b\f\r\x85')

/** `\d`, `\W`, … by their letter; `\h` and `\v` know 0xA0 and 0x85. */
export const ESCAPE_CLASSES: Readonly<Record<string, ByteSet>> = {
  d: DIGIT,
  D: inverted(DIGIT),
  w: WORD,
  W: inverted(WORD),
  s: SPACE,
  S: inverted(SPACE),
  h: BLANK,
  H: inverted(BLANK),
  v: VERTICAL,
  V: inverted(VERTICAL),
}

/** `[:alpha:]` and the others. */
export const POSIX_CLASSES: Readonly<Record<string, ByteSet>> = {
  alnum: ranges(['0', '9'], ['A', 'Z'], ['a', 'z']),
  alpha: ranges(['A', 'Z'], ['a', 'z']),
  ascii: ranges(['\0', '\x7f']),
  blank: setOf('\t '),
  cntrl: ranges(['\0', '\x1f'], ['\x7f', '\x7f']),
  digit: DIGIT,
  graph: ranges(['!', '~']),
  lower: ranges(['a', 'z']),
  print: ranges([' ', '~']),
  punct: ranges(['!', '/'], [':', '@'], ['[', '`'], ['{', '~']),
  space: SPACE,
  upper: ranges(['A', 'Z']),
  word: WORD,
  xdigit: ranges(['0', '9'], ['A', 'F'], ['a', 'f']),
}

/** Letters that stand for one byte. */
export const ESCAPE_BYTES: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 }

/** Letters that stand for a position. */
export const ESCAPE_ANCHORS: Readonly<Record<string, Anchor>> = {
  A: 'start',
  B: 'not_word',
  G: 'match_start',
  Z: 'end_or_newline',
  b: 'word',
  z: 'end',
}

/** CR LF, or else one of the others; once taken, a CR LF is not parted. */
function orPair(others: ByteSet): RegexNode {
  const pair = { kind: 'sequence', items: ['\r', '\n'].map((c) => ({ kind: 'set', set: setOf(c) }) as const) } as const
  return { kind: 'atomic', item: { kind: 'choice', options: [pair, { kind: 'set', set: others }] } }
}

/** `\R` as (*BSR_UNICODE) has it, which is the default. */
export const LINE_END = orPair(VERTICAL)
/** `\R` after (*BSR_ANYCRLF). */
export const LINE_END_ASCII = orPair(setOf('\r\n'))
/** `\X`: of bytes, only CR and LF ever join to one grapheme. */
export const GRAPHEME = orPair(ANY_BYTE)
