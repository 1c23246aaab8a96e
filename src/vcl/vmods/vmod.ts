import type { Fields } from '../../http/fields.ts'
import type { VclBackend, VclHost } from '../runtime/context.ts'

/**
 * A module's functions as a table: the checker reads names, arguments and rights, emitted code calls `impl`, the
 * reference pages are made from it. Nothing can be called that is not in a table.
 *
 * How emitted code calls a function: `impl(c, ...args)`, where args follow the table's order, whatever order they
 * were written in. An argument not written is its `default`, or `undefined` when it is `optional` without default.
 * Values at run time, by type:
 *
 *   STRING, STRANDS  string | undefined (unset); STRANDS comes already concatenated
 *   INT, REAL        number             BYTES  number of bytes
 *   DURATION         number of seconds  TIME   number of epoch seconds
 *   BOOL             boolean            ENUM   the word as a string
 *   IP               Ip                 BACKEND  VclBackend | undefined
 *   HEADER           HeaderRef          HTTP   RequestHead | ResponseHead (the object itself)
 *   BLOB             Uint8Array         VOID   (only returned) undefined
 *   REGEX            VclRegex            ACL  { acl }, a runtime/acl.ts Acl
 *   PROBE            ProbeDeclaration with its name
 *
 * A method of an object is called as `impl(c, object, ...args)`, where `object` is what `create` has returned.
 *
 * A function that fails the way VRT_fail does throws VclFailure (runtime/failure.ts): whoever runs the sub catches
 * it, passes its message to c.vclError and treats the sub as `return (fail)`.
 */

/** Types of VCL values, as the checker names them. */
export type VclType =
  | 'ACL'
  | 'BACKEND'
  | 'BLOB'
  | 'BODY'
  | 'BOOL'
  | 'BYTES'
  | 'DURATION'
  | 'ENUM'
  | 'HEADER'
  | 'HTTP'
  | 'INT'
  | 'IP'
  | 'PROBE'
  | 'REAL'
  | 'REGEX'
  | 'STEVEDORE'
  | 'STRANDS'
  | 'STRING'
  | 'SUB'
  | 'TIME'
  | 'VOID'

/** A HEADER argument: the message's fields and which one. `key` is lower case. */
export interface HeaderRef {
  readonly fields: Fields
  readonly name: string
  readonly key: string
}

export interface VmodArgument {
  readonly name: string
  readonly type: VclType
  /** In run-time units, see above. */
  readonly default?: string | number | boolean
  /** May be left out although it has no default: impl gets undefined. */
  readonly optional?: boolean
  /** A HEADER that is only read: any will do, not only those that can be set. */
  readonly reads?: boolean
  /** The words of an ENUM. */
  readonly words?: readonly string[]
}

/** Called by emitted code; each implementation declares its own parameters. */
export type VmodImplementation = (c: never, ...args: never[]) => unknown

/** What a function may need to know of the rule set that imports it. */
export interface VmodLoad {
  /** Syntax of the main file: 40 or 41. */
  readonly syntax: 40 | 41
  readonly vcl_path: readonly string[]
  /** Left out where nothing is loaded, only described. */
  readonly host?: VclHost
  /** Backends that the rules declare, by name. */
  readonly backends?: ReadonlyMap<string, VclBackend>
}

export interface VmodFunction {
  readonly args: readonly VmodArgument[]
  readonly returns: VclType
  /** Subs it may be called from ("vcl_recv", …), through the call graph; every sub when left out. */
  readonly subs?: readonly string[]
  readonly doc: string
  readonly impl: VmodImplementation
  /** When present, emitted code calls what this returns, made once per load, instead of `impl`. */
  readonly bind?: (load: VmodLoad) => VmodImplementation
}

/** A type of objects: `new name = module.type(args);` in vcl_init makes one. */
export interface VmodObject {
  readonly args: readonly VmodArgument[]
  readonly doc: string
  /** `create(c, load, name, ...args)` */
  readonly create: (c: never, load: never, name: never, ...args: never[]) => object
  readonly methods: Readonly<Record<string, VmodFunction>>
  /** As Vmod.unsupported, of methods. */
  readonly unsupported?: Readonly<Record<string, string>>
}

export interface Vmod {
  readonly name: string
  /** One sentence for the reference pages: what the module is for, and where it differs. */
  readonly doc: string
  readonly functions: Readonly<Record<string, VmodFunction>>
  readonly objects?: Readonly<Record<string, VmodObject>>
  /** Documented upstream but not here yet: name → what to tell the user. The checker refuses them with this text. */
  readonly unsupported: Readonly<Record<string, string>>
}
