import { afterEach, expect, test } from 'vitest'
import { NO_WORKER, SharedLocks } from '../../../src/shm/lock.ts'
import type { LockerData } from './locker.thread.ts'
import { Thread } from './threads.ts'

const threads: Thread[] = []
afterEach(async () => {
  for (const one of threads.splice(0)) await one.end()
})

function thread(data: LockerData): Thread {
  const one = new Thread('./locker.thread.ts', data)
  threads.push(one)
  return one
}

const memoryFor = (): SharedArrayBuffer => new SharedArrayBuffer(64)
const locksOf = (memory: SharedArrayBuffer, worker: number): SharedLocks => new SharedLocks(new Int32Array(memory, 0, 4), worker)

test('one has it, the other does not; each lock is its own', () => {
  const memory = memoryFor()
  const [a, b] = [locksOf(memory, 0), locksOf(memory, 63)]
  expect(a.tryLock(1)).toBe(true)
  expect(b.tryLock(1)).toBe(false)
  expect(b.tryLock(2)).toBe(true)
  a.unlock(1)
  expect(b.tryLock(1)).toBe(true)
})

test('patience ends', () => {
  const memory = memoryFor()
  locksOf(memory, 0).tryLock(0)
  const other = locksOf(memory, 1)
  expect(other.lock(0, 0)).toBe(false)
  const from_ms = performance.now()
  expect(other.lock(0, 20)).toBe(false)
  expect(performance.now() - from_ms).toBeGreaterThanOrEqual(19)
  // He who lost his patience has left a mark on it, and no more.
  locksOf(memory, 0).unlock(0)
  expect(other.lock(0, 0)).toBe(true)
})

test('mistakes are noticed: another’s lock given back, one’s own awaited, a lock for nobody', () => {
  const memory = memoryFor()
  const [a, b] = [locksOf(memory, 0), locksOf(memory, 1)]
  a.tryLock(0)
  expect(() => a.lock(0, 10)).toThrow('taken once')
  expect(() => locksOf(memory, NO_WORKER).tryLock(1)).toThrow('only workers')
  expect(() => b.unlock(0)).toThrow('by its owner')
})

test('threads exclude each other, and whoever sleeps is woken', async () => {
  const memory = memoryFor()
  const times = 5000
  const all = [0, 1, 2].map((worker) => thread({ role: 'adds', memory, worker, times }))
  expect(await Promise.all(all.map(({ exited }) => exited))).toEqual([0, 0, 0])
  expect(new Int32Array(memory)[8]).toBe(3 * times)
})

test('what a dead worker held is released by the manager: those who sleep for it get it', async () => {
  const memory = memoryFor()
  expect(await thread({ role: 'dies with it', memory, worker: 5, times: 1 }).exited).toBe(1)
  const words = new Int32Array(memory)
  expect([...words.subarray(0, 4)]).toEqual([0, 6, 0, 6])
  const waiter = thread({ role: 'waits for it', memory, worker: 6, times: 1 })
  await waiter.heard('waiting')
  // It sleeps when it has marked the word as awaited.
  while (Atomics.load(words, 1) === 6) await new Promise((resolve) => setImmediate(resolve))
  const manager = locksOf(memory, NO_WORKER)
  expect(manager.releaseAllOf(4)).toBe(0)
  expect(manager.releaseAllOf(5)).toBe(2)
  await waiter.heard('got it')
  expect(await waiter.exited).toBe(0)
  expect([...words.subarray(0, 4)]).toEqual([0, 0, 0, 0])
})
