import { brotliDecompressSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { underWay } from '../../../../src/flow/filters/zlib.ts'
import { makeCopies } from '../../../../src/flow/recoding/maker.ts'
import { OBJ_BR, OBJ_ZSTD } from '../../../../src/policy/flags.ts'

const PARAMS = { recode_br_level: 5, recode_zstd_level: 3, recode_max_size: 100_000 }
const BOTH = [OBJ_BR, OBJ_ZSTD]

interface Copy {
  readonly coding: number
  readonly bytes: Buffer | undefined
  readonly plain_bytes: number
}

function copies(body: Buffer, isGzip: boolean, codings: readonly number[] = BOTH, params = PARAMS): Promise<Copy[]> {
  const all: Copy[] = []
  return new Promise((resolve) => {
    makeCopies(new Uint8Array(body), isGzip, codings, params, {
      made: (coding, bytes, plain_bytes) => void all.push({ coding, bytes, plain_bytes }),
      over: () => resolve(all),
    })
  })
}

function text(of: string): Buffer {
  return Buffer.from(`${of} `.repeat(1000))
}

function decoded({ coding, bytes }: Copy): string {
  return (coding === OBJ_BR ? brotliDecompressSync : zstdDecompressSync)(bytes!).toString()
}

test.each([
  ['text', (plain: Buffer) => plain, false],
  ['gzip', (plain: Buffer) => gzipSync(plain), true],
])('copies of %s are the same text in other codings, in the order in which they are wanted', async (_, stored, isGzip) => {
  const made = await copies(stored(text('what is popular')), isGzip)
  expect(made.map(({ coding, plain_bytes }) => [coding, plain_bytes])).toEqual(BOTH.map((coding) => [coding, 16_000]))
  expect(made.map(decoded)).toEqual([text('what is popular').toString(), text('what is popular').toString()])
})

test('each has his own, of what is asked for at once', async () => {
  const names = ['one', 'another', 'a third']
  const all = await Promise.all(names.map((name) => copies(text(name), false)))
  expect(all.map((made) => made.map(decoded))).toEqual(names.map((name) => [text(name).toString(), text(name).toString()]))
})

test('there are none of what is no gzip, is cut off, or comes to more than is wanted', async () => {
  const packed = gzipSync(text('damaged'))
  const cut = packed.subarray(0, packed.length - 20)
  for (const bad of [text('no gzip'), cut, gzipSync(Buffer.alloc(100_001)), Buffer.alloc(0)]) expect(await copies(bad, true)).toEqual([])
})

test('what the thread was to do when it died is over, and there is another for what comes then', async () => {
  const before = underWay.copies
  const nothing = 5 as unknown as number[]
  const orders = [copies(text('its death'), false, nothing), copies(text('behind it'), false)]
  expect(await orders[0]).toEqual([])
  // It may have got as far.
  await orders[1]
  expect(underWay.copies).toBe(before)
  expect((await copies(text('the next'), false)).map(decoded)).toEqual([text('the next').toString(), text('the next').toString()])
})

test('what is ordered by whoever hears of its death is made by the next one', async () => {
  const nothing = 5 as unknown as number[]
  const made = await new Promise<Copy[]>((resolve) => {
    makeCopies(new Uint8Array(text('its death')), false, nothing, PARAMS, {
      made: () => {},
      over: () => resolve(copies(text('the next'), false)),
    })
  })
  expect(made.map(decoded)).toEqual([text('the next').toString(), text('the next').toString()])
})
