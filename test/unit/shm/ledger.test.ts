import { describe, expect, test } from 'vitest'
import { LEDGER_FULL, Ledger } from '../../../src/shm/ledger.ts'
import { type LedgerCopy, readCopy } from '../../../src/shm/ledger-copy.ts'
import { HALVES_AT } from '../../../src/shm/ledger-record.ts'
import { Serials } from '../../../src/shm/serial.ts'
import { beforeStep, diesBefore } from '../../kit/atomic-steps.ts'
import { randomFrom } from './threads.ts'

const HALF = 1024

interface Scene {
  readonly serials: Serials
  readonly ledger: Ledger
  readonly copy: LedgerCopy
  /** Another thread's way to the same. */
  readonly other: (worker: number) => Ledger
}

function scene(half_bytes = HALF): Scene {
  const serials = new Serials()
  const copy = { bytes: Buffer.alloc(HALVES_AT + 2 * half_bytes) }
  const ledger = new Ledger(Ledger.memory(half_bytes), serials, [copy])
  ledger.begin()
  return { serials, ledger, copy, other: (worker) => new Ledger(ledger.memory, new Serials(worker, serials.memory), [copy]) }
}

const texts = (ledger: Ledger): string[] => ledger.all().map(({ text, done }) => (done ? `- ${text}` : text))
const kept = (copy: LedgerCopy): string[] | undefined => readCopy(copy)?.entries.map(({ text }) => text)

test('entries are seen by all threads, in order, each with its serial and time', () => {
  const { ledger, other } = scene()
  const there = other(3)
  expect(ledger.add('a', 10.5)).toBe(1)
  expect(there.add('längst', 20)).toBe(2)
  const expected = [
    { serial: 1, time_ms: 10.5, text: 'a', done: false },
    { serial: 2, time_ms: 20, text: 'längst', done: false },
  ]
  for (const one of [ledger, there]) expect(one.all()).toMatchObject(expected)
  expect(there.read(there.epoch, there.all()[0].end)).toMatchObject(expected.slice(1))
})

test('what does not fit is refused without a serial, and nothing is forgotten for it', () => {
  const { ledger, serials } = scene()
  let count = 0
  while (typeof ledger.add(`entry ${count}`, 0) === 'number') count++
  expect([ledger.add('one more', 0), serials.newest, ledger.all().length]).toEqual([LEDGER_FULL, count, count])
  ledger.finish(ledger.all()[1])
  expect(ledger.add('one more', 0)).toBe(count + 1)
  expect(texts(ledger)).toEqual([...Array.from({ length: count }, (_, i) => `entry ${i}`).filter((_, i) => i !== 1), 'one more'])
})

test('what is done is finished once, wherever a compaction has moved it', () => {
  const { ledger, other } = scene()
  for (const text of ['a', 'b', 'c']) ledger.add(text, 0)
  const [a, b, c] = other(0).all()
  ledger.finish(a)
  ledger.finish(a)
  expect([texts(ledger), ledger.done]).toEqual([['- a', 'b', 'c'], 1])
  expect(other(1).compact()).toBe(true)
  ledger.finish(c)
  ledger.finish(a)
  expect([texts(ledger), ledger.done, ledger.dropped, ledger.done_bytes]).toEqual([['b', '- c'], 1, 1, 40])
  ledger.add('d', 0, [b])
  expect(texts(ledger)).toEqual(['- b', '- c', 'd'])
})

test('a reader that was overtaken by compactions sees that, and begins again', () => {
  const { ledger, other } = scene()
  for (let i = 0; i < 8; i++) ledger.add(`entry ${i}`, 0)
  for (let step = 0; ; step++) {
    const reader = other(1)
    let read: string[] = []
    const came = beforeStep(
      step,
      () => (read = texts(reader)),
      () => {
        ledger.finish(ledger.all()[0])
        ledger.compact()
        ledger.add(`later ${step}`, 0)
        ledger.compact()
      },
    )
    expect(read.filter((text) => !text.startsWith('- '))).toEqual(expect.arrayContaining(texts(ledger).slice(0, -1)))
    if (!came) return expect(step).toBeGreaterThan(3)
  }
})

describe('a thread that dies at whatever step', () => {
  test.each([
    ['adds', (ledger: Ledger) => ledger.add('new', 0), ['a', 'b', 'new']],
    ['compacts', (ledger: Ledger) => ledger.compact(), ['b']],
  ] as const)('and %s leaves a list, and a copy, that others go on with', (_what, deed, afterwards) => {
    for (let step = 0; ; step++) {
      const { ledger, serials, copy, other } = scene()
      ledger.add('a', 0)
      ledger.add('b', 0)
      if (afterwards.length === 1) ledger.finish(ledger.all()[0])
      const died = diesBefore(step, () => deed(other(0)))
      serials.releaseAllOf(0)
      const before = texts(ledger)
      expect([['a', 'b'], ['- a', 'b'], afterwards]).toContainEqual(before)
      expect(other(1).add('next', 0)).toBe(serials.newest)
      expect(texts(ledger)).toEqual([...before, 'next'])
      expect(kept(copy)).toEqual([...before.map((text) => text.replace('- ', '')), 'next'])
      if (!died) return expect(step).toBeGreaterThan(4)
    }
  })
})

test('a process that is killed at whatever store leaves everything that was added', () => {
  const { ledger, copy } = scene(256)
  const random = randomFrom(5)
  const live = new Map<string, number>()
  let looks = 0
  // In the middle of a slot nothing is believed.
  const look = (method: string): void => {
    looks++
    const found = kept({ bytes: Buffer.from(copy.bytes) })
    if (found === undefined) expect(method).toBe('writeInt32LE')
    else expect(found).toEqual(expect.arrayContaining([...live.keys()]))
  }
  for (const method of ['set', 'writeInt32LE'] as const) {
    const plain = copy.bytes[method].bind(copy.bytes) as (...args: unknown[]) => unknown
    Object.assign(copy.bytes, {
      [method]: (...args: unknown[]) => {
        look(method)
        return plain(...args)
      },
    })
  }
  for (let i = 0; i < 500; i++) {
    if (typeof ledger.add(`entry ${i}`, i) === 'number') live.set(`entry ${i}`, i)
    const done = ledger.all().filter((entry) => !entry.done && random(3) === 0)
    for (const entry of done) {
      live.delete(entry.text)
      ledger.finish(entry)
    }
    if (random(5) === 0) ledger.compact()
  }
  look('end')
  expect(looks).toBeGreaterThan(3000)
})

describe('a copy that was damaged', () => {
  function written(): LedgerCopy {
    const { ledger, copy } = scene()
    for (const text of ['first', 'second', 'third']) ledger.add(text, 1)
    return copy
  }

  test('is known for it, whatever bit is wrong of what counts', () => {
    const whole = written().bytes
    const list = kept({ bytes: whole })
    expect(list).toEqual(['first', 'second', 'third'])
    for (let bit = 0; bit < (HALVES_AT + 3 * 40) * 8; bit++) {
      const bytes = Buffer.from(whole)
      bytes[bit >> 3] ^= 1 << (bit & 7)
      const found = kept({ bytes })
      expect([list, undefined]).toContainEqual(found)
      if (found !== undefined) expect(isIdle(bit)).toBe(true)
    }
  })

  /** What means nothing there: the rest of a slot, and of a record its flags and what fills it up. */
  function isIdle(bit: number): boolean {
    const byte = bit >> 3
    if (byte < HALVES_AT) return byte % 64 >= 24
    const at = (byte - HALVES_AT) % 40
    return (at >= 8 && at < 12) || at >= 28
  }

  test('or that is none: zeros, noise', () => {
    expect(readCopy({ bytes: Buffer.alloc(4096) })).toBeUndefined()
    const random = randomFrom(1)
    for (let i = 0; i < 100; i++) expect(readCopy({ bytes: Buffer.from(Array.from({ length: 4096 }, () => random(256))) })).toBeUndefined()
  })
})
