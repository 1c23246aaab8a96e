import { fault } from './fault.ts'

/** `end`: of a line, or of all. */
export type TokenKind = 'value' | 'end' | Fixed

const FIXED = ['==', '!=', '<=', '>=', '!~', '~', '<', '>', '(', ')', '{', '}', '[', ']', ',', ':'] as const
const WORDS = ['and', 'or', 'not', 'eq', 'ne', 'vxid'] as const
type Fixed = (typeof FIXED)[number] | (typeof WORDS)[number]

export interface Token {
  readonly kind: TokenKind
  readonly start: number
  readonly end: number
  /** Of a value: without quotes and escapes. */
  readonly text: string
}

const BLANK = /(?:[ \t\v\f\r]|\\\n)+/y
const COMMENT = /#[^\n]*/y
const WORD = /[A-Za-z0-9+\-_.*]+/y
const QUOTED = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y

/** Tokens of a query; each line ends in one of kind `end`. Throws an OperatorError. */
export function tokens(query: string): Token[] {
  const found: Token[] = []
  for (let at = 0; at < query.length;) {
    const token = tokenAt(query, at)
    if (token.kind !== undefined) found.push({ ...token, kind: token.kind })
    at = token.end
  }
  found.push({ kind: 'end', start: query.length, end: query.length, text: '' })
  return found
}

interface Found {
  /** Undefined for blanks and comments. */
  readonly kind: TokenKind | undefined
  readonly start: number
  readonly end: number
  readonly text: string
}

function tokenAt(query: string, start: number): Found {
  const made = (kind: TokenKind | undefined, end: number, text = query.slice(start, end)): Found => ({ kind, start, end, text })
  if (query[start] === '\n') return made('end', start + 1)
  const blank = endOf(BLANK, query, start) ?? endOf(COMMENT, query, start)
  if (blank !== undefined) return made(undefined, blank)
  const fixed = FIXED.find((text) => query.startsWith(text, start))
  if (fixed !== undefined) return made(fixed, start + fixed.length)
  if (query[start] === '"' || query[start] === "'") return quoted(query, start)
  const end = endOf(WORD, query, start)
  if (end === undefined) throw fault(query, 'There is no such character in a query; put text into quotes', start, start + 1)
  const word = query.slice(start, end)
  return made(WORDS.find((text) => text === word) ?? 'value', end)
}

function quoted(query: string, start: number): Found {
  const end = endOf(QUOTED, query, start)
  if (end === undefined) {
    const line = query.indexOf('\n', start)
    throw fault(query, 'The quotes are not closed', start, line === -1 ? query.length : line)
  }
  const text = query.slice(start + 1, end - 1).replaceAll(/\\(.)/g, '$1')
  return { kind: 'value', start, end, text }
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}
