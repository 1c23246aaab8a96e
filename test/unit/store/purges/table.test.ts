import { expect, test } from 'vitest'
import { PURGE_BUCKET_ENTRIES, PURGE_ENTRY_BYTES, PurgeTable, VERDICT } from '../../../../src/store/purges/table.ts'
import { randomFrom } from '../../shm/threads.ts'

const BUCKET_BYTES = PURGE_BUCKET_ENTRIES * PURGE_ENTRY_BYTES
const SOFT = { stale_ms: 100, grace_ms: 50, keep_ms: Infinity }

function table(buckets: number): PurgeTable {
  const bytes = (buckets + 1) * BUCKET_BYTES
  return new PurgeTable(new SharedArrayBuffer(bytes), 0, bytes)
}

/** Of an object with a key and these tags. */
function pairs(...tags: number[]): Int32Array {
  return Int32Array.from([99, 99, ...tags.flatMap((tag) => [tag, tag * 7919])])
}

function judge(purges: PurgeTable, tags: Int32Array, since: number) {
  return purges.judge(tags, 0, tags.length / 2, since)
}

test('an object is purged by what is newer than it, and by no other tag', () => {
  const purges = table(4)
  purges.note(5, 5 * 7919, 10, undefined)
  expect(judge(purges, pairs(5), 9)).toBe(VERDICT.purged)
  expect(judge(purges, pairs(1, 2, 5), 9)).toBe(VERDICT.purged)
  expect(judge(purges, pairs(5), 10)).toBe(VERDICT.stands)
  expect(judge(purges, pairs(6), 9)).toBe(VERDICT.stands)
})

test('serials go round', () => {
  const purges = table(4)
  purges.note(5, 5 * 7919, -(2 ** 31), undefined)
  expect(judge(purges, pairs(5), 2 ** 31 - 1)).toBe(VERDICT.purged)
  expect(judge(purges, pairs(5), -(2 ** 31))).toBe(VERDICT.stands)
  purges.note(6, 6 * 7919, 0, undefined)
  expect(judge(purges, pairs(6), -1)).toBe(VERDICT.purged)
  expect(judge(purges, pairs(6), 2)).toBe(VERDICT.stands)
})

test('of several soft purges the strictest holds', () => {
  const purges = table(4)
  purges.note(5, 5 * 7919, 10, SOFT)
  purges.note(6, 6 * 7919, 11, { stale_ms: 200, grace_ms: Infinity, keep_ms: 10 })
  expect(judge(purges, pairs(5, 6), 9)).toBe(VERDICT.softened)
  expect([purges.stale_ms, purges.grace_ms, purges.keep_ms]).toEqual([100, 50, 10])
  expect(judge(purges, pairs(5, 6), 10)).toBe(VERDICT.softened)
  expect([purges.stale_ms, purges.grace_ms, purges.keep_ms]).toEqual([200, Infinity, 10])
})

test('what a full bucket forgets, the floor remembers', () => {
  const purges = table(1)
  for (let i = 0; i < PURGE_BUCKET_ENTRIES; i++) expect(purges.note(i, i, 10 + i, undefined)).toBe(false)
  expect(judge(purges, pairs(77), 9)).toBe(VERDICT.stands)
  expect(purges.note(50, 50, 30, undefined)).toBe(true)
  // Older than what was forgotten, which was the oldest.
  expect(judge(purges, pairs(77), 9)).toBe(VERDICT.purged)
  expect(judge(purges, pairs(77), 10)).toBe(VERDICT.stands)
  // Without tags only a soft floor matters.
  expect(judge(purges, pairs(), 9)).toBe(VERDICT.stands)
  expect(judge(purges, Int32Array.from([99, 99, 1, 1]), 10)).toBe(VERDICT.purged)
})

test('a soft purge that is forgotten is one of all that are older', () => {
  const purges = table(1)
  for (let i = 0; i <= PURGE_BUCKET_ENTRIES; i++) purges.note(i, i, 10 + i, SOFT)
  expect(judge(purges, pairs(), 9)).toBe(VERDICT.softened)
  expect([purges.stale_ms, purges.grace_ms, purges.keep_ms]).toEqual([100, 50, Infinity])
  expect(judge(purges, pairs(), 10)).toBe(VERDICT.stands)
  expect(judge(purges, new Int32Array(0), 9)).toBe(VERDICT.stands)
})

test('against a list that forgets nothing: an object may be purged that need not be, never the other way round', () => {
  const random = randomFrom(7)
  const purges = table(2)
  const last = new Map<number, number>()
  let [serial, wrongly] = [1, 0]
  for (let deed = 0; deed < 20_000; deed++) {
    const tag = random(60)
    if (random(4) === 0) {
      serial++
      purges.note(tag, Math.imul(tag, 0x9e3779b1), serial, undefined)
      last.set(tag, serial)
    }
    const born = Math.max(1, serial - random(100))
    const verdict = judge(purges, Int32Array.from([1000, 1000, tag, Math.imul(tag, 0x9e3779b1)]), born)
    const truth = (last.get(tag) ?? 0) > born
    if (truth) expect(verdict).toBe(VERDICT.purged)
    else if (verdict === VERDICT.purged) wrongly++
  }
  expect(wrongly).toBeGreaterThan(0)
})
