import { availableParallelism } from 'node:os'
import { describe, expect, test } from 'vitest'
import { defaultWorkers, parseWorkers, workerHeapBytes } from '../../../src/config/workers.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

describe('-w', () => {
  test.each(['0', '-1', 'two', '1.5', ''])('%j is refused', (text) => {
    expect(() => parseWorkers(text)).toThrow(`-w ${text}: not a number of workers`)
  })

  test('64 is the most', () => {
    expect([parseWorkers('1'), parseWorkers('2'), parseWorkers('64')]).toEqual([1, 2, 64])
    expect(() => parseWorkers('65')).toThrow('-w 65: at most 64 workers')
  })

  test('by default is one for each core', () => {
    expect(defaultWorkers()).toBe(Math.min(64, availableParallelism()))
  })
})

describe('a worker’s heap', () => {
  test.each([
    [1, 23 * GIB, 4 * GIB],
    [1, 2 * GIB, GIB],
    [2, 2 * GIB, 512 * MIB],
    [8, 2 * GIB, 128 * MIB],
    [64, 16 * GIB, 128 * MIB],
    [64, 256 * GIB, 2 * GIB],
    [1, 128 * MIB, 128 * MIB],
  ])('%i workers and %i bytes', (workers, limit_bytes, expected) => {
    expect(workerHeapBytes(0, workers, limit_bytes)).toBe(expected)
  })

  test('is what was asked for, if a worker can start in it', () => {
    expect(workerHeapBytes(300 * MIB, 4, GIB)).toBe(300 * MIB)
    expect(() => workerHeapBytes(31 * MIB, 1, GIB)).toThrow('parameter worker_heap: 31M is below the minimum, 32M (0 chooses)')
  })
})
