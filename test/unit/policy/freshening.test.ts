import { describe, expect, test } from 'vitest'
import { confirmed } from '../../../src/policy/freshening.ts'
import { at, fields } from './given.ts'

const LM = `Last-Modified: ${at(-9)}`

describe('what a 304 is about, RFC 9111 section 4.3.4', () => {
  const rows: [stored: string[][], update: string[], expected: number][] = [
    // A strong entity-tag is about the response that has it, and about no other.
    [[['ETag: "a"']], ['ETag: "a"'], 0],
    [[['ETag: "a"']], ['ETag: "b"'], -1],
    [[['ETag: "a"'], ['ETag: "b"']], ['ETag: "b"'], 1],
    [[['ETag: W/"a"']], ['ETag: "a"'], -1],
    [[[LM]], ['ETag: "a"', LM], -1],
    // A weak one is compared weakly; of several that have it the first is to be preferred.
    [[['ETag: W/"a"']], ['ETag: W/"a"'], 0],
    [[['ETag: "a"']], ['ETag: W/"a"'], 0],
    [[['ETag: "b"'], ['ETag: W/"a"'], ['ETag: "a"']], ['ETag: W/"a"'], 1],
    [[['ETag: "a"']], ['ETag: W/"b"'], -1],
    // Without a tag that is known, the date.
    [[[LM]], [LM], 0],
    [[[LM]], [`Last-Modified: ${at(-8)}`], -1],
    [[['ETag: "a"', LM]], [`Last-Modified: ${at(-8)}`], -1],
    [[[LM]], ['ETag: W/"a"', LM], 0],
    [[[LM]], ['ETag: W/"a"'], -1],
    [[['ETag: "a"'], ['ETag: "b"', LM]], [LM], 1],
    [[['ETag: "a"']], [LM], 0],
    [[['ETag: "a"'], ['ETag: "b"']], [LM], -1],
    [[['ETag: "a"']], ['ETag: W/"b"', LM], -1],
    // Nothing: the only one that was asked about.
    [[['ETag: "a"']], [], 0],
    [[['ETag: "a"']], ['Last-Modified: yesterday'], 0],
    [[['ETag: "a"'], ['ETag: "b"']], [], -1],
    [[], ['ETag: "a"'], -1],
  ]
  test.each(rows)('stored %j, 304 with %j: %j', (stored, update, expected) => {
    const heads = stored.map((one) => fields(...one))
    expect(confirmed(heads, fields(...update))).toBe(expected)
  })
})
