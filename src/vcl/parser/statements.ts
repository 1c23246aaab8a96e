import type { Argument, AssignOp, Block, Expression, IfStatement, Statement, SymbolPath, Word } from '../ast.ts'
import { didYouMean } from '../diagnostic.ts'
import type { Cursor } from './cursor.ts'
import { parseArguments, parseExpression, parsePath } from './expressions.ts'
import { atDeclaration, lose, recover, skipCondition, skipStatement, unclosed } from './recovery.ts'
import type { TokenKind } from './tokens.ts'
import { GONE_STATEMENTS, STATEMENTS } from './words.ts'

/** `{ … }`: what is wrong in a statement is told, and the next one read. */
export function parseBlock(c: Cursor): Block {
  const start = c.start
  const open = c.i
  c.need('{', "'{'")
  const statements: Statement[] = []
  while (c.kind !== '}') {
    if (c.kind === 'end' || atDeclaration(c)) {
      unclosed(c, open)
      return { kind: 'block', at: c.since(start), statements }
    }
    const first = c.i
    try {
      statements.push(parseStatement(c))
    } catch (thrown) {
      recover(c, thrown, first, skipStatement)
    }
  }
  c.i++
  return { kind: 'block', at: c.since(start), statements }
}

function parseStatement(c: Cursor): Statement {
  if (c.kind === '{') return parseBlock(c)
  const start = c.start
  if (c.kind === 'inline_c') {
    c.i++
    return { kind: 'inline_c', at: c.since(start) }
  }
  if (c.kind !== 'name') {
    c.wanted("'}'")
    c.wanted('a statement')
    return c.fail()
  }
  if (c.kindAt(1) === '.') return parseCallStatement(c)
  const word = c.word()
  const parse = PARSERS.get(word) ?? PARSERS.get(word.toLowerCase())
  return parse === undefined ? unknownStatement(c, word) : parse(c)
}

function unknownStatement(c: Cursor, word: string): never {
  if (word === 'include') return c.refuse(c.here(), 'include is not followed by a file name', 'include "file.vcl";')
  const hint = Object.hasOwn(GONE_STATEMENTS, word) ? GONE_STATEMENTS[word] : didYouMean(word, STATEMENTS)
  return c.refuse(c.here(), `unknown statement '${word}'`, hint ?? `statements: ${STATEMENTS.join(', ')}`)
}

const SEMICOLON = "';'"
const OPEN = "'('"
const CLOSE = "')'"

const PARSERS = new Map<string, (c: Cursor) => Statement>([
  ['set', parseSet],
  ['unset', parseUnset],
  ['if', parseIf],
  ['return', parseReturn],
  ['call', parseCallSub],
  ['new', parseNew],
  ['ban', (c) => parseFunction(c, 'ban')],
  ['hash_data', (c) => parseFunction(c, 'hash_data')],
  ['synthetic', (c) => parseFunction(c, 'synthetic')],
])

const ASSIGNMENTS: readonly TokenKind[] = ['=', '+=', '-=', '*=', '/=']

function parseSet(c: Cursor): Statement {
  const start = c.start
  c.i++
  const target = parsePath(c, 'a variable')
  if (!ASSIGNMENTS.includes(c.kind)) {
    c.wanted('an assignment (= += -= *= /=)')
    c.fail()
  }
  const [op, op_at] = [c.kind as AssignOp, c.here()]
  c.i++
  const value = parseExpression(c)
  c.need(';', SEMICOLON)
  return { kind: 'set', at: c.since(start), target, op, op_at, value }
}

function parseUnset(c: Cursor): Statement {
  const start = c.start
  c.i++
  const target = parsePath(c, 'a variable')
  c.need(';', SEMICOLON)
  return { kind: 'unset', at: c.since(start), target }
}

type Branch = IfStatement['branches'][number]

function parseIf(c: Cursor): Statement {
  const start = c.start
  const branches: Branch[] = []
  const loose: Block[] = []
  let otherwise: Block | undefined
  c.i++
  parseBranch(c, branches, loose)
  while (isElse(c)) {
    const word = c.word()
    c.i++
    if (word !== 'else') parseBranch(c, branches, loose)
    else if (c.kind === 'name' && c.word() === 'if') {
      c.i++
      parseBranch(c, branches, loose)
    } else {
      otherwise = parseBlock(c)
      break
    }
  }
  if (loose.length > 0) return loosely(c, start, branches, loose, otherwise)
  return { kind: 'if', at: c.since(start), branches, otherwise }
}

function isElse(c: Cursor): boolean {
  if (c.kind !== 'name') return false
  const word = c.word()
  return word === 'else' || word === 'elseif' || word === 'elsif' || word === 'elif'
}

/** A condition that makes no sense is told; its block is read all the same. */
function parseBranch(c: Cursor, branches: Branch[], loose: Block[]): void {
  const first = c.i
  const start = c.start
  let condition: Expression | undefined
  try {
    c.need('(', OPEN)
    condition = parseExpression(c)
    c.need(')', CLOSE)
    if (c.kind !== '{') c.need('{', "'{'")
  } catch (thrown) {
    if (!skipCondition(c)) throw thrown
    c.complain(thrown)
    lose(c, first, c.i)
    condition = undefined
  }
  const body = parseBlock(c)
  if (condition === undefined) loose.push(body)
  else branches.push({ at: c.since(start), condition, body })
}

/** Only for the complaints of the checker: the blocks of an if that is none. */
function loosely(c: Cursor, start: number, branches: readonly Branch[], loose: Block[], otherwise: Block | undefined): Block {
  const statements = [...branches.map((branch) => branch.body), ...loose, ...(otherwise === undefined ? [] : [otherwise])]
  return { kind: 'block', at: c.since(start), statements }
}

function parseReturn(c: Cursor): Statement {
  const start = c.start
  c.i++
  if (c.take(';', SEMICOLON)) return { kind: 'return', at: c.since(start), action: undefined, args: undefined }
  c.need('(', OPEN)
  const action = c.name('a return action')
  const args = c.take('(', OPEN) ? parseReturnArguments(c) : undefined
  c.need(')', CLOSE)
  c.need(';', SEMICOLON)
  return { kind: 'return', at: c.since(start), action, args }
}

/** Neither names nor a comma behind the last. */
function parseReturnArguments(c: Cursor): Argument[] {
  const args: Argument[] = []
  if (c.take(')', CLOSE)) return args
  do {
    const value = parseExpression(c)
    args.push({ at: value.at, name: undefined, value })
  } while (c.take(',', "','"))
  c.need(')', CLOSE)
  return args
}

function parseCallSub(c: Cursor): Statement {
  const start = c.start
  c.i++
  const sub = parseExpression(c)
  c.need(';', SEMICOLON)
  return { kind: 'call_sub', at: c.since(start), sub }
}

function parseNew(c: Cursor): Statement {
  const start = c.start
  c.i++
  const name: Word = c.name('a name')
  c.need('=', "'='")
  const constructor_path = parsePath(c, 'a type of a module (directors.round_robin, for example)')
  const args = parseArguments(c)
  c.need(';', SEMICOLON)
  return { kind: 'new', at: c.since(start), name, constructor_path, args }
}

function parseFunction(c: Cursor, kind: 'ban' | 'hash_data' | 'synthetic'): Statement {
  const start = c.start
  c.i++
  c.need('(', OPEN)
  const value = parseExpression(c)
  c.need(')', CLOSE)
  c.need(';', SEMICOLON)
  return { kind, at: c.since(start), value }
}

/** Only a dotted path can be called as a statement, and no method of its result. */
function parseCallStatement(c: Cursor): Statement {
  const start = c.start
  const callee: SymbolPath = parsePath(c, 'a name')
  const args = parseArguments(c)
  const at = c.since(start)
  c.need(';', SEMICOLON)
  return { kind: 'call_statement', at: c.since(start), call: { kind: 'call', at, callee, args } }
}
