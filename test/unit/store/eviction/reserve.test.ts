import { describe, expect, test } from 'vitest'
import { Reserve } from '../../../../src/store/eviction/reserve.ts'

/** A free segment was there each time. */
function calm(reserve: Reserve, times: number): number {
  for (let i = 0; i < times; i++) reserve.learn(true)
  return reserve.segments
}

describe('the reserve of free segments', () => {
  test.each([
    [0, 4],
    [64, 4],
    [128, 8],
    [256, 16],
    [100_000, 16],
  ])('of %i segments begins with %i', (segments, most) => {
    expect(new Reserve(segments).segments).toBe(most)
  })

  test('goes down by one when a segment was there many times in a row, and not below the least', () => {
    const reserve = new Reserve(1024)
    expect(calm(reserve, 63)).toBe(16)
    expect(calm(reserve, 1)).toBe(15)
    expect(calm(reserve, 64)).toBe(14)
    expect(calm(reserve, 10_000)).toBe(4)
  })

  test('is all of it again when there was none, and patience begins anew', () => {
    const reserve = new Reserve(1024)
    calm(reserve, 10_000 + 63)
    reserve.learn(false)
    expect(reserve.segments).toBe(16)
    expect(calm(reserve, 63)).toBe(16)
    expect(calm(reserve, 1)).toBe(15)
  })

  test('does not come down to where it was too small, until that is long ago', () => {
    const reserve = new Reserve(1024)
    calm(reserve, 10_000)
    reserve.learn(false)
    expect(calm(reserve, 1023)).toBe(6)
    expect(calm(reserve, 1)).toBe(5)
    expect(calm(reserve, 1024)).toBe(4)
  })

  test('stays where it is when it runs short again and again', () => {
    const reserve = new Reserve(1024)
    for (let i = 0; i < 10; i++) {
      calm(reserve, 1000)
      reserve.learn(false)
    }
    expect(calm(reserve, 1000)).toBe(16)
  })
})
