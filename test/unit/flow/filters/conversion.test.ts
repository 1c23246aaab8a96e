import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  type Conversion,
  type ConversionOwner,
  gunzipConversion,
  gzipConversion,
  PooledConversion,
  QUEUED_BYTES,
} from '../../../../src/flow/filters/conversion.ts'
import { isDrivable } from '../../../../src/flow/filters/engine.ts'
import { StreamConversion } from '../../../../src/flow/filters/stream-conversion.ts'
import { bounds, underWay, type ZlibParams } from '../../../../src/flow/filters/zlib.ts'

const PARAMS: ZlibParams = { gzip_level: 6, gzip_memlevel: 8, gzip_buffer: 32 * 1024 }
const TEXT = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `<li id="${Math.imul(i, 2654435761)}">item ${i}</li>\n`).join(''))

type Open = (owner: ConversionOwner) => Conversion

const WAYS: [string, { gzip: Open; gunzip: Open }][] = [
  ['without a stream', { gzip: (owner) => gzipConversion(PARAMS, owner), gunzip: (owner) => gunzipConversion(PARAMS, owner) }],
  [
    "by Node's streams",
    {
      gzip: (owner) => new StreamConversion(zlib.createGzip(bounds(PARAMS)), owner),
      gunzip: (owner) => new StreamConversion(zlib.createGunzip(bounds(PARAMS)), owner),
    },
  ],
]

/** Whoever writes as long as it takes, and copies what comes out. */
class Owner implements ConversionOwner {
  readonly got: Buffer[] = []
  readonly memories = new Set<ArrayBufferLike>()
  readonly told: string[] = []
  readonly conversion: Conversion
  readonly over: Promise<void>
  /** After each piece, until it is resumed. */
  pauses = false
  onPiece = (): void => {}
  private at = 0
  private resolve = (): void => {}
  private readonly input: Buffer
  private readonly step_bytes: number

  constructor(open: Open, input: Buffer, step_bytes: number) {
    this.input = input
    this.step_bytes = step_bytes
    this.over = new Promise((resolve) => (this.resolve = resolve))
    this.conversion = open(this)
  }

  feed(): this {
    const { conversion, input } = this
    while (this.at < input.length) {
      const piece = Buffer.from(input.subarray(this.at, (this.at += this.step_bytes)))
      const room = conversion.write(piece)
      // It is the caller's again at once.
      piece.fill(0)
      if (!room) return this
    }
    conversion.end()
    return this
  }

  get all(): Buffer {
    return Buffer.concat(this.got)
  }

  converted(piece: Buffer): void {
    this.got.push(Buffer.from(piece))
    this.memories.add(piece.buffer)
    if (this.pauses) this.conversion.pause()
    this.conversion.recycle(piece)
    this.onPiece()
  }

  drained(): void {
    this.feed()
  }

  cameToEnd(): void {
    this.told.push('end')
    this.resolve()
  }

  broke(error: Error): void {
    this.told.push(error.message)
    this.resolve()
  }
}

/** Less what nobody has any more: conversions that other tests have closed give up theirs one after the other. */
async function heldBuffers(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 5; i++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().arrayBuffers
}

describe.each(WAYS)('A body through zlib, %s', (_, { gzip, gunzip }) => {
  it.each([1000, 16 * 1024, 65_536, 1_000_000])('comes out as gzip of what went in, in pieces of %i', async (step_bytes) => {
    const owner = new Owner(gzip, TEXT, step_bytes).feed()
    await owner.over
    expect(owner.told).toEqual(['end'])
    expect(zlib.gunzipSync(owner.all).equals(TEXT)).toBe(true)
    expect(owner.conversion.consumed_bytes).toBe(TEXT.length)
  })

  it.each([7, 16 * 1024, 200_000])('comes out as it was before it was packed, in pieces of %i', async (step_bytes) => {
    const packed = zlib.gzipSync(TEXT)
    const owner = new Owner(gunzip, packed, step_bytes).feed()
    await owner.over
    expect(owner.told).toEqual(['end'])
    expect(owner.all.equals(TEXT)).toBe(true)
    expect(owner.conversion.consumed_bytes).toBe(packed.length)
  })

  it('of no bytes at all', async () => {
    const owner = new Owner(gzip, Buffer.alloc(0), 1).feed()
    await owner.over
    expect(zlib.gunzipSync(owner.all)).toHaveLength(0)
  })

  it('comes out no faster than it is wanted', async () => {
    const owner = new Owner(gunzip, zlib.gzipSync(Buffer.alloc(8 * 1024 * 1024)), 1000)
    owner.pauses = true
    // Whoever wants more says so later.
    owner.onPiece = () => setImmediate(() => owner.conversion.resume())
    owner.feed()
    await owner.over
    expect(owner.told).toEqual(['end'])
    expect(owner.all.equals(Buffer.alloc(8 * 1024 * 1024))).toBe(true)
  })

  it('does not end before its last piece is wanted', async () => {
    const packed = zlib.gzipSync(Buffer.alloc(1000))
    const owner = new Owner(gunzip, packed, 1000)
    owner.pauses = true
    const piece = new Promise<void>((resolve) => (owner.onPiece = resolve))
    owner.feed()
    await piece
    await new Promise((resolve) => setImmediate(resolve))
    expect(owner.told).toEqual([])
    owner.conversion.resume()
    await owner.over
    expect(owner.told).toEqual(['end'])
  })

  it('that is damaged, or cut off, breaks once', async () => {
    const damaged = zlib.gzipSync(TEXT)
    damaged[damaged.length >> 1] ^= 0xff
    const cut = zlib.gzipSync(TEXT).subarray(0, 50_000)
    for (const bytes of [damaged, cut]) {
      const owner = new Owner(gunzip, bytes, 16 * 1024).feed()
      await owner.over
      await new Promise((resolve) => setImmediate(resolve))
      expect(owner.told).toHaveLength(1)
      expect(owner.told[0]).not.toBe('end')
    }
  })

  it('behind which there is something says how much it has read', async () => {
    const packed = zlib.gzipSync('so much')
    const owner = new Owner(gunzip, Buffer.concat([packed, Buffer.alloc(100)]), 1000).feed()
    await owner.over
    expect(owner.told).toEqual(['end'])
    expect(owner.all.toString()).toBe('so much')
    expect(owner.conversion.consumed_bytes).toBe(packed.length)
  })

  it('that is not wanted any more tells nobody, whatever a thread still does with it', async () => {
    const before = underWay.conversions
    const owner = new Owner(gzip, TEXT, 16 * 1024).feed()
    expect(underWay.conversions).toBe(before + 1)
    owner.conversion.close()
    owner.conversion.close()
    expect(underWay.conversions).toBe(before)
    const other = new Owner(gzip, TEXT, 16 * 1024).feed()
    await other.over
    expect(owner.got).toEqual([])
    expect(owner.told).toEqual([])
  })

  it('closed by whoever gets a piece gives no more of them', async () => {
    const owner = new Owner(gunzip, zlib.gzipSync(TEXT), 200_000)
    const first = new Promise<void>((resolve) => (owner.onPiece = resolve))
    owner.onPiece = ((came) => () => {
      owner.conversion.close()
      came()
    })(owner.onPiece)
    owner.feed()
    await first
    const other = new Owner(gunzip, zlib.gzipSync(TEXT), 200_000).feed()
    await other.over
    expect(owner.got).toHaveLength(1)
    expect(owner.told).toEqual([])
  })

  it('closed while it waits to be resumed gives nothing when it is', async () => {
    const packed = zlib.gzipSync(Buffer.alloc(1024 * 1024))
    const owner = new Owner(gunzip, packed, 200_000)
    owner.pauses = true
    const first = new Promise<void>((resolve) => (owner.onPiece = resolve))
    owner.feed()
    await first
    // As long as a thread is at the next piece, which waits then.
    await new Owner(gunzip, packed, 200_000).feed().over
    const before = owner.got.length
    expect(before).toBeGreaterThan(0)
    owner.conversion.close()
    owner.conversion.resume()
    await new Promise((resolve) => setImmediate(resolve))
    expect(owner.got).toHaveLength(before)
    expect(owner.told).toEqual([])
  })
})

describe('Without a stream', () => {
  it('the same memory is used again and again', async () => {
    const owner = new Owner((to) => gunzipConversion(PARAMS, to), zlib.gzipSync(Buffer.alloc(16 * 1024 * 1024)), 1000).feed()
    await owner.over
    expect(owner.got.length).toBeGreaterThan(500)
    expect(owner.memories.size).toBeLessThan(5)
  })

  it('the memory of much that came at once is not kept till the end', async () => {
    const owner = new Owner((to) => gzipConversion(PARAMS, to), Buffer.alloc(0), 1)
    const drained = new Promise<void>((resolve) => (owner.drained = resolve))
    const before = await heldBuffers()
    const input = Buffer.alloc(16 * 1024 * 1024)
    owner.conversion.write(input)
    await drained
    // With what it was written from.
    expect((await heldBuffers()) - before).toBeLessThan(input.length + 2 * 1024 * 1024)
    owner.conversion.close()
  })

  it('it has enough when so much waits', () => {
    const owner = new Owner((to) => gzipConversion(PARAMS, to), Buffer.alloc(0), 1)
    expect(owner.conversion.write(Buffer.alloc(QUEUED_BYTES - 1))).toBe(true)
    expect(owner.conversion.write(Buffer.alloc(1))).toBe(false)
    expect(owner.conversion.full).toBe(true)
    owner.conversion.close()
  })

  it('goes what is done on a Node that is known; on others the streams do it', () => {
    const stream = zlib.createGzip()
    expect(isDrivable(stream)).toBe(true)
    expect(isDrivable(stream, '27.0.0')).toBe(false)
    stream.close()
    // No handle any more.
    expect(isDrivable(stream)).toBe(false)
    expect(gzipConversion(PARAMS, new Owner((to) => gzipConversion(PARAMS, to), Buffer.alloc(0), 1))).toBeInstanceOf(PooledConversion)
  })
})
