import { copyFileSync, openSync, readSync, writeSync, closeSync } from 'node:fs'
import { expect, test } from 'vitest'
import { OperatorError } from '../../src/base/errors.ts'
import type { Arena } from '../../src/store/arena/arena.ts'
import { geometryFor } from '../../src/store/arena/geometry.ts'
import { close, kill, newPath, openArena, storeIn } from '../kit/arena-file.ts'
import { seekKnown, storeKnown } from '../kit/known-bodies.ts'
import { randomFrom } from '../unit/shm/threads.ts'

/**
 * A store's file in which anything may have changed: opened, it gives what was stored, by every byte, or misses. Then it is used
 * until all of its segments have been written over, so that what the damage leads to has been met.
 */

const KIB = 1024
const SIZE_BYTES = 6 * KIB * KIB
const IDS = 120
const SIZES = [0, 100, 3000, 20 * KIB, 70 * KIB, 600 * KIB]
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 12)
const GEOMETRY = geometryFor(SIZE_BYTES, 'file')

type Random = (below: number) => number
/** Changes some of the file. */
type Damage = (fd: number, random: Random) => void

async function makeFile(random: Random): Promise<string> {
  const path = newPath()
  const arena = openArena(path, SIZE_BYTES)
  const store = storeIn(arena)
  for (let i = 0; i < 200; i++) {
    store.newRun()
    storeKnown(store, `id ${random(IDS)}`, 1 + random(2 ** 30), SIZES[random(SIZES.length)], random(3) > 0)
  }
  await close(arena)
  return path
}

/** Anywhere, but more often where it matters: in the index and the table of segments, and at the beginnings of records. */
function somewhere(random: Random): number {
  const { index_at, table_at, segments_at } = GEOMETRY
  switch (random(4)) {
    case 0:
      return index_at + random(table_at - index_at)
    case 1:
      return table_at + random(segments_at - table_at)
    case 2:
      return segments_at + GEOMETRY.segment_bytes * random(GEOMETRY.segments) + random(200)
    default:
      return segments_at + random(GEOMETRY.segments * GEOMETRY.segment_bytes)
  }
}

/** Counters and numbers of the header: a wrong magic would only be refused. */
function harmHeader(fd: number, random: Random): void {
  const word = Buffer.alloc(4)
  word.writeInt32LE([0, -1, 2 ** 31 - 1, random(2 ** 31)][random(4)])
  writeSync(fd, word, 0, 4, 4 * [2, 3, 5, 7, 12, 13][random(6)])
}

function flipBits(fd: number, random: Random): void {
  const byte = Buffer.alloc(1)
  for (let n = 1 + random(1000); n > 0; n--) {
    const at = somewhere(random)
    readSync(fd, byte, 0, 1, at)
    byte[0] ^= 1 << random(8)
    writeSync(fd, byte, 0, 1, at)
  }
}

function overwriteWords(fd: number, random: Random): void {
  const word = Buffer.alloc(4)
  for (let n = 1 + random(1000); n > 0; n--) {
    word.writeInt32LE([0, 1, -1, 2 ** 31 - 1, random(2 ** 31), random(GEOMETRY.segments), random(200_000)][random(7)])
    writeSync(fd, word, 0, 4, somewhere(random) & ~3)
  }
}

/** As after a power loss: some pages are older than others, or another's. */
function swapPages(fd: number, random: Random): void {
  const page = Buffer.alloc(4096)
  for (let n = 1 + random(400); n > 0; n--) {
    readSync(fd, page, 0, 4096, random(SIZE_BYTES / 4096) * 4096)
    writeSync(fd, page, 0, 4096, (1 + random(SIZE_BYTES / 4096 - 1)) * 4096)
  }
}

function losePages(fd: number, random: Random): void {
  for (let n = 1 + random(400); n > 0; n--) writeSync(fd, Buffer.alloc(4096), 0, 4096, (1 + random(SIZE_BYTES / 4096 - 1)) * 4096)
}

/** Either it opens, or it says why not. */
function tryOpen(path: string): Arena | undefined {
  try {
    return openArena(path, SIZE_BYTES)
  } catch (error) {
    if (error instanceof OperatorError) return undefined
    throw error
  }
}

async function useIt(arena: Arena, random: Random): Promise<number> {
  const store = storeIn(arena)
  let hits = 0
  for (let deed = 0; deed < 400; deed++) {
    const id = `id ${random(IDS)}`
    const dice = random(10)
    store.newRun()
    if (dice < 3) storeKnown(store, id, 1 + random(2 ** 30), SIZES[random(SIZES.length)], dice > 0)
    else if (dice < 8) hits += (await seekKnown(store, id)) === 'hit' ? 1 : 0
    else if (dice < 9) store.expire(random(1000), 10)
    else {
      const object = store.find(id)
      if (object !== undefined && random(2) === 0) store.remove(object)
      else if (object !== undefined) store.rehead(object, { ...object.head, grace_ms: random(1000) })
    }
  }
  return hits
}

const DAMAGES: Record<string, Damage> = {
  'flipped bits': flipBits,
  'words with other values': overwriteWords,
  'pages of other places': swapPages,
  'lost pages': losePages,
}

for (const [name, damage] of Object.entries(DAMAGES)) {
  test(`${name} are a miss, never a wrong byte and never a crash`, async () => {
    const random = randomFrom(name.length)
    const original = await makeFile(random)
    let hits = 0
    for (let round = 0; round < ROUNDS; round++) {
      const path = newPath()
      copyFileSync(original, path)
      const fd = openSync(path, 'r+')
      damage(fd, random)
      if (round % 3 === 0) harmHeader(fd, random)
      closeSync(fd)
      const arena = tryOpen(path)
      if (arena === undefined) continue
      hits += await useIt(arena, random)
      kill(arena)
    }
    expect(hits).toBeGreaterThan(100)
  }, 60_000)
}
