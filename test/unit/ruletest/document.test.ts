import { expect, test } from 'vitest'
import { isStale, ruleTestsPage } from '../../../src/ruletest/document.ts'

test('docs/reference/rule-tests.md says what the tables say; if not, run `npm run docs` and commit', () => {
  expect(isStale()).toBe(false)
})

test('it gives every row a meaning', () => {
  const rows = ruleTestsPage()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.length).toBeGreaterThan(50)
  for (const row of rows) expect(row).not.toMatch(/\|\s*\|$|undefined/)
})
