import { expect, test } from 'vitest'
import { ManualClock, SystemClock } from '../../../src/base/clock.ts'
import { parseStores } from '../../../src/config/storage.ts'
import { openInvalidations } from '../../../src/manager/invalidations.ts'
import { openArenas } from '../../../src/manager/stores.ts'
import { isNewer } from '../../../src/shm/serial.ts'
import type { Arena } from '../../../src/store/arena/arena.ts'
import { newPath } from '../../kit/arena-file.ts'

const clock = new ManualClock()

function arenasAt(...paths: string[]): Arena[] {
  return openArenas(parseStores(paths.map((path) => `file,${path},1M`)).stores, new SystemClock())
}

function open(...paths: string[]) {
  const arenas = arenasAt(...paths)
  return { arenas, ...openInvalidations(arenas, clock), kill: () => arenas.forEach((arena) => arena.abandon()) }
}

const texts = ({ ledger }: ReturnType<typeof open>): string[] => ledger.all().map(({ text }) => text)

test('without a file a process begins with nothing', () => {
  const { serials, ledger, remarks } = openInvalidations([], clock)
  expect([serials.newest, ledger.all(), remarks, ledger.half_bytes > 2 ** 21]).toEqual([0, [], [], true])
})

test('what was added is there after a kill, with its serial and time, and what is added then is newer', () => {
  const path = newPath()
  const first = open(path)
  expect(first.ledger.add('a', 1.5)).toBe(1)
  first.ledger.add('b', 2.5)
  first.kill()
  const second = open(path)
  expect(second.remarks).toEqual([])
  expect(second.ledger.all()).toMatchObject([
    { text: 'a', serial: 1, time_ms: 1.5 },
    { text: 'b', serial: 2, time_ms: 2.5 },
  ])
  const next = second.ledger.add('c', 3)
  expect(typeof next === 'number' && isNewer(next, 2)).toBe(true)
  second.kill()
  expect(texts(open(path))).toEqual(['a', 'b', 'c'])
})

test('a clean stop forgets what was done and compacted, and leaves the serial as it was', async () => {
  const path = newPath()
  const first = open(path)
  for (const text of ['a', 'b']) first.ledger.add(text, 0)
  first.ledger.finish(first.ledger.all()[0])
  first.ledger.compact()
  for (const arena of first.arenas) expect(await arena.close()).toBe(0)
  const second = open(path)
  expect([texts(second), second.serials.newest]).toEqual([['b'], 2])
  second.kill()
})

test('several files keep the same; one that was elsewhere meanwhile brings its own', () => {
  const [a, b] = [newPath(), newPath()]
  const both = open(a, b)
  both.ledger.add('of both', 0)
  both.kill()
  const alone = open(a)
  alone.ledger.add('of a', 1)
  alone.kill()
  const again = open(b, a)
  expect(texts(again)).toEqual(['of both', 'of a'])
  again.ledger.add('later', 2)
  again.kill()
  expect(texts(open(b))).toEqual(['of both', 'of a', 'later'])
})

test.each([0, 64])('a list that is damaged bans everything that was stored before (byte %i of its slots)', (at) => {
  const path = newPath()
  const first = open(path)
  first.ledger.add('a', 0)
  first.ledger.add('b', 0)
  const { newest } = first.serials
  first.arenas[0].ledger![at + 12] ^= 1
  first.kill()
  const second = open(path)
  expect(second.remarks).toEqual([expect.stringMatching(/^the list of bans .* everything that was stored before is banned/)])
  expect(second.ledger.all()).toMatchObject([{ text: 'obj.status\0!=\x000', done: false }])
  expect(isNewer(second.ledger.all()[0].serial, newest)).toBe(true)
  second.kill()
  const third = open(path)
  expect([third.remarks, texts(third).length]).toEqual([[], 1])
})

test('nor is a list believed that does not fit', () => {
  const [large, small] = [newPath(), newPath()]
  const stores = parseStores([`file,${large},64M`]).stores
  const arenas = openArenas(stores, new SystemClock())
  const { ledger } = openInvalidations(arenas, clock)
  for (let i = 0; i < 2000; i++) ledger.add(`a text of some length, number ${i}`, 0)
  for (const arena of arenas) arena.abandon()
  const both = openArenas(parseStores([`file,${large},64M`, `file,${small},1M`]).stores, new SystemClock())
  const opened = openInvalidations(both, clock)
  expect([opened.remarks.length, opened.ledger.all().length]).toEqual([1, 1])
  for (const arena of both) arena.abandon()
})
