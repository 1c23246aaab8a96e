import { expect, test } from 'vitest'
import { PageOutput } from '../../../../../src/flow/filters/esi/page-output.ts'
import { Sections } from '../../../../../src/flow/filters/esi/sections.ts'

test('a page of many includes, begun or left out, lets others have their turn, and goes on after it', async () => {
  const output = new PageOutput('plain', new Sections(undefined as never), undefined)
  let turns = 0
  for (let i = 0; i < 1000; i++) {
    output.included()
    let goneOn = false
    if (!output.rests(() => (goneOn = true))) continue
    turns++
    expect(goneOn).toBe(false)
    await new Promise((resolve) => setImmediate(resolve))
    expect(goneOn).toBe(true)
  }
  expect(turns).toBe(31)
})
