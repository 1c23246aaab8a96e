import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import type { Argument, BytesLiteral, DurationLiteral, DurationUnit, PathPart, Place, VclFile, Word } from './ast.ts'
import type { Diagnostic } from './diagnostic.ts'
import { didYouMean, SourceSet } from './diagnostic.ts'
import { parse, SyntaxError as GrammarError } from './grammar.gen.js'
import { scan } from './scan.ts'
import type { SpliceHost } from './splice.ts'
import { splice, SplicedText } from './splice.ts'
import { explain } from './syntax-error.ts'
import { tooDeep } from './depth.ts'

export interface ParseOptions {
  /** Directories for includes that are neither absolute nor `./`. */
  readonly vcl_path?: readonly string[]
  /** Bytes as latin1 (the default reads the disk); throws when there is no such file. */
  readonly readFile?: (path: string) => string
  readonly glob?: (pattern: string) => string[]
}

export interface ParseResult {
  /** Undefined when there is an error. */
  readonly ast?: VclFile
  readonly diagnostics: Diagnostic[]
  readonly sources: SourceSet
}

/** Deeper trees would overflow the stack of whoever walks them. */
const MAX_TREE_DEPTH = 600

/**
 * Parses a rule file and what it includes. `source` is latin1, one character a byte; text with characters beyond is
 * taken as Unicode and encoded. A `path` that begins with "<" is no file: nothing can be relative to it.
 */
export function parseVcl(source: string, path: string, options: ParseOptions = {}): ParseResult {
  const sources = new SourceSet()
  const main = sources.add(path, toBytes(source))
  const { text, diagnostics } = splice(main, sources, withDefaults(options))
  if (diagnostics.length > 0) return { diagnostics, sources }
  const missing = missingVersion(text)
  if (missing !== undefined) return { diagnostics: [missing], sources }
  return { ...parseText(text), sources }
}

function parseText(text: SplicedText): { ast?: VclFile; diagnostics: Diagnostic[] } {
  try {
    const ast: VclFile = parse(text.text, { host: new GrammarHost(text) })
    const deep = tooDeep(ast, MAX_TREE_DEPTH)
    if (deep === undefined) return { ast, diagnostics: [] }
    return { diagnostics: [{ at: deep, message: 'this expression is too long', hint: 'use a long string {"…"} or several statements' }] }
  } catch (error) {
    if (error instanceof Refusal) return { diagnostics: [error.diagnostic] }
    if (error instanceof GrammarError) return { diagnostics: [explain(error.expected, error.location.start.offset, text)] }
    // The nesting limits should have caught it before the stack ends; whatever is left must not kill the process.
    if (error instanceof RangeError) return { diagnostics: [{ at: text.place(0, 1), message: 'the rules are nested too deep' }] }
    throw error
  }
}

function toBytes(source: string): string {
  for (let i = 0; i < source.length; i++) if (source.charCodeAt(i) > 0xff) return Buffer.from(source, 'utf8').toString('latin1')
  return source
}

function withDefaults(options: ParseOptions): SpliceHost {
  return {
    vcl_path: options.vcl_path ?? [],
    readFile: options.readFile ?? ((path) => readFileSync(path, 'latin1')),
    glob: options.glob ?? globFiles,
  }
}

/** As glob(3): hidden files need a written dot. */
function globFiles(pattern: string): string[] {
  const hidden = posix.basename(pattern).startsWith('.')
  const visible = (path: string) => hidden || !posix.basename(path).startsWith('.')
  return globSync(pattern).filter(visible).sort()
}

function missingVersion(text: SplicedText): Diagnostic | undefined {
  let at = 0
  while (at < text.text.length) {
    const token = scan(text.text, at)
    if (token.kind === 'space' || token.kind === 'comment') at = token.end
    else break
  }
  const first = at < text.text.length ? scan(text.text, at) : undefined
  if (first?.kind === 'name' && text.text.slice(first.start, first.end) === 'vcl') return undefined
  const end = first?.end ?? at
  return { at: text.place(Math.min(at, text.text.length - 1), end), message: 'the VCL version is missing', hint: 'begin with vcl 4.1;' }
}

/** Thrown by the grammar's actions, see GrammarHost.fail. */
class Refusal extends Error {
  readonly diagnostic: Diagnostic

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message)
    this.diagnostic = diagnostic
  }
}

const DECLARATIONS = ['vcl', 'import', 'include', 'acl', 'backend', 'probe', 'sub', 'unused']
const STATEMENTS = ['set', 'unset', 'if', 'call', 'return', 'new', 'ban', 'hash_data', 'synthetic', 'include']

const GONE_DECLARATIONS: Record<string, string> = {
  director: 'directors are made in vcl_init: import directors; new name = directors.round_robin();',
}
const GONE_STATEMENTS: Record<string, string> = {
  remove: 'use unset',
  error: 'use return (synth(status, "reason"));',
  purge: 'use return (purge);',
  esi: 'use set beresp.do_esi = true;',
  panic: 'use return (fail("reason"));',
  else: "an else belongs directly behind the '}' of its if",
  elseif: "an elseif belongs directly behind the '}' of its if",
  elsif: "an elsif belongs directly behind the '}' of its if",
  elif: "an elif belongs directly behind the '}' of its if",
  while: 'VCL has no loops',
  for: 'VCL has no loops',
  switch: 'use if and elseif',
  goto: 'VCL has no goto',
  let: 'VCL has no variables; use a header',
  var: 'VCL has no variables; use a header',
  declare: 'VCL has no variables; use a header',
}

const SECONDS: Record<DurationUnit, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31536000 }
const BYTE_UNIT = /^(?:B|([KMGT])B?)$/

/** What the grammar's actions call. */
class GrammarHost {
  private readonly text: SplicedText

  constructor(text: SplicedText) {
    this.text = text
  }

  place(start: number, end: number): Place {
    return this.text.place(start, end)
  }

  /** From the start of `a` to the end of `b`. */
  between(a: Place, b: Place): Place {
    return a.source === b.source && b.offset >= a.offset ? { ...a, length: b.offset + b.length - a.offset } : a
  }

  fail(start: number, end: number, message: string, hint?: string): never {
    throw new Refusal({ at: this.place(start, end), message, hint })
  }

  isDeclaration(word: string): boolean {
    return DECLARATIONS.includes(word)
  }

  isStatement(word: string): boolean {
    return STATEMENTS.includes(word.toLowerCase())
  }

  unknownDeclaration({ text, at }: Word): never {
    const hint = GONE_DECLARATIONS[text] ?? didYouMean(text, DECLARATIONS) ?? `declarations: ${DECLARATIONS.join(', ')}`
    throw new Refusal({ at, message: `unknown declaration '${text}'`, hint })
  }

  unknownStatement({ text, at }: Word): never {
    const hint = Object.hasOwn(GONE_STATEMENTS, text) ? GONE_STATEMENTS[text] : didYouMean(text, STATEMENTS)
    throw new Refusal({ at, message: `unknown statement '${text}'`, hint: hint ?? `statements: ${STATEMENTS.join(', ')}` })
  }

  /** Positional arguments come before named ones. */
  checkOrder(args: readonly Argument[]): void {
    const firstNamed = args.findIndex((a) => a.name !== undefined)
    const late = firstNamed < 0 ? undefined : args.slice(firstNamed).find((a) => a.name === undefined)
    if (late !== undefined) throw new Refusal({ at: late.at, message: 'a positional argument after a named one', hint: 'name it too' })
  }

  /** Only what follows `.http.` may be quoted. */
  checkQuotes(parts: readonly PathPart[]): void {
    const wrong = parts.find((part, i) => part.quoted && (i < 2 || parts[i - 1].text.toLowerCase() !== 'http'))
    if (wrong !== undefined) throw new Refusal({ at: wrong.at, message: 'only header names can be quoted', hint: 'as in req.http."x.y"' })
  }

  withUnit(raw: string, value: number, unit: string, at: Place): DurationLiteral | BytesLiteral | undefined {
    if (Object.hasOwn(SECONDS, unit)) {
      const known = unit as DurationUnit
      // 0.1 ms is nobody's business; division keeps 5ms at exactly 0.005.
      const seconds = known === 'ms' ? value / 1000 : value * SECONDS[known]
      return { kind: 'duration', at, raw, unit: known, seconds }
    }
    const bytes = BYTE_UNIT.exec(unit)
    if (bytes === null) return undefined
    const power = bytes[1] === undefined ? 0 : 'KMGT'.indexOf(bytes[1]) + 1
    return { kind: 'bytes', at, raw, unit, bytes: Math.floor(value * 1024 ** power) }
  }
}
