import { globSync } from 'node:fs'
import { posix } from 'node:path'
import { asBytes } from '../base/bytes.ts'
import { readRuleFile } from '../base/rule-file.ts'
import type { VclFile } from './ast.ts'
import { inFileOrder, SourceSet, type Diagnostic } from './diagnostic.ts'
import { Cursor } from './parser/cursor.ts'
import { parseFile } from './parser/declarations.ts'
import type { Tokens } from './parser/tokens.ts'
import { DECLARATIONS, GONE_DECLARATIONS } from './parser/words.ts'
import { splice, type SpliceHost } from './splice.ts'

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
  /** When there is one: what could be read all the same, to look for more. */
  readonly rest?: Rest
  readonly diagnostics: Diagnostic[]
  readonly sources: SourceSet
}

/** What could not be read, as folded names: nothing is said about them. */
export interface Lost {
  readonly used: ReadonlySet<string>
  readonly declared: ReadonlySet<string>
  /** A declaration is missing of which not even the name is certain. */
  readonly declarations: boolean
  /** Whole files, or the end, are missing: any name may be declared and used there. */
  readonly partial: boolean
}

export interface Rest {
  readonly ast: VclFile
  readonly lost: Lost
}

/**
 * Parses a rule file and what it includes. `source` is latin1, one character a byte; text with characters beyond is
 * taken as Unicode and encoded. A `path` that begins with "<" is no file: nothing can be relative to it.
 */
export function parseVcl(source: string, path: string, options: ParseOptions = {}): ParseResult {
  const sources = new SourceSet()
  const main = sources.add(path, toBytes(source))
  const { tokens, diagnostics, partial } = splice(main, sources, withDefaults(options))
  const missing = missingVersion(tokens)
  if (missing !== undefined) {
    if (diagnostics.length > 0 || !beginsDeclaration(tokens))
      return { diagnostics: diagnostics.length > 0 ? diagnostics : [missing], sources }
    diagnostics.push(missing)
  }
  const cursor = new Cursor(tokens)
  if (missing !== undefined) cursor.main_syntax = 41
  const ast = parseFile(cursor)
  diagnostics.push(...cursor.diagnostics)
  if (diagnostics.length === 0 && ast !== undefined) return { ast, diagnostics, sources }
  diagnostics.sort(inFileOrder)
  return {
    ...(ast === undefined ? {} : { rest: { ast, lost: { ...cursor.lost, partial: partial || cursor.gave_up } } }),
    diagnostics,
    sources,
  }
}

// oxlint-disable-next-line no-control-regex
const BEYOND_BYTES = /[^\0-\xff]/

function toBytes(source: string): string {
  return BEYOND_BYTES.test(source) ? asBytes(source) : source
}

function withDefaults(options: ParseOptions): SpliceHost {
  return {
    vcl_path: options.vcl_path ?? [],
    readFile: options.readFile ?? readRuleFile,
    glob: options.glob ?? globFiles,
  }
}

/** As glob(3): hidden files need a written dot. */
function globFiles(pattern: string): string[] {
  const hidden = posix.basename(pattern).startsWith('.')
  const visible = (path: string) => hidden || !posix.basename(path).startsWith('.')
  return globSync(pattern).filter(visible).sort()
}

/** Is it VCL all the same, perhaps of Varnish 3? Then what else is old in it is told as well. */
function beginsDeclaration(tokens: Tokens): boolean {
  const word = tokens.kinds[0] === 'name' ? tokens.word(0) : ''
  return DECLARATIONS.includes(word) || Object.hasOwn(GONE_DECLARATIONS, word)
}

function missingVersion(tokens: Tokens): Diagnostic | undefined {
  if (tokens.kinds[0] === 'name' && tokens.word(0) === 'vcl') return undefined
  const start = Math.min(tokens.starts[0], Math.max(tokens.text.length - 2, 0))
  const at = tokens.place(start, tokens.ends[0])
  return { at, code: 'syntax', message: 'the VCL version is missing', hint: 'begin with vcl 4.1;' }
}
