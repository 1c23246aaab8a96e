import { describe, expect, test } from 'vitest'
import { type BucketSpec, TokenBuckets } from '../../../src/shm/token-buckets.ts'

const SPEC: BucketSpec = { key: 'a', limit: 2, period_s: 10, block_s: 0 }

function pair(): [TokenBuckets, TokenBuckets] {
  const memory = TokenBuckets.memory()
  return [new TokenBuckets(memory, 0), new TokenBuckets(memory, 1)]
}

function takes(buckets: TokenBuckets, spec: BucketSpec, ...times: number[]): string {
  return times.map((now_s) => (buckets.take(spec, now_s) ? 'y' : 'n')).join('')
}

describe('a bucket', () => {
  test('gives its limit at once, and as much in each period', () => {
    const [one] = pair()
    expect(takes(one, SPEC, 0, 0, 0, 1, 4.9, 5, 5, 10, 10, 1000, 1000, 1000)).toBe('yynnnynynyyn')
  })

  test('is one for all workers, and another for other figures', () => {
    const [one, two] = pair()
    expect(takes(one, SPEC, 0) + takes(two, SPEC, 0) + takes(one, SPEC, 0)).toBe('yyn')
    expect(takes(two, { ...SPEC, limit: 3 }, 0) + takes(two, { ...SPEC, key: 'b' }, 0)).toBe('yy')
  })

  test('blocks once it is empty, and the block is not prolonged', () => {
    const [one] = pair()
    const spec = { ...SPEC, block_s: 30 }
    expect(takes(one, spec, 0, 0, 0)).toBe('yyn')
    expect(one.blocked(spec, 10)).toBe(20)
    expect(takes(one, spec, 15, 29, 30)).toBe('nny')
    expect(one.blocked(spec, 31)).toBe(0)
  })

  test('takes tokens back, not beyond its limit; counts; is forgotten', () => {
    const [one] = pair()
    one.take(SPEC, 0)
    expect(one.remaining(SPEC, 0)).toBe(1)
    one.giveBack(SPEC, 0)
    one.giveBack(SPEC, 0)
    expect(one.remaining(SPEC, 0)).toBe(2)
    expect(takes(one, SPEC, 0, 0, 0)).toBe('yyn')
    one.remove(SPEC, 0)
    expect(one.remaining(SPEC, 0)).toBe(2)
  })

  test.each([
    [{ ...SPEC, limit: 0 }, 'nn'],
    [{ ...SPEC, limit: -1 }, 'nn'],
    [{ ...SPEC, period_s: 0 }, 'yy'],
  ])('%j: %s', (spec, expected) => {
    const [one] = pair()
    expect(takes(one, spec, 0, 100)).toBe(expected)
  })

  test('a clock that was set back gives nothing, and takes nothing', () => {
    const [one] = pair()
    expect(takes(one, SPEC, 1000, 1000, 1000, 10, 10, 15, 15)).toBe('yynnnyn')
  })
})

test('memory is bounded, and those in trouble are kept', () => {
  const [one] = pair()
  const blocked = Array.from({ length: 1000 }, (_, i) => ({ key: `bad ${i}`, limit: 1, period_s: 1000, block_s: 1000 }))
  for (const spec of blocked) takes(one, spec, 0, 0)
  for (let i = 0; i < 200_000; i++) one.take({ ...SPEC, key: `client ${i}` }, 1)
  expect(blocked.filter((spec) => one.blocked(spec, 2) > 0).length).toBe(1000)
})

test('a lock that a dead worker held is given back', () => {
  const memory = TokenBuckets.memory()
  const manager = new TokenBuckets(memory, -1)
  const locks = new Int32Array(memory, 8192 * 8 * 8 * 8, 64)
  locks.fill(1)
  const other = new TokenBuckets(memory, 1)
  expect(takes(other, { ...SPEC, limit: 0 }, 0)).toBe('y')
  manager.releaseAllOf(0)
  expect(takes(other, { ...SPEC, limit: 0 }, 0)).toBe('n')
})
