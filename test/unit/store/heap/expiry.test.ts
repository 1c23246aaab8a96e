import { expect, test } from 'vitest'
import { Expiry, type Expiring } from '../../../../src/store/heap/expiry.ts'
import type { HeapObject } from '../../../../src/store/heap/object.ts'

function place(name: string): { object: HeapObject | undefined; due_ms: number } & Expiring {
  return { object: { place: name } as unknown as HeapObject, due_ms: 0 }
}

test('objects come out in the order of their ends, not before', () => {
  const expiry = new Expiry()
  const places = [5, 1, 9, 3, 7].map((at_ms) => ({ at_ms, at: place(String(at_ms)) }))
  for (const { at_ms, at } of places) expiry.add(at, at_ms)
  expect(expiry.next(0)).toBeUndefined()
  const out = []
  for (let object = expiry.next(7); object !== undefined; object = expiry.next(7)) out.push(object.place)
  expect(out).toEqual(['1', '3', '5', '7'])
})

test('the last deadline of a place counts', () => {
  const expiry = new Expiry()
  const at = place('a')
  expiry.add(at, 10)
  expiry.moved(at, 5)
  expect(expiry.next(5)).toBe(at.object)
  at.object = undefined
  expect(expiry.next(10)).toBeUndefined()
  expect(expiry.size).toBe(0)
})

test('an object that has left the store is not kept by its deadline', () => {
  const expiry = new Expiry()
  const at = place('a')
  expiry.add(at, 1e12)
  expect(JSON.stringify(expiry)).toContain('"place":"a"')
  at.object = undefined
  expiry.left()
  expect(JSON.stringify(expiry)).not.toContain('"place":"a"')
})

test('deadlines of what has left do not pile up', () => {
  const expiry = new Expiry()
  for (let i = 0; i < 100_000; i++) {
    const at = place('x')
    expiry.add(at, 1e12 + i)
    at.object = undefined
    expiry.left()
  }
  expect(expiry.size).toBeLessThan(3000)
})
