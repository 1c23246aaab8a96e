/**
 * Gzip members, sound and damaged, in pieces of any size, through our own walker, against zlib. What zlib takes the walker must take, and what
 * is cut out by the bits that it finds must be the same text when it stands among other blocks; what zlib refuses must not be called whole.
 * LACQUER_FUZZ_ROUNDS and LACQUER_FUZZ_SEED for more.
 */
import { constants, crc32, deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { crc32Combine } from '../../src/base/crc32.ts'
import { Strip } from '../../src/flow/filters/gzip/strip.ts'
import { GzipWalker } from '../../src/flow/filters/gzip/walker.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 300)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261125)
const OPTIONS: object = { info: true }
const END = Buffer.of(1, 0, 0, 0xff, 0xff)

type Below = (limit: number) => number

function below(seed: number): Below {
  const random = randomFrom(seed)
  return (limit) => Math.floor(random() * limit)
}

function someText(chance: Below): Buffer {
  const size = [chance(4), chance(300), chance(5000), chance(120_000)][chance(4)]
  const alphabet = 1 + chance(256)
  const bytes = Buffer.from(Array.from({ length: size }, () => Math.min(chance(alphabet), chance(alphabet))))
  // Some of it again, from far and near.
  for (let i = size > 40 ? chance(30) : 0; i > 0; i--) {
    const [from, to] = [chance(size), chance(size)]
    bytes.copyWithin(to, from, Math.min(size, from + chance(400)))
  }
  return bytes
}

const STRATEGIES = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE, constants.Z_FILTERED]
const FLUSHES = [constants.Z_SYNC_FLUSH, constants.Z_FULL_FLUSH]

/** A member whose blocks were made in several ways, with the optional fields of its header, or as zlib makes it. */
function someMember(text: Buffer, chance: Below): Buffer {
  const options = () => ({ level: chance(10), memLevel: 1 + chance(9), strategy: STRATEGIES[chance(STRATEGIES.length)] })
  if (chance(3) === 0) return gzipSync(text, options())
  const blocks: Buffer[] = []
  let at = 0
  for (let parts = chance(4); parts > 0; parts--) {
    const to = at + chance(text.length - at + 1)
    blocks.push(deflateRawSync(text.subarray(at, to), { ...options(), finishFlush: FLUSHES[chance(FLUSHES.length)] }))
    at = to
  }
  blocks.push(deflateRawSync(text.subarray(at), options()))
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(text), 0)
  trailer.writeUInt32LE(text.length, 4)
  return Buffer.concat([someHead(chance), ...blocks, trailer])
}

function someHead(chance: Below): Buffer {
  const flags = chance(32)
  const parts = [Buffer.from([0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3])]
  if (flags & 4) {
    const extra = Buffer.alloc(chance(300), 7)
    parts.push(Buffer.of(extra.length & 0xff, extra.length >> 8), extra)
  }
  if (flags & 8) parts.push(Buffer.from('name\0'))
  if (flags & 16) parts.push(Buffer.from('\0'))
  const head = Buffer.concat(parts)
  if (!(flags & 2)) return head
  const check = Buffer.alloc(2)
  check.writeUInt16LE(crc32(head) & 0xffff)
  return Buffer.concat([head, check])
}

function stripped(member: Buffer, chance: Below): { bytes: Buffer; walker: GzipWalker } {
  const strip = new Strip()
  const out: Buffer[] = []
  const size = 1 + chance(chance(2) === 0 ? 4 : 40_000)
  for (let at = 0; at < member.length; at += size) {
    strip.feed(member.subarray(at, at + size))
    for (let piece = strip.next(); piece !== undefined; piece = strip.next()) out.push(Buffer.from(piece))
  }
  return { bytes: Buffer.concat(out), walker: strip.walker }
}

/** Cut with what a walk has found before. */
function cutAgain(member: Buffer, walker: GzipWalker, chance: Below): Buffer {
  const strip = new Strip(walker)
  const out: Buffer[] = []
  const size = 1 + chance(member.length)
  for (let at = 0; at < member.length; at += size) {
    strip.feed(member.subarray(at, at + size))
    for (let piece = strip.next(); piece !== undefined; piece = strip.next()) out.push(Buffer.from(piece))
  }
  return Buffer.concat(out)
}

/** As zlib sees it, checksum and all. */
function isMember(bytes: Buffer): boolean {
  try {
    const { engine } = gunzipSync(bytes, OPTIONS) as unknown as { engine: { bytesWritten: number } }
    return engine.bytesWritten === bytes.length
  } catch {
    return false
  }
}

test(`${ROUNDS} members, cut and put among others`, { timeout: 120_000 }, () => {
  const chance = below(SEED)
  for (let round = 0; round < ROUNDS; round++) {
    const text = someText(chance)
    const member = someMember(text, chance)
    const what = `round ${round} of seed ${SEED}: ${text.length} bytes, ${member.length} packed`
    const { bytes, walker } = stripped(member, chance)
    expect([walker.done, walker.broken, walker.out_bytes, walker.crc], what).toEqual([true, false, text.length, crc32(text)])
    expect(cutAgain(member, walker, chance).equals(bytes), what).toBe(true)
    const before = deflateRawSync('before', { finishFlush: constants.Z_FULL_FLUSH })
    const twice = inflateRawSync(Buffer.concat([before, bytes, bytes, END]))
    expect(twice.equals(Buffer.concat([Buffer.from('before'), text, text])), what).toBe(true)
    expect(crc32Combine(crc32('before'), walker.crc, text.length), what).toBe(crc32(Buffer.concat([Buffer.from('before'), text])))
  }
})

test(`${ROUNDS} damaged ones`, { timeout: 120_000 }, () => {
  const chance = below(SEED + 1)
  const seen = { sound: 0, unsound: 0, unseen: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = Buffer.from(someMember(someText(chance), chance))
    for (let i = 1 + chance(3); i > 0; i--) bytes[chance(Math.min(bytes.length, chance(2) === 0 ? 60 : 1e9))] ^= 1 << chance(8)
    const cut = chance(5) === 0 ? bytes.subarray(0, chance(bytes.length)) : bytes
    const { walker } = stripped(cut, chance)
    const sound = isMember(cut)
    seen[sound ? 'sound' : walker.done ? 'unseen' : 'unsound']++
    if (sound) expect(walker.done, `round ${round} of seed ${SEED}`).toBe(true)
    // Other bytes under the same codes are for the checksum to find: their number is right, and so is all that the walker says.
    if (walker.done && !sound) expect(() => gunzipSync(cut)).toThrow(/incorrect data check|header crc mismatch|unknown compression/)
  }
  expect(seen.unsound).toBeGreaterThan(ROUNDS / 3)
})
