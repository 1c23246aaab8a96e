import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { STEP } from '../../../src/flow/step.ts'
import { STEPS } from '../../../src/flow/steps.ts'

const DOCUMENT = new URL('../../../docs/ARCHITECTURE.md', import.meta.url)
const BEGIN = '<!-- steps: drawn from src/flow/steps.ts by test/unit/flow/steps.test.ts -->'
const END = '<!-- end of steps -->'

test('the table stands in the order of the step numbers', () => {
  expect(STEPS.map((row) => row.name)).toEqual(Object.keys(STEP))
})

test('every step but the end leads somewhere, and every step is reached', () => {
  const reached = new Set(STEPS.flatMap((row) => row.next))
  expect(STEPS.filter((row) => row.next.length === 0).map((row) => row.name)).toEqual(['done'])
  expect(STEPS.map((row) => row.name).filter((name) => name !== 'recv' && !reached.has(name))).toEqual([])
})

/** Mermaid, and the same as a table for those who read text. */
function drawing(): string {
  const arrows = STEPS.flatMap((row) => row.next.map((next) => `  ${row.name} --> ${next}`))
  const rows = STEPS.map((row) => `| ${row.name} | ${row.about} | ${row.next.join(', ')} |`)
  return ['```mermaid', 'flowchart LR', ...arrows, '```', '', '| step | what it does | leads to |', '| --- | --- | --- |', ...rows].join(
    '\n',
  )
}

test('docs/ARCHITECTURE.md shows the journey as the table has it (UPDATE_DOCS=1 redraws it)', () => {
  const text = readFileSync(DOCUMENT, 'utf8')
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  expect(begin).toBeGreaterThan(0)
  const drawn = `${text.slice(0, begin)}${BEGIN}\n\n${drawing()}\n\n${text.slice(end)}`
  if (process.env.UPDATE_DOCS === '1') writeFileSync(DOCUMENT, drawn)
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(drawn)
})
