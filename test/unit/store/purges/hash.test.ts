import { expect, test } from 'vitest'
import { hashTag, tagged } from '../../../../src/store/purges/hash.ts'

function hashOf(text: string): string {
  hashTag(text, 0x03020100, 0x07060504)
  const bytes = Buffer.alloc(8)
  bytes.writeInt32LE(tagged.lo, 0)
  bytes.writeInt32LE(tagged.hi, 4)
  return bytes.toString('hex')
}

test('HalfSipHash-2-4, 64 bits, of 00 01 02..., under the key 00 to 07', () => {
  expect(hashOf('')).toBe('218d1f59b9b83cc8')
  expect(hashOf('\0')).toBe('be552412f8387315')
})

test('a hundred thousand names that differ in a digit have as many hashes', () => {
  const seen = new Set<string>()
  for (let i = 0; i < 100_000; i++) seen.add(hashOf(`Tproduct-${i}`))
  expect(seen.size).toBe(100_000)
})
