import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { FilterCount } from '../../../../src/flow/filters/filter-count.ts'
import { GunzipReader } from '../../../../src/flow/filters/gunzip-reader.ts'
import type { ZlibParams } from '../../../../src/flow/filters/zlib.ts'
import type { Transaction } from '../../../../src/log/writer.ts'
import type { BodyReader } from '../../../../src/store/contract.ts'

const PARAMS: ZlibParams = { gzip_level: 6, gzip_memlevel: 8, gzip_buffer: 32 * 1024 }
const TEXT = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `<li id="${Math.imul(i, 2654435761)}">item ${i}</li>\n`).join(''))

/** A body that is all there, in pieces. */
class Stored implements BodyReader {
  readonly failed = false
  onMore: (() => void) | undefined = undefined
  private rest: Buffer

  constructor(bytes: Buffer) {
    this.rest = bytes
  }

  next(): Buffer | undefined {
    if (this.rest.length === 0) return undefined
    const piece = this.rest.subarray(0, 4096)
    this.rest = this.rest.subarray(piece.length)
    return piece
  }

  get done(): boolean {
    return this.rest.length === 0
  }

  release(): void {}
}

function unpacking(): GunzipReader {
  const log = { masks: () => true } as unknown as Transaction
  return new GunzipReader(new Stored(zlib.gzipSync(TEXT)), PARAMS, 0, new FilterCount('gunzip', log))
}

/** All that comes while it is read whenever it says so. */
function all(reader: GunzipReader): Promise<Buffer> {
  const got: Buffer[] = []
  return new Promise((resolve) => {
    const read = (): void => {
      for (let piece = reader.next(); piece !== undefined; piece = reader.next()) {
        got.push(Buffer.from(piece))
      }
      if (reader.done) resolve(Buffer.concat(got))
    }
    reader.onMore = read
    read()
  })
}

describe('What is read unpacked', () => {
  it('comes as it was before it was packed', async () => {
    expect((await all(unpacking())).equals(TEXT)).toBe(true)
  })

  it('is not called for from within a read, though what was ready comes as soon as there is room', async () => {
    const reader = unpacking()
    // Begins, and is not read until it pauses.
    expect(reader.next()).toBeUndefined()
    await all(unpacking())
    let reads = 0
    let within = 0
    const got: Buffer[] = []
    await new Promise<void>((resolve) => {
      const read = (): void => {
        if (reads > 0) within++
        for (;;) {
          reads++
          const piece = reader.next()
          reads--
          if (piece === undefined) break
          got.push(Buffer.from(piece))
        }
        if (reader.done) resolve()
      }
      reader.onMore = read
      read()
    })
    expect(within).toBe(0)
    expect(Buffer.concat(got).equals(TEXT)).toBe(true)
  })
})
