import { expect, test } from 'vitest'
import { PAGES, stalePages } from '../../../src/tools/docs.ts'

test('docs/reference says what the tables say; if not, run `npm run docs` and commit', () => {
  expect(stalePages()).toEqual([])
})

test.each(Object.keys(PAGES))('%s gives every row a meaning', (name) => {
  const rows = PAGES[name]()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.length).toBeGreaterThan(3)
  for (const row of rows) expect(row).not.toMatch(/\|\s*\|$|undefined/)
})

test.each(Object.keys(PAGES))('%s does not begin a list of nothing', (name) => {
  expect(PAGES[name]()).not.toMatch(/: \.$/m)
})
