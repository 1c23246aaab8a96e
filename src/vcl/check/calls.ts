import type { Argument, CallExpression, Expression, MethodExpression, PathPart, Place, PropertyExpression } from '../ast.ts'
import type { Vmod, VmodArgument, VmodFunction } from '../vmods/vmod.ts'
import type { Checking } from './checking.ts'
import { checkValue, expect, useVariable } from './expression.ts'
import { checkPattern, constantText } from './match.ts'
import type { Value } from './program.ts'
import { describe, findVariable } from './symbols.ts'
import { maskOf } from './subs.ts'
import { valueType, type VclType } from './types.ts'

/** `vmod.function(…)`, `regsub(…)`, `variable.method(…)`: a path and arguments. */
export function checkCall(k: Checking, node: CallExpression): Value | undefined {
  const value = checkAnyCall(k, node)
  if (value?.type === 'VOID') return k.error(node.at, `${node.callee.text}() has no value`)
  return value
}

/** As a statement: a module's function, whose value may be dropped. */
export function checkCallStatement(k: Checking, node: CallExpression | MethodExpression): Value | undefined {
  if (node.kind === 'call') {
    const value = checkAnyCall(k, node)
    if (value === undefined || value.kind === 'vmod') return value
  }
  return k.error(node.at, 'only functions of modules are called as a statement')
}

function checkAnyCall(k: Checking, node: CallExpression): Value | undefined {
  const { callee } = node
  const folded = callee.parts[0].text.toLowerCase()
  if (callee.parts.length === 1 && (folded === 'regsub' || folded === 'regsuball')) return checkRegsub(k, node, folded === 'regsuball')
  const found = findVariable(callee, k.options.syntax)
  if (found !== undefined && !('other' in found)) {
    const object = useVariable(k, callee, found, 'read')
    return object && checkPathMethod(k, object, found.rest, node)
  }
  const global = k.find(folded)
  if (global?.kind === 'vmod') {
    if (global.offset > k.position) return k.error(callee.at, `module ${global.name} is imported after its use`)
    return checkVmodCall(k, node, global.vmod)
  }
  if (global?.kind === 'backend') {
    global.used = true
    return checkPathMethod(k, { kind: 'backend', type: 'BACKEND', index: global.index }, callee.parts.slice(1), node)
  }
  return unknownFunction(k, node)
}

function unknownFunction(k: Checking, node: CallExpression): undefined {
  const { callee } = node
  if (callee.parts.length < 2) return k.unknown(callee.at, `unknown function '${callee.text}'`, callee.text, ['regsub', 'regsuball'])
  const module = callee.parts[0].text
  if (k.refused.has(module.toLowerCase())) return checkRefusedArguments(k, node)
  return k.error(callee.at, `unknown function '${callee.text}'`, `is 'import ${module};' missing?`)
}

/** Only so that what they name counts as used. */
function checkRefusedArguments(k: Checking, node: CallExpression): undefined {
  for (const { value } of node.args) if (value.kind !== 'symbol' || k.find(value.text) !== undefined) checkValue(k, value, undefined)
  return undefined
}

function checkPathMethod(k: Checking, object: Value, rest: readonly PathPart[], node: CallExpression): Value | undefined {
  const method = rest.at(-1)
  if (method === undefined) return k.error(node.at, `${node.callee.text} is not a function`)
  const inner = checkRest(k, object, rest.slice(0, -1))
  return inner && applyMethod(k, inner, method.text, method.at, node.args)
}

/** Type methods (section 4): STRING .lower() .upper(), BACKEND .resolve(). */
function applyMethod(k: Checking, of: Value, name: string, at: Place, args: readonly Argument[]): Value | undefined {
  const type = valueType(of.type)
  const method = name.toLowerCase()
  const known = type === 'STRING' ? ['lower', 'upper'] : type === 'BACKEND' ? ['resolve'] : []
  if (!known.includes(method)) return k.unknown(at, `${describe(of.type)} has no method '${name}'`, method, known)
  if (args.length > 0) return k.error(args[0].at, `${name}() takes no arguments`)
  if (method === 'resolve') return { kind: 'resolve', type: 'BACKEND', of }
  return { kind: 'case', type: 'STRING', to: method === 'lower' ? 'lower' : 'upper', of }
}

const STORAGE_MEMBERS: Readonly<Record<string, { member: string; type: VclType }>> = {
  free_space: { member: 'free_space_bytes', type: 'BYTES' },
  used_space: { member: 'used_space_bytes', type: 'BYTES' },
  happy: { member: 'happy', type: 'BOOL' },
}

/** Properties behind a value: only STEVEDORE has some. */
export function checkRest(k: Checking, value: Value, rest: readonly PathPart[]): Value | undefined {
  let of = value
  for (const part of rest) {
    const property = of.type === 'STEVEDORE' ? STORAGE_MEMBERS[part.text.toLowerCase()] : undefined
    if (property === undefined) return k.error(part.at, `${describe(of.type)} has no property '${part.text}'`)
    of = { kind: 'property', type: property.type, member: property.member, of }
  }
  return of
}

/** `<expression>.name(…)` and `<expression>.name`. */
export function checkMethod(k: Checking, node: MethodExpression | PropertyExpression): Value | undefined {
  const object = checkValue(k, node.object, undefined)
  if (object === undefined) return undefined
  if (node.kind === 'method') return applyMethod(k, object, node.name.text, node.name.at, node.args)
  return checkRest(k, object, [{ ...node.name, quoted: false }])
}

function checkRegsub(k: Checking, node: CallExpression, all: boolean): Value | undefined {
  const named = node.args.find((argument) => argument.name !== undefined)
  if (named !== undefined) return k.error(named.at, `${node.callee.text}() has no named arguments`)
  if (node.args.length !== 3) return k.error(node.at, `${node.callee.text}() takes three arguments: text, regex, replacement`)
  const subject = expect(k, node.args[0].value, 'STRING')
  const pattern = literalPattern(k, node.args[1].value)
  const replacement = expect(k, node.args[2].value, 'STRING')
  if (subject === undefined || pattern === undefined || replacement === undefined) return undefined
  return { kind: 'regsub', type: 'STRING', all, subject, pattern, replacement }
}

function literalPattern(k: Checking, node: Expression): string | undefined {
  const pattern = constantText(k, node)
  return pattern === undefined || !checkPattern(k, node, pattern) ? undefined : pattern
}

function checkVmodCall(k: Checking, node: CallExpression, vmod: Vmod): Value | undefined {
  const { callee } = node
  const name = callee.parts[1]
  if (callee.parts.length !== 2) return k.error(callee.at, `expected ${vmod.name}.function(…)`)
  const key = Object.keys(vmod.functions).find((known) => known.toLowerCase() === name.text.toLowerCase())
  if (key === undefined) return unknownVmodFunction(k, vmod, name)
  const fn = vmod.functions[key]
  if (fn.subs !== undefined) {
    const legal = maskOf(fn.subs.map((sub) => sub.replace(/^vcl_/, '')).join(' '))
    k.use(callee.at, `${callee.text}() cannot be called`, legal)
  }
  k.sub.touched.add(`${vmod.name}.${key}`)
  const args = checkArguments(k, node, fn)
  return args && { kind: 'vmod', type: fn.returns, vmod: vmod.name, name: key, args }
}

function unknownVmodFunction(k: Checking, vmod: Vmod, name: PathPart): undefined {
  const reason = vmod.unsupported[name.text.toLowerCase()]
  if (reason !== undefined) return k.unsupported(name.at, `${vmod.name}.${name.text}()`, reason)
  return k.unknown(name.at, `${vmod.name} has no function '${name.text}'`, name.text, Object.keys(vmod.functions))
}

/** Positional then named arguments (the grammar knows no other order), in the order of the function's table; what is left out is its default. */
function checkArguments(k: Checking, node: CallExpression, fn: VmodFunction): (Value | undefined)[] | undefined {
  const given = new Map<string, Value>()
  for (const [i, argument] of node.args.entries()) {
    const wanted = argument.name === undefined ? fn.args[i] : fn.args.find((one) => one.name === argument.name!.text)
    if (wanted === undefined) return badArgument(k, node, argument, fn)
    if (given.has(wanted.name)) return k.error(argument.at, `argument '${wanted.name}' is given twice`)
    const value = checkArgument(k, argument, wanted)
    if (value === undefined) return undefined
    given.set(wanted.name, value)
  }
  const missing = fn.args.find((one) => !given.has(one.name) && one.default === undefined && !one.optional)
  if (missing !== undefined)
    return k.error(node.at, `${node.callee.text}() needs its argument '${missing.name}' (${valueType(missing.type)})`)
  return fn.args.map((one) => given.get(one.name) ?? defaultOf(one))
}

function badArgument(k: Checking, node: CallExpression, argument: Argument, fn: VmodFunction): undefined {
  const names = fn.args.map((one) => one.name)
  if (argument.name === undefined) return k.error(argument.at, `${node.callee.text}() takes at most ${names.length} arguments`)
  return k.unknown(argument.at, `${node.callee.text}() has no argument '${argument.name.text}'`, argument.name.text, names)
}

function checkArgument(k: Checking, argument: Argument, wanted: VmodArgument): Value | undefined {
  const node = argument.value
  if (wanted.type === 'ENUM') {
    const words = wanted.words ?? []
    if (node.kind === 'symbol' && words.includes(node.text)) return { kind: 'enum', type: 'ENUM', word: node.text }
    return k.error(node.at, `expected one of ${words.join(', ')}`)
  }
  if (wanted.type === 'REGEX') {
    const pattern = literalPattern(k, node)
    return pattern === undefined ? undefined : { kind: 'text', type: 'STRING', text: pattern }
  }
  return wanted.type === 'HEADER' ? headerArgument(k, node) : expect(k, node, wanted.type)
}

/** The header itself: the function may change it, so it must be one that can be set. */
function headerArgument(k: Checking, node: Expression): Value | undefined {
  const value = expect(k, node, 'HEADER')
  if (value?.kind !== 'header') return undefined
  k.use(node.at, `${value.variable.name.replace('*', value.name)} cannot be set`, value.variable.write)
  return { kind: 'header_ref', type: 'HEADER', header: value }
}

function defaultOf(argument: VmodArgument): Value | undefined {
  const value = argument.default
  if (value === undefined) return undefined
  if (typeof value === 'boolean') return { kind: 'bool', type: 'BOOL', bool: value }
  if (typeof value === 'number') return { kind: 'number', type: argument.type, number: value }
  return argument.type === 'ENUM' ? { kind: 'enum', type: 'ENUM', word: value } : { kind: 'text', type: 'STRING', text: value }
}
