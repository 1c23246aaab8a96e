import type { Argument, BinaryOp, BlobLiteral, Expression, IntLiteral, PathPart, Place, StringLiteral, SymbolPath } from '../ast.ts'
import { between, type Cursor } from './cursor.ts'
import type { TokenKind } from './tokens.ts'
import { withUnit } from './words.ts'

/**
 * Expressions, loosest first: || and && and ! and comparison and + - and * / % and what is called. `!` binds looser than comparison,
 * and comparisons do not chain. Recursion is bounded: the lexer limits nesting, and chains are limited here.
 */

/** Deeper trees would overflow the stack of whoever walks them. */
const DEPTH_MAX = 600

const OPERATOR = 'an operator'
const EXPRESSION = 'an expression'

export function parseExpression(c: Cursor): Expression {
  return parseChain(c, OR, parseAnd)
}

const OR: readonly TokenKind[] = ['||']
const AND: readonly TokenKind[] = ['&&']
const ADD: readonly TokenKind[] = ['+', '-']
const MULTIPLY: readonly TokenKind[] = ['*', '/', '%']
const COMPARE: readonly TokenKind[] = ['==', '!=', '~', '!~', '<', '>', '<=', '>=']

function parseAnd(c: Cursor): Expression {
  return parseChain(c, AND, parseNot)
}

function parseAdd(c: Cursor): Expression {
  return parseChain(c, ADD, parseMultiply)
}

function parseMultiply(c: Cursor): Expression {
  return parseChain(c, MULTIPLY, parsePostfix)
}

/** Left-associative. */
function parseChain(c: Cursor, ops: readonly TokenKind[], operand: (c: Cursor) => Expression): Expression {
  let left = operand(c)
  while (ops.includes(c.kind)) {
    const [op, op_at, depth] = [c.kind as BinaryOp, c.here(), c.depth]
    c.i++
    const right = operand(c)
    deepen(c, depth, left.at)
    left = { kind: 'binary', at: between(left.at, right.at), op, op_at, left, right }
  }
  c.wanted(OPERATOR)
  return left
}

function deepen(c: Cursor, other: number, at: Place): void {
  c.depth = Math.max(c.depth, other) + 1
  if (c.depth > DEPTH_MAX) c.refuse(at, 'this expression is too long', 'use a long string {"…"} or several statements')
}

/** Only one `!`: `!!a` is an error. */
function parseNot(c: Cursor): Expression {
  if (c.kind !== '!') return parseComparison(c)
  const start = c.start
  c.i++
  const operand = parseComparison(c)
  deepen(c, 0, operand.at)
  return { kind: 'not', at: c.since(start), operand }
}

function parseComparison(c: Cursor): Expression {
  const left = parseAdd(c)
  if (!COMPARE.includes(c.kind)) return left
  const [op, op_at, depth] = [c.kind, c.here(), c.depth]
  c.i++
  const right = parseAdd(c)
  deepen(c, depth, left.at)
  const at = between(left.at, right.at)
  if (op === '~' || op === '!~') return { kind: 'match', at, negated: op === '!~', op_at, left, right }
  return { kind: 'binary', at, op: op as BinaryOp, op_at, left, right }
}

/** What is called or looked into: `f(x).lower()`, `("a" + b).upper()`. */
function parsePostfix(c: Cursor): Expression {
  const start = c.start
  let object = parsePrimary(c)
  while (c.kind === '.') {
    const depth = c.depth
    c.i++
    const name = c.name('a name')
    const args = c.is('(') ? parseArguments(c) : undefined
    const at = c.since(start)
    deepen(c, depth, object.at)
    object = args === undefined ? { kind: 'property', at, object, name } : { kind: 'method', at, object, name, args }
  }
  return object
}

export function parseBlob(c: Cursor): BlobLiteral {
  const at = c.here()
  const base64 = c.word().slice(1, -1)
  if (base64.length % 4 !== 0) c.refuse(at, 'the characters of a blob are not a multiple of four', 'pad it with =')
  c.i++
  return { kind: 'blob', at, base64 }
}

function parsePrimary(c: Cursor): Expression {
  c.depth = 1
  const start = c.start
  switch (c.kind) {
    case 'string':
      return parseString(c)
    case 'number':
      return parseNumber(c)
    case 'name':
      return parsePathOrCall(c)
    case 'blob':
      return parseBlob(c)
    case '-': {
      c.i++
      const operand = parsePostfix(c)
      deepen(c, 0, operand.at)
      return { kind: 'negate', at: c.since(start), operand }
    }
    case '(': {
      c.i++
      const inner = parseExpression(c)
      c.need(')', "')'")
      deepen(c, 0, inner.at)
      return { kind: 'paren', at: c.since(start), inner }
    }
    default:
      c.wanted(EXPRESSION)
      return c.fail()
  }
}

function parsePathOrCall(c: Cursor): Expression {
  const start = c.start
  const callee = parsePath(c, 'a name')
  if (c.kind !== '(') return callee
  const args = parseArguments(c)
  deepen(c, 0, callee.at)
  return { kind: 'call', at: c.since(start), callee, args }
}

export function parseString(c: Cursor): StringLiteral {
  if (c.kind !== 'string') {
    c.wanted('a string')
    c.fail()
  }
  const node: StringLiteral = { kind: 'string', at: c.here(), value: stringValue(c.word()) }
  c.i++
  return node
}

/** Between the delimiters: no escapes exist. */
function stringValue(token: string): string {
  if (token.startsWith('{"')) return token.slice(2, -2)
  return token.length >= 6 && token.startsWith('"""') ? token.slice(3, -3) : token.slice(1, -1)
}

export function parseInt10(c: Cursor): IntLiteral {
  if (c.kind !== 'number' || c.word().includes('.')) {
    c.wanted('a number')
    c.fail()
  }
  const raw = c.word()
  const at = c.here()
  c.i++
  return { kind: 'int', at, raw, value: Number(raw) }
}

/** A number and its unit are two tokens. */
export function parseNumber(c: Cursor): Expression {
  const start = c.start
  const raw = c.word()
  c.i++
  if (c.kind !== 'name') return { kind: raw.includes('.') ? 'real' : 'int', at: c.since(start), raw, value: Number(raw) }
  const unit = c.word()
  c.i++
  const at = c.since(start)
  return withUnit(raw, unit, at) ?? c.refuse(at, `unknown unit '${unit}'`, 'durations: ms s m h d w y; bytes: B KB MB GB TB')
}

/** `a.b.c`, where what follows `.http.` may be quoted. `what`: as an operator would call it here. */
export function parsePath(c: Cursor, what: string): SymbolPath {
  const start = c.start
  const head = c.name(what)
  const parts: PathPart[] = [{ ...head, quoted: false }]
  let text = head.text
  while (c.kind === '.') {
    c.i++
    const part: PathPart = c.is('string') ? quotedPart(c, parts) : { ...c.name('a name'), quoted: false }
    parts.push(part)
    text += `.${part.text}`
  }
  return { kind: 'symbol', at: parts.length === 1 ? head.at : c.since(start), parts, text }
}

function quotedPart(c: Cursor, before: readonly PathPart[]): PathPart {
  const { value, at } = parseString(c)
  if (before.length < 2 || before[before.length - 1].text.toLowerCase() !== 'http')
    c.refuse(at, 'only header names can be quoted', 'as in req.http."x.y"')
  return { text: value, at, quoted: true }
}

/** Positional, then named; a comma may stand behind the last. */
export function parseArguments(c: Cursor): Argument[] {
  const args: Argument[] = []
  let depth = 0
  c.need('(', "'('")
  while (c.kind !== ')') {
    c.wanted("')'")
    const argument = parseArgument(c)
    if (argument.name === undefined && args.at(-1)?.name !== undefined)
      c.refuse(argument.at, 'a positional argument after a named one', 'name it too')
    args.push(argument)
    depth = Math.max(depth, c.depth)
    if (!c.take(',', "','")) break
  }
  c.need(')', "')'")
  c.depth = depth
  return args
}

function parseArgument(c: Cursor): Argument {
  if (c.kind !== 'name' || c.kindAt(1) !== '=') {
    const value = parseExpression(c)
    return { at: value.at, name: undefined, value }
  }
  const name = c.name('a name')
  c.i++
  const value = parseExpression(c)
  return { at: between(name.at, value.at), name, value }
}
