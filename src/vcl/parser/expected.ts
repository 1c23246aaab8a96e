import type { Diagnostic } from '../diagnostic.ts'
import type { Tokens } from './tokens.ts'

/** Says what was wanted at token `i`, and what is there. */
export function explain(wanted: readonly string[], i: number, tokens: Tokens): Diagnostic {
  const found = tokens.kinds[i] === 'end' ? 'end of file' : quoted(tokens.word(i))
  const summary = summaryOf(wanted)
  // A missing ';' is best shown behind what it should follow, as the next token is often lines away.
  const behind = tokens.kinds[i] !== 'end' && summary.startsWith("';'") && i > 0 && tokens.beginsLine(i)
  const at = behind ? tokens.place(tokens.ends[i - 1] - 1, tokens.ends[i - 1]) : tokens.place(tokens.starts[i], tokens.ends[i])
  const message = `expected ${summary}${behind ? ' behind this' : `, found ${found}`}`
  const hint = hintFor(found, i > 0 ? tokens.word(i - 1) : undefined, summary)
  return { at, code: 'syntax', message, ...(hint === undefined ? {} : { hint }) }
}

function quoted(token: string): string {
  const line = token.split(/[\r\n]/, 1)[0]
  return line.length > 40 || line.length < token.length ? `'${line.slice(0, 37)}…'` : `'${line}'`
}

function summaryOf(wanted: readonly string[]): string {
  const shown = [...new Set(wanted)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  if (shown.length <= 1) return shown[0] ?? 'nothing more'
  return `${shown.slice(0, -1).join(', ')} or ${shown[shown.length - 1]}`
}

/** The closing mark comes first: it is what is usually forgotten. */
function rank(name: string): number {
  if (/^'[;)}]'$/.test(name)) return 0
  return name.startsWith("'") ? 1 : 2
}

function hintFor(found: string, before: string | undefined, wanted: string): string | undefined {
  if (found === "';'" && (before === '}' || before === ';' || before === '{'))
    return `no ';' here: a '}' needs none, and there are no empty statements`
  if (/^'["{]/.test(found) && before !== undefined && /["}]$/.test(before) && wanted.includes('operator'))
    return 'strings are joined with +'
  if (/^'["a-zA-Z]/.test(found) && wanted.includes("';'") && wanted.includes('operator')) return "is a ';' or a + missing before it?"
  if (/^'(?:[=!<>]=|[<>~]|!~)/.test(found) && wanted.includes(')')) return 'comparisons do not chain; use && and parentheses'
  if (found === "'='" && wanted.includes('operator')) return 'comparison is written =='
  if (found === "'!'") return "only one '!' may stand there; use parentheses"
  if (found === "'end of file'" || (found === 'end of file' && wanted.includes("'}'"))) return "is a '}' missing?"
  return undefined
}
