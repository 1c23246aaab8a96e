import { commentText, statementLines } from './statement.ts'
import { isComment, sameComments, sameRules, tokensOf, type FormatToken } from './tokens.ts'

/**
 * Rules in one style: a statement to a line, four blanks for each brace, `} else {`, one blank between words. Comments stay where
 * they are, as do single blank lines and line ends at operators; lines of more than 120 characters are broken there. Only white space
 * changes: whoever reads tokens sees no difference, and formatting what has been formatted changes nothing.
 */
export function formatRules(text: string): string | undefined {
  const tokens = tokensOf(text)
  if (tokens === undefined) return undefined
  const out = new Printer(tokens).print()
  const printed = tokensOf(out)
  // Whatever mistake there may be above: rules are not changed.
  if (printed === undefined || !sameRules(tokens, printed) || !sameComments(tokens, printed)) return undefined
  return out
}

const STEP = 4

class Printer {
  private readonly tokens: readonly FormatToken[]
  private readonly lines: string[] = []
  private i = 0
  private level = 0

  constructor(tokens: readonly FormatToken[]) {
    this.tokens = tokens
  }

  print(): string {
    while (this.i < this.tokens.length) {
      const token = this.tokens[this.i]
      if (isComment(token)) this.comment(token)
      else if (token.kind === 'mark' && token.text === '}') this.close()
      else if (token.kind === 'inline_c') this.line(token, [token.text], 1)
      else this.statement(token)
    }
    return this.lines.length === 0 ? '' : `${this.lines.join('\n')}\n`
  }

  /** Adds lines, behind a blank one where there was one, and takes `count` tokens. */
  private line(first: FormatToken, texts: readonly string[], count: number): void {
    if (first.lines_before > 1 || this.beginsDeclaration()) this.blankLine()
    const pad = ' '.repeat(this.level * STEP)
    this.lines.push(pad + texts[0], ...texts.slice(1))
    this.i += count
  }

  /** One blank line, and none behind a `{` or at the top. */
  private blankLine(): void {
    const last = this.lines.at(-1)
    if (last !== undefined && last !== '' && !this.opened) this.lines.push('')
  }

  /** The line before has a `{` at its end. */
  private opened = false
  /** The line before is the `}` of a declaration. */
  private closedDeclaration = false
  /** The brace that is open at the top is a declaration's. */
  private inDeclaration = false

  private beginsDeclaration(): boolean {
    return this.closedDeclaration && this.level === 0
  }

  private comment(token: FormatToken): void {
    const text = token.kind === 'block_comment' ? commentText(token.text, this.level * STEP) : token.text
    if (token.lines_before === 0 && this.lines.length > 0) {
      // Behind what it is about, as far away as it was.
      const blanks = ' '.repeat(Math.min(Math.max(token.blanks_before, 1), 40))
      this.lines[this.lines.length - 1] += blanks + text
      this.i++
      return
    }
    this.line(token, text.split('\n'), 1)
    this.opened = this.closedDeclaration = false
  }

  private close(): void {
    this.level = Math.max(this.level - 1, 0)
    const before = this.tokens[this.i - 1]
    if (this.opened && before?.text === '{' && before.kind === 'mark') this.lines[this.lines.length - 1] += ' }'
    else {
      if (this.lines.at(-1) === '') this.lines.pop()
      this.lines.push(`${' '.repeat(this.level * STEP)}}`)
    }
    this.opened = false
    this.closedDeclaration = this.level === 0 && this.inDeclaration
    this.i++
  }

  /** Up to its `;` or `{`, or to a `}` that it should not have. */
  private statement(first: FormatToken): void {
    let end = this.i
    while (end < this.tokens.length && !endsStatement(this.tokens[end])) end++
    const ending = this.tokens[end]
    const taken = ending === undefined || ending.text === '}' ? end : end + 1
    const tokens = this.tokens.slice(this.i, taken)
    const texts = statementLines(tokens, this.level * STEP)
    if (this.joinsElse(first)) {
      this.lines[this.lines.length - 1] += ` ${texts[0].trimStart()}`
      this.lines.push(...texts.slice(1))
      this.i = taken
    } else {
      this.line(first, [texts[0].trimStart(), ...texts.slice(1)], tokens.length)
    }
    this.opened = ending?.text === '{' && ending.kind === 'mark'
    this.closedDeclaration = false
    if (this.opened && this.level === 0) this.inDeclaration = /^(?:sub|acl|backend|probe)$/.test(first.text)
    if (this.opened) this.level++
  }

  /** `} else {`: directly behind the brace. */
  private joinsElse(first: FormatToken): boolean {
    const before = this.tokens[this.i - 1]
    return before?.kind === 'mark' && before.text === '}' && first.kind === 'name' && /^(?:else|elseif|elsif|elif)$/.test(first.text)
  }
}

function endsStatement(token: FormatToken): boolean {
  return token.kind === 'mark' && (token.text === ';' || token.text === '{' || token.text === '}')
}
