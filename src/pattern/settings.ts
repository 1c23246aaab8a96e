import { RegexError, type RegexNode } from './tree.ts'
import { LINE_END, LINE_END_ASCII } from './classes.ts'

/** What (*NAME)s before a pattern say. */
export interface Settings {
  /** Where the pattern itself begins. */
  readonly at: number
  readonly limit: number
  readonly not_empty: 'never' | 'always' | 'at_start'
  readonly line_end: RegexNode
}

const SETTING = /\(\*([A-Z_]+8?)(?:=([0-9]+))?\)/y

/** Those that change how PCRE2 works, but not what matches. */
const WITHOUT_MEANING = [
  'LF',
  'BSR_UNICODE',
  'NO_JIT',
  'NO_START_OPT',
  'NO_AUTO_POSSESS',
  'NO_DOTSTAR_ANCHOR',
  'LIMIT_DEPTH',
  'LIMIT_RECURSION',
  'LIMIT_HEAP',
]
const BYTES = 'patterns match bytes: write the bytes of a character of UTF-8, é is \\xc3\\xa9'
/** Those that would make it another language. */
const REFUSED: Readonly<Record<string, string>> = {
  UTF: BYTES,
  // What PCRE 1 calls it, and old rules with it.
  UTF8: BYTES,
  UCP: 'patterns match bytes: \\w is ASCII, \\p{L} is a letter of latin1',
  CR: 'lines end in \\n; for others use [^\\r] instead of . and (?=\\r) instead of $',
  CRLF: 'lines end in \\n; write \\r?$ instead of $',
  ANYCRLF: 'lines end in \\n; write [^\\r\\n] instead of . and (?=[\\r\\n]|\\z) instead of $',
  ANY: 'lines end in \\n; write [^\\v] instead of . and (?=\\v|\\z) instead of $',
  NUL: 'lines end in \\n; write [^\\0] instead of .',
}

/** Reads the settings that a pattern begins with. */
export function readSettings(pattern: string): Settings {
  let settings: Settings = { at: 0, limit: Infinity, not_empty: 'never', line_end: LINE_END }
  for (;;) {
    SETTING.lastIndex = settings.at
    const found = SETTING.exec(pattern)
    const next = found === null ? undefined : applied(settings, found[1], found[2])
    if (found === null || next === undefined) return settings
    settings = { ...next, at: SETTING.lastIndex }
  }
}

/** Undefined when it is none of these: (*ACCEPT) belongs to the pattern. */
function applied(settings: Settings, name: string, value: string | undefined): Settings | undefined {
  if (Object.hasOwn(REFUSED, name)) throw new RegexError(`(*${name}) is not supported`, settings.at, REFUSED[name])
  if (name.startsWith('LIMIT_') !== (value !== undefined)) return undefined
  switch (name) {
    case 'NOTEMPTY':
      return { ...settings, not_empty: 'always' }
    case 'NOTEMPTY_ATSTART':
      return { ...settings, not_empty: 'at_start' }
    case 'BSR_ANYCRLF':
      return { ...settings, line_end: LINE_END_ASCII }
    case 'LIMIT_MATCH':
      return { ...settings, limit: Math.min(settings.limit, Number(value)) }
    default:
      return WITHOUT_MEANING.includes(name) ? settings : undefined
  }
}
