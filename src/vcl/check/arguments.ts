import type { Argument, Expression, Place } from '../ast.ts'
import { didYouMean } from '../diagnostic.ts'
import type { VmodArgument } from '../vmods/vmod.ts'
import type { Checking } from './checking.ts'
import { expect } from './expression.ts'
import { checkPattern, constantText } from './match.ts'
import type { Value } from './program.ts'
import { valueType } from './types.ts'

/** What is called, for its complaints: a function, a method or a type of objects. */
export interface Callee {
  readonly at: Place
  /** As written: "std.integer". */
  readonly text: string
  readonly wants: readonly VmodArgument[]
}

/** A pattern known at load that the regex engine takes. */
export function literalPattern(k: Checking, node: Expression): string | undefined {
  const pattern = constantText(k, node)
  return pattern === undefined || !checkPattern(k, node, pattern) ? undefined : pattern
}

/** Positional then named arguments (the grammar knows no other order), in the order of the function's table; what is left out is its default. */
export function checkArguments(k: Checking, callee: Callee, args: readonly Argument[]): (Value | undefined)[] | undefined {
  const { wants } = callee
  const given = new Map<string, Value>()
  for (const [i, argument] of args.entries()) {
    const wanted = argument.name === undefined ? wants[i] : wants.find((one) => one.name === argument.name!.text)
    if (wanted === undefined) return badArgument(k, callee, argument)
    if (given.has(wanted.name)) return k.error(argument.at, `argument '${wanted.name}' is given twice`, undefined, 'argument')
    const value = checkArgument(k, argument, wanted)
    if (value === undefined) return undefined
    given.set(wanted.name, value)
  }
  const missing = wants.find((one) => !given.has(one.name) && one.default === undefined && !one.optional)
  if (missing !== undefined)
    return k.error(callee.at, `${callee.text}() needs its argument '${missing.name}' (${valueType(missing.type)})`, undefined, 'argument')
  return wants.map((one) => given.get(one.name) ?? defaultOf(one))
}

function badArgument(k: Checking, callee: Callee, argument: Argument): undefined {
  const names = callee.wants.map((one) => one.name)
  if (argument.name === undefined)
    return k.error(
      argument.at,
      `${callee.text}() takes ${names.length === 0 ? 'no' : `at most ${names.length}`} arguments`,
      undefined,
      'argument',
    )
  return k.unknown(argument.at, `${callee.text}() has no argument '${argument.name.text}'`, argument.name.text, names)
}

function checkArgument(k: Checking, argument: Argument, wanted: VmodArgument): Value | undefined {
  const node = argument.value
  if (wanted.type === 'ENUM') {
    const words = wanted.words ?? []
    if (node.kind === 'symbol' && words.includes(node.text)) return { kind: 'enum', type: 'ENUM', word: node.text }
    return k.error(
      node.at,
      `expected one of ${words.join(', ')}`,
      node.kind === 'symbol' ? didYouMean(node.text, words) : undefined,
      'argument',
    )
  }
  if (wanted.type === 'REGEX') {
    const pattern = literalPattern(k, node)
    return pattern === undefined ? undefined : { kind: 'regex', type: 'REGEX', pattern }
  }
  if (wanted.type === 'SUB') return subArgument(k, node)
  return wanted.type === 'HEADER' ? headerArgument(k, node, wanted.reads === true) : expect(k, node, wanted.type)
}

/** The header itself: unless the function only reads, it must be one that can be set. */
function headerArgument(k: Checking, node: Expression, reads: boolean): Value | undefined {
  const value = expect(k, node, 'HEADER')
  if (value?.kind !== 'header') return undefined
  const { variable } = value
  if (!reads && variable.framing) return k.error(node.at, `${variable.name} cannot be set`, 'the length of a body is what it is')
  if (!reads) k.use(node.at, `${variable.name.replace('*', value.name)} cannot be set`, variable.write)
  return { kind: 'header_ref', type: 'HEADER', header: value }
}

/** A sub by its name: the function may call it, so that what it does must be legal here. */
function subArgument(k: Checking, node: Expression): Value | undefined {
  const global = node.kind === 'symbol' && node.parts.length === 1 ? k.find(node.text) : undefined
  if (global?.kind !== 'sub') return k.error(node.at, 'expected the name of a sub')
  const sub = global.name.toLowerCase()
  if (!k.inBuiltin) global.used = true
  k.call(sub, node.at)
  return { kind: 'sub', type: 'SUB', sub }
}

function defaultOf(argument: VmodArgument): Value | undefined {
  const value = argument.default
  if (value === undefined) return undefined
  if (typeof value === 'boolean') return { kind: 'bool', type: 'BOOL', bool: value }
  if (typeof value === 'number') return { kind: 'number', type: argument.type, number: value }
  return argument.type === 'ENUM' ? { kind: 'enum', type: 'ENUM', word: value } : { kind: 'text', type: 'STRING', text: value }
}
