import type { Cursor } from './cursor.ts'
import type { Tokens } from './tokens.ts'
import { DECLARATIONS, STATEMENTS } from './words.ts'

/**
 * Where to read on after an error. What is skipped is left out of the tree, and its names are remembered as lost: whether they are
 * declared or used there is anybody's guess.
 */

/** Does a declaration begin here, at the beginning of a line? Inside braces that means that one of them is not closed. */
export function atDeclaration(c: Cursor): boolean {
  if (c.kind !== 'name' || !DECLARATIONS.includes(c.word()) || c.word() === 'include') return false
  return c.tokens.beginsLine(c.i) && (c.kindAt(1) === 'name' || c.kindAt(1) === 'number')
}

function atStatement(c: Cursor): boolean {
  if (c.kind !== 'name' || !STATEMENTS.includes(c.word().toLowerCase())) return false
  return c.kindAt(1) !== '.' && c.tokens.beginsLine(c.i)
}

/** Braces end here without a '}': told once, at the innermost. */
export function unclosed(c: Cursor, open: number): void {
  const { tokens, i } = c
  if (c.failed_at === i || tokens.kinds[i - 1] === 'bad') return
  c.failed_at = i
  const brace = suspect(tokens, open, i) ?? open
  const at = tokens.place(tokens.starts[brace], tokens.ends[brace])
  if (c.kind === 'end') c.diagnostics.push({ at, code: 'syntax', message: `this '{' is never closed`, hint: 'it needs a }' })
  else {
    const message = `expected '}' before '${c.word()}'`
    c.diagnostics.push({ at: c.here(), code: 'syntax', message, hint: `the '{' of line ${at.line} is not closed` })
  }
}

/** The first '{' whose '}' is indented for another: there, most likely, one is missing. */
function suspect(tokens: Tokens, from: number, to: number): number | undefined {
  const open: number[] = []
  for (let i = from; i < to; i++) {
    if (tokens.kinds[i] === '{') open.push(i)
    else if (tokens.kinds[i] === '}') {
      const brace = open.pop()
      if (brace !== undefined && tokens.beginsLine(i) && indentOf(tokens, i) < indentOf(tokens, brace)) return brace
    }
  }
  return undefined
}

/** How far the line of a token is indented. */
function indentOf({ text, starts }: Tokens, i: number): number {
  const line = text.lastIndexOf('\n', starts[i]) + 1
  return text.slice(line, starts[i]).search(/[^ \t]|$/)
}

/** Nobody reads more at once. */
const SYNTAX_ERRORS_MAX = 100

/** Passes over all that is left. */
function giveUp(c: Cursor): void {
  c.i = c.failed_at = c.tokens.kinds.length - 1
  c.gave_up = true
}

/** Keeps the complaint, and reads on behind the statement (or entry, or attribute) that began at token `first`. */
export function recover(c: Cursor, thrown: unknown, first: number, skip: (c: Cursor, first: number) => void): void {
  const told = c.diagnostics.length
  c.complain(thrown)
  skip(c, first)
  lose(c, first, c.i)
  // What is no token has been told before: what is odd around it follows from that.
  if (c.tokens.kinds.slice(first, c.i).includes('bad')) c.diagnostics.length = told
  if (c.diagnostics.length >= SYNTAX_ERRORS_MAX) giveUp(c)
}

/** From a failure in a statement (or entry, or attribute) that began at token `first`: behind its ';' or '}', or where the next begins. */
export function skipStatement(c: Cursor, first: number): void {
  // An object is declared, whatever its name was to be.
  if (c.tokens.word(first) === 'new') c.lost.declarations = true
  let depth = openBraces(c, first)
  for (let fresh = c.i > first; c.kind !== 'end' && !atDeclaration(c); fresh = true) {
    if (depth === 0 && (c.kind === '}' || (fresh && atStatement(c)))) break
    const kind = c.kind
    c.i++
    if (kind === '{') depth++
    else if (kind === '}') depth--
    if (depth === 0 && (kind === ';' || (kind === '}' && !continues(c)))) break
  }
}

/** From a failure in a declaration that began at token `first`. A '}' or ';' too many is skipped alone. */
export function skipDeclaration(c: Cursor, first: number): void {
  if (c.tokens.kinds[first] !== '}' && c.tokens.kinds[first] !== ';') c.lost.declarations = true
  let depth = openBraces(c, first)
  while (c.kind !== 'end' && !(c.i > first && atDeclaration(c))) {
    const kind = c.kind
    c.i++
    if (kind === '{') depth++
    else if (kind === '}') depth--
    if (depth <= 0 && (kind === ';' || kind === '}')) break
  }
}

/** To the '{' behind a condition; false, and nowhere, when there is none before the statement ends. */
export function skipCondition(c: Cursor): boolean {
  const from = c.i
  for (; c.kind !== '{'; c.i++) {
    if (c.kind === ';' || c.kind === '}' || c.kind === 'end' || c.kind === 'bad' || atDeclaration(c)) {
      c.i = from
      return false
    }
  }
  return true
}

function continues(c: Cursor): boolean {
  return c.kind === 'name' && /^el(?:se|s?if|seif)$/.test(c.word())
}

/** How many braces are open between token `first` and the current one. */
function openBraces(c: Cursor, first: number): number {
  let depth = 0
  for (let i = first; i < c.i; i++) {
    if (c.tokens.kinds[i] === '{') depth++
    else if (c.tokens.kinds[i] === '}') depth--
  }
  return Math.max(depth, 0)
}

/** The word behind one of these is a name that is declared. */
const DECLARERS = new Set(['sub', 'acl', 'backend', 'probe', 'import', 'as', 'new'])

/** Remembers the names among these tokens. */
export function lose(c: Cursor, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    if (c.tokens.kinds[i] !== 'name') continue
    const name = c.tokens.word(i).toLowerCase()
    c.lost.used.add(name)
    const [before, behind] = [c.tokens.kinds[i - 1], c.tokens.kinds[i + 1]]
    // `name = …` is an object, unless it is the end of a variable's name.
    if ((before === 'name' && DECLARERS.has(c.tokens.word(i - 1))) || (behind === '=' && before !== '.')) c.lost.declared.add(name)
  }
}
