import { expect, test } from 'vitest'
import { Extents } from '../../../../src/store/heap/extents.ts'

const PIECE_BYTES = 16

/** So many pieces through a window of one. */
function pass(extents: Extents, count: number, goesOn: boolean): Set<ArrayBufferLike> {
  const memories = new Set<ArrayBufferLike>()
  for (let i = 0; i < count; i++) {
    extents.add(PIECE_BYTES)
    extents.put(Buffer.alloc(PIECE_BYTES, i), 0)
    const view = extents.view(i, 0)
    expect(view.every((byte) => byte === i)).toBe(true)
    memories.add(view.buffer)
    extents.dropBefore(extents.end_bytes, goesOn)
  }
  return memories
}

test('what passes through a window lies in the same memory again and again', () => {
  const extents = new Extents()
  expect(pass(extents, 10, true).size).toBe(1)
  expect(extents.allocated_bytes).toBe(0)
})

test('of a body that has ended no memory is kept', () => {
  expect(pass(new Extents(), 10, false).size).toBe(10)
})

test('a piece of another size has memory of its own, and what is not dropped stays as it is', () => {
  const extents = new Extents()
  extents.add(PIECE_BYTES)
  extents.put(Buffer.alloc(PIECE_BYTES, 1), 0)
  extents.add(PIECE_BYTES)
  extents.put(Buffer.alloc(PIECE_BYTES, 2), 0)
  extents.dropBefore(PIECE_BYTES, true)
  extents.add(PIECE_BYTES * 2)
  extents.put(Buffer.alloc(PIECE_BYTES * 2, 3), 0)
  expect([...new Set(extents.view(1, 0))]).toEqual([2])
  expect(extents.view(2, 0)).toHaveLength(PIECE_BYTES * 2)
})
