import { expect, test } from 'vitest'
import { churn } from './churn.ts'

/** The short edition of `npm run churn`. */
test('a store that is far too small, slow readers, purges, and workers that die: every byte is right, and nobody is forgotten', async () => {
  const { tally, counts, complaints, deaths, replaced, steady } = await churn({
    seconds: 6,
    workers: 2,
    store_mib: 16,
    clients: 24,
    death_every_s: 3,
    think_ms: 0,
    say: () => {},
  })
  expect([tally.wrong, steady.wrong, complaints]).toEqual([[], [], []])
  expect(deaths).toBeGreaterThan(0)
  expect(replaced).toBe(deaths)
  expect(tally.whole).toBeGreaterThan(200)
  expect(tally.purges).toBeGreaterThan(0)
  expect(counts['MAIN.n_lru_nuked']).toBeGreaterThan(0)
  expect(steady.hits_ms.length).toBeGreaterThan(0)
}, 60_000)
