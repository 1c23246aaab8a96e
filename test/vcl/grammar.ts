import { readFileSync } from 'node:fs'
import peggy from 'peggy'
import type { Argument, PathPart, Place, VclFile, Word } from '../../src/vcl/ast.ts'
import { SourceSet } from '../../src/vcl/diagnostic.ts'
import type { Tokens } from '../../src/vcl/parser/tokens.ts'
import { DECLARATIONS, STATEMENTS, withUnit } from '../../src/vcl/parser/words.ts'
import { splice, type SpliceHost } from '../../src/vcl/splice.ts'

/** What docs/vcl/grammar.peggy makes of rules, for comparison with the parser that the program has. */

const GRAMMAR = readFileSync(new URL('../../docs/vcl/grammar.peggy', import.meta.url), 'utf8')

const parser = peggy.generate(GRAMMAR)

/** Undefined when they are refused. Includes are spliced in before, as for the other. */
export function parsedByGrammar(source: string, path: string, host: SpliceHost): VclFile | undefined {
  const sources = new SourceSet()
  const { tokens, diagnostics } = splice(sources.add(path, source), sources, host)
  if (diagnostics.length > 0) return undefined
  try {
    return parser.parse(tokens.text, { host: new Host(tokens) }) as VclFile
  } catch (error) {
    if (error instanceof Refused || error instanceof parser.SyntaxError) return undefined
    throw error
  }
}

class Refused extends Error {}

/** What the grammar's actions call. */
class Host {
  readonly withUnit = withUnit
  private readonly tokens: Tokens

  constructor(tokens: Tokens) {
    this.tokens = tokens
  }

  place(start: number, end: number): Place {
    return this.tokens.place(start, end)
  }

  /** From the start of `a` to the end of `b`. */
  between(a: Place, b: Place): Place {
    return a.source === b.source && b.offset >= a.offset ? { ...a, length: b.offset + b.length - a.offset } : a
  }

  refuse(): never {
    throw new Refused()
  }

  isDeclaration(word: Word): boolean {
    return DECLARATIONS.includes(word.text)
  }

  isStatement(word: Word): boolean {
    return STATEMENTS.includes(word.text.toLowerCase())
  }

  /** Positional arguments come before named ones. */
  checkOrder(args: readonly Argument[]): void {
    const named = args.findIndex(({ name }) => name !== undefined)
    if (named >= 0 && args.slice(named).some(({ name }) => name === undefined)) this.refuse()
  }

  /** Only what follows `.http.` may be quoted. */
  checkQuotes(parts: readonly PathPart[]): void {
    if (parts.some((part, i) => part.quoted && (i < 2 || parts[i - 1].text.toLowerCase() !== 'http'))) this.refuse()
  }
}
