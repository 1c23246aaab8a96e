import { expect, test } from 'vitest'
import { churn } from './churn.ts'

/** By so much the process may be larger at the end than it was when a third of the time was over. */
const GROWTH_MIB_MAX = 150

/** The short edition of `npm run churn`, with so few clients that two of them have a third of a core together: what else is tested goes on beside them. */
test.concurrent.each([
  ['in memory', false],
  ['in a file', true],
])(
  'a minute of a store %s that is far too small, slow readers, purges, and workers that die: every byte is right, and nobody is forgotten',
  async (_, file) => {
    const { tally, counts, complaints, deaths, replaced, rss_mib, steady } = await churn({
      seconds: 60,
      workers: 2,
      store_mib: 16,
      file,
      clients: 6,
      death_every_s: 10,
      think_ms: 200,
      say: () => {},
    })
    expect([tally.wrong, steady.wrong, complaints]).toEqual([[], [], []])
    expect(deaths).toBeGreaterThan(0)
    expect(replaced).toBe(deaths)
    expect(tally.whole).toBeGreaterThan(100)
    expect(tally.purges).toBeGreaterThan(0)
    // Hits or not: how many of them are in time depends on what else this machine does.
    expect(steady.answers).toBeGreaterThan(100)
    const nuked = counts['MAIN.n_lru_nuked']
    expect(nuked).toBeGreaterThan(0)
    expect(nuked).toBeGreaterThanOrEqual(
      counts['ARENA.s0.c_evicted_small'] + counts['ARENA.s0.c_evicted_main'] + counts['ARENA.s0.c_crowded'],
    )
    expect(growthOf(rss_mib)).toBeLessThan(GROWTH_MIB_MAX)
  },
  120_000,
)

/** The most of the last third over what there was at the end of the first. */
function growthOf(samples: readonly number[]): number {
  const third = Math.floor(samples.length / 3)
  return Math.max(...samples.slice(2 * third)) - samples[third]
}
