import { posix } from 'node:path'
import { codeOf, messageOf, OperatorError, readFault } from '../base/errors.ts'
import { RULE_BYTES_MAX } from '../base/rule-file.ts'
import type { Diagnostic, SourceSet } from './diagnostic.ts'
import { MARKS, Tokens, type TokenKind } from './parser/tokens.ts'
import type { Token } from './scan.ts'
import { lineEnd, scan } from './scan.ts'

/** Where included files come from. */
export interface SpliceHost {
  readonly vcl_path: readonly string[]
  /** The file's bytes as latin1; throws when it cannot be read. */
  readonly readFile: (path: string) => string
  /** Paths that match a shell pattern, sorted. */
  readonly glob: (pattern: string) => string[]
}

/** Rules are written by people: these bounds only stop accidents and attacks. */
export const SPLICE_LIMITS = {
  total_bytes: RULE_BYTES_MAX,
  files: 1000,
  include_depth: 32,
  nesting: 100,
  minus_chain: 32,
  complaints: 50,
} as const

export interface Spliced {
  readonly tokens: Tokens
  readonly diagnostics: Diagnostic[]
  /** Something is not there: an include, or all behind an error that cannot be passed over. */
  readonly partial: boolean
}

/**
 * The tokens of the main source, with every `include "file";`, wherever it stands, replaced by the file's. Also finds what is wrong
 * below the grammar: bytes that are no token, unclosed strings, nesting beyond reason.
 */
export function splice(main: number, sources: SourceSet, host: SpliceHost): Spliced {
  const splicer = new Splicer(sources, host)
  splicer.file(main, [])
  const { out, diagnostics, partial } = splicer
  out.push('end', out.text.length, out.text.length)
  return { tokens: out, diagnostics, partial }
}

const LONG_MARKS = new Set<string>(MARKS.filter((mark) => mark.length === 2))

class Splicer {
  readonly out: Tokens
  readonly diagnostics: Diagnostic[] = []
  partial = false
  private readonly sources: SourceSet
  private readonly host: SpliceHost
  private files = 0
  private total_bytes = 0
  private nesting = 0
  private minuses = 0

  constructor(sources: SourceSet, host: SpliceHost) {
    this.sources = sources
    this.host = host
    this.out = new Tokens(sources)
  }

  /** Copies one source, following its includes. False: give up. */
  file(source: number, including: readonly string[]): boolean {
    const { text, path } = this.sources.sources[source]
    const stack = [...including, path]
    this.total_bytes += text.length
    if (++this.files > SPLICE_LIMITS.files || this.total_bytes > SPLICE_LIMITS.total_bytes) {
      this.complain(source, 0, 0, 'the rules are too large', `at most ${SPLICE_LIMITS.total_bytes >> 20} MiB in 1000 files`)
      // What is said of the end needs a place.
      this.out.append(source, 0, 0, '')
      return false
    }
    let copied = 0
    for (let at = 0; at < text.length;) {
      const token = scan(text, at)
      at = token.end
      if (token.kind === 'space' || token.kind === 'comment') continue
      if (token.kind === 'name' && this.isInclude(text, token)) {
        const directive = readInclude(text, token)
        if (directive !== undefined) {
          this.out.append(source, copied, token.start, text.slice(copied, token.start))
          if (!this.include(source, directive, stack)) return false
          copied = at = directive.end
          continue
        }
      }
      at = this.take(source, token, text, this.out.text.length - copied)
      if (at < 0) {
        this.out.append(source, copied, text.length, text.slice(copied) + '\n')
        return false
      }
    }
    this.out.append(source, copied, text.length, text.slice(copied) + '\n')
    return true
  }

  /** The word, and no part of a name as in req.http.include. */
  private isInclude(text: string, token: Token): boolean {
    return token.end - token.start === 7 && text.startsWith('include', token.start) && this.out.kinds.at(-1) !== '.'
  }

  /** Adds the token, whose text will lie `shift` further on, and yields where the next begins; -1: give up. */
  private take(source: number, token: Token, text: string, shift: number): number {
    const { kind, start, end } = token
    if (kind === 'bad') return this.bad(source, token, text, shift)
    if (kind !== 'mark') {
      this.out.push(kind as TokenKind, start + shift, end + shift)
      this.minuses = 0
      return end
    }
    const long = text.slice(start, start + 2)
    const mark = (LONG_MARKS.has(long) ? long : text[start]) as TokenKind
    this.out.push(mark, start + shift, start + mark.length + shift)
    return this.fits(mark) ? start + mark.length : this.tooDeep(source, token, shift)
  }

  /** Is it nested within reason? The parser recurses on braces, parentheses and minus signs. */
  private fits(mark: TokenKind): boolean {
    if (mark === '{' || mark === '(') this.nesting++
    else if (mark === '}' || mark === ')') this.nesting = Math.max(this.nesting - 1, 0)
    this.minuses = mark === '-' ? this.minuses + 1 : 0
    return this.nesting <= SPLICE_LIMITS.nesting && this.minuses <= SPLICE_LIMITS.minus_chain
  }

  private tooDeep(source: number, token: Token, shift: number): -1 {
    this.complain(source, token.start, token.end, `nested deeper than ${SPLICE_LIMITS.nesting} levels`)
    return this.giveUp(token.end + shift)
  }

  /** What is no token is told, and stands for one; behind a string or comment that never ends there is nothing to be read. */
  private bad(source: number, { start, end, problem, hint, endless }: Token, text: string, shift: number): number {
    this.complain(source, start, end, problem ?? '', hint)
    if (endless === true || this.diagnostics.length >= SPLICE_LIMITS.complaints) return this.giveUp(start + shift)
    const next = endless === false ? lineEnd(text, start) : end
    this.out.push('bad', start + shift, next + shift)
    return next
  }

  private giveUp(at: number): -1 {
    this.partial = true
    this.out.push('bad', at, at)
    return -1
  }

  /** False: give up. A file that is not there is told, and the rest read. */
  private include(source: number, directive: Include, stack: readonly string[]): boolean {
    const { start, end } = directive.name
    const complain = (message: string, hint?: string): true => {
      this.partial = true
      return this.complain(source, start, end, message, hint)
    }
    if (directive.problem !== undefined) return complain(directive.problem, directive.hint)
    if (stack.length >= SPLICE_LIMITS.include_depth) return complain('includes are nested too deep')
    const found = this.find(directive, stack[stack.length - 1])
    if (typeof found === 'string') return complain(found, this.searched(directive.value))
    for (const { path, text } of found) {
      if (stack.includes(path)) return complain(`${path} includes itself`, [...stack, path].join(' → '))
      if (!this.file(this.sources.add(path, text), stack)) return false
    }
    return this.diagnostics.length < SPLICE_LIMITS.complaints
  }

  /** The files an include names, or what is wrong with it. */
  private find({ value, glob }: Include, from: string): { path: string; text: string }[] | string {
    const relative = value.startsWith('./')
    if (relative && from.startsWith('<')) return `"./" needs a file to be relative to`
    const path = relative ? posix.join(posix.dirname(from), value) : value
    if (glob) {
      if (!relative && !path.startsWith('/')) return '+glob needs an absolute path or one that begins with ./'
      const matched = this.host.glob(path)
      return matched.length === 0 ? `no file matches ${path}` : this.readAll(matched)
    }
    if (relative || path.startsWith('/')) return this.readAll([path])
    for (const directory of this.host.vcl_path) {
      const found = this.readAll([posix.join(directory, path)])
      if (typeof found !== 'string') return found
    }
    return `cannot find ${value}`
  }

  private readAll(paths: readonly string[]): { path: string; text: string }[] | string {
    const found: { path: string; text: string }[] = []
    for (const path of paths) {
      try {
        found.push({ path, text: this.host.readFile(path) })
      } catch (error) {
        return `cannot read ${path}: ${reason(error)}`
      }
    }
    return found
  }

  private searched(value: string): string | undefined {
    const { vcl_path } = this.host
    if (value.startsWith('/') || value.startsWith('./')) return undefined
    return vcl_path.length === 0
      ? 'vcl_path is empty; use ./ for files next to this one'
      : `searched in ${vcl_path.join(', ')}; a file next to this one is ./${value}`
  }

  private complain(source: number, start: number, end: number, message: string, hint?: string): true {
    const at = this.sources.place(source, start, end)
    this.diagnostics.push({ at, code: 'syntax', message, ...(hint === undefined ? {} : { hint }) })
    return true
  }
}

/** The system's words, or those of whoever reads in its place. */
function reason(thrown: unknown): string {
  return codeOf(thrown) === undefined && !(thrown instanceof OperatorError) ? messageOf(thrown) : readFault(thrown)
}

interface Include {
  readonly value: string
  readonly glob: boolean
  /** The quoted name, or where one was expected. */
  readonly name: { start: number; end: number }
  /** Behind the semicolon. */
  readonly end: number
  readonly problem?: string
  readonly hint?: string
}

/** `include [+glob] "file";` at the token `include`; undefined: no string follows, the grammar will say so. */
function readInclude(text: string, include: Token): Include | undefined {
  let token = significant(text, include.end)
  const glob = token !== undefined && /^\+glob\b/.test(text.slice(token.start, token.start + 6))
  if (glob) token = significant(text, token!.start + '+glob'.length)
  if (token?.kind !== 'string') return undefined
  const quote = text.startsWith('"""', token.start) ? 3 : text[token.start] === '{' ? 2 : 1
  const value = text.slice(token.start + quote, token.end - quote)
  const semicolon = significant(text, token.end)
  if (semicolon === undefined || text[semicolon.start] !== ';')
    return { value, glob, name: token, end: token.end, problem: `expected ';' after the file name` }
  const problem = value === '' ? 'include of an empty file name' : value.includes('\0') ? 'a file name cannot hold NUL' : undefined
  return { value, glob, name: token, end: semicolon.end, problem }
}

/** The next token that is neither space nor comment. */
function significant(text: string, from: number): Token | undefined {
  for (let at = from; at < text.length;) {
    const token = scan(text, at)
    if (token.kind !== 'space' && token.kind !== 'comment') return token
    at = token.end
  }
  return undefined
}
