import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { SystemClock } from '../../../src/base/clock.ts'
import { readTransactions } from '../../../src/log/read/read-transactions.ts'
import { readOptionsOf } from '../../../src/tools/log/settings.ts'
import { TOP_TOOL } from '../../../src/tools/options/top.ts'
import { parseOptions } from '../../../src/tools/options/parse.ts'
import { Fading, topTool } from '../../../src/tools/top/main.ts'
import { Ranking } from '../../../src/tools/top/ranking.ts'
import { rankingLines, rankingText } from '../../../src/tools/top/view.ts'
import { vslFile } from '../../kit/vsl-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'lacquer-top-'))
afterAll(() => rmSync(folder, { recursive: true }))
const FILE = join(folder, 'in.vsl')

/** A ranking of requests for these URLs. */
async function ranked(urls: readonly string[], entries_max?: number): Promise<Ranking> {
  const requests = urls.map((text, i) => ({
    vxid: i + 2,
    side: 'client' as const,
    records: [
      { tag: 'Begin', text: 'req 1 rxreq' } as const,
      { tag: 'ReqURL', text } as const,
      { tag: 'Hash', text } as const,
      { tag: 'End', text: '' } as const,
    ],
  }))
  writeFileSync(FILE, vslFile(requests))
  const ranking = new Ranking(false, entries_max)
  const hooks = { clock: new SystemClock(), complain: () => {}, pause: async () => {} }
  await readTransactions(readOptionsOf(parseOptions(TOP_TOOL, ['-r', FILE])), hooks, ([{ records }]) => {
    records.rewind()
    while (records.next()) ranking.add(records)
  })
  return ranking
}

test('what is most frequent comes first; tags that may hold any byte, and empty records, are not counted', async () => {
  expect(rankingText(await ranked(['/b', '/a', '/b']))).toBe('     3.00 Begin req 1 rxreq\n     2.00 ReqURL /b\n     1.00 ReqURL /a\n')
})

test('there are never more than so many: rare ones make room', async () => {
  const urls = Array.from({ length: 200 }, (_, i) => `/${i}`)
  const ranking = await ranked(['/often', '/often', ...urls], 20)
  expect(ranking.size).toBeLessThanOrEqual(20)
  expect(
    ranking
      .list()
      .slice(0, 2)
      .map(({ text, count }) => [text, count]),
  ).toEqual([
    ['req 1 rxreq', 202],
    ['/often', 2],
  ])
})

describe('the screen', () => {
  test('has the list and where it is from', async () => {
    const lines = rankingLines(await ranked(['/b']), 'here', { rows: 4, columns: 40 }).map(({ text }) => text)
    expect(lines.slice(0, 2)).toEqual(['list length 2                      here', ''])
    expect(new Set(lines.slice(2))).toEqual(new Set(['     1.00 Begin          req 1 rxreq', '     1.00 ReqURL         /b']))
  })

  test('is about a period: what comes no more fades away', async () => {
    const ranking = await ranked(['/a', '/a'])
    const fading = new Fading(2)
    const counts = (): number[] => ranking.list().map(({ count }) => count)
    fading.second(ranking)
    fading.second(ranking)
    expect(counts()).toEqual([2, 2])
    fading.second(ranking)
    expect(counts()).toEqual([1, 1])
    for (let i = 0; i < 10; i++) fading.second(ranking)
    expect(ranking.size).toBe(0)
  })
})

test.each(['0', 'x', '-1', '1.5'])('-p %s is refused', async (period) => {
  await expect(topTool(parseOptions(TOP_TOOL, ['-1', '-p', period]))).rejects.toThrow(`-p ${period}: give a number of seconds`)
})
