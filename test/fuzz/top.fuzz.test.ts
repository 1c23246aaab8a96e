import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { SystemClock } from '../../src/base/clock.ts'
import { readTransactions } from '../../src/log/read/read-transactions.ts'
import { Histogram } from '../../src/tools/hist/histogram.ts'
import { delivery } from '../../src/tools/hist/main.ts'
import { PROFILES } from '../../src/tools/hist/profile.ts'
import { readOptionsOf } from '../../src/tools/log/settings.ts'
import { parseOptions } from '../../src/tools/options/parse.ts'
import { TOP_TOOL } from '../../src/tools/options/top.ts'
import { topCounts } from '../../src/tools/top/main.ts'
import { vslFile } from '../kit/vsl-file.ts'
import { hasVarnish } from '../varnish/varnishd.ts'
import { traffic } from './traffic.ts'

/** Whatever is in the log can be counted and drawn. Where varnishtop 7.1 is installed it is asked, too. */

const HAS_VARNISHTOP = hasVarnish('varnishtop')
const folder = mkdtempSync(join(tmpdir(), 'lacquer-top-'))
afterAll(() => rmSync(folder, { recursive: true }))
const FILE = join(folder, 'in.vsl')

test('top -1 counts as varnishtop does', async () => {
  await fc.assert(
    fc.asyncProperty(traffic, fc.constantFrom([], ['-f'], ['-b'], ['-f', '-c'], ['-E']), async (written, switches) => {
      // Of records without the NUL that every writer puts behind them, theirs takes the last character for it.
      writeFileSync(FILE, vslFile(written.map((one) => ({ ...one, records: one.records.map(({ tag, text }) => ({ tag, text })) }))))
      const list = await topCounts(parseOptions(TOP_TOOL, ['-r', FILE, '-1', ...switches]))
      if (!HAS_VARNISHTOP) return
      const theirs = spawnSync('varnishtop', ['-r', FILE, '-1', ...switches]).stdout.toString('latin1')
      expect({ switches, list }).toEqual({ switches, list: theirs })
    }),
    { numRuns: HAS_VARNISHTOP ? 150 : 60 },
  )
})

test('hist draws it', async () => {
  const options = readOptionsOf(parseOptions(TOP_TOOL, ['-r', FILE]))
  const hooks = { clock: new SystemClock(), complain: () => {}, pause: async () => {} }
  await fc.assert(
    fc.asyncProperty(traffic, fc.constantFrom(...Object.values(PROFILES)), async (written, profile) => {
      writeFileSync(FILE, vslFile(written))
      const histogram = new Histogram(profile)
      await readTransactions(
        options,
        hooks,
        delivery(profile, ({ value, is_hit }) => histogram.add(value, is_hit)),
      )
      expect(histogram.n).toBeLessThanOrEqual(written.length)
      const lines = histogram.lines({ rows: 20, columns: 80 }, '', '')
      expect(lines).toHaveLength(20)
      expect(lines.every(({ text }) => text.length === 80 && !text.includes('NaN'))).toBe(true)
    }),
    { numRuns: 100 },
  )
})
