import { once } from 'node:events'
import { existsSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { FileMapping } from '../../../src/shm/mapping.ts'
import type { Native } from '../../../src/shm/native.ts'
import { native } from '../../../src/shm/native.ts'
import { folder, GIB, MIB, open } from './kit.ts'

describe('a mapping', () => {
  test('is the file, and sync brings it there', async () => {
    const path = join(folder(), 'store')
    const { mapping } = open(path)
    expect(mapping.allocate(0, MIB)).toBe(0)
    Buffer.from(mapping.buffer).write('through the mapping', 123_456)
    expect(await mapping.sync()).toBe(0)
    expect(readFileSync(path, 'latin1').slice(123_456, 123_475)).toBe('through the mapping')
  })

  test('shows each thread what the others write', async () => {
    const { mapping } = open(join(folder(), 'store'))
    const words = new Int32Array(mapping.buffer)
    const worker = new Worker(new URL('attached.ts', import.meta.url), { workerData: mapping.place })
    // Both add to one word at the same time, and lose nothing.
    for (let i = 0; i < 100_000; i++) Atomics.add(words, 7, 1)
    const [outcome] = (await once(worker, 'message')) as [unknown]
    expect(outcome).toBe(0)
    expect(Atomics.load(words, 7)).toBe(200_000)
    expect(Buffer.from(mapping.buffer).toString('latin1', 8192, 8203)).toBe('from worker')
    // The end of a worker neither unmaps the file nor closes it.
    await worker.terminate()
    expect(words[7]).toBe(200_000)
    expect(await mapping.readCold(0, MIB)).toBe(0)
  })

  test('of 64 GiB is right beyond 4 GiB, and costs what was written', async () => {
    const path = join(folder(), 'store')
    const { mapping } = open(path, 64 * GIB)
    const at = 63 * GIB + 12_288
    expect(mapping.allocate(at, 8192)).toBe(0)
    Buffer.from(mapping.buffer)
      .subarray(at, at + 5)
      .write('there')
    expect(await mapping.sync()).toBe(0)
    const into = new Uint8Array(5)
    expect(await mapping.readCold(at, 5, into)).toBe(0)
    expect(Buffer.from(into).toString()).toBe('there')
    expect(statSync(path).blocks * 512).toBeLessThan(4 * MIB)
  })
})

describe('allocating', () => {
  test('gives blocks and changes nothing', () => {
    const path = join(folder(), 'store')
    const { mapping } = open(path, 4 * MIB)
    Buffer.from(mapping.buffer).write('before', MIB)
    expect(mapping.allocate(MIB, MIB)).toBe(0)
    expect(Buffer.from(mapping.buffer).toString('latin1', MIB, MIB + 6)).toBe('before')
    const blocks = statSync(path).blocks * 512
    expect(blocks).toBeGreaterThanOrEqual(MIB)
    expect(blocks).toBeLessThan(3 * MIB)
  })

  // The kernel wants blocks for a whole piece of its cache when its first byte is written; on a full disk that was a SIGBUS.
  test.each<[string, number, number, number]>([
    ['a part of one', 5 * MIB, 65_536, 2 * MIB],
    ['parts of two', 5 * MIB, 2 * MIB, 4 * MIB],
    ['the end of the file', 10 * MIB, 65_536, MIB],
  ])('what the kernel may hold in one piece with it has blocks, too: %s', (_, offset, length, wanted) => {
    const path = join(folder(), 'store')
    const { mapping } = open(path, 11 * MIB)
    expect(mapping.allocate(offset, length)).toBe(0)
    const { blocks, size } = statSync(path)
    expect(blocks * 512).toBeGreaterThanOrEqual(wanted)
    expect(size).toBe(11 * MIB)
  })

  test('a full disk is an error code, and the process lives', () => {
    // The size of a tmpfs is checked before a page is taken, so nothing fills up here.
    expect(existsSync('/dev/shm')).toBe(true)
    const { mapping, remarks } = open(join(folder('/dev/shm'), 'store'), 2 ** 45)
    expect(remarks[0]).toMatch(/is 32T, for which the file system lacks \d+ MiB/)
    expect(mapping.allocate(0, 2 ** 44)).toBe('ENOSPC')
    expect(mapping.allocate(0, 4096)).toBe(0)
    Buffer.from(mapping.buffer).write('lives')
  })

  test('other errors have their names', () => {
    const { mapping } = open(join(folder(), 'store'))
    const closed = new FileMapping({ ...mapping.place, fd: 1_000_000 }, native())
    expect(closed.allocate(0, 4096)).toBe('EBADF')
    expect(mapping.allocate(-4096, 4096)).toBe('EINVAL')
  })

  test.each(['ENOTSUP', 'ENOSYS'])('without fallocate (%s) the range is written as it is', (errno) => {
    const path = join(folder(), 'store')
    const { mapping } = open(path, 4 * MIB)
    const without = new FileMapping(mapping.place, { ...native(), allocate: () => errno })
    Buffer.from(mapping.buffer).write('kept', MIB + 300_000)
    expect(without.allocate(MIB, MIB)).toBe(0)
    expect(Buffer.from(mapping.buffer).toString('latin1', MIB + 300_000, MIB + 300_004)).toBe('kept')
    expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(MIB)
    const closed = new FileMapping({ ...mapping.place, fd: 1_000_000 }, { ...native(), allocate: () => errno })
    expect(closed.allocate(0, 4096)).toBe('EBADF')
  })
})

/** As if nothing were in memory: what is, is the kernel's choice. */
const COLD: Partial<Native> = {
  residency: (_address, _length, pages) => {
    pages.fill(0)
    return 0
  },
}

/** The kernel does not show a piece of its cache of which one sector cannot be read, and `read` has the others all the same. */
test('what lies in one piece with something that cannot be read is an error', async () => {
  const path = join(folder(), 'store')
  const { mapping } = open(path, 4 * MIB)
  truncateSync(path, 3 * MIB)
  const hidden = new FileMapping(mapping.place, { ...native(), ...COLD })
  expect(await hidden.readCold(2 * MIB, 4096)).toBe('EIO')
  expect(await hidden.readCold(MIB, 4096)).toBe(0)
  // Shown, or read to somewhere else.
  expect(await mapping.readCold(2 * MIB, 4096)).toBe(0)
  expect(await hidden.readCold(2 * MIB, 4096, new Uint8Array(4096))).toBe(0)
  expect(await hidden.readCold(3 * MIB, 4096)).toBe('EIO')
})

describe('renewing what is to be written over', () => {
  test('what is in memory is left as it is', () => {
    const { mapping } = open(join(folder(), 'store'))
    expect(mapping.allocate(0, MIB)).toBe(0)
    Buffer.from(mapping.buffer).fill('x')
    expect(mapping.renew(0, MIB)).toBe(0)
    expect(Buffer.from(mapping.buffer)[5000]).toBe(120)
  })

  test('what is not becomes zeros, and keeps its blocks', async () => {
    const path = join(folder(), 'store')
    const { mapping } = open(path, 4 * MIB)
    expect(mapping.allocate(0, 4 * MIB)).toBe(0)
    const blocks = statSync(path).blocks
    Buffer.from(mapping.buffer).fill('x', MIB, 2 * MIB + 1)
    expect(new FileMapping(mapping.place, { ...native(), ...COLD }).renew(MIB, 2 * MIB)).toBe(0)
    expect(
      Buffer.from(mapping.buffer)
        .subarray(MIB, 3 * MIB)
        .every((byte) => byte === 0),
    ).toBe(true)
    expect(await mapping.sync()).toBe(0)
    expect(statSync(path).blocks).toBeGreaterThanOrEqual(blocks)
  })

  test.each<[string, Partial<Native>, number]>([
    ['without zeroing a hole is made and filled', { zero: () => 'ENOTSUP' }, 0],
    ['without either it stays as it is', { zero: () => 'ENOTSUP', punch: () => 'ENOTSUP' }, 120],
  ])('%s', (_, missing, first) => {
    const path = join(folder(), 'store')
    const { mapping } = open(path, 2 * MIB)
    Buffer.from(mapping.buffer)[0] = 120
    const without = new FileMapping(mapping.place, { ...native(), ...COLD, ...missing })
    expect(without.renew(0, MIB)).toBe(0)
    expect(Buffer.from(mapping.buffer)[0]).toBe(first)
    if (first === 0) expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(MIB)
  })

  test('a disk that fails says so', () => {
    const { mapping } = open(join(folder(), 'store'))
    expect(new FileMapping(mapping.place, { ...native(), ...COLD, zero: () => 'EIO' }).renew(0, MIB)).toBe('EIO')
  })
})

describe('reading what is not in memory', () => {
  test('brings exactly what was asked for', async () => {
    const { mapping } = open(join(folder(), 'store'), 2 * MIB)
    const whole = Buffer.from(mapping.buffer)
    for (let i = 0; i < whole.length; i += 4) whole.writeUInt32LE(i, i)
    const into = new Uint8Array(MIB)
    expect(await mapping.readCold(4000, 700_001, into)).toBe(0)
    expect(Buffer.compare(into.subarray(0, 700_001), whole.subarray(4000, 704_001))).toBe(0)
    expect(into[700_001]).toBe(0)
  })

  test('residency is per page, and a hole has none until it is read', async () => {
    const { mapping } = open(join(folder(), 'store'), 4 * MIB)
    const { page_bytes } = mapping
    expect(mapping.residentPages(0, 4 * MIB)).toBe(0)
    Buffer.from(mapping.buffer)[3 * page_bytes + 5] = 1
    expect(mapping.residentPages(3 * page_bytes + 5, 1)).toBe(1)
    expect(await mapping.readCold(MIB + 1, 10 * page_bytes)).toBe(0)
    expect(mapping.residentPages(MIB + 1, 10 * page_bytes)).toBe(11)
  })

  test('what is in memory is at hand, and what nobody has written; not what lies on the disk, nor where the kernel cannot tell', async () => {
    const { mapping } = open(join(folder(), 'store'), 4 * MIB)
    expect(mapping.isAtHand(0, 4 * MIB)).toBe(true)
    Buffer.from(mapping.buffer).fill('x', MIB + 5, 2 * MIB)
    expect(await mapping.sync()).toBe(0)
    expect(mapping.isAtHand(0, 4 * MIB)).toBe(true)
    const cold = new FileMapping(mapping.place, { ...native(), ...COLD })
    expect(cold.isAtHand(0, MIB)).toBe(true)
    expect(cold.isAtHand(0, MIB + 1)).toBe(false)
    expect(cold.isAtHand(1.5 * MIB, 1)).toBe(false)
    expect(cold.isAtHand(3 * MIB, MIB)).toBe(true)
    expect(new FileMapping(mapping.place, { ...native(), ...COLD, dataAt: () => 'EINVAL' }).isAtHand(3 * MIB, MIB)).toBe(false)
    expect(new FileMapping(mapping.place, { ...native(), residency: () => 'ENOMEM' }).isAtHand(3 * MIB, MIB)).toBe(false)
  })

  test('a range is fetched in pieces, without what is in memory, until the mapping is closed', async () => {
    const { mapping } = open(join(folder(), 'store'), 4 * MIB)
    const begin = Number(mapping.place.address)
    const isThere = (at: number): number => (at >= begin + MIB && at < begin + 2 * MIB ? 1 : 0)
    const residency: Native['residency'] = (address, _, pages) => (pages.fill(isThere(address)), 0)
    const told = new FileMapping({ ...mapping.place, fd: openSync('/dev/null', 'r') }, { ...native(), residency })
    const read: number[] = []
    told.readCold = (offset) => (read.push(offset), Promise.resolve(0))
    await told.fetch(MIB / 2, 2 * MIB + 5)
    expect(read).toEqual([MIB / 2, 0.75 * MIB, 2 * MIB, 2.25 * MIB, 2.5 * MIB])
    read.length = 0
    const fetched = told.fetch(0, 4 * MIB)
    told.close()
    await fetched
    expect(read).toEqual([0])
  })

  test('an error of the disk is an error code', async () => {
    const { mapping } = open(join(folder(), 'store'))
    const closed = new FileMapping({ ...mapping.place, fd: 1_000_000 }, native())
    expect(await closed.readCold(0, 4096)).toBe('EBADF')
    expect(await closed.sync()).toBe('EBADF')
  })

  test('a file that somebody cut short is an error code', async () => {
    const path = join(folder(), 'store')
    const { mapping } = open(path)
    truncateSync(path, 8192)
    expect(await mapping.readCold(4096, 4096)).toBe(0)
    expect(await mapping.readCold(4096, 8192)).toBe('EIO')
  })
})

test('all of a new one can be had at once, and be in memory before it is written to', async () => {
  const path = join(folder(), 'store')
  const { mapping } = open(path, 8 * MIB)
  expect(await mapping.reserve()).toBe(0)
  expect(statSync(path).blocks * 512).toBe(8 * MIB)
  Buffer.from(mapping.buffer).write('before', 5 * MIB)
  // Kernels before 5.14 cannot.
  if (await mapping.populate()) expect(mapping.residentPages(0, 8 * MIB)).toBe((8 * MIB) / mapping.page_bytes)
  expect(Buffer.from(mapping.buffer).toString('latin1', 5 * MIB, 5 * MIB + 6)).toBe('before')
})
