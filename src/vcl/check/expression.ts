import { own } from '../../base/own.ts'
import { unreachable } from '../../base/assert.ts'
import type {
  BinaryExpression,
  BytesLiteral,
  DurationLiteral,
  Expression,
  IntLiteral,
  NegateExpression,
  NotExpression,
  RealLiteral,
  SymbolPath,
} from '../ast.ts'
import { checkCall, checkMethod, checkRest } from './calls.ts'
import type { Checking } from './checking.ts'
import { checkDigits } from './digits.ts'
import { literalIp } from './addresses.ts'
import { checkMatch } from './match.ts'
import type { Target, Value } from './program.ts'
import { RENAMED_VARIABLES } from './renamed.ts'
import { badHeaderName, describe, findVariable, variableNames, type Found } from './symbols.ts'
import { arithmetic, assignable, comparable, TO_STRING, TRUTH, valueType, type VclType } from './types.ts'

/** The node as a value of `want`, converted where VCL converts; undefined after an error has been reported. */
export function expect(k: Checking, node: Expression, want: VclType): Value | undefined {
  const value = checkValue(k, node, want)
  if (value === undefined) return undefined
  const converted = convert(value, want)
  if (converted !== undefined) return converted
  const hint = want === 'DURATION' && value.type === 'INT' ? 'a duration needs a unit: 10s, 5m, 1h, 2d' : undefined
  return k.error(node.at, `expected ${want}, found ${describe(value.type)}`, hint ?? ipHint(want, value.type))
}

function ipHint(want: VclType, found: VclType): string | undefined {
  return want === 'IP' && valueType(found) === 'STRING' ? 'use std.ip(string, fallback)' : undefined
}

function convert(value: Value, want: VclType): Value | undefined {
  if (want === 'HEADER') return value.kind === 'header' ? value : undefined
  const from = valueType(value.type)
  const to = want === 'STRANDS' || want === 'BODY' ? 'STRING' : want
  if (from === 'BLOB' && want === 'BODY') return { kind: 'raw', type: 'STRING', of: value }
  if (assignable(from, to)) return value
  if (to === 'BOOL') return truth(value)
  if (to === 'STRING' && TO_STRING[from] !== undefined) return { kind: 'to_string', type: 'STRING', of: value }
  return undefined
}

function truth(value: Value): Value | undefined {
  if (value.type === 'BOOL') return value
  return TRUTH[value.type] === undefined ? undefined : { kind: 'truth', type: 'BOOL', of: value }
}

/** A condition: BOOL, or a type with a truth value. */
export function checkCondition(k: Checking, node: Expression): Value | undefined {
  const value = checkValue(k, node, undefined)
  if (value === undefined) return undefined
  return truth(value) ?? k.error(node.at, `${describe(value.type)} has no truth value`, 'compare it with something')
}

/** The node's own value; `want` only says what literals and + may become. */
export function checkValue(k: Checking, node: Expression, want: VclType | undefined): Value | undefined {
  switch (node.kind) {
    case 'string':
      return want === 'IP' ? literalIp(k, node) : { kind: 'text', type: 'STRING', text: node.value }
    case 'int':
      // A number without a point is a REAL where one is wanted; what is computed as INT stays one.
      if (want === 'REAL' && checkDigits(k, node)) return { kind: 'number', type: 'REAL', number: node.value }
      return checkDigits(k, node) ? numberOf(node) : undefined
    case 'real':
    case 'duration':
      return checkDigits(k, node) ? numberOf(node) : undefined
    case 'bytes':
      return checkSize(k, node, want)
    case 'blob':
      return { kind: 'blob', type: 'BLOB', base64: node.base64 }
    case 'symbol':
      return checkSymbol(k, node)
    case 'call':
      return checkCall(k, node)
    case 'method':
    case 'property':
      return checkMethod(k, node)
    case 'negate':
      return checkNegate(k, node, want)
    case 'not':
      return checkNot(k, node)
    case 'binary':
      return checkBinary(k, node, want)
    case 'match':
      return checkMatch(k, node, want)
    case 'paren':
      return checkValue(k, node.inner, want)
    default:
      return unreachable(node)
  }
}

function numberOf(node: IntLiteral | RealLiteral | DurationLiteral | BytesLiteral): Value {
  if (node.kind === 'duration') return { kind: 'number', type: 'DURATION', number: node.seconds }
  if (node.kind === 'bytes') return { kind: 'number', type: 'BYTES', number: node.bytes }
  return { kind: 'number', type: node.kind === 'int' ? 'INT' : 'REAL', number: node.value }
}

/** As in varnishd a size stands only where one is wanted, and is no text. */
function checkSize(k: Checking, node: BytesLiteral, want: VclType | undefined): Value | undefined {
  if (want === 'BYTES') return checkDigits(k, node) ? numberOf(node) : undefined
  const hint = want === 'DURATION' ? 'the units of a duration are ms, s, m, h, d, w and y' : 'write it in quotes where a text is wanted'
  return k.error(node.at, `${node.raw}${node.unit} is BYTES, and there is no use for them here`, hint)
}

function checkNegate(k: Checking, node: NegateExpression, want: VclType | undefined): Value | undefined {
  const of = checkValue(k, node.operand, want === 'REAL' ? 'REAL' : undefined)
  if (of === undefined) return undefined
  if (of.type !== 'INT' && of.type !== 'REAL' && of.type !== 'DURATION') {
    return k.error(node.at, `${describe(of.type)} cannot be negated`)
  }
  return { kind: 'negate', type: of.type, of }
}

function checkNot(k: Checking, node: NotExpression): Value | undefined {
  const of = checkCondition(k, node.operand)
  return of && { kind: 'not', type: 'BOOL', of }
}

function checkBinary(k: Checking, node: BinaryExpression, want: VclType | undefined): Value | undefined {
  if (node.op === '&&' || node.op === '||') {
    const left = checkCondition(k, node.left)
    const right = checkCondition(k, node.right)
    return left && right && { kind: 'logic', type: 'BOOL', op: node.op, left, right }
  }
  if ('+-*/%'.includes(node.op)) return checkArithmetic(k, node, want === 'STRANDS' || want === 'BODY' ? 'STRING' : want)
  return checkComparison(k, node, want)
}

/** Types on the left that say what a literal, or a +, on the right may become. */
const SHAPES_RIGHT: readonly VclType[] = ['IP', 'REAL', 'STRING', 'BYTES']

/** Where a text is wanted in the end, + joins on both sides. */
function checkComparison(k: Checking, node: BinaryExpression, want: VclType | undefined): Value | undefined {
  const left = checkValue(k, node.left, want === 'STRING' ? want : undefined)
  if (left === undefined) return undefined
  const right = checkValue(k, node.right, SHAPES_RIGHT.includes(valueType(left.type)) ? valueType(left.type) : undefined)
  if (right === undefined) return undefined
  const [a, b] = [valueType(left.type), valueType(right.type)]
  if (comparable(node.op, a, b)) return { kind: 'compare', type: 'BOOL', op: node.op, left, right }
  const hint = a === 'INT' && right.kind === 'text' ? 'write the number without quotes' : 'both sides of a comparison have the same type'
  return k.error(node.op_at, `${a} ${node.op} ${b} is not possible`, hint)
}

function checkArithmetic(k: Checking, node: BinaryExpression, want: VclType | undefined): Value | undefined {
  const inner = want === 'STRING' || want === 'REAL' || want === 'BYTES' ? want : undefined
  const left = checkValue(k, node.left, inner)
  const right = checkValue(k, node.right, left?.type === 'BYTES' ? 'BYTES' : inner)
  if (left === undefined || right === undefined) return undefined
  const [a, b] = [valueType(left.type), valueType(right.type)]
  const type = arithmetic(node.op, a, b)
  if (type !== undefined) return { kind: 'arithmetic', type, op: node.op, left, right }
  if (node.op === '+' && (a === 'STRING' || want === 'STRING')) return joinValues(k, node, left, right)
  const hint = a === 'STRING' || b === 'STRING' ? 'a text is joined with +, and begins with a STRING' : undefined
  return k.error(node.op_at, `${a} ${node.op} ${b} is not possible`, hint)
}

function joinValues(k: Checking, node: BinaryExpression, left: Value, right: Value): Value | undefined {
  const first = convert(left, 'STRING')
  const second = convert(right, 'STRING')
  if (first === undefined) return k.error(node.left.at, `${describe(left.type)} cannot become a STRING`)
  if (second === undefined) return k.error(node.right.at, `${describe(right.type)} cannot become a STRING`)
  return joinTwo(first, second)
}

/** A join of joins is flat, and neighbouring literals are one. */
export function joinTwo(left: Value, right: Value): Value {
  const parts = left.kind === 'join' ? [...left.parts] : [left]
  for (const part of right.kind === 'join' ? right.parts : [right]) {
    const last = parts.at(-1)
    if (part.kind === 'text' && last?.kind === 'text') parts[parts.length - 1] = { ...last, text: last.text + part.text }
    else parts.push(part)
  }
  return parts.length === 1 ? parts[0] : { kind: 'join', type: 'STRING', parts }
}

function checkSymbol(k: Checking, node: SymbolPath): Value | undefined {
  const found = findVariable(node, k.options.syntax)
  if (found !== undefined) {
    if ('other' in found) return wrongSyntax(k, node, found.other.syntax)
    const value = useVariable(k, node, found, 'read')
    return value && checkRest(k, value, found.rest)
  }
  const folded = node.parts[0].text.toLowerCase()
  if (node.parts.length === 1 && (folded === 'true' || folded === 'false')) return { kind: 'bool', type: 'BOOL', bool: folded === 'true' }
  return checkGlobal(k, node)
}

function wrongSyntax(k: Checking, node: SymbolPath, syntax: string): undefined {
  return k.error(node.at, `${node.text} exists only in vcl ${syntax === '<=4.0' ? '4.0' : '4.1 and later'}`)
}

function checkGlobal(k: Checking, node: SymbolPath): Value | undefined {
  const global = k.find(node.parts[0].text)
  // The default backend has this name too, whatever it is called.
  if (global === undefined && node.text === 'default') return { kind: 'backend', type: 'BACKEND', index: 0 }
  if (global === undefined) return unknownSymbol(k, node)
  global.used = true
  if (global.kind === 'backend') return checkRest(k, { kind: 'backend', type: 'BACKEND', index: global.index }, node.parts.slice(1))
  if (global.kind === 'probe' && node.parts.length === 1) return { kind: 'probe', type: 'PROBE', name: global.name, probe: global.probe }
  if (global.kind === 'acl' && node.parts.length === 1) return { kind: 'acl', type: 'ACL', index: global.index }
  return k.error(node.at, `${node.text}: a ${global.kind} cannot be used as a value here`)
}

function unknownSymbol(k: Checking, node: SymbolPath): undefined {
  if (k.refused.has(node.parts[0].text.toLowerCase()) || k.mayBeLost(node.parts[0].text)) return undefined
  const renamed = own(RENAMED_VARIABLES, node.text.toLowerCase())
  if (renamed !== undefined) return k.error(node.at, `unknown symbol '${node.text}'`, renamed, 'unknown-name')
  const names = [...variableNames(), ...[...k.globals.values()].map((global) => global.name)]
  if (node.parts.length === 2 && node.parts[1].text.toLowerCase() === 'http') {
    return k.error(node.at, `${node.text} needs a header name`, `${node.text}.host, for example`)
  }
  if (/-/.test(node.text) && node.parts.length === 1) {
    return k.error(node.at, `unknown symbol '${node.text}'`, "'-' belongs to the name: write spaces around a minus", 'unknown-name')
  }
  return k.unknown(node.at, `unknown symbol '${node.text}'`, node.text, names)
}

type Right = 'read' | 'write' | 'unset'
const WORD: Readonly<Record<Right, string>> = { read: 'read', write: 'set', unset: 'unset' }

/** What is set to have pages looked through for ESI. */
const MAKES_PAGES: ReadonlySet<string> = new Set(['beresp.do_esi', 'beresp.filters'])

/** Notes the use of a variable for the rights check, and refuses what is not supported. */
export function useVariable(k: Checking, node: SymbolPath, found: Found, right: Right): Target | undefined {
  const { variable, part } = found
  if (variable[right] === 0) return k.error(node.at, `${node.text} cannot be ${WORD[right]}`, otherRights(variable), 'not-here')
  k.use(node.at, `${node.text} cannot be ${WORD[right]}`, variable[right])
  k.sub.touched.add(variable.name.split('.')[0])
  if (MAKES_PAGES.has(variable.name) && right === 'write') k.sub.touched.add('esi')
  if (variable.name.startsWith('storage.')) return useStorage(k, node, found)
  if (variable.type !== 'HEADER') return { kind: 'variable', type: variable.type, variable, part }
  const bad = badHeaderName(node.parts[2], k.options.syntax)
  if (bad !== undefined) return k.error(node.parts[2].at, bad)
  const key = part.toLowerCase()
  if (right === 'read' && variable.name.startsWith('resp.') && key === 'x-varnish') k.sub.touched.add('x-varnish')
  return { kind: 'header', type: 'HEADER', variable, name: part, key }
}

/** storage.NAME and storage.NAME.*: in any case, as for all symbols. */
function useStorage(k: Checking, node: SymbolPath, { variable, part }: Found): Target | undefined {
  const { stores } = k.options
  const declared = stores?.find((name) => name.toLowerCase() === part.toLowerCase())
  if (stores !== undefined && declared === undefined) {
    return k.unknown(node.parts[1].at, `there is no store '${part}': -s declares ${stores.join(', ')}`, part, stores)
  }
  return { kind: 'variable', type: variable.type, variable, part: declared ?? part }
}

function otherRights(variable: { read: number; write: number; unset: number }): string | undefined {
  const can = (['read', 'write', 'unset'] as const).filter((right) => variable[right] !== 0).map((right) => WORD[right])
  return can.length === 0 ? undefined : `it can be ${can.join(' and ')}`
}

/** The variable that `set` or `unset` names. */
export function checkTarget(k: Checking, node: SymbolPath, right: 'write' | 'unset'): Target | undefined {
  const found = findVariable(node, k.options.syntax)
  if (found === undefined) return k.find(node.text) ? k.error(node.at, `${node.text} is not a variable`) : unknownSymbol(k, node)
  if ('other' in found) return wrongSyntax(k, node, found.other.syntax)
  if (found.rest.length > 0) return unknownSymbol(k, node)
  return useVariable(k, node, found, right)
}
