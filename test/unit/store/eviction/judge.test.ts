import { describe, expect, test } from 'vitest'
import { Ageing, AGEING_WORDS } from '../../../../src/store/eviction/ageing.ts'
import { Judge } from '../../../../src/store/eviction/judge.ts'
import { DROP, DROP_REMEMBER, makeStripe, RING_MAIN, RING_SMALL } from '../../../../src/store/eviction/policy.ts'
import type { Ring, Stripe } from '../../../../src/store/eviction/policy.ts'

const KIB = 1024
const MIB = KIB * KIB
const CAPACITY_BYTES = 64 * 1024 * MIB
const NOW_MS = 1000

function ageing(credit_bytes = CAPACITY_BYTES): Ageing {
  const made = new Ageing(new Int32Array(new SharedArrayBuffer(4 * AGEING_WORDS)), CAPACITY_BYTES)
  made.admitted(credit_bytes)
  return made
}

function judgeWith(eviction_size_bias: number, clock = ageing()): Judge {
  return new Judge(clock, { eviction_size_bias })
}

interface Some {
  readonly size_bytes: number
  readonly freq: number
  readonly expiry_ms?: number
}

function stripe(ring: Ring, objects: readonly Some[]): Stripe {
  const made = makeStripe(objects.length)
  made.count = objects.length
  made.ring = ring
  for (const [i, object] of objects.entries()) {
    made.size_bytes[i] = object.size_bytes
    made.freq[i] = object.freq
    made.expiry_ms[i] = object.expiry_ms ?? Infinity
  }
  return made
}

const same = (count: number, size_bytes: number, freq: number): Some[] => Array.from({ length: count }, () => ({ size_bytes, freq }))

/** Share that is kept. */
function kept(made: Stripe): number {
  return made.verdict.filter((verdict) => verdict >= 0).length / made.count
}

describe('with bias 0 it is S3-FIFO, whatever the sizes', () => {
  test.each<[Ring, number, number]>([
    [RING_SMALL, 0, DROP_REMEMBER],
    [RING_SMALL, 1, DROP_REMEMBER],
    [RING_SMALL, 2, 0],
    [RING_SMALL, 255, 0],
    [RING_MAIN, 0, DROP],
    [RING_MAIN, 1, 0],
    [RING_MAIN, 2, 1],
    [RING_MAIN, 3, 2],
    // Two bits count.
    [RING_MAIN, 255, 2],
  ])('ring %i, frequency %i: verdict %i', (ring, freq, verdict) => {
    const made = stripe(ring, [...same(20, 100, freq), ...same(20, 50 * MIB, freq)])
    const kept_bytes = judgeWith(0).judge(made, NOW_MS, 0)
    expect(new Set(made.verdict)).toEqual(new Set([verdict]))
    expect(kept_bytes).toBe(verdict >= 0 ? 20 * (100 + 50 * MIB) : 0)
  })
})

describe('what has expired', () => {
  test.each<Ring>([RING_SMALL, RING_MAIN])('goes however often it was asked for, and is not remembered (ring %i)', (ring) => {
    const made = stripe(ring, [
      { size_bytes: KIB, freq: 200, expiry_ms: NOW_MS },
      { size_bytes: KIB, freq: 200, expiry_ms: NOW_MS + 1 },
    ])
    expect(judgeWith(0).judge(made, NOW_MS, 0)).toBe(KIB)
    expect(made.verdict[0]).toBe(DROP)
    expect(made.verdict[1]).toBeGreaterThanOrEqual(0)
  })
})

describe('with a bias', () => {
  /** Judges mixed stripes until the level has settled: small objects with one hit, large ones with three. */
  function settled(bias: number): { small: number; large: number } {
    const judge = judgeWith(bias, ageing())
    const mixed = stripe(RING_MAIN, [...same(100, 10 * KIB, 1), ...same(1, MIB, 3)])
    let small = 0
    let large = 0
    for (let i = 0; i < 200; i++) {
      judge.judge(mixed, NOW_MS, 0)
      if (i < 100) continue
      small += mixed.verdict.subarray(0, 100).filter((verdict) => verdict >= 0).length / 100 / 100
      large += mixed.verdict[100] >= 0 ? 1 / 100 : 0
    }
    return { small, large }
  }

  test('small objects with fewer hits outlive large ones with more', () => {
    const { small, large } = settled(1)
    expect(small).toBeGreaterThan(0.9)
    expect(large).toBeLessThan(small - 0.2)
  })

  test('a little bias minds sizes little', () => {
    expect(settled(0.1).large).toBeGreaterThan(0.99)
  })

  test('the clock is steered until seven tenths of what is judged stay', () => {
    const judge = judgeWith(1)
    const even = stripe(RING_MAIN, same(500, 16 * KIB, 1))
    let share = 0
    for (let i = 0; i < 400; i++) {
      judge.judge(even, NOW_MS, 0)
      if (i >= 300) share += kept(even) / 100
    }
    expect(share).toBeGreaterThan(0.65)
    expect(share).toBeLessThan(0.75)
  })

  test('a large object can earn its place', () => {
    const judge = judgeWith(1)
    for (let i = 0; i < 100; i++) judge.judge(stripe(RING_MAIN, same(100, 10 * KIB, 1)), NOW_MS, 0)
    const wanted = stripe(RING_MAIN, [{ size_bytes: 40 * MIB, freq: 255 }])
    judge.judge(wanted, NOW_MS, 0)
    expect(wanted.verdict[0]).toBeGreaterThanOrEqual(0)
  })

  test('even the smallest object is gone some rounds after its last hit', () => {
    const clock = ageing()
    // A level at which a small object costs next to nothing.
    clock.start(-40)
    const judge = judgeWith(1, clock)
    const idle = stripe(RING_MAIN, same(1000, 200, 0))
    judge.judge(idle, NOW_MS, 0)
    expect(kept(idle)).toBeGreaterThan(0.9)
    expect(kept(idle)).toBeLessThan(0.97)
  })

  test('the same seed judges alike, another may not', () => {
    const verdicts = (seed: number): number[] => {
      const made = stripe(RING_MAIN, same(200, 16 * KIB, 0))
      const clock = ageing()
      clock.start(-15)
      new Judge(clock, { eviction_size_bias: 1 }, seed).judge(made, NOW_MS, 0)
      return [...made.verdict]
    }
    expect(verdicts(1)).toEqual(verdicts(1))
    expect(verdicts(1)).not.toEqual(verdicts(2))
  })
})

describe('there is always progress', () => {
  test.each([0, 0.5, 1])('after enough rounds nobody is kept (bias %f)', (bias) => {
    const judge = judgeWith(bias)
    const wanted = stripe(RING_MAIN, [...same(50, 1, 255), ...same(50, MIB, 255)])
    let round = 0
    while (judge.judge(wanted, NOW_MS, round) > 0) round++
    expect(round).toBeLessThanOrEqual(30)
  })

  test('bytes are copied only as bytes come in', () => {
    const clock = ageing(0)
    const judge = judgeWith(0, clock)
    const wanted = stripe(RING_MAIN, same(64, 16 * KIB, 3))
    let admitted_bytes = 0
    let kept_bytes = 0
    for (let i = 0; i < 1000; i++) {
      clock.admitted(300 * KIB)
      admitted_bytes += 300 * KIB
      kept_bytes += judge.judge(wanted, NOW_MS, 0)
      expect(kept_bytes).toBeLessThanOrEqual(admitted_bytes)
    }
    expect(kept_bytes).toBeGreaterThan(0)
  })

  test('what is saved up for copying is a quarter of the store at most', () => {
    const clock = ageing(100 * CAPACITY_BYTES)
    expect(clock.credit_bytes).toBe(CAPACITY_BYTES / 4)
  })

  test('requeueing costs a quarter of copying', () => {
    const clock = ageing(8 * MIB)
    const own = stripe(RING_MAIN, [{ size_bytes: 20 * MIB, freq: 3 }])
    own.requeued = true
    expect(judgeWith(0, clock).judge(own, NOW_MS, 0)).toBe(20 * MIB)
    expect(clock.credit_bytes).toBe(3 * MIB)
  })
})

describe('the shared words', () => {
  test('are one for all workers', () => {
    const words = new Int32Array(new SharedArrayBuffer(4 * AGEING_WORDS))
    const [one, other] = [new Ageing(words, CAPACITY_BYTES), new Ageing(words, CAPACITY_BYTES)]
    one.admitted(3 * MIB)
    other.spend(MIB)
    one.start(-12.5)
    expect(other.credit_bytes).toBe(2 * MIB)
    expect(other.level).toBe(-12.5)
    expect(other.started).toBe(true)
  })

  test('sizes below the unit add up', () => {
    const clock = ageing(0)
    for (let i = 0; i < 1024; i++) clock.admitted(512)
    expect(clock.credit_bytes).toBe(512 * KIB)
  })
})
