import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's own texts, read once for the rules of tidy.test.ts. */

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Source {
  /** From the repository's root, with slashes. */
  readonly path: string
  readonly text: string
  /** Same length, with the insides of comments, strings and regular expressions blanked. */
  readonly code: string
}

export interface SourceFunction {
  readonly header: string
  readonly line: number
  readonly lines: number
}

/** TypeScript files under these folders, without generated ones. */
export function sources(...folders: readonly string[]): Source[] {
  return filesUnder(...folders)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.includes('.gen.'))
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8')
      return { path, text, code: blank(text) }
    })
}

export function filesUnder(...folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort()
}

export function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

/** Relative files that this one names: imports, and places such as `new URL('./x.ts', import.meta.url)`. */
export function referencesOf(source: Source): string[] {
  const pattern = /'(\.\.?\/[^'\n]+\.(?:ts|js))'/g
  return [...source.text.matchAll(pattern)].map(([, target]) => join(source.path, '..', target))
}

/** Blanks what is not code. Knows strings, templates with nested code, comments, and regular expressions by what precedes them. */
export function blank(text: string): string {
  const out = text.split('')
  /** Depth of braces at which each open template goes on. */
  const templates: number[] = []
  let depth = 0
  let i = 0
  const wipe = (end: number): void => {
    for (; i < end; i++) if (out[i] !== '\n') out[i] = ' '
  }
  while (i < text.length) {
    const c = text[i]
    const two = text.slice(i, i + 2)
    if (two === '//') wipe(indexOr(text, '\n', i))
    else if (two === '/*') wipe(indexOr(text, '*/', i + 2) + 2)
    else if (c === "'" || c === '"') wipe(endOfString(text, i, c))
    else if (c === '/' && regexMayStart(out, i)) wipe(endOfRegex(text, i))
    else if (c === '`' || (c === '}' && templates.at(-1) === depth)) {
      if (c === '}') templates.pop()
      const end = endOfTemplatePart(text, i + 1)
      wipe(end)
      // `end` is behind "${" or behind the closing backtick.
      if (text[end - 1] === '{') templates.push(depth)
    } else {
      if (c === '{') depth++
      if (c === '}') depth--
      i++
    }
  }
  return out.join('')
}

function indexOr(text: string, wanted: string, from: number): number {
  const at = text.indexOf(wanted, from)
  return at < 0 ? text.length : at
}

function endOfString(text: string, start: number, quote: string): number {
  let i = start + 1
  while (i < text.length && text[i] !== quote && text[i] !== '\n') i += text[i] === '\\' ? 2 : 1
  return i + 1
}

function endOfTemplatePart(text: string, start: number): number {
  let i = start
  while (i < text.length) {
    if (text[i] === '`') return i + 1
    if (text[i] === '$' && text[i + 1] === '{') return i + 2
    i += text[i] === '\\' ? 2 : 1
  }
  return i
}

function endOfRegex(text: string, start: number): number {
  let inClass = false
  let i = start + 1
  while (i < text.length && text[i] !== '\n' && (inClass || text[i] !== '/')) {
    if (text[i] === '[') inClass = true
    if (text[i] === ']') inClass = false
    i += text[i] === '\\' ? 2 : 1
  }
  return i + 1
}

/** A slash divides after a value and starts a regular expression after anything else. */
function regexMayStart(out: readonly string[], at: number): boolean {
  let i = at - 1
  while (i >= 0 && (out[i] === ' ' || out[i] === '\n')) i--
  if (i < 0) return true
  if (!/[\w$)\]]/.test(out[i])) return true
  const word = /[\w$]*$/.exec(out.slice(Math.max(0, i - 9), i + 1).join(''))?.[0] ?? ''
  return ['return', 'case', 'typeof', 'of', 'in', 'void'].includes(word)
}

/** Functions, methods and arrow functions with a body in braces. A heuristic over blanked code, good enough to count lines. */
export function functionsOf(source: Source): SourceFunction[] {
  const found: SourceFunction[] = []
  const open: { header: string; at: number }[] = []
  for (let i = 0; i < source.code.length; i++) {
    const c = source.code[i]
    if (c === '{') open.push({ header: headerBefore(source.code, i), at: i })
    if (c !== '}') continue
    const brace = open.pop()
    if (!brace || !isFunctionHeader(brace.header)) continue
    const line = lineOf(source.code, brace.at)
    found.push({ header: brace.header.trim(), line, lines: lineOf(source.code, i) - line + 1 })
  }
  return found
}

/** The line of code that leads to the brace, with bracketed groups (they may span lines) cut down to "()". */
function headerBefore(code: string, brace: number): string {
  let header = ''
  for (let i = brace - 1; i >= 0; i--) {
    const c = code[i]
    if (c === ')' || (c === '}' && header.trim() === '')) {
      i = matchBack(code, i)
      header = (c === ')' ? '()' : '{}') + header
    } else if (c === '\n' && header.trim() === '') continue
    else if ('\n;{}('.includes(c)) break
    else header = c + header
  }
  return header
}

function matchBack(code: string, close: number): number {
  const opening = code[close] === ')' ? '(' : '{'
  let depth = 0
  for (let i = close; i >= 0; i--) {
    if (code[i] === code[close]) depth++
    if (code[i] === opening && --depth === 0) return i
  }
  return 0
}

function isFunctionHeader(header: string): boolean {
  const text = header.trim()
  // A type in braces, such as a return type.
  if (text.endsWith(':')) return false
  if (text.endsWith('=>') || /\bfunction\b/.test(text)) return true
  return /^(?!else\b|if\b|for\b|while\b|switch\b|catch\b|do\b|return\b)(?:\w+ )*[\w$#*[\].]+(?:<.*>)?\(\)(?::.*)?$/.test(text)
}
