import { MARKS } from '../parser/tokens.ts'
import { scan } from '../scan.ts'

/** A token of one file, comments among them. */
export interface FormatToken {
  readonly kind: 'name' | 'number' | 'string' | 'blob' | 'inline_c' | 'mark' | 'line_comment' | 'block_comment'
  readonly text: string
  /** Line ends between it and the token before. */
  readonly lines_before: number
  /** Blanks before it, when it follows on the same line. */
  readonly blanks_before: number
}

const LONG_MARKS = new Set<string>(MARKS.filter((mark) => mark.length === 2))

/** The file's tokens; undefined when something in it is none. */
export function tokensOf(text: string): FormatToken[] | undefined {
  const tokens: FormatToken[] = []
  let space = ''
  for (let at = 0; at < text.length;) {
    const { kind, start, end } = scan(text, at)
    if (kind === 'bad') return undefined
    if (kind === 'space') {
      space = text.slice(start, end)
      at = end
      continue
    }
    const long = kind === 'mark' && LONG_MARKS.has(text.slice(start, start + 2))
    const own = text.slice(start, long ? start + 2 : end)
    tokens.push({ ...described(kind, own), lines_before: space.split('\n').length - 1, blanks_before: space.length })
    space = ''
    at = start + own.length
  }
  return tokens
}

function described(kind: string, text: string): Pick<FormatToken, 'kind' | 'text'> {
  if (kind !== 'comment') return { kind: kind as FormatToken['kind'], text }
  return text.startsWith('/*') ? { kind: 'block_comment', text } : { kind: 'line_comment', text: text.trimEnd() }
}

export function isComment(token: FormatToken): boolean {
  return token.kind === 'line_comment' || token.kind === 'block_comment'
}

/** Do two files say the same? Comments and white space apart, token by token. */
export function sameRules(a: readonly FormatToken[], b: readonly FormatToken[]): boolean {
  const [left, right] = [a, b].map((tokens) => tokens.filter((token) => !isComment(token)))
  return left.length === right.length && left.every((token, i) => token.kind === right[i].kind && token.text === right[i].text)
}

/** Comments in their order, without the white space in them. */
export function sameComments(a: readonly FormatToken[], b: readonly FormatToken[]): boolean {
  const [left, right] = [a, b].map((tokens) => tokens.filter(isComment).map((token) => token.text.replace(/\s+/g, ' ').trim()))
  return left.length === right.length && left.every((text, i) => text === right[i])
}
