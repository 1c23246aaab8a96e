import { assert, double, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BOUNDS_S, countTime, HISTOGRAM_VALUES, viewHistogram } from '../../../src/counters/histogram.ts'

function counted(...times_ms: number[]) {
  const values = new Float64Array(HISTOGRAM_VALUES)
  for (const ms of times_ms) countTime(values, 0, ms)
  return viewHistogram([values], 0)
}

/** How many bounds a single time is above. */
function above(ms: number): number {
  return counted(ms).cumulative.filter((n) => n === 0).length
}

test('bounds are powers of two from 16 us to 67 s', () => {
  expect(BOUNDS_S.at(0)).toBe(0.000016)
  expect(BOUNDS_S.at(-1)).toBe(67.108864)
  expect(BOUNDS_S.every((bound, i) => i === 0 || bound === 2 * BOUNDS_S[i - 1])).toBe(true)
})

describe('a time is in the first bucket whose bound is not below it', () => {
  test.each([
    [0, 0],
    [0.015, 0],
    [0.0161, 1],
    [0.031, 1],
    [0.033, 2],
    [1, 6],
    [1.1, 7],
    [67_108, 22],
    [67_109, 23],
    [1e9, 23],
  ])('%d ms is above %d bounds', (ms, bounds) => {
    expect(above(ms)).toBe(bounds)
  })

  test('whatever it is, but for the part of a microsecond', () => {
    assert(
      property(double({ min: 0, max: 100_000, noNaN: true }), (ms) => {
        const seconds = Math.floor(ms * 1000) / 1e6
        const expected = BOUNDS_S.filter((bound) => bound <= seconds).length
        expect(above(ms)).toBe(expected)
      }),
    )
  })
})

test('a clock that was set back, and one that makes no sense, count as no time', () => {
  expect(counted(-5, Number.NaN)).toMatchObject({ count: 2, sum_s: 0 })
  expect(counted(-5).cumulative[0]).toBe(1)
})

test('count and sum are of all, longer than the last bound or not; blocks are taken together', () => {
  const [a, b] = [new Float64Array(2 * HISTOGRAM_VALUES), new Float64Array(2 * HISTOGRAM_VALUES)]
  countTime(a, HISTOGRAM_VALUES, 1.5)
  countTime(b, HISTOGRAM_VALUES, 2.5)
  countTime(b, HISTOGRAM_VALUES, 100_000)
  const view = viewHistogram([a, b], HISTOGRAM_VALUES)
  expect(view.count).toBe(3)
  expect(view.sum_s).toBeCloseTo(100.004, 9)
  expect(view.cumulative.at(-1)).toBe(2)
  expect(viewHistogram([a, b], 0).count).toBe(0)
})
