import zlib from 'node:zlib'
import { afterEach, expect, test, vi } from 'vitest'
import { brotliSync } from '../../../../src/flow/recoding/brotli.ts'

const TEXT = Buffer.from(
  Array.from({ length: 20_000 }, (_, i) => `<li id="${Math.imul(i, 2654435761) >>> 0}">item ${i % 977}</li>\n`).join(''),
)
const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants

afterEach(() => vi.restoreAllMocks())

function options(size_bytes: number, level: number): zlib.BrotliOptions {
  return { params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: size_bytes } }
}

test.each([0, 1, 5, 9, 11])('in pieces the same bytes come out as in one call, level %i', (level) => {
  for (const size of [0, 1, 1000, 65_535, 65_536, 65_537, 131_072, TEXT.length]) {
    const plain = TEXT.subarray(0, size)
    const packed = brotliSync(plain, options(size, level))
    const at_once = zlib.brotliCompressSync(plain, options(size, level))
    // The two fastest levels look at nothing beyond the piece.
    if (level > 1) expect(packed.equals(at_once)).toBe(true)
    else expect(packed.length).toBeLessThanOrEqual(at_once.length * 1.05)
    expect(zlib.brotliDecompressSync(packed).equals(plain)).toBe(true)
  }
})

test('also of what cannot be made smaller, where more comes out than has room', () => {
  let seed = 1
  const noise = Buffer.from(Uint8Array.from({ length: 300_000 }, () => (seed = Math.imul(seed, 1_103_515_245) + 12_345) >>> 16))
  for (const level of [0, 5]) expect(zlib.brotliDecompressSync(brotliSync(noise, options(noise.length, level))).equals(noise)).toBe(true)
})

test('no call has more than 64 KiB to do: a thread that is to end does between two of them', () => {
  const given: number[] = []
  const { createBrotliCompress } = zlib
  vi.spyOn(zlib, 'createBrotliCompress').mockImplementation((...args) => {
    const stream = createBrotliCompress(...args)
    const { _handle: handle } = stream as unknown as { _handle: { writeSync: (...all: unknown[]) => void } }
    const writeSync = handle.writeSync.bind(handle)
    handle.writeSync = (...all) => {
      given.push(all[3] as number)
      writeSync(...all)
    }
    return stream
  })
  brotliSync(TEXT, options(TEXT.length, 5))
  expect(Math.max(...given)).toBe(65_536)
  expect(given.length).toBeGreaterThan(TEXT.length / 65_536)
})

test('on a Node whose insides are not known it is one call', () => {
  vi.spyOn(zlib, 'createBrotliCompress').mockImplementation(() => ({ close() {} }) as unknown as zlib.BrotliCompress)
  const plain = TEXT.subarray(0, 100_000)
  expect(zlib.brotliDecompressSync(brotliSync(plain, options(plain.length, 5))).equals(plain)).toBe(true)
})
