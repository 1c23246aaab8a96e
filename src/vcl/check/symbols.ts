import type {
  AclDeclaration,
  BackendDeclarationNode,
  NewStatement,
  PathPart,
  Place,
  ProbeDeclaration as Node,
  SubDeclaration,
  SymbolPath,
} from '../ast.ts'
import type { ProbeDeclaration } from '../runtime/context.ts'
import type { Vmod, VmodObject } from '../vmods/vmod.ts'
import type { VclType } from './types.ts'
import { VARIABLES, type Variable } from './variables.ts'

/** What a name at the top level stands for. Names are compared without case. */
export type Global =
  | {
      readonly kind: 'acl'
      readonly name: string
      readonly at: Place
      readonly index: number
      used: boolean
      readonly node: AclDeclaration
    }
  | {
      readonly kind: 'backend'
      readonly name: string
      readonly at: Place
      readonly index: number
      used: boolean
      readonly node: BackendDeclarationNode
    }
  | {
      readonly kind: 'probe'
      readonly name: string
      readonly at: Place
      used: boolean
      readonly node: Node
      readonly probe: ProbeDeclaration
    }
  | { readonly kind: 'vmod'; readonly name: string; readonly at: Place; used: boolean; readonly vmod: Vmod; readonly offset: number }
  | ObjectGlobal
  | SubGlobal

/** `new name = module.type(…);` */
export interface ObjectGlobal {
  readonly kind: 'object'
  readonly name: string
  readonly at: Place
  readonly index: number
  used: boolean
  readonly node: NewStatement
  /** "directors.round_robin" */
  readonly type_name: string
  readonly type: VmodObject
}

export interface SubGlobal {
  readonly kind: 'sub'
  readonly name: string
  readonly at: Place
  used: boolean
  readonly pieces: { readonly builtin: boolean; readonly node: SubDeclaration }[]
}

/** Statement words and built-in names live in the same symbol table as what users declare. */
const RESERVED = new Set(
  'ban call hash_data if else elseif elsif elif new return set synthetic unset include import regsub regsuball true false now req req_top bereq beresp resp obj obj_stale client server remote local sess storage param'.split(
    ' ',
  ),
)

export function isReserved(folded: string): boolean {
  return RESERVED.has(folded)
}

/** How a path resolves to a variable, and which of its parts are left (a method or a property). */
export interface Found {
  readonly variable: Variable
  /** Header name as written, or the part behind `storage.`. */
  readonly part: string
  readonly rest: readonly PathPart[]
}

const EXACT = new Map<string, Variable[]>()
for (const variable of VARIABLES) EXACT.set(variable.name, [...(EXACT.get(variable.name) ?? []), variable])

/** Longest prefix of the path that names a variable of this syntax; `other` when only the other syntax has it. */
export function findVariable(path: SymbolPath, syntax: 40 | 41): Found | { readonly other: Variable } | undefined {
  const words = path.parts.map((part) => part.text.toLowerCase())
  for (let n = Math.min(words.length, 3); n > 0; n--) {
    const candidates = candidatesOf(words.slice(0, n))
    // Whole messages have no parts of their own: req.urk is a misspelt variable.
    if (candidates === undefined || (candidates[0].type === 'HTTP' && n < words.length)) continue
    const variable = candidates.find((candidate) => inSyntax(candidate, syntax))
    if (variable === undefined) return { other: candidates[0] }
    return { variable, part: dynamicPart(variable, path), rest: path.parts.slice(n) }
  }
  return undefined
}

function candidatesOf(words: readonly string[]): Variable[] | undefined {
  const exact = EXACT.get(words.join('.'))
  if (exact) return exact
  if (words.length === 3 && words[1] === 'http') return EXACT.get(`${words[0]}.http.*`)
  if (words[0] === 'storage' && words.length === 2) return EXACT.get('storage.*')
  if (words[0] === 'storage' && words.length === 3) return EXACT.get(`storage.*.${words[2]}`)
  return undefined
}

function dynamicPart(variable: Variable, path: SymbolPath): string {
  if (variable.type === 'HEADER') return path.parts[2].text
  return variable.name.startsWith('storage.') ? path.parts[1].text : ''
}

function inSyntax(variable: Variable, syntax: 40 | 41): boolean {
  return variable.syntax === '' || (variable.syntax === '<=4.0' ? syntax === 40 : syntax === 41)
}

const TCHAR = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Why a header name cannot be, or undefined. Unquoted names that begin with a digit do not lex as one word. */
export function badHeaderName(part: PathPart, syntax: 40 | 41): string | undefined {
  if (part.quoted && syntax === 40) return 'quoted header names need vcl 4.1'
  if (part.text.length === 0) return 'empty header name'
  if (part.text.length > 126) return 'header names are at most 126 characters'
  if (!TCHAR.test(part.text)) return 'not a header name (RFC 9110 section 5.1)'
  if (!part.quoted && /^[0-9]/.test(part.text)) return 'a header name that begins with a digit is written in quotes: req.http."1x"'
  return undefined
}

/** Every name a variable may be guessed as, for suggestions. */
export function variableNames(): string[] {
  return [...EXACT.keys()]
}

export function describe(type: VclType): string {
  return type === 'HEADER' ? 'STRING' : type
}
