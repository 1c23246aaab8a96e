import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { questions } from './generate.ts'
import { askPcre, type Question, type Spans, type Verdict } from './oracle.ts'

/**
 * Asks the PCRE2 of this machine what it makes of the patterns in patterns.json and of generated ones, and keeps the answers in
 * recorded.json, so that tests need no PCRE2:
 *
 *   apt-get install libpcre2-dev
 *   node test/pcre/record.ts
 *
 * A row is [pattern] when PCRE2 refuses it, or [pattern, groups, [subject, spans or 0 for no match]…].
 */
const SEED = 20260
const GENERATED = 7000
const REFUSED_MAX = 700
const WITHOUT_MATCH_MAX = 300

/** PCRE2's optimizations are wrong now and then: what it says otherwise without them is no oracle. */
const PLAIN = '(*NO_START_OPT)(*NO_AUTO_POSSESS)'

const written = JSON.parse(readFileSync(join(import.meta.dirname, 'patterns.json'), 'utf8')) as [string, ...string[]][]
const by_hand = written.map(([pattern, ...subjects]) => ({ pattern, subjects }))
const rows = [...recorded(by_hand), ...chosen(recorded(questions(SEED, GENERATED)))]
writeFileSync(join(import.meta.dirname, 'recorded.json'), `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`)
console.log(`${rows.length} patterns`)

type Row = readonly [string, ...unknown[]]

function recorded(asked: readonly Question[]): Row[] {
  const plain = askPcre(asked.map(({ pattern, subjects }) => ({ pattern: PLAIN + pattern, subjects })))
  return askPcre(asked).flatMap((verdict, i) => (agree(verdict, plain[i]) ? [rowOf(verdict, asked[i].subjects)] : []))
}

function agree(a: Verdict, b: Verdict): boolean {
  return JSON.stringify([a.groups, a.matches]) === JSON.stringify([b.groups, b.matches])
}

function rowOf({ pattern, groups, matches }: Verdict, subjects: readonly string[]): Row {
  if (groups === undefined) return [pattern]
  const known = matches.flatMap((match, i) => (match === undefined ? [] : [[subjects[i], match === 'none' ? 0 : match] as const]))
  return [pattern, groups, ...few(known)]
}

/** Some that match, and some that do not. */
function few(known: readonly (readonly [string, Spans | 0])[]): readonly (readonly [string, Spans | 0])[] {
  const matching = known.filter(([, match]) => match !== 0)
  return [...matching.slice(0, 4), ...known.filter(([, match]) => match === 0).slice(0, 2)]
}

/** Most that are random are refused, or match nothing: enough of those. */
function chosen(all: readonly Row[]): Row[] {
  let [refused, unmatched] = [0, 0]
  return all.filter((row) => {
    if (row.length === 1) return ++refused <= REFUSED_MAX
    return row.slice(2).some((entry) => (entry as [string, unknown])[1] !== 0) || ++unmatched <= WITHOUT_MATCH_MAX
  })
}
