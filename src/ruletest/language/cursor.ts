import type { Place } from '../../vcl/ast.ts'
import { didYouMean, type Diagnostic, type SourceSet } from '../../vcl/diagnostic.ts'
import type { Named } from './ast.ts'

/** A line that cannot be read: the rest of the file can. */
export class LineError extends Error {
  readonly diagnostic: Diagnostic

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message)
    this.diagnostic = diagnostic
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', '"': '"' }

/** Walks over one line of a test file. Offsets are those of the file. */
export class Cursor {
  private readonly sources: SourceSet
  private readonly source: number
  private readonly text: string
  private readonly end: number
  private pos: number

  /** [start, end) of the file, without the line's end. */
  constructor(sources: SourceSet, source: number, start: number, end: number) {
    this.sources = sources
    this.source = source
    this.text = sources.sources[source].text
    this.end = end
    this.pos = start
    this.skipBlanks()
  }

  get done(): boolean {
    return this.pos >= this.end
  }

  /** What comes next, or the end of the line. */
  get here(): Place {
    return this.place(this.pos, this.wordEnd(this.pos))
  }

  /** All that is left of the line. */
  get whole(): Place {
    return this.place(this.pos, this.pos + this.remaining.length)
  }

  /** All that is left. */
  get remaining(): string {
    return this.text.slice(this.pos, this.end).trimEnd()
  }

  peek(): string {
    return this.text.slice(this.pos, this.wordEnd(this.pos))
  }

  fail(message: string, hint?: string, at: Place = this.here): never {
    throw new LineError(hint === undefined ? { at, message } : { at, message, hint })
  }

  unknown(what: string, word: Named, known: readonly string[]): never {
    const hint = didYouMean(word.text, known) ?? `possible: ${[...new Set(known)].join(' ')}`
    return this.fail(`${what} '${word.text}'`, hint, word.at)
  }

  /** The next word; `what` it should be, for the message when there is none. */
  word(what: string): Named {
    if (this.done) this.fail(`expected ${what}`)
    const end = this.wordEnd(this.pos)
    const at = this.place(this.pos, end)
    const text = this.text.slice(this.pos, end)
    this.pos = end
    this.skipBlanks()
    return { at, text }
  }

  /** Is that the next word? Then it is behind us. */
  take(word: string): boolean {
    if (this.peek() !== word) return false
    this.word(word)
    return true
  }

  /** The rest of the line, at least a character. */
  rest(what: string): Named {
    if (this.done) this.fail(`expected ${what}`)
    const text = this.remaining
    const at = this.place(this.pos, this.pos + text.length)
    this.pos = this.end
    return { at, text }
  }

  get atQuote(): boolean {
    return this.text[this.pos] === '"' && !this.done
  }

  /** A text in quotes. `raw`: a backslash means itself, but for \" (patterns). */
  quoted(raw = false): string {
    const start = this.pos
    if (!this.atQuote) this.fail('expected a text in quotes')
    let value = ''
    for (let i = start + 1; i < this.end; i++) {
      const character = this.text[i]
      if (character === '"') {
        this.pos = i + 1
        this.skipBlanks()
        return value
      }
      if (character !== '\\' || (raw && this.text[i + 1] !== '"')) value += character
      else [value, i] = [value + this.escape(i), i + this.escapeLength(i)]
    }
    return this.fail('this quote is not closed on its line', 'a newline in a text is written \\n', this.place(start, this.end))
  }

  /** Nothing may follow. */
  finish(): void {
    if (!this.done)
      this.fail(`did not expect '${this.remaining.slice(0, 40)}' here`, undefined, this.place(this.pos, this.pos + this.remaining.length))
  }

  place(start: number, end: number): Place {
    return this.sources.place(this.source, start, Math.max(end, start))
  }

  private escape(at: number): string {
    const letter = this.text[at + 1]
    const hex = /^x([0-9A-Fa-f]{2})/.exec(this.text.slice(at + 1, at + 4))
    if (hex !== null) return String.fromCharCode(parseInt(hex[1], 16))
    return ESCAPES[letter] ?? this.fail(`unknown escape \\${letter}`, 'possible: \\" \\\\ \\n \\r \\t \\xHH', this.place(at, at + 2))
  }

  private escapeLength(at: number): number {
    return this.text[at + 1] === 'x' ? 3 : 1
  }

  private skipBlanks(): void {
    while (this.pos < this.end && (this.text[this.pos] === ' ' || this.text[this.pos] === '\t')) this.pos++
  }

  private wordEnd(from: number): number {
    let end = from
    while (end < this.end && this.text[end] !== ' ' && this.text[end] !== '\t') end++
    return end
  }
}
