import type { Place } from '../ast.ts'
import type { SourceSet } from '../diagnostic.ts'
import { lastAtOrBefore } from '../diagnostic.ts'

/**
 * What a token is: a mark is its own kind ('{', '==', '&&'). 'bad' is something that has been complained about already: whoever
 * meets one gives up without a word. 'end' stands behind the last.
 */
export type TokenKind = 'name' | 'string' | 'number' | 'blob' | 'inline_c' | 'bad' | 'end' | Mark
export type Mark = (typeof MARKS)[number]

/** Longest first, as vcc reads them; some have no use but are no two tokens either. */
export const MARKS = [
  ...(['++', '--', '&&', '||', '<=', '==', '!=', '>=', '>>', '<<', '+=', '-=', '*=', '/=', '!~'] as const),
  ...(['{', '}', '(', ')', '*', '+', '-', '/', '%', '>', '<', '=', ';', '!', '&', '.', '|', '~', ','] as const),
] as const

/**
 * The significant tokens of a rule file with its includes in their places: three columns, as there are thousands of them. Offsets are
 * of `text`, which is put together from pieces of the sources.
 */
export class Tokens {
  text = ''
  readonly kinds: TokenKind[] = []
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly sources: SourceSet
  /** Start of each piece in `text`, and where it comes from. */
  private readonly piece_starts: number[] = []
  private readonly pieces: { source: number; offset: number }[] = []
  /** The piece of the last place: most places follow each other. */
  private last_piece = 0

  constructor(sources: SourceSet) {
    this.sources = sources
  }

  push(kind: TokenKind, start: number, end: number): void {
    this.kinds.push(kind)
    this.starts.push(start)
    this.ends.push(end)
  }

  append(source: number, start: number, end: number, text: string): void {
    if (start === end && this.piece_starts.length > 0) return
    this.piece_starts.push(this.text.length)
    this.pieces.push({ source, offset: start })
    this.text += text
  }

  word(i: number): string {
    return this.text.slice(this.starts[i], this.ends[i])
  }

  /** Is it the first of its line, or of its file? */
  beginsLine(i: number): boolean {
    return i === 0 || this.text.slice(this.ends[i - 1], this.starts[i]).includes('\n')
  }

  /** Place of [start, end) of the text; a range over several files is cut at the end of its first. */
  place(start: number, end: number): Place {
    const starts = this.piece_starts
    let i = this.last_piece
    if (start < starts[i] || (i + 1 < starts.length && start >= starts[i + 1])) i = this.last_piece = lastAtOrBefore(starts, start)
    const { source, offset } = this.pieces[i]
    const piece_end = starts[i + 1] ?? this.text.length
    const from = offset + start - starts[i]
    return this.sources.place(source, from, from + Math.min(end, piece_end) - start)
  }
}
