import type { Place, Word } from '../ast.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { explain } from './expected.ts'
import type { TokenKind, Tokens } from './tokens.ts'

/** Thrown where the text is no VCL; caught where it can go on (recovery.ts). Without a diagnostic: it has been told already. */
export class Refusal {
  readonly diagnostic: Diagnostic | undefined

  constructor(diagnostic: Diagnostic | undefined) {
    this.diagnostic = diagnostic
  }
}

/** Where the parser is, what it could have used there, and what it has found wrong so far. */
export class Cursor {
  readonly tokens: Tokens
  readonly diagnostics: Diagnostic[] = []
  readonly lost = { used: new Set<string>(), declared: new Set<string>(), declarations: false }
  /** There was so much wrong that the rest has not been read. */
  gave_up = false
  /** The version of the main file, once it has been read. */
  main_syntax: 40 | 41 | 0 = 0
  i = 0
  /** How deep the expression read last is. */
  depth = 0
  /** The token at which something was missing last: nothing more is said about it. */
  failed_at = -1
  /** What has been tried at token `tried_at` and was not there. */
  private readonly tried: string[] = []
  private tried_at = -1

  constructor(tokens: Tokens) {
    this.tokens = tokens
  }

  get kind(): TokenKind {
    return this.tokens.kinds[this.i]
  }

  is(kind: TokenKind): boolean {
    return this.tokens.kinds[this.i] === kind
  }

  kindAt(ahead: number): TokenKind {
    return this.tokens.kinds[this.i + ahead] ?? 'end'
  }

  /** The current token's text. */
  word(): string {
    return this.tokens.word(this.i)
  }

  /** Where the current token begins. */
  get start(): number {
    return this.tokens.starts[this.i]
  }

  /** The place from offset `start` to the end of the last token that was taken. */
  since(start: number): Place {
    return this.tokens.place(start, this.tokens.ends[this.i - 1])
  }

  /** The place of the current token. */
  here(): Place {
    return this.tokens.place(this.tokens.starts[this.i], this.tokens.ends[this.i])
  }

  /** Takes a token of this kind, if there is one. `what`: as an operator would call it. */
  take(kind: TokenKind, what: string): boolean {
    if (this.tokens.kinds[this.i] === kind) {
      this.i++
      return true
    }
    this.wanted(what)
    return false
  }

  need(kind: TokenKind, what: string): void {
    if (!this.take(kind, what)) this.fail()
  }

  name(what: string): Word {
    if (this.kind !== 'name') {
      this.wanted(what)
      this.fail()
    }
    const word = { text: this.word(), at: this.here() }
    this.i++
    return word
  }

  /** Notes what could stand here. */
  wanted(what: string): void {
    if (this.tried_at !== this.i) {
      this.tried_at = this.i
      this.tried.length = 0
    }
    this.tried.push(what)
  }

  /** Gives up at the current token: none of what was wanted is there. */
  fail(): never {
    this.failed_at = this.i
    if (this.kind === 'bad') throw new Refusal(undefined)
    throw new Refusal(explain(this.tried_at === this.i ? this.tried : [], this.i, this.tokens))
  }

  refuse(at: Place, message: string, hint?: string): never {
    throw new Refusal({ at, code: 'syntax', message, ...(hint === undefined ? {} : { hint }) })
  }

  /** Keeps what was thrown as a complaint; what is no refusal is thrown on. */
  complain(thrown: unknown): void {
    if (!(thrown instanceof Refusal)) throw thrown
    if (thrown.diagnostic !== undefined) this.diagnostics.push(thrown.diagnostic)
  }
}

/** From the start of `a` to the end of `b`. */
export function between(a: Place, b: Place): Place {
  if (a.source !== b.source || b.offset < a.offset) return a
  return { source: a.source, offset: a.offset, length: b.offset + b.length - a.offset, line: a.line, column: a.column }
}
