import { own } from '../../base/own.ts'
import type { Block, Declaration, SubDeclaration, VclFile } from '../ast.ts'
import { inFileOrder } from '../diagnostic.ts'
import type { BackendDeclaration } from '../runtime/context.ts'
import type { Vmod } from '../vmods/vmod.ts'
import { PENDING_VMODS, VMODS } from '../vmods/vmods.ts'
import { checkAcl } from './addresses.ts'
import { checkBackend } from './backends.ts'
import { Checking, type CheckOptions } from './checking.ts'
import { declareObject } from './modules.ts'
import { checkProbe, withDefaultProbe } from './probes.ts'
import type { AclTable, Piece, Program, TypedSub } from './program.ts'
import { callOrder, checkRecursion, checkRights } from './rights.ts'
import { checkBlock, refuseInlineC } from './statements.ts'
import { RENAMED_SUBS } from './renamed.ts'
import { HELPER_SUBS, kindOfSub, RUNNABLE_SUBS, SUB_NAMES } from './subs.ts'
import { withVia } from './via.ts'
import { isReserved, type Global } from './symbols.ts'

export interface Checked {
  readonly k: Checking
  /** Undefined when there are errors. */
  readonly program: Program | undefined
}

/** Checks a rule file with the built-in rules behind it; complaints are in `k`, the typed program when there is none. */
export function checkVcl(file: VclFile, builtin: VclFile, options: Omit<CheckOptions, 'syntax'>): Checked {
  const k = new Checking({ ...options, syntax: file.version.syntax })
  const scope: Scope = { k, backends: [], acls: [], objects: [] }
  for (const [i, declaration] of file.declarations.entries()) declare(scope, declaration, i)
  declareBuiltin(k, builtin)
  for (const declaration of file.declarations) if (declaration.kind === 'sub') declareObjects(scope, declaration.body)
  for (const [i, declaration] of file.declarations.entries()) checkDeclaration(scope, declaration, i)
  const subs = checkSubs(k, file.declarations)
  if (scope.backends.length === 0 && options.lost === undefined)
    k.error(file.at, 'no backend is declared', 'backend default { .host = "127.0.0.1"; }, or backend default none;', 'no-backend')
  scope.backends.splice(0, Infinity, ...withVia(k, scope.backends))
  // Whoever walks calls relies on it that they end.
  if (checkRecursion(k)) {
    checkRights(k)
    checkUnused(k)
  }
  k.errors.sort(inFileOrder)
  return { k, program: k.errors.length > 0 ? undefined : programOf(scope, subs) }
}

interface Scope {
  readonly k: Checking
  /** In the order in which they are written. */
  readonly objects: string[]
  readonly backends: BackendDeclaration[]
  readonly acls: AclTable[]
}

/** First pass: names. Subs, acls and backends may be used before they are declared. */
function declare(scope: Scope, node: Declaration, position: number): void {
  const { k } = scope
  switch (node.kind) {
    case 'acl':
      if (add(k, { kind: 'acl', name: node.name.text, at: node.name.at, index: scope.acls.length, used: false, node })) {
        scope.acls.push({ name: node.name.text, log: false, entries: [] })
      }
      return
    case 'backend':
      if (add(k, { kind: 'backend', name: node.name.text, at: node.name.at, index: scope.backends.length, used: false, node })) {
        scope.backends.push(checkBackendLater)
      }
      return
    case 'import':
      return declareVmod(k, node, position)
    case 'sub':
      return declareSub(k, node, false)
    default:
  }
}

/** Objects may be used above the sub that makes them, and made in blocks: in an if, for example. */
function declareObjects(scope: Scope, block: Block): void {
  for (const statement of block.statements) {
    if (statement.kind === 'block') declareObjects(scope, statement)
    else if (statement.kind === 'if') {
      for (const branch of statement.branches) declareObjects(scope, branch.body)
      if (statement.otherwise !== undefined) declareObjects(scope, statement.otherwise)
    } else if (statement.kind === 'new') {
      const global = declareObject(scope.k, statement, scope.objects.length)
      if (global !== undefined && add(scope.k, global)) scope.objects.push(global.name)
    }
  }
}

/** Holds a backend's index until its own turn. */
const checkBackendLater = {} as BackendDeclaration

function add(k: Checking, global: Global): boolean {
  const folded = global.name.toLowerCase()
  const before = k.globals.get(folded)
  if (before?.kind === 'vmod' && global.kind === 'vmod' && before.vmod === global.vmod) return false
  if (before !== undefined) {
    k.error(
      global.at,
      `${global.kind} ${global.name}: the name is already taken by a ${before.kind}`,
      `declared in line ${before.at.line}`,
      'duplicate',
    )
    return false
  }
  if (isReserved(folded))
    return k.error(global.at, `'${global.name}' is a word of VCL and cannot be declared`, undefined, 'duplicate') ?? false
  k.globals.set(folded, global)
  return true
}

function declareVmod(k: Checking, node: Extract<Declaration, { kind: 'import' }>, position: number): void {
  const name = node.name.text
  if (!Object.hasOwn(VMODS, name.toLowerCase())) {
    k.refused.add((node.alias ?? node.name).text.toLowerCase())
    if (PENDING_VMODS.includes(name.toLowerCase())) return k.unsupported(node.name.at, `module ${name}`)
    const known = Object.keys(VMODS)
    k.unknown(node.name.at, `unknown module '${name}' (known: ${known.join(', ')})`, name, known)
    return
  }
  const vmod: Vmod = VMODS[name.toLowerCase()]
  if (node.from !== undefined) k.warn(node.from.at, 'import from "…" is ignored', `module ${name} is part of the program`)
  add(k, { kind: 'vmod', name: (node.alias ?? node.name).text, at: node.name.at, used: true, vmod, offset: position })
}

function declareSub(k: Checking, node: SubDeclaration, builtin: boolean): void {
  const folded = node.name.text.toLowerCase()
  const kind = kindOfSub(folded)
  if (kind === 'unknown') {
    const known = [...SUB_NAMES.map((name) => `vcl_${name}`), ...HELPER_SUBS]
    const message = `unknown sub '${node.name.text}': names that begin with vcl_ are reserved`
    const renamed = own(RENAMED_SUBS, folded)
    if (renamed !== undefined) return k.error(node.name.at, message, renamed, 'unknown-name')
    return k.unknown(node.name.at, message, folded, known)
  }
  const before = k.globals.get(folded)
  if (before?.kind === 'sub' && kind !== 'custom') before.pieces.push({ builtin, node })
  else if (before?.kind === 'sub')
    k.error(node.name.at, `sub ${node.name.text} is declared twice`, `first in line ${before.at.line}`, 'duplicate')
  else add(k, { kind: 'sub', name: node.name.text, at: node.name.at, used: kind !== 'custom', pieces: [{ builtin, node }] })
}

function declareBuiltin(k: Checking, builtin: VclFile): void {
  for (const node of builtin.declarations) if (node.kind === 'sub') declareSub(k, node, true)
}

/** Second pass: what the declarations hold. Probes are declared here, so that they come before their use. */
function checkDeclaration(scope: Scope, node: Declaration, position: number): void {
  const { k } = scope
  k.position = position
  k.topic = 'declaration'
  const own = 'name' in node ? k.find(node.name.text) : undefined
  switch (node.kind) {
    case 'acl':
      if (own?.kind === 'acl' && own.node === node) scope.acls[own.index] = checkAcl(k, node)
      return
    case 'backend':
      if (own?.kind === 'backend' && own.node === node) scope.backends[own.index] = checkBackend(k, node)
      return
    case 'probe':
      declareProbe(k, node)
      return
    case 'unused':
      if (own === undefined) k.error(node.name.at, `unused ${node.name.text}: there is no such declaration`, undefined, 'unknown-name')
      else own.used = true
      return
    case 'inline_c':
      refuseInlineC(k, node.at)
      return
    default:
  }
}

function declareProbe(k: Checking, node: Extract<Declaration, { kind: 'probe' }>): void {
  const { name } = node
  const probe = checkProbe(k, node.attributes)
  if (name.text.toLowerCase() !== 'default') add(k, { kind: 'probe', name: name.text, at: name.at, used: false, node, probe })
  else if (k.defaultProbe !== undefined) k.error(name.at, 'probe default is declared twice')
  else k.defaultProbe = probe
}

function checkSubs(k: Checking, declarations: readonly Declaration[]): Map<string, TypedSub> {
  const subs = new Map<string, TypedSub>()
  k.topic = 'type'
  for (const [folded, global] of k.globals) {
    if (global.kind !== 'sub') continue
    const pieces = global.pieces.map(({ builtin, node }): Piece => {
      k.enter(folded)
      k.inBuiltin = builtin
      k.position = builtin ? Number.MAX_SAFE_INTEGER : declarations.indexOf(node)
      return { builtin, steps: checkBlock(k, node.body, folded) }
    })
    subs.set(folded, { name: folded, pieces })
    k.inBuiltin = false
  }
  return subs
}

/** "Unused …" is an error unless vcc_err_unref is off; so is a helper of the built-in rules that nothing calls. */
function checkUnused(k: Checking): void {
  const report = (at: Global['at'], text: string, hint: string): void => {
    // Who knows what the text that could not be read was to say.
    if (k.options.lost !== undefined) return
    if (k.options.errUnref) k.error(at, text, hint, 'unused')
    else k.warn(at, text, hint, 'unused')
  }
  const reached = new Set(callOrder(k, RUNNABLE_SUBS.map((name) => `vcl_${name}`).concat('vcl_init', 'vcl_fini')))
  for (const [folded, global] of k.globals) {
    if (global.kind === 'sub' && kindOfSub(folded) !== 'custom') {
      const own = global.pieces.find((piece) => !piece.builtin)
      if (own !== undefined && !reached.has(folded)) k.unsupported(own.node.name.at, own.node.name.text)
    } else if (global.kind === 'object') {
      // As in Varnish, no error: but somebody has forgotten something.
      if (!global.used) k.warn(global.at, `object ${global.name} is made but not used`, undefined, 'unused')
    } else if (!global.used && !isDefaultBackend(global, k)) {
      report(global.at, `unused ${global.kind} ${global.name}`, `use it, remove it, or say: unused ${global.name};`)
    }
  }
}

function isDefaultBackend(global: Global, k: Checking): boolean {
  const named = k.globals.get('default')
  return global.kind === 'backend' && (named === undefined ? global.index === 0 : global === named)
}

function programOf(scope: Scope, subs: ReadonlyMap<string, TypedSub>): Program {
  const { k, backends, acls, objects } = scope
  const chosen = k.globals.get('default')
  const roots = RUNNABLE_SUBS.map((name) => `vcl_${name}`).concat('vcl_init', 'vcl_fini')
  return {
    syntax: k.options.syntax,
    backends: backends.map((backend) => withDefaultProbe(k, backend)),
    default_backend: chosen?.kind === 'backend' ? chosen.index : 0,
    acls,
    objects,
    subs: callOrder(k, roots).map((name) => subs.get(name)!),
    keying: new Set(callOrder(k, ['vcl_recv', 'vcl_hash'])),
  }
}
