import { expect, test } from 'vitest'
import { startCache } from '../../kit/cache.ts'
import { hasVarnish, VARNISH_VERSION } from '../varnishd.ts'
import { ASKS, PAGES, RULES } from './cases.ts'
import { type Outcome, type Outcomes, Player } from './player.ts'
import { askVarnish, recorded, rulesFor } from './record.ts'

async function askLacquer(): Promise<Outcomes> {
  const player = new Player()
  const cache = await startCache({ vcl: rulesFor(await player.listen()), params: { policy: 'varnish' } })
  try {
    return await player.play(cache.port)
  } finally {
    await cache.close()
    player.close()
  }
}

/**
 * HEAD, ranges and conditions of what is passed are the origin's to answer with us, whatever its coding. (Varnish applies them to a 200 of the
 * origin once more, and takes Content-Encoding out of the answer to a HEAD.)
 */
const PASSED_ASKS = 3

function comparedOf(name: string): number {
  return name.startsWith('pass: ') ? PASSED_ASKS : ASKS.length
}

/** What is passed goes through a window: when its length is known, its beginning is gone already. */
function shown(name: string, outcome: Outcome): string {
  const text = JSON.stringify(outcome)
  return name.startsWith('pass: ') ? text.replace(/(?:chunked|length(?: \d+)?);/, '') : text
}

function differences(varnish: Outcomes, ours: Outcomes): Record<string, string[]> {
  const found = Object.keys(varnish).map((name): [string, string[]] => [
    name,
    varnish[name].slice(0, comparedOf(name)).flatMap((outcome, i) => {
      const [theirs, got] = [shown(name, outcome), shown(name, ours[name][i])]
      return theirs === got ? [] : [`${i}: varnishd ${theirs}, we ${got}`]
    }),
  ])
  return Object.fromEntries(found.filter(([, texts]) => texts.length > 0))
}

/** Varnish does not know of a stored length of 0 that it is one: what nothing comes to leaves in chunks, and without ranges. */
const KNOWN_LENGTH = /: gzip of nothing$/

test('the record has all pages under all rules', () => {
  const names = Object.keys(RULES).flatMap((rule) => PAGES.map(({ name }) => `${rule}: ${name}`))
  expect(Object.keys(recorded())).toEqual(names)
})

test('compression under policy=varnish is what varnishd does', { timeout: 120_000 }, async () => {
  const found = Object.entries(differences(recorded(), await askLacquer()))
  expect(Object.fromEntries(found.filter(([name]) => !KNOWN_LENGTH.test(name)))).toEqual({})
  const known = found.filter(([name]) => KNOWN_LENGTH.test(name)).flatMap(([, texts]) => texts)
  expect(known.length).toBeGreaterThan(0)
  for (const text of known) expect(text).toMatch(/varnishd .*chunked.* we .*length 0/)
})

test('what is recorded is what the installed varnishd does', { timeout: 120_000 }, async ({ skip }) => {
  if (!hasVarnish()) skip(`varnishd ${VARNISH_VERSION} is not installed: checked against the record only`)
  expect(differences(recorded(), await askVarnish())).toEqual({})
})
