import type { Place } from '../ast.ts'
import type { Ip } from '../../base/ip.ts'
import type { BackendDeclaration, ProbeDeclaration } from '../runtime/context.ts'
import type { AclNetwork } from '../runtime/acl.ts'
import type { ActionRow } from './actions.ts'
import type { VclType } from './types.ts'
import type { Variable } from './variables.ts'

/**
 * The typed program: what the checker yields and the emitter walks. Every name is resolved, every conversion explicit,
 * so that the emitter decides nothing but JavaScript.
 */
export interface Program {
  readonly syntax: 40 | 41
  readonly backends: readonly BackendDeclaration[]
  readonly default_backend: number
  readonly acls: readonly AclTable[]
  /** Names of the objects that vcl_init may make. */
  readonly objects: readonly string[]
  /** In an order where every sub comes after those it calls. Only subs that can run. */
  readonly subs: readonly TypedSub[]
  /** Names of those that vcl_recv and vcl_hash may come to, with these two. */
  readonly keying: ReadonlySet<string>
}

export interface AclTable {
  readonly name: string
  readonly log: boolean
  readonly entries: readonly AclNetwork[]
}

export type AclTableEntry = AclNetwork

export interface TypedSub {
  /** Folded: "vcl_recv", "my_sub". */
  readonly name: string
  /** In source order, the built-in rules' last. */
  readonly pieces: readonly Piece[]
}

export interface Piece {
  readonly builtin: boolean
  readonly steps: readonly Step[]
}

export type Step =
  | { readonly kind: 'set'; readonly at: Place; readonly target: Target; readonly op: '=' | '+'; readonly value: Value }
  | { readonly kind: 'unset'; readonly at: Place; readonly target: Target }
  | { readonly kind: 'if'; readonly at: Place; readonly branches: readonly Branch[]; readonly otherwise: readonly Step[] }
  | { readonly kind: 'call'; readonly at: Place; readonly sub: string }
  | { readonly kind: 'leave'; readonly at: Place }
  | { readonly kind: 'return'; readonly at: Place; readonly action: ActionRow; readonly args: readonly Value[] }
  | { readonly kind: 'hash_data' | 'synthetic' | 'ban'; readonly at: Place; readonly value: Value }
  | { readonly kind: 'run'; readonly at: Place; readonly value: Value }
  | {
      readonly kind: 'new'
      readonly at: Place
      readonly index: number
      readonly name: string
      readonly vmod: string
      readonly type: string
      readonly args: readonly (Value | undefined)[]
    }

export interface Branch {
  readonly at: Place
  readonly condition: Value
  readonly steps: readonly Step[]
}

export type Target = VariableUse | HeaderUse

/** `part` is the name behind the dot of storage.NAME. */
export interface VariableUse {
  readonly kind: 'variable'
  readonly type: VclType
  readonly variable: Variable
  readonly part: string
}

export interface HeaderUse {
  readonly kind: 'header'
  readonly type: 'HEADER'
  readonly variable: Variable
  readonly name: string
  readonly key: string
}

export type Value =
  | VariableUse
  | HeaderUse
  | { readonly kind: 'header_ref'; readonly type: 'HEADER'; readonly header: HeaderUse }
  | { readonly kind: 'text'; readonly type: 'STRING'; readonly text: string }
  | { readonly kind: 'number'; readonly type: VclType; readonly number: number }
  | { readonly kind: 'bool'; readonly type: 'BOOL'; readonly bool: boolean }
  | { readonly kind: 'ip'; readonly type: 'IP'; readonly ip: Ip }
  | { readonly kind: 'blob'; readonly type: 'BLOB'; readonly base64: string }
  | { readonly kind: 'regex'; readonly type: 'REGEX'; readonly pattern: string }
  | { readonly kind: 'enum'; readonly type: 'ENUM'; readonly word: string }
  | { readonly kind: 'backend'; readonly type: 'BACKEND'; readonly index: number }
  | { readonly kind: 'acl'; readonly type: 'ACL'; readonly index: number }
  | { readonly kind: 'probe'; readonly type: 'PROBE'; readonly name: string; readonly probe: ProbeDeclaration }
  /** Folded name. */
  | { readonly kind: 'sub'; readonly type: 'SUB'; readonly sub: string }
  | { readonly kind: 'join'; readonly type: 'STRING'; readonly parts: readonly Value[] }
  | { readonly kind: 'to_string'; readonly type: 'STRING'; readonly of: Value }
  /** A BLOB's bytes, as a body. */
  | { readonly kind: 'raw'; readonly type: 'STRING'; readonly of: Value }
  | { readonly kind: 'truth'; readonly type: 'BOOL'; readonly of: Value }
  | { readonly kind: 'logic'; readonly type: 'BOOL'; readonly op: '&&' | '||'; readonly left: Value; readonly right: Value }
  | { readonly kind: 'not'; readonly type: 'BOOL'; readonly of: Value }
  | { readonly kind: 'negate'; readonly type: VclType; readonly of: Value }
  | { readonly kind: 'arithmetic'; readonly type: VclType; readonly op: string; readonly left: Value; readonly right: Value }
  | { readonly kind: 'compare'; readonly type: 'BOOL'; readonly op: string; readonly left: Value; readonly right: Value }
  | { readonly kind: 'match'; readonly type: 'BOOL'; readonly negated: boolean; readonly subject: Value; readonly pattern: string }
  | { readonly kind: 'match_acl'; readonly type: 'BOOL'; readonly negated: boolean; readonly subject: Value; readonly acl: number }
  | {
      readonly kind: 'regsub'
      readonly type: 'STRING'
      readonly all: boolean
      readonly subject: Value
      readonly pattern: string
      readonly replacement: Value
    }
  | { readonly kind: 'case'; readonly type: 'STRING'; readonly to: 'lower' | 'upper'; readonly of: Value }
  | { readonly kind: 'resolve'; readonly type: 'BACKEND'; readonly of: Value }
  | { readonly kind: 'property'; readonly type: VclType; readonly member: string; readonly of: Value }
  | {
      readonly kind: 'vmod'
      readonly type: VclType
      readonly vmod: string
      readonly name: string
      readonly args: readonly (Value | undefined)[]
    }
  | {
      readonly kind: 'object_call'
      readonly type: VclType
      /** Of Program.objects. */
      readonly index: number
      readonly name: string
      readonly vmod: string
      readonly object_type: string
      readonly method: string
      readonly args: readonly (Value | undefined)[]
    }
