import type { VclType, VmodArgument, VmodFunction, VmodLoad, VmodObject } from './vmod.ts'

/** Rows of the modules' tables, in few words. */

export const CLIENT_SUBS = ['recv', 'pipe', 'pass', 'hash', 'purge', 'miss', 'hit', 'deliver', 'synth'].map((sub) => `vcl_${sub}`)
export const BACKEND_SUBS = ['fetch', 'refresh', 'response', 'error'].map((sub) => `vcl_backend_${sub}`)

/** `'STRING s'`, `'[STRING s]'` when it may be left out. */
function argument(text: string): VmodArgument {
  const optional = text.startsWith('[')
  const [type, name] = text.replace(/[[\]]/g, '').split(' ')
  return { name, type: type as VclType, ...(optional ? { optional } : {}) }
}

export type Written = string | VmodArgument

function list(args: readonly Written[]): VmodArgument[] {
  return args.map((one) => (typeof one === 'string' ? argument(one) : one))
}

export function define(returns: VclType, args: readonly Written[], doc: string, impl: VmodFunction['impl']): VmodFunction {
  return { returns, args: list(args), doc, impl }
}

const NO_LOAD: VmodLoad = { syntax: 41, vcl_path: [] }

/** One that is made anew for each load of rules. */
export function bound(returns: VclType, args: readonly Written[], doc: string, bind: NonNullable<VmodFunction['bind']>): VmodFunction {
  return { ...define(returns, args, doc, bind(NO_LOAD)), bind }
}

/** With a default, in run-time units. */
export function option(text: string, value: string | number | boolean): VmodArgument {
  return { ...argument(text), default: value }
}

/** An ENUM; without a default it may be left out. */
export function choice(name: string, words: readonly string[], value?: string): VmodArgument {
  return { name, type: 'ENUM', words, ...(value === undefined ? { optional: true } : { default: value }) }
}

export function type(
  args: readonly Written[],
  doc: string,
  create: VmodObject['create'],
  methods: VmodObject['methods'],
  unsupported: NonNullable<VmodObject['unsupported']> = {},
): VmodObject {
  return { args: list(args), doc, create, methods, unsupported }
}

/** Only in these subs. */
export function only(subs: readonly string[], fn: VmodFunction): VmodFunction {
  return { ...fn, subs }
}
