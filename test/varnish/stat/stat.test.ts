import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, answerOf } from '../log/ask.ts'
import { ours, QUESTIONS, theirs, unpack } from './ask.ts'
import { hasVarnish } from '../varnishd.ts'

/** Counters of a varnishd 7.1, as it had them in its work directory, and what varnishstat printed of them, are recorded; ours prints the same bytes. */
const RECORDED = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as Answer[]
const HAS_VARNISHSTAT = hasVarnish('varnishstat')
const directory = mkdtempSync(join(tmpdir(), 'lacquer-stat-'))

beforeAll(() => unpack(directory))
afterAll(() => rmSync(directory, { recursive: true }))

test.each(QUESTIONS.map((options, i) => [options.join(' '), options, RECORDED[i]] as const))(
  'prints what varnishstat %s prints',
  (_, options, recorded) => {
    const output = ours(directory, options)
    if (HAS_VARNISHSTAT) expect(output).toBe(theirs(directory, options))
    expect(answerOf(options, Buffer.from(output))).toEqual(recorded)
  },
)

test('the record is of questions that tell something apart', () => {
  expect(new Set(RECORDED.map(({ sha256 }) => sha256)).size).toBe(RECORDED.length)
})
