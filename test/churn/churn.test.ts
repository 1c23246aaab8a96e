import { expect, inject, test } from 'vitest'
import type { ChurnReport } from './churn.ts'

/** By so much the process may be larger at the end than it was when a third of the time was over. */
const GROWTH_MIB_MAX = 150

test.concurrent.each(['memory', 'file'])(
  'a minute of a store that is far too small (%s), slow readers, purges, and workers that die: every byte is right, and nobody is forgotten',
  async (kind) => {
    const { tally, counts, complaints, deaths, replaced, rss_mib, steady } = await reportOf(kind)
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

/** It began before all tests. */
async function reportOf(kind: string): Promise<ChurnReport> {
  const response = await fetch(`http://127.0.0.1:${inject('churn_port')}/${kind}`)
  const { report, failure } = (await response.json()) as { report?: ChurnReport; failure?: string }
  if (report === undefined) throw new Error(failure)
  return report
}

/** The most of the last third over what there was at the end of the first. */
function growthOf(samples: readonly number[]): number {
  const third = Math.floor(samples.length / 3)
  return Math.max(...samples.slice(2 * third)) - samples[third]
}
