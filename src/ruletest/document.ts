import { readFileSync, writeFileSync } from 'node:fs'
import { page, table } from '../tools/page.ts'
import { ACTIONS, SUBJECTS, subjectText, type SubjectKind } from './language/subjects.ts'
import { ATTACHED, HEADINGS, STEP_WORDS, type WordRow } from './language/words.ts'

/** docs/reference/rule-tests.md, made from the tables that the parser reads: `npm run docs` writes it. */
const FILE = new URL('../../docs/reference/rule-tests.md', import.meta.url)

const KINDS: Readonly<Record<SubjectKind, string>> = {
  text: 'text: `== != ~ !~ absent present`, and `< <= > >=` where it is a number',
  number: 'number: `== != < <= > >= absent present`',
  duration: 'duration: `== != < <= > >= absent present`',
  list: 'texts: `==` and `~` ask for one of them, `!=` and `!~` for none; `absent present`',
  pieces: 'texts in quotes, all of them: `== !=`; `~ !~` of them with a space between',
  flag: '`expect X`, `expect not X`',
  action: '`expect hit`, `expect not hit`',
}

export function ruleTestsPage(): string {
  const parts = [
    '## In front of the first test, or of the steps of a test',
    rowsOf(HEADINGS),
    '## Steps',
    rowsOf(STEP_WORDS),
    '## Below a request or an answer',
    rowsOf([{ word: '', synopsis: 'NAME: VALUE', about: 'A field line' }, ...ATTACHED]),
    '## What became of a request',
    table(
      ['expect', 'meaning'],
      Object.entries(ACTIONS).map(([name, about]) => [`\`${name}\``, about]),
    ),
    '## What else can be expected',
    table(
      ['name', 'meaning', 'how'],
      SUBJECTS.filter(({ kind }) => kind !== 'action').map((row) => [`\`${subjectText(row, 'NAME')}\``, row.about, KINDS[row.kind]]),
    ),
  ]
  return page(
    'Rule tests',
    'The lines of the files that `lacquer test` runs; [docs/vcl/testing.md](../vcl/testing.md) introduces them. A line is a statement; blanks in front of it mean nothing, and lines that begin with `#` are comments.',
    parts.join('\n\n'),
  )
}

function rowsOf(rows: readonly WordRow[]): string {
  return table(
    ['line', 'meaning'],
    rows.map(({ synopsis, about }) => [`\`${synopsis}\``, about]),
  )
}

/** Is the file what the tables say? */
export function isStale(): boolean {
  try {
    return readFileSync(FILE, 'utf8') !== ruleTestsPage()
  } catch {
    return true
  }
}

if (import.meta.main) writeFileSync(FILE, ruleTestsPage())
