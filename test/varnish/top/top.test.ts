import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Answer, answerOf } from '../log/ask.ts'
import { ours, theirs } from './ask.ts'
import { QUESTIONS } from './questions.ts'
import { hasVarnish } from '../varnishd.ts'

/** What varnishtop 7.1 -1 prints of recorded traffic is recorded; ours prints the same bytes. */
const RECORDED = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as Answer[]
const HAS_VARNISHTOP = hasVarnish('varnishtop')

test.each(QUESTIONS.map((options, i) => [options.join(' '), options, RECORDED[i]] as const))(
  'prints what varnishtop -1 %s prints',
  async (_, options, recorded) => {
    const output = await ours(options)
    if (HAS_VARNISHTOP) expect(output).toBe(theirs(options))
    expect(answerOf(options, Buffer.from(output, 'latin1'))).toEqual(recorded)
  },
)

test('the record is of questions that tell something apart', () => {
  expect(new Set(RECORDED.map(({ sha256 }) => sha256)).size).toBe(RECORDED.length)
})
