import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A match: where it is, and its groups; null for those that took no part. */
export type Spans = readonly (readonly [from: number, to: number] | null)[]

/** What PCRE2 says of one pattern. */
export interface Verdict {
  readonly pattern: string
  /** Undefined when it is refused. */
  readonly groups: number | undefined
  /** In the order of the subjects; undefined where it gave up. */
  readonly matches: readonly (Spans | 'none' | undefined)[]
}

export interface Question {
  readonly pattern: string
  readonly subjects: readonly string[]
}

/** Asks libpcre2-8 through oracle.c: Debian's libpcre2-dev and a C compiler have to be there. */
export function askPcre(questions: readonly Question[]): Verdict[] {
  const folder = mkdtempSync(join(tmpdir(), 'lacquer-pcre-'))
  try {
    const program = join(folder, 'oracle')
    execFileSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'oracle.c'), '-lpcre2-8'])
    const input = questions
      .map(({ pattern, subjects }) => [`P${hex(pattern)}`, ...subjects.map((subject) => `S${hex(subject)}`)].join('\n'))
      .join('\n')
    const lines = execFileSync(program, { input: `${input}\n`, maxBuffer: 2 ** 30, encoding: 'latin1' }).split('\n')
    return verdicts(questions, lines)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function verdicts(questions: readonly Question[], lines: readonly string[]): Verdict[] {
  let at = 0
  return questions.map(({ pattern, subjects }) => {
    const [word, groups] = lines[at++].split(' ')
    const matches = lines.slice(at, at + subjects.length).map(spansOf)
    at += subjects.length
    return { pattern, groups: word === 'ok' ? Number(groups) : undefined, matches }
  })
}

function spansOf(line: string): Spans | 'none' | undefined {
  if (line === 'none') return 'none'
  if (!line.startsWith('match')) return undefined
  return line
    .split(' ')
    .slice(1)
    .map((span) => (span === '-' ? null : (span.split('-').map(Number) as [number, number])))
}

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex')
}
