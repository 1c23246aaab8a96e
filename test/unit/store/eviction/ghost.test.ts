import { describe, expect, test } from 'vitest'
import { Ghost, ghostWords } from '../../../../src/store/eviction/ghost.ts'

/** Objects of 100 bytes; the ghost remembers what a window of 1,000 of them lets it. */
const SIZE_BYTES = 100
const WINDOW_IDS = 1000

function memory(ids = 2 * WINDOW_IDS): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(4 * ghostWords(ids)))
}

function ghostOver(words: Uint32Array): Ghost {
  return new Ghost(words, WINDOW_IDS * SIZE_BYTES)
}

function hash(id: number): number {
  let mixed = Math.imul(id ^ (id >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return mixed ^ (mixed >>> 16)
}

function add(ghost: Ghost, from: number, to: number): void {
  for (let id = from; id < to; id++) ghost.add(hash(id), hash(~id), SIZE_BYTES)
}

function known(ghost: Ghost, from: number, to: number): number {
  let count = 0
  for (let id = from; id < to; id++) if (ghost.has(hash(id), hash(~id))) count++
  return count
}

describe('the ghost', () => {
  test('knows an id that was added, until it is taken', () => {
    const ghost = ghostOver(memory())
    expect(ghost.has(hash(1), hash(~1))).toBe(false)
    add(ghost, 1, 2)
    expect(ghost.has(hash(1), hash(~1))).toBe(true)
    expect(ghost.take(hash(1), hash(~1))).toBe(true)
    expect(ghost.has(hash(1), hash(~1))).toBe(false)
    expect(ghost.take(hash(1), hash(~1))).toBe(false)
  })

  test('forgets by bytes: an id is known until a window of others has followed it', () => {
    const ghost = ghostOver(memory(100 * WINDOW_IDS))
    add(ghost, 0, 1)
    ghost.add(hash(-5), hash(5), 0.99 * WINDOW_IDS * SIZE_BYTES)
    expect(known(ghost, 0, 1)).toBe(1)
    ghost.add(hash(-6), hash(6), 0.02 * WINDOW_IDS * SIZE_BYTES)
    expect(known(ghost, 0, 1)).toBe(0)
  })

  test('counts sizes below its unit', () => {
    const ghost = new Ghost(memory(), 2 ** 30)
    add(ghost, 0, 1)
    for (let i = 0; i < 2 ** 20; i++) ghost.add(hash(-5), hash(5), 1030)
    expect(known(ghost, 0, 1)).toBe(0)
  })

  test('with twice the room keeps 19 of 20 ids of the window, and none from before', () => {
    const ghost = ghostOver(memory())
    add(ghost, 0, 5 * WINDOW_IDS)
    expect(known(ghost, 4 * WINDOW_IDS, 5 * WINDOW_IDS)).toBeGreaterThan(0.95 * WINDOW_IDS)
    expect(known(ghost, 0, 4 * WINDOW_IDS - 10)).toBeLessThan(5)
  })

  test('in a memory that is far too large does not remember what is long past', () => {
    const ghost = ghostOver(memory(50 * WINDOW_IDS))
    add(ghost, 0, 400 * WINDOW_IDS)
    expect(known(ghost, 0, 399 * WINDOW_IDS - 10)).toBeLessThan(50)
  })

  test('takes fewer than one stranger in a thousand for an acquaintance', () => {
    const ghost = ghostOver(memory())
    add(ghost, 0, 5 * WINDOW_IDS)
    expect(known(ghost, 1_000_000, 1_200_000)).toBeLessThan(200)
  })

  test('does not remember again when its stamps have gone round', () => {
    const words = memory(4)
    const ghost = ghostOver(words)
    add(ghost, 0, 1)
    // All ids share the one bucket. 256 windows later the stamp is what it was.
    for (let i = 0; i < 512; i++) {
      ghost.add(0, 77, (WINDOW_IDS * SIZE_BYTES) / 2)
      ghost.take(0, 77)
    }
    expect(known(ghost, 0, 1)).toBe(0)
  })

  test('is one for all who share its memory', () => {
    const words = memory()
    add(ghostOver(words), 0, 100)
    const other = ghostOver(words)
    expect(known(other, 0, 100)).toBe(100)
    other.add(hash(-5), hash(5), 2 * WINDOW_IDS * SIZE_BYTES)
    expect(known(ghostOver(words), 0, 100)).toBe(0)
  })
})
