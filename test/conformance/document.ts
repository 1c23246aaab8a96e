import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { EXCEPTIONS } from './exceptions.ts'
import { LATER } from './later/all.ts'
import type { Kind } from './score.ts'
import { loadSuites } from './suite.ts'

/** What docs/conformance.md and README.md say of the score, from what the run is held to. */

const ROOT = new URL('../../', import.meta.url)

interface Figures {
  readonly required: number
  readonly optimal: number
}

export type Floor = Figures & { readonly later: Figures }

export function readFloor(): Floor {
  return JSON.parse(readFileSync(new URL('test/conformance/floor.json', ROOT), 'utf8')) as Floor
}

/** Of how many, by edition and kind. */
async function totals(): Promise<Floor> {
  const tests = (await loadSuites()).flatMap((suite) => suite.tests).filter((test) => test.browser_only !== true)
  return { ...counted(tests.map(({ kind }) => kind ?? 'required')), later: counted(LATER.map(({ kind }) => kind)) }
}

function counted(kinds: readonly Kind[]): Figures {
  const of = (wanted: Kind): number => kinds.filter((kind) => kind === wanted).length
  return { required: of('required'), optimal: of('optimal') }
}

/** Reason by reason, with the tests that it holds for. */
function exceptionList(): string {
  const ids = new Map<string, string[]>()
  for (const [id, { reason }] of EXCEPTIONS) ids.set(reason, [...(ids.get(reason) ?? []), id])
  return Array.from(ids, ([reason, named]) => `* ${named.map((id) => `\`${id}\``).join(', ')}: ${reason}`).join('\n')
}

function between(text: string, from: string, to: string, inside: string): string {
  const start = text.indexOf(from)
  const end = text.indexOf(to, start)
  if (start < 0 || end < 0) throw new Error(`${from} ... ${to} is not there`)
  return text.slice(0, start + from.length) + inside + text.slice(end)
}

export async function conformancePage(page: string): Promise<string> {
  const floor = readFloor()
  const all = await totals()
  const row = (name: string, passed: Figures, of: Figures): string =>
    `| ${name} | ${passed.required} of ${of.required} | ${passed.optimal} of ${of.optimal} |\n`
  const table = `| | required | optional |\n| --- | --- | --- |\n${row('npm edition', floor, all)}${row('later editions', floor.later, all.later)}`
  const scored = between(page, '<!-- score -->\n', '<!-- end of score -->', table)
  return between(scored, '<!-- exceptions -->\n', '<!-- end of exceptions -->', `${exceptionList()}\n`)
}

export async function readmePage(page: string): Promise<string> {
  const floor = readFloor()
  const all = await totals()
  const npm = `required ${floor.required} of ${all.required}, optional ${floor.optimal} of ${all.optimal}`
  const later = `later editions ${floor.later.required} of ${all.later.required} and ${floor.later.optimal} of ${all.later.optimal}`
  return between(page, '<!-- conformance -->', '<!-- end of conformance -->', `${npm}; ${later}`)
}

/** `node test/conformance/document.ts`, part of `npm run docs`. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, made] of [['docs/conformance.md', conformancePage] as const, ['README.md', readmePage] as const]) {
    const place = new URL(name, ROOT)
    writeFileSync(place, await made(readFileSync(place, 'utf8')))
  }
}
