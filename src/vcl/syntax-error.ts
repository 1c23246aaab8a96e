import type { Diagnostic } from './diagnostic.ts'
import { scan } from './scan.ts'
import type { SplicedText } from './splice.ts'

/** What Peggy says it could have used: a literal, or a named rule's description. */
export interface Expectation {
  readonly type: string
  readonly text?: string
  readonly description?: string
}

/** Turns the grammar's furthest failure into a sentence about VCL. */
export function explain(expected: readonly Expectation[], offset: number, spliced: SplicedText): Diagnostic {
  const { text } = spliced
  const end = offset < text.trimEnd().length
  const token = end ? scan(text, offset) : undefined
  const found = token === undefined ? 'end of file' : quoted(text.slice(token.start, token.end))
  const before = previousToken(text, offset)
  const wanted = summary(expected)
  // A missing ';' is best shown behind what it should follow, as the next token is often lines away.
  const behind = token !== undefined && wanted.startsWith("';'") && before !== undefined && text.slice(before.end, offset).includes('\n')
  const at = behind ? spliced.place(before.end - 1, before.end) : spliced.place(offset, token?.end ?? offset)
  const message = `expected ${wanted}${behind ? ' behind this' : `, found ${found}`}`
  return { at, message, hint: hintFor(found, before?.text, wanted) }
}

function quoted(token: string): string {
  const line = token.split(/[\r\n]/, 1)[0]
  return line.length > 40 || line.length < token.length ? `'${line.slice(0, 37)}…'` : `'${line}'`
}

/** Whole families are named as such; the closing mark comes first, it is what is usually forgotten. */
const FAMILIES: readonly { marks: readonly string[]; hides: readonly string[]; name: string }[] = [
  {
    marks: ['set', 'unset', 'if'],
    hides: ['set', 'unset', 'if', 'call', 'return', 'new', 'ban', 'hash_data', 'synthetic', 'include', "'{'", 'a name', 'C{'],
    name: 'a statement',
  },
  {
    marks: ['sub', 'acl', 'backend'],
    hides: ['sub', 'acl', 'backend', 'probe', 'import', 'include', 'unused', 'vcl', 'C{', 'a name'],
    name: 'a declaration',
  },
  {
    marks: ['a string', 'a number', 'a name', '('],
    hides: ['a string', 'a number', 'a name', 'a blob', '(', '-', '!'],
    name: 'an expression',
  },
]
const NEVER_SHOWN = new Set(['white space'])
/** Would always be possible behind a name; only said when nothing else is. */
const WEAK = new Set(['.', '('])

function summary(expected: readonly Expectation[]): string {
  // Bare character classes are the middle of a token: nothing to tell a person.
  let names = [...new Set(expected.map((e) => (e.type === 'literal' ? e.text : e.description)))].filter((name) => name !== undefined)
  names = names.filter((name) => !NEVER_SHOWN.has(name))
  for (const { marks, hides, name } of FAMILIES) {
    if (marks.every((mark) => names.includes(mark))) names = [name, ...names.filter((n) => !hides.includes(n))]
  }
  const strong = names.filter((name) => !WEAK.has(name))
  const weak = names.includes('(') ? ['('] : names
  const shown = (strong.length > 0 ? strong : weak).map((name) => (/^[^a-z']*$|^[a-z_]+$/i.test(name) ? `'${name}'` : name))
  shown.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  if (shown.length <= 1) return shown[0] ?? 'nothing more'
  return `${shown.slice(0, -1).join(', ')} or ${shown[shown.length - 1]}`
}

function rank(name: string): number {
  if (/^'[;)}]'$/.test(name)) return 0
  return name.startsWith("'") ? 1 : 2
}

/** The last significant token that ends at or before `offset`, looking back over the current few lines only. */
function previousToken(text: string, offset: number): { end: number; text: string } | undefined {
  let found: { end: number; text: string } | undefined
  // Tokens cannot be read backwards (strings, comments): start over. Happens once per failed load.
  for (let at = 0; at < offset;) {
    const token = scan(text, at)
    at = token.end
    if (token.kind !== 'space' && token.kind !== 'comment') found = { end: token.end, text: text.slice(token.start, token.end) }
  }
  return found
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
  return undefined
}
