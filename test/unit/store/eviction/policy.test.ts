import { describe, expect, test } from 'vitest'
import { admissionRing, nextVictimRing, RING_MAIN, RING_SMALL } from '../../../../src/store/eviction/policy.ts'

describe('a new object goes to', () => {
  test.each([
    ['the small ring, as a rule', 10, false, RING_SMALL],
    ['the main ring, if it has been here lately', 10, true, RING_MAIN],
    ['the small ring, if it just fits', 100, false, RING_SMALL],
    ['the main ring, if it is larger than the small ring', 101, false, RING_MAIN],
  ])('%s', (_, size_bytes, remembered, ring) => {
    expect(admissionRing(size_bytes, remembered, 1000)).toBe(ring)
  })
})

describe('space comes from', () => {
  test.each([
    ['the main ring when it has more than nine tenths', 9, 91, RING_MAIN],
    ['the small ring at nine tenths', 10, 90, RING_SMALL],
    ['the small ring below', 50, 50, RING_SMALL],
    ['the main ring when there is no small ring', 0, 50, RING_MAIN],
    ['the small ring when there is no main ring', 1, 0, RING_SMALL],
  ])('%s', (_, small_bytes, main_bytes, ring) => {
    expect(nextVictimRing(small_bytes, main_bytes)).toBe(ring)
  })
})
