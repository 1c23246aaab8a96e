import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type Answer, answerOf, TRAFFIC } from '../log/ask.ts'
import { ours, questions, theirs } from './ask.ts'
import { hasVarnish } from '../varnishd.ts'

/** What varnishncsa 7.1 prints of recorded traffic, and of records made to forge lines, is recorded; ours prints the same bytes. */
const RECORDED = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as Answer[]
const HAS_VARNISHNCSA = hasVarnish('varnishncsa')

const folder = mkdtempSync(join(tmpdir(), 'lacquer-ncsa-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => void (process.env.TZ = 'UTC'))

describe('prints what varnishncsa prints', () => {
  test.each(questions(folder).map((asked, i) => [asked.options.join(' '), asked, RECORDED[i]] as const))(
    '%s',
    async (_, asked, recorded) => {
      const output = await ours(asked, folder)
      if (HAS_VARNISHNCSA) expect(output).toBe(theirs(asked))
      expect(answerOf(asked.options, Buffer.from(output, 'latin1'))).toEqual(recorded)
    },
  )

  test('the record is of questions that tell something apart', () => {
    expect(new Set(RECORDED.map(({ sha256 }) => sha256)).size).toBeGreaterThan(22)
  })

  test.runIf(HAS_VARNISHNCSA).each(['Europe/Berlin', 'America/St_Johns', 'Asia/Kolkata'])('in the zone of %s', async (zone) => {
    process.env.TZ = zone
    const asked = { file: TRAFFIC, options: ['-F', '%t %{%c %z %s %I%p}t'] }
    expect(await ours(asked, folder)).toBe(theirs(asked))
  })
})
