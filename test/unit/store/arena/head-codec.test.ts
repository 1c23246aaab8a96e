import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fields } from '../../../../src/http/fields.ts'
import * as flags from '../../../../src/policy/flags.ts'
import { decodeHead, encodeHead, headSize, idIs, idOf, statusOf, tagPairs, tagsAt } from '../../../../src/store/arena/head-codec.ts'
import type { ObjectHead } from '../../../../src/store/contract.ts'
import { objectHead } from '../../../kit/core.ts'

const REASON_BYTES_MAX = 16_383
const FLAGS_MAX = 2 ** 24 - 1
const AT = 64
const AROUND = 0x5a

function scene(id: string, head: ObjectHead, tags: Int32Array) {
  const size = headSize(id, head, tags.length)
  const memory = new ArrayBuffer(AT + size + 64)
  const [bytes, doubles, words] = [
    Buffer.from(memory),
    new Float64Array(memory, 0, memory.byteLength >> 3),
    new Int32Array(memory, 0, memory.byteLength >> 2),
  ]
  bytes.fill(AROUND)
  encodeHead(bytes, doubles, words, AT, id, head, 12_345, 7, tags)
  return { size, bytes, words, decoded: decodeHead(bytes, doubles, words, AT) }
}

/** In one line each: some are long. */
function told({
  xid,
  status,
  reason,
  t_origin_ms,
  ttl_ms,
  grace_ms,
  keep_ms,
  flags: bits,
  validatable,
  headText,
  hiddenText = '',
}: ObjectHead) {
  return JSON.stringify([xid, status, reason, t_origin_ms, ttl_ms, grace_ms, keep_ms, bits, validatable, headText, hiddenText])
}

const latin1 = (most: number) =>
  fc.string({ unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: most })
const times = fc.double({ min: 0, max: 1e15, noNaN: true })
const heads = fc.record({
  xid: fc.nat(2 ** 32 - 1),
  status: fc.oneof(fc.constantFrom(0, 200, 999, 65_535), fc.nat(65_535)),
  reason: fc.oneof(latin1(40), fc.constant('r'.repeat(REASON_BYTES_MAX))),
  t_origin_ms: times,
  ttl_ms: times,
  grace_ms: times,
  keep_ms: times,
  flags: fc.oneof(fc.constantFrom(0, FLAGS_MAX), fc.nat(FLAGS_MAX)),
  validatable: fc.boolean(),
  headText: fc.oneof(latin1(300), fc.constant('h'.repeat(200_000))),
  hiddenText: fc.option(latin1(300), { nil: undefined }),
})
const ids = fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 200 }), fc.constant('i'.repeat(30_000)))

test('what was encoded comes back, whatever shares a word with what, and nothing beside it is written to', () => {
  fc.assert(
    fc.property(heads, ids, fc.array(fc.integer(), { maxLength: 1026 }), (said, id, numbers) => {
      const head = { ...said, fields: new Fields() }
      const tags = Int32Array.from(numbers.slice(0, numbers.length & ~1))
      const { size, bytes, words, decoded } = scene(id, head, tags)
      expect(told(decoded) === told(head)).toBe(true)
      expect(statusOf(words, AT)).toBe(head.status)
      expect(idOf(bytes, words, AT)).toBe(Buffer.from(id).toString())
      expect(idIs(bytes, words, AT, `${id}x`)).toBe(false)
      expect(tagPairs(words, AT, size)).toBe(tags.length / 2)
      const tags_at = tagsAt(words, AT) / 4
      expect(words.slice(tags_at, tags_at + tags.length)).toEqual(tags)
      expect(tags_at * 4 + tags.byteLength).toBe(AT + size)
      expect([bytes[AT - 1], bytes[AT + size]]).toEqual([AROUND, AROUND])
    }),
  )
})

test('there is room for every flag', () => {
  const bits = Object.values(flags).filter((value) => typeof value === 'number')
  expect(bits.length).toBeGreaterThan(10)
  expect(bits.reduce((all, bit) => all | bit, 0)).toBeLessThanOrEqual(FLAGS_MAX)
})

test('a reason whose length cannot be said fits into no store', () => {
  const times_ms = { t_origin_ms: 0, ttl_ms: 1 }
  expect(headSize('id', objectHead({ ...times_ms, reason: 'r'.repeat(REASON_BYTES_MAX) }))).toBeLessThan(2 ** 15)
  expect(headSize('id', objectHead({ ...times_ms, reason: 'r'.repeat(REASON_BYTES_MAX + 1) }))).toBe(Infinity)
})
