import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { expect, test } from 'vitest'
import { SystemClock } from '../../../src/base/clock.ts'
import { OperatorError } from '../../../src/base/errors.ts'
import { parseStores } from '../../../src/config/storage.ts'
import { Shared } from '../../../src/manager/shared.ts'
import { openInvalidations } from '../../../src/manager/invalidations.ts'
import { openArenas } from '../../../src/manager/stores.ts'
import { isNewer, type Serials } from '../../../src/shm/serial.ts'
import type { Arena } from '../../../src/store/arena/arena.ts'
import { newPath } from '../../kit/arena-file.ts'

test('what each store is', () => {
  const { stores } = parseStores(['a=memory,64M', 'b=malloc,4M'])
  expect(new Shared(stores, new SystemClock()).describe()).toEqual([
    'store a: memory, 64M, 243 segments',
    'store b: memory, 4M, 60 segments',
  ])
})

test('stores that each may be had, and not together', () => {
  const { stores } = parseStores(['a=memory,64M', 'b=memory,80M'])
  expect(() => openArenas(stores, new SystemClock(), undefined, 100 * 2 ** 20)).toThrow(
    new OperatorError(
      '-s: a, b are 144M together, and this process may use 100 MiB at most (machine or cgroup); use smaller sizes, or -s file,PATH,SIZE',
    ),
  )
})

test.each([
  [['memory,60M', 'Transient=memory,60M'], 's0, Transient are 120M together'],
  [['memory,60M', 'Transient=memory,10T'], 's0, Transient are 10485820M together'],
  [[`file,${newPath()},4M`, 'Transient=memory,120M'], 'Transient is 120M'],
])('what Transient promises must be there, beside the stores: %j', (texts, what) => {
  const { stores, transient } = parseStores(texts)
  expect(() => openArenas(stores, new SystemClock(), transient, 100 * 2 ** 20)).toThrow(
    new OperatorError(`-s: ${what}, and this process may use 100 MiB at most (machine or cgroup); use smaller sizes, or -s file,PATH,SIZE`),
  )
})

test('a start refuses it', () => {
  const { stores, transient } = parseStores(['memory,4M', 'Transient=memory,1000T'])
  expect(() => new Shared(stores, new SystemClock(), transient)).toThrow(/^-s: s0, Transient are .* together/)
})

test('Transient that nobody has given a size promises nothing', () => {
  const { stores, transient } = parseStores(['memory,4M'])
  expect(openArenas(stores, new SystemClock(), transient, 4 * 2 ** 20)).toHaveLength(1)
})

test('a file: new, after a clean stop, and in use', async () => {
  const path = newPath()
  const { stores } = parseStores([`big=file,${path},4M`])
  const clock = new SystemClock()
  const first = new Shared(stores, clock)
  expect(first.describe()).toEqual([`store big: file ${path}, 4M, 59 segments, new`])
  expect(() => new Shared(stores, clock)).toThrow(
    new OperatorError(`-s file,${path}: in use by another process, or by another -s; give each its own file`),
  )
  expect(await first.close()).toEqual([])
  const second = new Shared(stores, clock)
  expect(second.describe()).toEqual([`store big: file ${path}, 4M, 59 segments, 0 objects in 0 MiB recovered, stopped cleanly`])
  await second.close()
})

test('a file that was opened in vain, because another store could not be had, is what it was: stopped cleanly or not', async () => {
  const path = newPath()
  const clock = new SystemClock()
  const both = parseStores([`one=file,${path},4M`, `two=file,${path}/nowhere,4M`]).stores
  const found = (): string => {
    expect(() => new Shared(both, clock)).toThrow(OperatorError)
    const [arena] = openArenas(both.slice(0, 1), clock)
    arena.abandon()
    return String(arena.recovered?.clean)
  }
  const first = new Shared(both.slice(0, 1), clock)
  await first.close()
  expect(found()).toBe('true')
  // That one was killed.
  expect(found()).toBe('false')
})

test('a file that was made in vain, because another store could not be had, is gone, and what it had moved aside is back', () => {
  const path = newPath()
  const clock = new SystemClock()
  const { stores } = parseStores([`one=file,${path},4M`, `two=file,${path}/nowhere,4M`])
  expect(() => new Shared(stores, clock)).toThrow(OperatorError)
  expect(existsSync(path)).toBe(false)
  const [other] = openArenas(parseStores([`file,${path},2M`]).stores, clock)
  other.abandon()
  expect(() => new Shared(stores, clock)).toThrow(OperatorError)
  expect(statSync(path).size).toBe(2 * 2 ** 20)
  const names = readdirSync(dirname(path)).filter((name) => name.startsWith(basename(path)))
  expect(names).toEqual([basename(path)])
})

test('serials go on where the latest of the files has ended; after a kill with what the disk may not know of', async () => {
  const paths = [newPath(), newPath()]
  const arenas = (): Arena[] => openArenas(parseStores(paths.map((path) => `file,${path},1M`)).stores, new SystemClock())
  const first = arenas()
  const openSerials = (of: readonly Arena[]): Serials => openInvalidations(of, new SystemClock()).serials
  const serials = openSerials(first)
  expect(serials.newest).toBe(0)
  serials.take(() => true)
  serials.take(() => true)
  expect(first.map(({ serial }) => serial)).toEqual([2, 2])
  first[0].keepSerial(1)
  await Promise.all(first.map((arena) => arena.close()))
  const second = arenas()
  expect([openSerials(second).newest, ...second.map(({ serial }) => serial)]).toEqual([2, 2, 2])
  for (const arena of second) arena.abandon()
  const third = arenas()
  expect(isNewer(openSerials(third).newest, 1_000_000)).toBe(true)
  for (const arena of third) arena.abandon()
})
