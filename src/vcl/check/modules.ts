import { own } from '../../base/own.ts'
import type { CallExpression, NewStatement, PathPart } from '../ast.ts'
import type { Vmod, VmodFunction } from '../vmods/vmod.ts'
import { cacheReqBody } from '../vmods/std.ts'
import { VMODS } from '../vmods/vmods.ts'
import { checkArguments } from './arguments.ts'
import type { Checking } from './checking.ts'
import type { Step, Value } from './program.ts'
import { isReserved, type ObjectGlobal } from './symbols.ts'
import { maskOf } from './subs.ts'

/** Names are compared without case, as all symbols. */
function keyOf(table: Readonly<Record<string, unknown>>, name: string): string | undefined {
  return Object.keys(table).find((known) => known.toLowerCase() === name.toLowerCase())
}

function useFunction(k: Checking, node: CallExpression, fn: VmodFunction): void {
  if (fn.subs === undefined) return
  const legal = maskOf(fn.subs.map((sub) => sub.replace(/^vcl_/, '')).join(' '))
  k.use(node.callee.at, `${node.callee.text}() cannot be called`, legal)
}

/** `module.function(…)` */
export function checkVmodCall(k: Checking, node: CallExpression, vmod: Vmod): Value | undefined {
  const { callee } = node
  const name = callee.parts[1]
  if (callee.parts.length !== 2) return k.error(callee.at, `expected ${vmod.name}.function(…)`)
  const key = keyOf(vmod.functions, name.text)
  if (key === undefined) return unknownVmodFunction(k, vmod, name)
  const fn = vmod.functions[key]
  useFunction(k, node, fn)
  k.sub.touched.add(`${vmod.name}.${key}`)
  const args = checkArguments(k, { at: node.at, text: callee.text, wants: fn.args }, node.args)
  if (args !== undefined && fn.impl === cacheReqBody) noteBody(k, args[0])
  return args && { kind: 'vmod', type: fn.returns, vmod: vmod.name, name: key, args }
}

/** Bodies are taken in before vcl_recv runs: how much of them is known from the rules. */
function noteBody(k: Checking, size: Value | undefined): void {
  k.bodyBytes = Math.max(k.bodyBytes, size?.kind === 'number' ? size.number : Number.MAX_SAFE_INTEGER)
}

function unknownVmodFunction(k: Checking, vmod: Vmod, name: PathPart): undefined {
  const reason = own(vmod.unsupported, name.text.toLowerCase())
  if (reason !== undefined) return k.unsupported(name.at, `${vmod.name}.${name.text}()`, reason)
  const type = keyOf(vmod.objects ?? {}, name.text)
  if (type !== undefined)
    return k.error(name.at, `${vmod.name}.${type} is a type of objects`, `in vcl_init: new NAME = ${vmod.name}.${type}(…);`)
  return k.unknown(name.at, `${vmod.name} has no function '${name.text}'`, name.text, Object.keys(vmod.functions))
}

/** First pass: the object's name, wherever it is made. What is wrong with its type is said here. */
export function declareObject(k: Checking, node: NewStatement, index: number): ObjectGlobal | undefined {
  const [module, type] = node.constructor_path.parts
  const vmod = k.find(module.text)
  const refuse = (): undefined => void k.refused.add(node.name.text.toLowerCase())
  if (isReserved(node.name.text.toLowerCase())) {
    k.error(node.name.at, `'${node.name.text}' is a word of VCL and cannot be declared`, undefined, 'duplicate')
    return refuse()
  }
  if (/^vcl_/i.test(node.name.text)) {
    k.error(node.name.at, `'${node.name.text}': names that begin with vcl_ are reserved`)
    return refuse()
  }
  if (vmod?.kind !== 'vmod') {
    const known = Object.hasOwn(VMODS, module.text.toLowerCase())
    const hint = known ? `is 'import ${module.text};' missing?` : undefined
    if (!k.refused.has(module.text.toLowerCase()) && !k.mayBeLost(module.text))
      k.error(module.at, `unknown module '${module.text}'`, hint, 'unknown-name')
    return refuse()
  }
  const types = vmod.vmod.objects ?? {}
  const key = node.constructor_path.parts.length === 2 ? keyOf(types, type.text) : undefined
  if (key === undefined) {
    noSuchType(k, node, vmod.name, vmod.vmod)
    return refuse()
  }
  const { name } = node
  return {
    kind: 'object',
    name: name.text,
    at: name.at,
    index,
    used: false,
    node,
    type_name: `${vmod.vmod.name}.${key}`,
    type: types[key],
  }
}

function noSuchType(k: Checking, node: NewStatement, alias: string, vmod: Vmod): undefined {
  const { constructor_path } = node
  const types = Object.keys(vmod.objects ?? {})
  const reason = vmod.unsupported[constructor_path.parts.at(-1)!.text.toLowerCase()]
  if (reason !== undefined) return k.unsupported(constructor_path.at, constructor_path.text, reason)
  if (types.length === 0) return k.error(constructor_path.at, `module ${alias} has no objects`)
  if (constructor_path.parts.length !== 2) return k.error(constructor_path.at, `expected ${alias}.type(…)`, `types: ${types.join(', ')}`)
  const { text, at } = constructor_path.parts[1]
  if (keyOf(vmod.functions, text) !== undefined)
    return k.error(at, `${alias}.${text} is a function, not a type`, `types: ${types.join(', ')}`)
  return k.unknown(at, `${alias} has no type '${text}' (known: ${types.join(', ')})`, text, types)
}

const IN_INIT = maskOf('init')

/** `new name = module.type(args);` */
export function checkNew(k: Checking, node: NewStatement): Step | undefined {
  k.use(node.at, `new ${node.name.text} is not possible`, IN_INIT)
  const global = k.find(node.name.text)
  if (global?.kind !== 'object' || global.node !== node) return undefined
  const { type_name, type, index, name } = global
  const args = checkArguments(k, { at: node.at, text: type_name, wants: type.args }, node.args)
  const [vmod, object_type] = type_name.split('.')
  return args && { kind: 'new', at: node.at, index, name, vmod, type: object_type, args }
}

/** `name.method(args)` */
export function checkObjectCall(k: Checking, node: CallExpression, global: ObjectGlobal): Value | undefined {
  const { callee } = node
  global.used = true
  const [, method] = callee.parts
  if (callee.parts.length !== 2) return k.error(callee.at, `expected ${global.name}.method(…)`)
  const key = keyOf(global.type.methods, method.text)
  if (key === undefined) {
    const reason = global.type.unsupported?.[method.text.toLowerCase()]
    if (reason !== undefined) return k.unsupported(method.at, `${global.type_name}.${method.text}()`, reason)
    const known = Object.keys(global.type.methods)
    return k.unknown(method.at, `${global.type_name} has no method '${method.text}' (known: ${known.join(', ')})`, method.text, known)
  }
  const fn = global.type.methods[key]
  useFunction(k, node, fn)
  k.sub.touched.add(`${global.type_name}.${key}`)
  const args = checkArguments(k, { at: node.at, text: callee.text, wants: fn.args }, node.args)
  const [vmod, object_type] = global.type_name.split('.')
  return args && { kind: 'object_call', type: fn.returns, index: global.index, name: global.name, vmod, object_type, method: key, args }
}
