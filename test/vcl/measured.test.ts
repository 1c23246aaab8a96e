import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { answersOf, type MeasuredFile } from '../kit/measured.ts'

/** What modules answer in varnishd 7.1.1, recorded: test/vcl/measured/. A backend named sick is. */
const FOLDER = new URL('./measured/', import.meta.url)

/** Where we answer otherwise, and why. */
const DIFFERENT: Readonly<Record<string, { ours: string; why: string }>> = {
  'blob.transcode(BASE64, HEX, encoded="Zm9vYg==Zm9v")': { ours: 'FAIL', why: 'nothing follows the padding' },
  'blob.transcode(BASE64, length=1, encoded="Zm9vYg==")': { ours: '<>', why: 'as it is of "Z" without a length' },
}

describe.each(readdirSync(FOLDER))('%s', (name) => {
  const file = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as MeasuredFile
  const answers = answersOf(file)

  test.each(file.cases.map(([statements, expression, text], i) => ({ statements, expression, text, i })))(
    '$statements $expression: $text',
    ({ statements, expression, text, i }) => {
      expect(answers[i]).toBe(DIFFERENT[`${statements} ${expression}`.trim()]?.ours ?? text)
    },
  )
})
