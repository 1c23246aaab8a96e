import { expect, test } from 'vitest'
import { geometryFor } from '../../../../src/store/arena/geometry.ts'
import { PURGE_BUCKET_ENTRIES, PURGE_ENTRY_BYTES } from '../../../../src/store/purges/table.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

/** Without those of the floor. */
function purges(bytes: number): number {
  return geometryFor(bytes).purges_bytes / PURGE_ENTRY_BYTES - PURGE_BUCKET_ENTRIES
}

test('the table of purges is a 128th of a store: more of one below 128 MiB, but never more than a 64th, and 64 MiB at most', () => {
  expect([1, 16, 64].map((mib) => purges(mib * MIB))).toEqual([512, 8192, 32_768])
  expect([100, 128].map((mib) => purges(mib * MIB))).toEqual([32_768, 32_768])
  expect([1, 8, 64].map((gib) => purges(gib * GIB))).toEqual([262_144, 2_097_152, 2_097_152])
})

test.each([MIB, 100 * MIB, GIB, 64 * GIB])('what all objects share of %d bytes is a 24th', (bytes) => {
  const { segments_at, segment_bytes, segments } = geometryFor(bytes)
  expect(segments_at + segments * segment_bytes).toBeLessThanOrEqual(bytes)
  if (bytes >= GIB) expect(segments_at / bytes).toBeLessThan(1 / 24)
  else expect(segments_at / bytes).toBeLessThan(1 / 18)
})
