import { posix } from 'node:path'
import type { Diagnostic, SourceSet } from './diagnostic.ts'
import { lastAtOrBefore } from './diagnostic.ts'
import type { Place } from './ast.ts'
import type { Token } from './scan.ts'
import { scan } from './scan.ts'

/** Where included files come from. */
export interface SpliceHost {
  readonly vcl_path: readonly string[]
  /** The file's bytes as latin1; throws when it cannot be read. */
  readonly readFile: (path: string) => string
  /** Paths that match a shell pattern, sorted. */
  readonly glob: (pattern: string) => string[]
}

/** Rules are written by people: these bounds only stop accidents and attacks. */
export const SPLICE_LIMITS = { total_bytes: 8 << 20, files: 1000, include_depth: 32, nesting: 100, minus_chain: 32 } as const

/** One text for the grammar, made of pieces of the sources. */
export class SplicedText {
  text = ''
  readonly sources: SourceSet
  /** Start of each piece in `text`, and where it comes from. */
  readonly starts: number[] = []
  readonly pieces: { source: number; offset: number }[] = []

  constructor(sources: SourceSet) {
    this.sources = sources
  }

  append(source: number, start: number, end: number, text: string): void {
    if (start === end && this.starts.length > 0) return
    this.starts.push(this.text.length)
    this.pieces.push({ source, offset: start })
    this.text += text
  }

  /** Place of [start, end) of the spliced text; a range over several files is cut at the end of its first. */
  place(start: number, end: number): Place {
    const i = lastAtOrBefore(this.starts, start)
    const { source, offset } = this.pieces[i]
    const pieceEnd = this.starts[i + 1] ?? this.text.length
    const from = offset + start - this.starts[i]
    return this.sources.place(source, from, from + Math.min(end, pieceEnd) - start)
  }
}

/**
 * Replaces every `include "file";` of the main source, wherever it stands in the token stream, by the file's text.
 * Also finds what is wrong below the grammar: bytes that are no token, unclosed strings, nesting beyond reason.
 */
export function splice(main: number, sources: SourceSet, host: SpliceHost): { text: SplicedText; diagnostics: Diagnostic[] } {
  const splicer = new Splicer(sources, host)
  splicer.file(main, [])
  return { text: splicer.out, diagnostics: splicer.diagnostics }
}

class Splicer {
  readonly out: SplicedText
  readonly diagnostics: Diagnostic[] = []
  private readonly sources: SourceSet
  private readonly host: SpliceHost
  private files = 0
  private total_bytes = 0
  private nesting = 0
  private minuses = 0

  constructor(sources: SourceSet, host: SpliceHost) {
    this.sources = sources
    this.host = host
    this.out = new SplicedText(sources)
  }

  /** Copies one source, following its includes. False: give up. */
  file(source: number, including: readonly string[]): boolean {
    const { text, path } = this.sources.sources[source]
    const stack = [...including, path]
    this.total_bytes += text.length
    if (++this.files > SPLICE_LIMITS.files || this.total_bytes > SPLICE_LIMITS.total_bytes)
      return this.complain(source, 0, 0, 'the rules are too large', `at most ${SPLICE_LIMITS.total_bytes >> 20} MiB in 1000 files`)
    let copied = 0
    let afterDot = false
    for (let at = 0; at < text.length;) {
      const token = scan(text, at)
      at = token.end
      if (token.kind === 'space' || token.kind === 'comment') continue
      if (!this.fits(source, token, text)) return false
      if (token.kind === 'name' && !afterDot && text.slice(token.start, token.end) === 'include') {
        const directive = readInclude(text, token)
        if (directive !== undefined) {
          this.out.append(source, copied, token.start, text.slice(copied, token.start))
          if (!this.include(source, directive, stack)) return false
          copied = at = directive.end
        }
      }
      afterDot = text[token.start] === '.' && token.kind === 'mark'
    }
    this.out.append(source, copied, text.length, text.slice(copied) + '\n')
    return true
  }

  /** Is the token one, and is it nested within reason? The grammar recurses on braces, parentheses and minus signs. */
  private fits(source: number, token: Token, text: string): boolean {
    if (token.kind === 'bad') return this.complain(source, token.start, token.end, token.problem ?? '', token.hint)
    const c = token.kind === 'mark' ? text[token.start] : ''
    if (c === '{' || c === '(') this.nesting++
    else if (c === '}' || c === ')') this.nesting = Math.max(this.nesting - 1, 0)
    this.minuses = c === '-' ? this.minuses + 1 : 0
    if (this.nesting <= SPLICE_LIMITS.nesting && this.minuses <= SPLICE_LIMITS.minus_chain) return true
    return this.complain(source, token.start, token.end, `nested deeper than ${SPLICE_LIMITS.nesting} levels`)
  }

  private include(source: number, directive: Include, stack: readonly string[]): boolean {
    const { start, end } = directive.name
    const complain = (message: string, hint?: string) => this.complain(source, start, end, message, hint)
    if (directive.problem !== undefined) return complain(directive.problem, directive.hint)
    if (stack.length >= SPLICE_LIMITS.include_depth) return complain('includes are nested too deep')
    const found = this.find(directive, stack[stack.length - 1])
    if (typeof found === 'string') return complain(found, this.searched(directive.value))
    for (const { path, text } of found) {
      if (stack.includes(path)) return complain(`${path} includes itself`, [...stack, path].join(' → '))
      if (!this.file(this.sources.add(path, text), stack)) return false
    }
    return true
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
        return `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`
      }
    }
    return found
  }

  private searched(value: string): string | undefined {
    const { vcl_path } = this.host
    if (value.startsWith('/') || value.startsWith('./')) return undefined
    return vcl_path.length === 0 ? 'vcl_path is empty; use ./ for files next to this one' : `searched in ${vcl_path.join(', ')}`
  }

  private complain(source: number, start: number, end: number, message: string, hint?: string): false {
    this.diagnostics.push({ at: this.sources.place(source, start, end), message, hint })
    return false
  }
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
