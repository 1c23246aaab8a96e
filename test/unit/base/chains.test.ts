import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { type Chained, Chains } from '../../../src/base/chains.ts'

class Item implements Chained<Item> {
  chained: Item | undefined = undefined
  readonly chain_key: number

  constructor(chain_key: number) {
    this.chain_key = chain_key
  }
}

function all(chains: Chains<Item>, key: number): Set<Item> {
  const found = new Set<Item>()
  for (let item = chains.first(key); item !== undefined; item = chains.after(item)) found.add(item)
  return found
}

test('what has been added is found under its key until it is removed, whatever else has come and gone', () => {
  const key = fc.oneof(fc.integer({ min: -4, max: 4 }), fc.constantFrom(64, 128, -64, 0x7fffffff, -0x80000000))
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 400, size: 'max' }), (steps) => {
      const chains = new Chains<Item>()
      const model: Item[] = []
      for (const [adds, at] of steps) {
        if (adds) {
          const item = new Item(at)
          model.push(item)
          chains.add(item)
        } else {
          const gone = model.findIndex((item) => item.chain_key === at)
          if (gone >= 0) expect(chains.remove(model.splice(gone, 1)[0])).toBe(true)
        }
        expect(chains.size).toBe(model.length)
        expect(all(chains, at)).toEqual(new Set(model.filter((item) => item.chain_key === at)))
      }
    }),
  )
})

test('it grows with what it holds', () => {
  const chains = new Chains<Item>()
  const items = Array.from({ length: 10_000 }, (_, n) => new Item(n * 0x10001))
  for (const item of items) chains.add(item)
  for (const item of items) expect(chains.first(item.chain_key)).toBe(item)
})

test('what has left leads to nothing, and leaves but once', () => {
  const chains = new Chains<Item>()
  const [first, second] = [new Item(7), new Item(7)]
  chains.add(first)
  chains.add(second)
  expect(chains.remove(second)).toBe(true)
  expect(second.chained).toBeUndefined()
  expect(chains.remove(second)).toBe(false)
  expect(chains.first(7)).toBe(first)
})
