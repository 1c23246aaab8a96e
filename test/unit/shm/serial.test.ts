import { expect, test } from 'vitest'
import { MANAGER } from '../../../src/shm/lock.ts'
import { isNewer, Serials } from '../../../src/shm/serial.ts'
import { beforeStep, diesBefore } from '../../kit/atomic-steps.ts'

const accept = (): boolean => true

test('each invalidation has a serial of its own, whichever thread takes it', () => {
  const manager = new Serials()
  const workers = [0, 63].map((worker) => new Serials(worker, manager.memory))
  expect(manager.newest).toBe(0)
  expect(workers.map((worker) => worker.take(accept))).toEqual([1, 2])
  expect(manager.take(accept)).toBe(3)
  expect(workers[0].newest).toBe(3)
})

test('what it stands for is published before anybody sees it; what is refused takes none', () => {
  const a = new Serials()
  const b = new Serials(1, a.memory)
  const seen: number[][] = []
  a.take((serial) => seen.push([serial, b.newest]) > 0)
  expect(a.take(() => false)).toBeUndefined()
  expect(() =>
    a.take(() => {
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(a.take((serial) => seen.push([serial, b.newest]) > 0)).toBe(2)
  expect(seen).toEqual([
    [1, 0],
    [2, 1],
  ])
})

test('a thread that dies at whatever step leaves nobody waiting, and no serial without its invalidation', () => {
  for (let step = 0; ; step++) {
    const manager = new Serials()
    const published: number[] = []
    const publish = (serial: number): boolean => published.push(serial) > 0
    const died = diesBefore(step, () => new Serials(0, manager.memory).take(publish))
    manager.releaseAllOf(0)
    expect(published).toEqual(expect.arrayContaining(manager.newest === 0 ? [] : [1]))
    expect(manager.take(publish)).toBe(manager.newest)
    expect(published).toContain(manager.newest)
    if (!died) return expect(step).toBeGreaterThan(2)
  }
})

test('at whatever step another looks, it knows what stands behind the newest', () => {
  for (let step = 0; ; step++) {
    const manager = new Serials()
    const other = new Serials(1, manager.memory)
    let published = 0
    const came = beforeStep(
      step,
      () => new Serials(0, manager.memory).take((serial) => (published = serial) > 0),
      () => expect(other.newest).toBeLessThanOrEqual(published),
    )
    if (!came) return expect(step).toBeGreaterThan(2)
  }
})

test('a file knows of a serial before anybody else does', () => {
  const kept: number[][] = []
  const { memory } = new Serials()
  const serials: Serials = new Serials(MANAGER, memory, [{ keepSerial: (serial) => void kept.push([serial, serials.newest]) }])
  serials.begin(7)
  serials.take(accept)
  expect(kept).toEqual([
    [7, 0],
    [8, 7],
  ])
})

test('they go round', () => {
  const serials = new Serials()
  serials.begin(2 ** 31 - 1)
  expect(serials.take(accept)).toBe(-(2 ** 31))
  expect([isNewer(-(2 ** 31), 2 ** 31 - 1), isNewer(2 ** 31 - 1, -(2 ** 31)), isNewer(5, 5), isNewer(6, 5)]).toEqual([
    true,
    false,
    false,
    true,
  ])
})
