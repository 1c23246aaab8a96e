/**
 * Gzip bodies that are nearly sound, in pieces of any size, against a reading of RFC 1952 that shares nothing with ours but inflate itself.
 * What is not one whole member, all of it, must not pass; what is must come out right. LACQUER_FUZZ_ROUNDS and LACQUER_FUZZ_SEED for more.
 */
import { crc32, gzipSync, inflateRawSync, type InflateRaw } from 'node:zlib'
import { expect, test } from 'vitest'
import type { FetchFilter } from '../../src/flow/filters/fetch-filter.ts'
import { FetchLine } from '../../src/flow/filters/fetch-line.ts'
import { GunzipFilter, TestGunzipFilter } from '../../src/flow/filters/zlib-filter.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 400)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261125)
const PARAMS = { gzip_level: 6, gzip_memlevel: 8, gzip_buffer: 2048 }

interface Random {
  below(limit: number): number
}

function randomOf(seed: number): Random {
  const random = randomFrom(seed)
  return { below: (limit) => Math.floor(random() * limit) }
}

/** RFC 1952 section 2.3: where the compressed blocks begin; -1 for what is no header. */
function blocksAt(bytes: Buffer): number {
  if (bytes.length < 10 || bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8 || (bytes[3] & 0xe0) !== 0) return -1
  let at = 10
  if (bytes[3] & 4) at += at + 2 <= bytes.length ? 2 + bytes.readUInt16LE(at) : 2
  for (const flag of [8, 16]) {
    if (!(bytes[3] & flag)) continue
    const end = bytes.indexOf(0, at)
    if (end < 0) return -1
    at = end + 1
  }
  if (!(bytes[3] & 2)) return at
  return at + 2 <= bytes.length && bytes.readUInt16LE(at) === (crc32(bytes.subarray(0, at)) & 0xffff) ? at + 2 : -1
}

/** What it comes to; undefined for what is not one member and nothing else. */
function read(bytes: Buffer): Buffer | undefined {
  const at = blocksAt(bytes)
  if (at < 0 || at > bytes.length) return undefined
  try {
    const options = { info: true } as object
    const { buffer, engine } = inflateRawSync(bytes.subarray(at), options) as unknown as { buffer: Buffer; engine: InflateRaw }
    const trailer = bytes.subarray(at + engine.bytesWritten)
    const sound = trailer.length === 8 && trailer.readUInt32LE(0) === crc32(buffer) && trailer.readUInt32LE(4) === buffer.length
    return sound ? buffer : undefined
  } catch {
    return undefined
  }
}

function someBody(random: Random): Buffer {
  const size = random.below(4) === 0 ? random.below(60_000) : random.below(900)
  const alphabet = 1 + random.below(256)
  return Buffer.from(Array.from({ length: size }, () => random.below(alphabet)))
}

function damaged(sound: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(sound)
  const at = random.below(bytes.length)
  switch (random.below(7)) {
    case 0:
      bytes[at] ^= 1 << random.below(8)
      return bytes
    case 1:
      bytes[random.below(Math.min(10, bytes.length))] = random.below(256)
      return bytes
    case 2:
      bytes[bytes.length - 1 - random.below(8)] ^= 1 << random.below(8)
      return bytes
    case 3:
      return bytes.subarray(0, at)
    case 4:
      return Buffer.concat([bytes, Buffer.from(Array.from({ length: 1 + random.below(20) }, () => random.below(3) * random.below(256)))])
    case 5:
      return Buffer.concat([bytes, gzipSync(someBody(random))])
    default:
      return bytes
  }
}

interface Outcome {
  out: Buffer
  broke: string | undefined
}

/** The bytes through that filter, in pieces; what arrives, and how it ends. */
function pass(filter: FetchFilter, bytes: Buffer, random: Random): Promise<Outcome> {
  return new Promise((resolve) => {
    const out: Buffer[] = []
    const end = (broke?: string): void => resolve({ out: Buffer.concat(out), broke })
    let room = (): void => {}
    const line = new FetchLine(
      [filter],
      {
        take: (piece) => (out.push(Buffer.from(piece)), random.below(3) > 0 || (setImmediate(() => line.onRoom()), false)),
        complete: () => {},
      },
      {
        resumeCall: () => room(),
        storeFull: () => {},
        bodyComplete: () => end(),
        filterFailed: end,
        log: { masks: () => true, record: () => {} },
      },
    )
    let at = 0
    const more = (): void => {
      room = () => {}
      while (at < bytes.length) {
        const piece = bytes.subarray(at, (at += 1 + random.below(8000)))
        if (line.take(piece)) continue
        room = more
        return
      }
      line.complete()
    }
    more()
  })
}

test(`${ROUNDS} gzip bodies, sound and not`, { timeout: 120_000 }, async () => {
  const random = randomOf(SEED)
  const seen = { sound: 0, unsound: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = damaged(gzipSync(someBody(random), { level: random.below(10) }), random)
    const expected = read(bytes)
    seen[expected === undefined ? 'unsound' : 'sound']++
    const unpacked = await pass(new GunzipFilter(PARAMS), bytes, random)
    const isToldLength = random.below(2) === 0
    const tested = await pass(new TestGunzipFilter(PARAMS, isToldLength ? bytes.length : -1), bytes, random)
    const what = `round ${round} of seed ${SEED}: ${bytes.length} bytes ${bytes.toString('hex', 0, 40)}`
    expect([unpacked.broke === undefined, tested.broke === undefined], what).toEqual([expected !== undefined, expected !== undefined])
    if (expected === undefined) {
      // Nobody takes it for all there was.
      if (isToldLength) expect(tested.out.length, what).toBeLessThan(bytes.length)
      continue
    }
    expect(unpacked.out.equals(expected), what).toBe(true)
    expect(tested.out.equals(bytes), what).toBe(true)
  }
  expect(Math.min(seen.sound, seen.unsound)).toBeGreaterThan(ROUNDS / 20)
})
