import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Answer, answerOf, inFolder, ours, theirs, TRAFFIC } from './ask.ts'
import { logTool } from '../../../src/tools/log/main.ts'
import { LOG_TOOL } from '../../../src/tools/options/log.ts'
import { parseOptions } from '../../../src/tools/options/parse.ts'
import { FakeServer } from '../../unit/log/read/kit.ts'
import { QUERY_FILE, QUESTIONS } from './questions.ts'
import { strange } from './strange.ts'
import { hasVarnish } from '../varnishd.ts'

/**
 * Traffic that varnishd 7.1 served and varnishlog recorded (hits, misses, passes, ESI, restarts, retries, errors, HTTP/2). What varnishlog prints of
 * it is recorded; ours prints the same bytes.
 */
const RECORDED = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as Answer[]
const HAS_VARNISHLOG = hasVarnish('varnishlog')

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

  test('what is appended is of the format that is there', async () => {
    await inFolder(async (folder) => {
      const server = new FakeServer(3)
      server.startWorker()
      server.request(2 ** 29, '/appended')
      server.publish()
      const file = join(folder, 'both.vsl')
      writeFileSync(file, readFileSync(TRAFFIC))
      await logTool(parseOptions(LOG_TOOL, ['-n', server.directory, '-d', '-a', '-w', file]))
      server.remove()
      const seen = (await ours(file, ['-q', 'ReqURL eq "/appended" or ReqURL eq "/h2"', '-i', 'Begin,ReqURL'], folder)).toString('latin1')
      expect(seen).toMatch(
        /ReqURL {9}\/h2\n\n\*   << Request  >> 536870912 \n-   Begin {10}req 536870911 rxreq\n-   ReqURL {9}\/appended\n\n$/,
      )
    })
  })

  test('what is no log is not appended to', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'query')
      await expect(logTool(parseOptions(LOG_TOOL, ['-r', TRAFFIC, '-a', '-w', file]))).rejects.toThrow('what is in it is no log')
      expect(readFileSync(file, 'utf8')).toBe(QUERY_FILE)
    })
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
