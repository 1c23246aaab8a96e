import { nearest } from '../../base/nearest.ts'
import { own } from '../../base/own.ts'
import type { Argument, CallExpression, MethodExpression, PathPart, Place, PropertyExpression } from '../ast.ts'
import { VMODS } from '../vmods/vmods.ts'
import { literalPattern } from './arguments.ts'
import type { Checking } from './checking.ts'
import { checkValue, expect, useVariable } from './expression.ts'
import { checkObjectCall, checkVmodCall } from './modules.ts'
import type { Value } from './program.ts'
import { describe, findVariable } from './symbols.ts'
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
    if (value === undefined || value.kind === 'vmod' || value.kind === 'object_call') return value
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
    if (global.offset > k.position) return k.error(callee.at, `module ${global.name} is imported after its use`, undefined, 'unknown-name')
    return checkVmodCall(k, node, global.vmod)
  }
  if (global?.kind === 'object') return checkObjectCall(k, node, global)
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
  if (k.refused.has(module.toLowerCase()) || k.mayBeLost(module)) return checkRefusedArguments(k, node)
  if (Object.hasOwn(VMODS, module.toLowerCase()))
    return k.error(callee.at, `unknown function '${callee.text}'`, `is 'import ${module};' missing?`, 'unknown-name')
  const rest = callee.text.slice(module.length)
  const near = nearest(module, [...havingFunctions(k), ...Object.keys(VMODS)])
  const hint = near === undefined ? undefined : `did you mean '${near}${rest}'?`
  return k.error(callee.at, `unknown function '${callee.text}'`, hint, 'unknown-name')
}

/** Names of these rules behind which a dot and a function may stand. */
function havingFunctions(k: Checking): string[] {
  return [...k.globals.values()].filter(({ kind }) => kind === 'vmod' || kind === 'object' || kind === 'backend').map(({ name }) => name)
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
    const property = of.type === 'STEVEDORE' ? own(STORAGE_MEMBERS, part.text.toLowerCase()) : undefined
    if (property === undefined) return k.error(part.at, `${describe(of.type)} has no property '${part.text}'`, undefined, 'unknown-name')
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
