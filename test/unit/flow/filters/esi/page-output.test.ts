import { expect, test } from 'vitest'
import { PageOutput } from '../../../../../src/flow/filters/esi/page-output.ts'
import { Sections } from '../../../../../src/flow/filters/esi/sections.ts'

test('a page of many includes, begun or left out, lets others have their turn, and goes on after it', async () => {
  const output = new PageOutput('plain', new Sections(undefined as never), undefined)
  let turns = 0
  for (let i = 0; i < 1000; i++) {
    output.took(1)
    let goneOn = false
    if (!output.rests(() => (goneOn = true))) continue
    turns++
    expect(goneOn).toBe(false)
    await new Promise((resolve) => setImmediate(resolve))
    expect(goneOn).toBe(true)
  }
  expect(turns).toBe(31)
})

test('it has one turn at a time, however often it is asked', async () => {
  const output = new PageOutput('plain', new Sections(undefined as never), undefined)
  output.took(32)
  let called = 0
  for (let i = 0; i < 3; i++) expect(output.rests(() => called++)).toBe(true)
  await new Promise((resolve) => setImmediate(resolve))
  expect(called).toBe(1)
  expect(output.rests(() => called++)).toBe(false)
})
