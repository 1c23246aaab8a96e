/**
 * The tree that the parser yields, the checker reads and the emitter walks: discriminated unions by `kind`, every
 * node with its place. Nothing here knows symbols or types: `req.http.x`, `acl_name` and `GET` are all `symbol`.
 */

/** Where a node is written. `source` is an index into SourceSet.sources (diagnostic.ts); line and column count from 1. */
export interface Place {
  readonly source: number
  readonly offset: number
  /** Characters from `offset`, never beyond the end of the source; 0 only at its end. */
  readonly length: number
  readonly line: number
  readonly column: number
}

/** A name, a keyword or a piece of text that has a place of its own. */
export interface Word {
  readonly text: string
  readonly at: Place
}

/** One file set: the main file with its includes spliced in; declarations in token order. */
export interface VclFile {
  readonly kind: 'file'
  readonly at: Place
  readonly version: VclVersion
  readonly declarations: readonly Declaration[]
}

export interface VclVersion {
  readonly at: Place
  /** 40 or 41. */
  readonly syntax: 40 | 41
}

// ---- declarations ------------------------------------------------------------------------------------------------

export type Declaration = Import | AclDeclaration | BackendDeclarationNode | ProbeDeclaration | SubDeclaration | UnusedDeclaration | InlineC

export interface Import {
  readonly kind: 'import'
  readonly at: Place
  readonly name: Word
  readonly alias: Word | undefined
  readonly from: StringLiteral | undefined
}

export interface AclDeclaration {
  readonly kind: 'acl'
  readonly at: Place
  readonly name: Word
  readonly flags: readonly AclFlag[]
  readonly entries: readonly AclEntry[]
}

/** `+log`, `-pedantic`, `+fold(+report)`. */
export interface AclFlag {
  readonly at: Place
  readonly on: boolean
  readonly name: string
  readonly arguments: readonly { readonly on: boolean; readonly name: string }[]
}

export interface AclEntry {
  readonly at: Place
  readonly negated: boolean
  /** `("host")`: ignored when it does not resolve. */
  readonly optional: boolean
  /** As written between the quotes: may hold "addr/mask". */
  readonly address: StringLiteral
  /** `/ 24` behind the address. */
  readonly mask: IntLiteral | undefined
}

export interface BackendDeclarationNode {
  readonly kind: 'backend'
  readonly at: Place
  readonly name: Word
  /** `backend x none;`: attributes is empty. */
  readonly none: boolean
  readonly attributes: readonly Attribute[]
}

export interface ProbeDeclaration {
  readonly kind: 'probe'
  readonly at: Place
  readonly name: Word
  readonly attributes: readonly Attribute[]
}

/** `.name = value;` `name` comes without the dot. */
export interface Attribute {
  readonly at: Place
  readonly name: Word
  readonly value: AttributeValue
}

export type AttributeValue =
  | StringLiteral
  | IntLiteral
  | RealLiteral
  | DurationLiteral
  | BytesLiteral
  | BlobLiteral
  | SymbolPath // true, false, a probe's or backend's name
  | StringList
  | InlineProbe

/** Several strings, or one: `.request = "GET / HTTP/1.1" "Host: x";` is a list only when there are at least two. */
export interface StringList {
  readonly kind: 'strings'
  readonly at: Place
  readonly items: readonly StringLiteral[]
}

/** `.probe = { … }` */
export interface InlineProbe {
  readonly kind: 'probe_block'
  readonly at: Place
  readonly attributes: readonly Attribute[]
}

/** A built-in sub may be declared several times: concatenated in this order, builtin.vcl last. */
export interface SubDeclaration {
  readonly kind: 'sub'
  readonly at: Place
  readonly name: Word
  readonly body: Block
}

export interface UnusedDeclaration {
  readonly kind: 'unused'
  readonly at: Place
  readonly name: Word
}

/** `C{ … }C`: parsed so that the checker can refuse it with advice. */
export interface InlineC {
  readonly kind: 'inline_c'
  readonly at: Place
}

// ---- statements --------------------------------------------------------------------------------------------------

export type Statement =
  | SetStatement
  | UnsetStatement
  | IfStatement
  | CallSubStatement
  | ReturnStatement
  | NewStatement
  | BanStatement
  | HashDataStatement
  | SyntheticStatement
  | CallStatement
  | Block
  | InlineC

export interface Block {
  readonly kind: 'block'
  readonly at: Place
  readonly statements: readonly Statement[]
}

export type AssignOp = '=' | '+=' | '-=' | '*=' | '/='

export interface SetStatement {
  readonly kind: 'set'
  readonly at: Place
  readonly target: SymbolPath
  readonly op: AssignOp
  readonly op_at: Place
  readonly value: Expression
}

export interface UnsetStatement {
  readonly kind: 'unset'
  readonly at: Place
  readonly target: SymbolPath
}

/** if, then every else-if in order, then else. */
export interface IfStatement {
  readonly kind: 'if'
  readonly at: Place
  readonly branches: readonly { readonly at: Place; readonly condition: Expression; readonly body: Block }[]
  readonly otherwise: Block | undefined
}

/** `call name;` or `call <SUB expression>;` */
export interface CallSubStatement {
  readonly kind: 'call_sub'
  readonly at: Place
  readonly sub: Expression
}

/** `return;` has no action. `return (synth(404, "x"))`: action synth with two arguments. */
export interface ReturnStatement {
  readonly kind: 'return'
  readonly at: Place
  readonly action: Word | undefined
  /** Undefined: no parentheses behind the action. */
  readonly args: readonly Argument[] | undefined
}

export interface NewStatement {
  readonly kind: 'new'
  readonly at: Place
  readonly name: Word
  /** `vmod.object` */
  readonly constructor_path: SymbolPath
  readonly args: readonly Argument[]
}

export interface BanStatement {
  readonly kind: 'ban'
  readonly at: Place
  readonly value: Expression
}

export interface HashDataStatement {
  readonly kind: 'hash_data'
  readonly at: Place
  readonly value: Expression
}

export interface SyntheticStatement {
  readonly kind: 'synthetic'
  readonly at: Place
  readonly value: Expression
}

/** `std.log("x");` `obj.add(b);` An expression statement whose expression ends in a call. */
export interface CallStatement {
  readonly kind: 'call_statement'
  readonly at: Place
  readonly call: CallExpression | MethodExpression
}

// ---- expressions -------------------------------------------------------------------------------------------------

export type Expression =
  | StringLiteral
  | IntLiteral
  | RealLiteral
  | DurationLiteral
  | BytesLiteral
  | BlobLiteral
  | SymbolPath
  | CallExpression
  | MethodExpression
  | PropertyExpression
  | NegateExpression
  | NotExpression
  | BinaryExpression
  | MatchExpression
  | ParenExpression

export interface StringLiteral {
  readonly kind: 'string'
  readonly at: Place
  /** Between the delimiters, byte for byte as latin1: no escapes exist. Source text is decoded as latin1. */
  readonly value: string
}

/** `raw` is the digits as written, for the 15-digit rule; `value` is exact while that rule holds. */
export interface IntLiteral {
  readonly kind: 'int'
  readonly at: Place
  readonly raw: string
  readonly value: number
}

export interface RealLiteral {
  readonly kind: 'real'
  readonly at: Place
  readonly raw: string
  readonly value: number
}

export type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w' | 'y'

export interface DurationLiteral {
  readonly kind: 'duration'
  readonly at: Place
  /** The number's digits without the unit. */
  readonly raw: string
  readonly unit: DurationUnit
  readonly seconds: number
}

export interface BytesLiteral {
  readonly kind: 'bytes'
  readonly at: Place
  readonly raw: string
  /** As written: B K KB M MB G GB T TB. */
  readonly unit: string
  readonly bytes: number
}

/** `:BASE64:` */
export interface BlobLiteral {
  readonly kind: 'blob'
  readonly at: Place
  readonly base64: string
}

/**
 * `a`, `req.http.foo`, `req.http."x.y"`, `true`, an ENUM word. In a call the path includes the function or method:
 * `std.integer(…)` and `req.http.x.lower(…)` both are calls of a path; the checker finds the longest known prefix.
 */
export interface SymbolPath {
  readonly kind: 'symbol'
  readonly at: Place
  readonly parts: readonly PathPart[]
  /** Parts joined with "." as written (quotes dropped). Symbols are case-insensitive: compare folded. */
  readonly text: string
}

export interface PathPart {
  readonly text: string
  readonly at: Place
  /** Written in quotes (VCL 4.1 only). */
  readonly quoted: boolean
}

export interface Argument {
  readonly at: Place
  readonly name: Word | undefined
  readonly value: Expression
}

export interface CallExpression {
  readonly kind: 'call'
  readonly at: Place
  readonly callee: SymbolPath
  readonly args: readonly Argument[]
}

/** `<expression>.name(args)` where the object is not itself a plain path: `f(x).lower()`, `("a" + b).upper()`. */
export interface MethodExpression {
  readonly kind: 'method'
  readonly at: Place
  readonly object: Expression
  readonly name: Word
  readonly args: readonly Argument[]
}

/** `<expression>.name` likewise. */
export interface PropertyExpression {
  readonly kind: 'property'
  readonly at: Place
  readonly object: Expression
  readonly name: Word
}

/** Unary minus. */
export interface NegateExpression {
  readonly kind: 'negate'
  readonly at: Place
  readonly operand: Expression
}

/** `!x`: binds looser than comparison, so `!a == b` is `!(a == b)`. */
export interface NotExpression {
  readonly kind: 'not'
  readonly at: Place
  readonly operand: Expression
}

export type BinaryOp = '||' | '&&' | '==' | '!=' | '<' | '>' | '<=' | '>=' | '+' | '-' | '*' | '/' | '%'

/** Left-associative; comparisons do not chain. */
export interface BinaryExpression {
  readonly kind: 'binary'
  readonly at: Place
  readonly op: BinaryOp
  readonly op_at: Place
  readonly left: Expression
  readonly right: Expression
}

/** `~` and `!~`: the right side is a string (regex), constant strings joined with +, or an ACL's name. */
export interface MatchExpression {
  readonly kind: 'match'
  readonly at: Place
  readonly negated: boolean
  readonly op_at: Place
  readonly left: Expression
  readonly right: Expression
}

/** Kept because a parenthesised path is not an ENUM word and `(a + b) + c` converts its group first. */
export interface ParenExpression {
  readonly kind: 'paren'
  readonly at: Place
  readonly inner: Expression
}
