/**
 * The lexer's own rules, for the passes before the grammar: where strings and comments begin and end, so that an
 * `include` inside them is not one, and what is wrong with a text that is not even tokens.
 */
export type TokenKind = 'space' | 'comment' | 'string' | 'blob' | 'inline_c' | 'name' | 'number' | 'mark' | 'bad'

export interface Token {
  readonly kind: TokenKind
  readonly start: number
  readonly end: number
  /** Of kind 'bad': what is wrong, at start..end. */
  readonly problem?: string
  readonly hint?: string
  /** True: nothing behind it can be read. False: the rest of its line cannot. */
  readonly endless?: boolean
}

const NAME = /[A-Za-z][A-Za-z0-9_-]*/y
const NUMBER = /[0-9]+(?:\.[0-9]*)?/y
const BLOB = /:[A-Za-z0-9+/]+={0,2}:/y
const SPACES = ' \t\r\n'
const MARKS = '{}()*+-/%><=;!&.|~,'

/** The token at `start`, which must be inside the text. Tried in vcc's order. */
export function scan(text: string, start: number): Token {
  const c = text[start]
  if (isLetter(c) && (c !== 'C' || text[start + 1] !== '{')) return { kind: 'name', start, end: endOf(NAME, text, start) }
  if (SPACES.includes(c)) return { kind: 'space', start, end: spaceEnd(text, start) }
  switch (c) {
    case '#':
      return { kind: 'comment', start, end: lineEnd(text, start) }
    case '/':
      if (text[start + 1] === '/') return { kind: 'comment', start, end: lineEnd(text, start) }
      return text[start + 1] === '*' ? blockComment(text, start) : { kind: 'mark', start, end: start + 1 }
    case '"':
      return text.startsWith('"""', start) ? delimited(text, start, '"""', '"""') : shortString(text, start)
    case '{':
      return text[start + 1] === '"' ? delimited(text, start, '{"', '"}') : { kind: 'mark', start, end: start + 1 }
    case 'C':
      return delimited(text, start, 'C{', '}C')
    case ':': {
      const end = endOf(BLOB, text, start)
      return end > 0 ? { kind: 'blob', start, end } : foreign(text, start)
    }
    default:
      if (c >= '0' && c <= '9') return { kind: 'number', start, end: endOf(NUMBER, text, start) }
      return MARKS.includes(c) ? { kind: 'mark', start, end: start + 1 } : foreign(text, start)
  }
}

function isLetter(c: string): boolean {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}

/** Where the match that begins at `start` ends; 0: there is none. */
function endOf(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start
  pattern.test(text)
  return pattern.lastIndex
}

function spaceEnd(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && SPACES.includes(text[end])) end++
  return end
}

export function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start)
  return end < 0 ? text.length : end
}

function blockComment(text: string, start: number): Token {
  const end = text.indexOf('*/', start + 2)
  if (end < 0)
    return { kind: 'bad', start, end: start + 2, problem: 'this comment is never closed', hint: 'close it with */', endless: true }
  const inner = text.indexOf('/*', start + 2)
  if (inner >= 0 && inner < end)
    return { kind: 'bad', start: inner, end: inner + 2, problem: '/* inside a /* comment', hint: 'comments do not nest', endless: true }
  return { kind: 'comment', start, end: end + 2 }
}

const LONG = { '"""': '"""', '{"': '"}', 'C{': '}C' } as const

function delimited(text: string, start: number, open: keyof typeof LONG, close: string): Token {
  const end = text.indexOf(close, start + open.length)
  if (end >= 0) return open === 'C{' ? { kind: 'inline_c', start, end: end + close.length } : whole(text, start, end + close.length)
  const hint = open === '{"' ? `{" starts a long string that ends with "}; for a brace and a string write { "` : `close it with ${close}`
  const problem = open === 'C{' ? 'this inline C block is never closed' : `this ${open} string is never closed`
  return { kind: 'bad', start, end: start + open.length, problem, hint, endless: true }
}

/** A string that has both its ends. */
function whole(text: string, start: number, end: number): Token {
  const nul = text.slice(start, end).indexOf('\0')
  if (nul < 0) return { kind: 'string', start, end }
  return { kind: 'bad', start: start + nul, end: start + nul + 1, problem: 'a string cannot hold byte 0x00', endless: false }
}

function shortString(text: string, start: number): Token {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '"') return whole(text, start, i + 1)
    if (text[i] === '\n' || text[i] === '\r') break
  }
  const hint = 'a "string" cannot span lines and knows no escapes; use {"…"} for quotes or line ends inside'
  return { kind: 'bad', start, end: start + 1, problem: 'this string is not closed on its line', hint, endless: false }
}

/** Characters that no VCL token starts with. */
function foreign(text: string, start: number): Token {
  const c = text[start]
  const bad = (end: number, problem: string, hint?: string): Token => ({ kind: 'bad', start, end, problem, hint })
  if (text.startsWith('\xef\xbb\xbf', start) || c === '\ufeff')
    return bad(start + (c === '\ufeff' ? 1 : 3), 'the file has a byte order mark', 'save it as UTF-8 without BOM')
  if (c === ':') return bad(start + 1, `unexpected ':'`, 'a blob is written :BASE64:')
  if (c === "'") return bad(quoteEnd(text, start), 'unexpected single quote', 'strings use double quotes')
  if (c === '?') return bad(start + 1, `unexpected '?'`, 'VCL has no conditional expression; use if')
  const shown = c > ' ' && c < '\x7f' ? `'${c}'` : `byte 0x${c.charCodeAt(0).toString(16).padStart(2, '0')}`
  return bad(start + 1, `unexpected ${shown}`, c === '_' || c === '$' ? 'names begin with a letter' : undefined)
}

/** Behind the quote that closes it on the same line, if one does. */
function quoteEnd(text: string, start: number): number {
  const end = text.indexOf("'", start + 1)
  return end < 0 || end > lineEnd(text, start) ? start + 1 : end + 1
}
