/**
 * Reads a Cache-Control value directive by directive (RFC 9111 section 5.2): token [ "=" ( token / quoted-string ) ].
 * One scanner is reused for all values, so parsing makes no object per directive.
 */

const TAB = 9
const SPACE = 32
const QUOTE = 34
const COMMA = 44
const EQUALS = 61
const BACKSLASH = 92

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

export class DirectiveScanner {
  /** Lower-case name of the directive at hand. */
  name = ''
  /** Its argument, unquoted; undefined when it has none. */
  argument: string | undefined
  /** False when the directive does not follow the grammar: white space around "=", an open quote, text after a quote; or is doubtful. */
  valid = true
  /** It stands behind a quote that nothing closes: part of that text, or a directive. */
  doubtful = false

  private open = false
  private text = ''
  private at = 0

  start(text: string): void {
    this.text = text
    this.at = 0
    this.open = false
  }

  /** Moves to the next directive; false at the end. Empty list members are skipped (RFC 9110 section 5.6.1.2). */
  next(): boolean {
    const text = this.text
    this.skipSeparators()
    if (this.at >= text.length) return false
    const from = this.at
    let code = 0
    while (this.at < text.length && (code = text.charCodeAt(this.at)) !== COMMA && code !== EQUALS) this.at++
    const name = text.slice(from, this.at)
    this.name = name.trimEnd().toLowerCase()
    this.argument = undefined
    this.doubtful = this.open
    this.valid = !this.doubtful
    if (this.at < text.length && code === EQUALS) {
      this.at++
      this.readArgument()
      if (name.length !== this.name.length) this.valid = false
    }
    return true
  }

  private skipSeparators(): void {
    const text = this.text
    while (this.at < text.length) {
      const code = text.charCodeAt(this.at)
      if (code !== COMMA && !isBlank(code)) return
      this.at++
    }
  }

  private readArgument(): void {
    if (this.text.charCodeAt(this.at) === QUOTE) return this.readQuoted()
    const from = this.at
    this.skipToComma()
    const raw = this.text.slice(from, this.at)
    this.argument = raw.trim()
    // "max-age= 3600": section 4.2.1 wants what is malformed to count as stale, not to be repaired.
    if (this.argument === '' || isBlank(raw.charCodeAt(0))) this.valid = false
  }

  private readQuoted(): void {
    const text = this.text
    let value = ''
    let i = this.at + 1
    let from = i
    for (; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === QUOTE) break
      if (code !== BACKSLASH) continue
      value += text.slice(from, i)
      from = ++i
    }
    this.argument = value + text.slice(from, i)
    if (i >= text.length) return this.readOpen()
    const rest = ++i
    this.at = rest
    this.skipToComma()
    if (text.slice(rest, this.at).trim() !== '') this.valid = false
  }

  /** Nothing closes the quote: what it would swallow may be what forbids sharing. Happens once in a text, so each character is read twice at most. */
  private readOpen(): void {
    this.valid = false
    this.open = true
    this.skipToComma()
  }

  private skipToComma(): void {
    const end = this.text.indexOf(',', this.at)
    this.at = end < 0 ? this.text.length : end
  }
}

const ZERO = 48
const NINE = 57

/** RFC 9111 section 1.2.2: what is larger counts as this. */
export const MAX_DELTA_MS = 2 ** 31 * 1000

/** delta-seconds in milliseconds, or -1 when the text is not digits only. Overflow saturates (section 1.2.2). */
export function deltaSeconds_ms(text: string): number {
  if (text === '') return -1
  let seconds = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < ZERO || code > NINE) return -1
    if (seconds < 2 ** 31) seconds = seconds * 10 + code - ZERO
  }
  return Math.min(seconds * 1000, MAX_DELTA_MS)
}
