import type { Global } from './check/symbols.ts'
import type { Source } from './diagnostic.ts'

/** A name that rules have declared: plain data. */
export interface VclSymbol {
  readonly kind: 'module' | 'backend' | 'probe' | 'acl' | 'object' | 'sub'
  readonly name: string
  /** Of a module its own name, which may be another, and of an object its type: "directors.round_robin". */
  readonly type: string | undefined
  readonly path: string
  readonly line: number
}

/** What rules have declared, in the order of kinds and then of the rules. The built-in rules are not in it. */
export function symbolTable(globals: Iterable<Global>, sources: readonly Source[]): VclSymbol[] {
  const symbols = [...globals].filter(isTheirs).map((global) => symbolOf(global, sources))
  return KINDS.flatMap((kind) => symbols.filter((symbol) => symbol.kind === kind))
}

const KINDS = ['module', 'backend', 'probe', 'acl', 'object', 'sub'] as const

function isTheirs(global: Global): boolean {
  return global.kind !== 'sub' || global.pieces.some(({ builtin }) => !builtin)
}

function symbolOf(global: Global, sources: readonly Source[]): VclSymbol {
  const { name, at } = global
  const kind = global.kind === 'vmod' ? 'module' : global.kind
  const type = global.kind === 'vmod' ? global.vmod.name : global.kind === 'object' ? global.type_name : undefined
  return { kind, name, type, path: sources[at.source].path, line: at.line }
}

/** Objects that choose among backends: they are in backend.list. */
export function directorNames(symbols: readonly VclSymbol[]): string[] {
  return symbols.filter(({ kind, type }) => kind === 'object' && type?.startsWith('directors.') === true).map(({ name }) => name)
}
