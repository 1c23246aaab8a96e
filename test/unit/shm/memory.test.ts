import { expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { memoryAvailable } from '../../../src/config/memory-limit.ts'
import { createSharedMemory, memoryRemarks } from '../../../src/shm/memory.ts'
import { GIB, MIB } from './kit.ts'

test('shared memory is had as asked', () => {
  const memory = createSharedMemory(4 * MIB)
  expect(memory).toBeInstanceOf(SharedArrayBuffer)
  expect(memory.byteLength).toBe(4 * MIB)
})

test('more than machine and cgroup allow is refused', () => {
  expect(() => createSharedMemory(2 * GIB, GIB)).toThrow(
    new OperatorError('-s memory,2G: this process may use 1024 MiB at most (machine or cgroup); use a smaller size, or -s file,PATH,SIZE'),
  )
})

test('what V8 or the kernel refuses is one line', () => {
  expect(() => createSharedMemory(2 ** 50, 2 ** 51)).toThrow(/^-s memory,1024T: cannot be had \(.*allocation failed\); use a smaller size,/)
})

test('memory that others use now is worth a remark', () => {
  expect(memoryRemarks(GIB, GIB)).toEqual([])
  expect(memoryRemarks(GIB, undefined)).toEqual([])
  expect(memoryRemarks(2 * GIB, GIB)).toEqual([expect.stringContaining('-s memory,2G: only 1024 MiB are available now;')])
})

test('the kernel says what is available', () => {
  expect(memoryAvailable(() => 'MemTotal:       24684084 kB\nMemAvailable:   24209432 kB\n')).toBe(24_209_432 * 1024)
  expect(memoryAvailable(() => undefined)).toBeUndefined()
  expect(memoryAvailable()).toBeGreaterThan(0)
})
