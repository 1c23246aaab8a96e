import { expect, test } from 'vitest'
import { InOrder } from '../../../src/base/in-order.ts'

test('who has come first is taken first, however many come and go', () => {
  const line = new InOrder<number>()
  expect(line.take()).toBeUndefined()
  const taken: number[] = []
  let added = 0
  for (let round = 0; round < 3000; round++) {
    line.add(added++)
    line.add(added++)
    taken.push(line.take()!)
  }
  expect(line.length).toBe(3000)
  for (let one = line.take(); one !== undefined; one = line.take()) taken.push(one)
  expect(taken).toEqual(Array.from({ length: added }, (_, i) => i))
  expect(line.length).toBe(0)
})
