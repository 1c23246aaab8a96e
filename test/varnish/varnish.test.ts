import { expect, test } from 'vitest'
import { newCrew } from '../kit/crew.ts'
import { CASES } from './cases.ts'
import { differences } from './compare.ts'
import { DIFFERENT } from './different.ts'
import { Player } from './player.ts'
import { askVarnish, recorded, rulesFor, type Recorded } from './record.ts'
import { hasVarnish, VARNISH_VERSION } from './varnishd.ts'

/** All cases, played to a worker with policy=varnish. */
async function askLacquer(): Promise<Recorded> {
  const player = new Player()
  const { rules, over } = rulesFor(await player.listen())
  const crew = await newCrew(1, `-p policy=varnish -f ${rules}`).start()
  try {
    const outcomes = await player.play(crew.port)
    return Object.fromEntries(CASES.map(({ name }, i) => [name, outcomes[i]]))
  } finally {
    await crew.close()
    player.close()
    over()
  }
}

/** By name of the case, step by step. */
function compared(varnish: Recorded, ours: Recorded): Record<string, string[]> {
  const found = CASES.map(({ name, asks }): [string, string[]] => [
    name,
    asks.flatMap((_, i) => differences(varnish[name][i], ours[name][i]).map((text) => `${i}: ${text}`)),
  ])
  return Object.fromEntries(found.filter(([, texts]) => texts.length > 0))
}

test('the cases have names of their own, and the record has them all', () => {
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length)
  expect(Object.keys(recorded()).toSorted()).toEqual(CASES.map(({ name }) => name).toSorted())
})

test('policy=varnish does what varnishd does, but for what is listed', { timeout: 120_000 }, async () => {
  const found = compared(recorded(), await askLacquer())
  const unlisted = Object.entries(found).filter(([name]) => !DIFFERENT.some(({ cases }) => cases.test(name)))
  expect(Object.fromEntries(unlisted)).toEqual({})
  expect(DIFFERENT.filter(({ cases }) => !Object.keys(found).some((name) => cases.test(name)))).toEqual([])
})

test('what is recorded is what the installed varnishd does', { timeout: 120_000 }, async ({ skip }) => {
  if (!hasVarnish()) skip(`varnishd ${VARNISH_VERSION} is not installed: checked against the record only`)
  expect(compared(recorded(), await askVarnish())).toEqual({})
})
