import { describe, expect, test } from 'vitest'
import { generate, TRAFFIC } from '../../../bench/hitratio/generate.ts'
import type { Traffic } from '../../../bench/hitratio/generate.ts'
import { DEFAULT_BIAS } from '../../../bench/hitratio/policies.ts'
import type { Policy } from '../../../bench/hitratio/policies.ts'
import { replay } from '../../../bench/hitratio/replay.ts'
import type { Ratios } from '../../../bench/hitratio/replay.ts'
import { segmented } from '../../../bench/hitratio/segments.ts'
import type { MakeCache } from '../../../bench/hitratio/simulated/cache.ts'
import { gdsf } from '../../../bench/hitratio/simulated/gdsf.ts'
import { fifo, lru, sieve } from '../../../bench/hitratio/simulated/lists.ts'
import { s3fifo } from '../../../bench/hitratio/simulated/s3-fifo.ts'
import { storePolicies } from '../../../bench/hitratio/store-policies.ts'
import { StoreCache } from '../../../bench/hitratio/store.ts'
import { parseTrace } from '../../../bench/hitratio/trace-file.ts'
import { trace } from '../../../bench/hitratio/trace.ts'
import { createHeapStore } from '../../../src/store/heap/store.ts'

/** The quick edition of npm run bench:hitratio: the simulators do what their papers say, and the eviction pieces what is promised. */

const KIB = 1024

describe('a simulator, its requests as letters and its hits as capitals', () => {
  /** Objects of one byte, but for those that are listed. */
  function run(make: MakeCache, requests: string, capacity_bytes: number, sizes: Record<string, number> = {}): string {
    const letters = [...new Set(requests)]
    const keys = Uint32Array.from(requests, (letter) => letters.indexOf(letter))
    const made = trace('letters', keys, (key) => sizes[letters[key]] ?? 1)
    const cache = make(made, capacity_bytes)
    return [...keys].map((key) => (cache.request(key, made.sizes[key]) ? letters[key].toUpperCase() : letters[key])).join('')
  }

  test.each<[string, MakeCache, string]>([
    ['FIFO: d pushes out what came first', fifo, 'abcAda'],
    ['LRU: d pushes out what nobody asked for longest', lru, 'abcAdA'],
    ['LRU: two more, and a is that', lru, 'abcAdefa'],
    ['SIEVE: its hand spares a once and goes on from there to b, c, d', sieve, 'abcAdefA'],
  ])('%s', (_, make, answers) => {
    expect(run(make, answers.toLowerCase(), 3)).toBe(answers)
  })

  test('S3-FIFO: two hits bring an object into the main ring, a stranger does not push it out', () => {
    expect(run(s3fifo, 'aaabcdefghijka', 10)).toBe('aAAbcdefghijkA')
  })

  test('S3-FIFO: what comes back while the ghost knows it enters the main ring', () => {
    // b leaves for l, and comes back to stay: one more round of strangers does not touch it.
    expect(run(s3fifo, 'bcdefghijklbmnopqrstuvwb', 10)).toBe('bcdefghijklbmnopqrstuvwB')
  })

  test('S3-FIFO: what is larger than the small ring is kept all the same', () => {
    expect(run(s3fifo, 'zabcz', 10, { z: 5 })).toBe('zabcZ')
  })

  test('GDSF: the large one goes first', () => {
    expect(run(gdsf, 'zabcabz', 10, { z: 8 })).toBe('zabcABz')
  })

  test.each([fifo, lru, sieve, s3fifo, gdsf])('what is larger than everything is not kept, and nothing goes for it', (make) => {
    expect(run(make, 'azaz', 4, { z: 5 })).toBe('azAz')
  })
})

describe('traffic', () => {
  test.each(TRAFFIC)('$name: the same seed is the same trace, another is not', (traffic) => {
    const made = (seed: number): unknown => {
      const { keys, sizes } = generate(traffic, 2000, 500, seed)
      return [keys, sizes]
    }
    expect(made(1)).toEqual(made(1))
    expect(made(1)).not.toEqual(made(2))
  })

  test('one-hit wonders are asked for once', () => {
    const { sizes } = generate({ name: 'wonders', alpha: 0.9, sizes: 'equal', oneHit: 0.3 }, 10_000, 100, 1)
    expect(sizes.length).toBeGreaterThan(2800)
    expect(sizes.length).toBeLessThan(3300)
  })
})

describe('a trace file', () => {
  test('has a request on each line: time, key, size', async () => {
    const made = await parseTrace('web.txt', ['# a comment', '1.5 /a 100', '', '2,/b,200', '3\t/a\t100', '4 /a 300'])
    expect([...made.keys]).toEqual([0, 1, 0, 2])
    expect([...made.sizes]).toEqual([100, 200, 300])
    expect(made.footprint_bytes).toBe(600)
  })

  test.each([
    ['1 /a', "web.txt:1: expected 'time key size', not '1 /a'"],
    ['1 /a 5 6', "web.txt:1: expected 'time key size', not '1 /a 5 6'"],
    ['1 /a -5', "web.txt:1: expected 'time key size', not '1 /a -5'"],
    ['then /a 5', "web.txt:1: expected 'time key size', not 'then /a 5'"],
    ['# nothing', 'web.txt: no requests in it'],
  ])('%j is refused', async (line, message) => {
    await expect(parseTrace('web.txt', [line])).rejects.toThrow(message)
  })
})

const LAYOUT = { segments: 128, workers: 1 }

describe.each<Traffic>(TRAFFIC)('over $name', (traffic) => {
  const made = generate(traffic, 80_000, 40_000, 3)
  const ratios = (make: MakeCache): Ratios => replay(make(made, made.footprint_bytes / 10), made)
  const plain = ratios(segmented(0, LAYOUT))
  const byDefault = ratios(segmented(DEFAULT_BIAS, LAYOUT))

  test('bias 0 is within a point of S3-FIFO', () => {
    const wanted = ratios(s3fifo)
    expect(plain.objects).toBeGreaterThan(wanted.objects - 0.01)
    expect(plain.bytes).toBeGreaterThan(wanted.bytes - 0.01)
  })

  test('by default object hits are never below LRU’s', () => {
    expect(byDefault.objects).toBeGreaterThan(ratios(lru).objects)
  })

  test('no more is rewritten than comes in', () => {
    expect(plain.rewritten).toBeLessThan(1)
    expect(byDefault.rewritten).toBeLessThan(1)
  })
})

test('more bias is more object hits and fewer byte hits', () => {
  const made = generate(TRAFFIC[4], 50_000, 20_000, 3)
  const [none, some, full] = [0, 0.5, 1].map((bias) => replay(segmented(bias, LAYOUT)(made, made.footprint_bytes / 10), made))
  expect(some.objects).toBeGreaterThan(none.objects)
  expect(full.objects).toBeGreaterThan(some.objects)
  expect(some.bytes).toBeLessThan(none.bytes)
  expect(full.bytes).toBeLessThan(some.bytes)
})

test('the heap store is LRU', () => {
  const made = generate({ name: 'small', alpha: 0.9, sizes: 'equal' }, 20_000, 4000, 3)
  const small = trace('small', made.keys, () => 2 * KIB)
  const capacity_bytes = small.footprint_bytes / 5
  const store = new StoreCache(createHeapStore({ name: 'heap', capacity_bytes, transit_buffer_bytes: KIB }))
  const charged = { ...small, sizes: small.sizes.map((size) => size + store.overhead_bytes) }
  const wanted = replay(lru(charged, capacity_bytes), small)
  const found = replay(store, small)
  expect(found.objects).toBeGreaterThan(0.2)
  expect(Math.abs(found.objects - wanted.objects)).toBeLessThan(0.01)
  expect(Math.abs(found.bytes - wanted.bytes)).toBeLessThan(0.01)
})

test('the arena store evicts as its simulation does', () => {
  const made = generate(TRAFFIC[1], 30_000, 15_000, 3)
  const ratios = (name: string): Ratios => {
    const { make } = storePolicies().find((policy) => policy.name === name) as Policy
    return replay(make(made, Math.floor(made.footprint_bytes / 10)), made)
  }
  const wanted = ratios(`simulated arena, bias ${DEFAULT_BIAS}`)
  const found = ratios(`arena store, bias ${DEFAULT_BIAS}`)
  expect(found.objects).toBeGreaterThan(ratios('LRU').objects + 0.05)
  expect(Math.abs(found.objects - wanted.objects)).toBeLessThan(0.02)
  expect(Math.abs(found.bytes - wanted.bytes)).toBeLessThan(0.02)
  expect(found.rewritten).toBeLessThan(1)
})
