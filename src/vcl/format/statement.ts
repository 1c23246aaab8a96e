import { blankBetween, breaksBehind, isSign, statementKind } from './spacing.ts'
import { isComment, type FormatToken } from './tokens.ts'

/** Longer lines are broken at their operators. */
const WIDTH = 140
const STEP = 4

/** A token, and whether a line begins with it. */
interface Piece {
  readonly token: FormatToken
  readonly blank: boolean
  /** Parentheses that are open before it. */
  readonly depth: number
  breaks: boolean
}

/** The lines of one statement, from its first token to the `;` or `{`: as its author broke them, where that is a place to break. */
export function statementLines(tokens: readonly FormatToken[], indent: number): string[] {
  const pieces = piecesOf(tokens)
  let lines = linesOf(pieces)
  // Breaking a line makes shorter ones, so this ends.
  while (lines.some((line) => breakLong(line, indent))) lines = linesOf(pieces)
  return lines.map((line) => lineText(line, indent))
}

function piecesOf(tokens: readonly FormatToken[]): Piece[] {
  const kind = statementKind(tokens[0])
  const pieces: Piece[] = []
  let depth = 0
  let before: FormatToken | undefined
  let sign = false
  /** Tokens so far that are no comments. */
  let words = 0
  for (const [i, token] of tokens.entries()) {
    const breaks = i > 0 && breaksBefore(tokens[i - 1], token)
    const first = words === 1 || (words === 2 && tokens[0].text === 'else')
    const blank = i > 0 && blankBetween(kind, tokens[i - 1], token, { sign, first, inside: depth > 0 })
    if (token.text === ')' && token.kind === 'mark') depth--
    pieces.push({ token, blank, depth: Math.max(depth, 0), breaks })
    if (token.text === '(' && token.kind === 'mark') depth++
    if (isComment(token)) continue
    words++
    sign = isSign(token, before)
    before = token
  }
  return pieces
}

/** Did its author begin a line here, and is it a place for that? */
function breaksBefore(before: FormatToken, token: FormatToken): boolean {
  if (before.kind === 'line_comment') return true
  if (token.lines_before === 0) return false
  if (isComment(token) || isComment(before)) return true
  if (token.kind === 'string') return before.kind === 'string' || isBreakable(before)
  if (token.kind === 'mark' && token.text === '{') return false
  return (
    isBreakable(before) || (token.kind === 'mark' && token.text !== '(' && token.text !== '.' && (token.text === ')' || isBreakable(token)))
  )
}

function isBreakable(token: FormatToken): boolean {
  return token.kind === 'mark' && breaksBehind(token.text)
}

function linesOf(pieces: readonly Piece[]): Piece[][] {
  const lines: Piece[][] = []
  for (const piece of pieces) {
    if (piece.breaks || lines.length === 0) lines.push([piece])
    else lines[lines.length - 1].push(piece)
  }
  return lines
}

function lineText(line: readonly Piece[], indent: number): string {
  const [first, ...rest] = line
  const text = rest.reduce((sum, { token, blank }) => sum + (blank ? ' ' : '') + shown(token, indent), shown(first.token, indent))
  return ' '.repeat(indentOf(first, indent)) + text
}

function shown(token: FormatToken, indent: number): string {
  return token.kind === 'block_comment' ? commentText(token.text, indent) : token.text
}

/** Behind the first line of a statement one step in, one more for each further parenthesis. */
function indentOf({ breaks, depth, token }: Piece, indent: number): number {
  if (!breaks || token.text === '{') return indent
  return indent + STEP * (token.text === ')' ? depth : Math.max(depth, 1))
}

/** Breaks a line that is too long behind its outermost operators; false when it is not too long, or cannot be broken. */
function breakLong(line: readonly Piece[], indent: number): boolean {
  const code = line.filter((piece) => piece.token.kind !== 'line_comment')
  const text = code.length === 0 ? '' : lineText(code, indent)
  if (text.length <= WIDTH || text.includes('\n')) return false
  for (const mark of ['||', '&&', '+']) {
    // Not behind an operator that begins the line: its author likes them there.
    const places = line.filter((_piece, i) => i > 1 && line[i - 1].token.kind === 'mark' && line[i - 1].token.text === mark)
    if (places.length === 0) continue
    const outermost = Math.min(...places.map((piece) => piece.depth))
    for (const place of places) if (place.depth === outermost) place.breaks = true
    return true
  }
  return false
}

/** A comment over several lines, whose lines begin with stars, has them one below the other; others stay as they are. */
export function commentText(text: string, indent: number): string {
  const [first, ...rest] = text.split(/\r?\n/)
  if (rest.length === 0) return text
  if (!rest.every((line) => /^\s*\*/.test(line))) return [first, ...rest].map((line) => line.trimEnd()).join('\n')
  return [first.trimEnd(), ...rest.map((line) => `${' '.repeat(indent + 1)}${line.trim()}`)].join('\n')
}
