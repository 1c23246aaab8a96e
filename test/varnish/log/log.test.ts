import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Answer, answerOf, inFolder, ours, theirs, TRAFFIC } from './ask.ts'
import { QUESTIONS } from './questions.ts'
import { strange } from './strange.ts'

/**
 * Traffic that varnishd 7.1 served and varnishlog recorded (hits, misses, passes, ESI, restarts, retries, errors, HTTP/2). What varnishlog prints of
 * it is recorded; ours prints the same bytes.
 */
const RECORDED = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as Answer[]
const HAS_VARNISHLOG = spawnSync('varnishlog', ['-V']).status === 0

describe('prints what varnishlog prints', () => {
  test.each(QUESTIONS.map((options, i) => [options.join(' '), options, RECORDED[i]] as const))('%s', async (_, options, recorded) => {
    const output = await inFolder((folder) => ours(TRAFFIC, options, folder))
    if (HAS_VARNISHLOG)
      expect(output.toString('latin1')).toBe((await inFolder((folder) => theirs(TRAFFIC, options, folder))).toString('latin1'))
    expect(answerOf(options, output)).toEqual(recorded)
  })

  test('the record is of questions that tell something apart', () => {
    expect(new Set(RECORDED.map(({ sha256 }) => sha256)).size).toBeGreaterThan(45)
  })
})

test('of logs that no server writes, the same, too', async () => {
  const recorded = JSON.parse(readFileSync(new URL('strange.json', import.meta.url), 'utf8')) as [number, string][]
  const wrong = await inFolder(async (folder) => {
    const file = join(folder, 'strange.vsl')
    const found: string[] = []
    for (const [seed, sha256] of recorded) {
      const log = strange(seed)
      writeFileSync(file, log.file)
      const output = await ours(file, log.options, folder)
      if (!answerOf(log.options, output).sha256.startsWith(sha256)) found.push(`strange(${seed}): ${log.options.join(' ')}`)
    }
    return found
  })
  expect(wrong).toEqual([])
  expect(recorded.length).toBeGreaterThan(150)
})

describe('a file that is written is the one that was read', () => {
  test('record by record', async () => {
    expect(await inFolder((folder) => ours(TRAFFIC, ['-g', 'raw'], folder, []))).toEqual(readFileSync(TRAFFIC))
  })

  test.runIf(HAS_VARNISHLOG)('varnishlog reads it', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'ours.vsl')
      writeFileSync(file, await ours(TRAFFIC, ['-g', 'request', '-i', 'Req*,Begin,End,Link'], folder, []))
      expect((await ours(file, ['-g', 'request'], folder)).toString('latin1')).toBe(
        theirs(file, ['-g', 'request'], folder).toString('latin1'),
      )
    })
  })
})
