import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SystemClock } from '../../../src/base/clock.ts'
import { readTransactions } from '../../../src/log/read/read-transactions.ts'
import { readOptionsOf } from '../../../src/tools/log/settings.ts'
import { delivery } from '../../../src/tools/hist/main.ts'
import { Histogram } from '../../../src/tools/hist/histogram.ts'
import { profileOf } from '../../../src/tools/hist/profile.ts'
import { HIST_TOOL } from '../../../src/tools/options/hist.ts'
import { parseOptions } from '../../../src/tools/options/parse.ts'
import { TRAFFIC } from '../log/ask.ts'
import { FRAMES, type Frame } from './frames.ts'

/** What varnishhist 7.1 drew of recorded traffic is recorded; ours draws the same. */
const RECORDED = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as (Frame & { lines: string[] })[]

test('the record is of these frames', () => {
  expect(RECORDED.map(({ profile, columns, rows }) => ({ profile, columns, rows }))).toEqual(FRAMES)
})

test.each(RECORDED)('draws $profile on $columns by $rows', async ({ profile: text, columns, rows, lines }) => {
  const profile = profileOf(text)
  const histogram = new Histogram(profile)
  const options = readOptionsOf(parseOptions(HIST_TOOL, ['-r', TRAFFIC]))
  const hooks = { clock: new SystemClock(), complain: () => {}, pause: async () => {} }
  await readTransactions(
    options,
    hooks,
    delivery(profile, ({ value, is_hit }) => histogram.add(value, is_hit)),
  )
  const drawn = histogram.lines({ columns, rows }, ', d = 1', 'EOF').map((line) => line.text.trimEnd())
  expect([drawn[0].replace(/ +EOF$/, ''), ...drawn.slice(1)]).toEqual(lines)
})
