import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import koffi from 'koffi'
import { SystemClock } from '../../../src/base/clock.ts'
import type { FileMapping } from '../../../src/shm/mapping.ts'
import { openMapping } from '../../../src/shm/mapping.ts'
import { createResidencyMemory, Residency } from '../../../src/shm/residency.ts'

/**
 * What it costs to know whether a page of a mapped file is in memory, and what it costs when it is not. The figures of
 * docs/decisions/0014-mapped-files.md. Run: `node bench/micro/shm/residency.ts [FOLDER]`, on the file system in question;
 * 512 MiB are written there, and deleted. Warm figures are the median of 7 runs, cold ones percentiles of single accesses.
 */
const MIB = 2 ** 20
const SIZE = 512 * MIB
const PAGE = 4096
const EXTENT = 256 * 1024
const MADV_DONTNEED = 4
const MADV_POPULATE_READ = 22
const RWF_NOWAIT = 8

const libc = koffi.load(null)
const madvise = libc.func('madvise', 'int', ['uintptr_t', 'size_t', 'int'])
const fadvise = libc.func('posix_fadvise', 'int', ['int', 'int64', 'int64', 'int'])
const preadv2 = libc.func('preadv2', 'int64', ['int', 'void *', 'int', 'int64', 'int'])

const folder = mkdtempSync(join(process.argv[2] ?? '.', '.lacquer-bench-'))
const clock = new SystemClock()
const mapping = filled(join(folder, 'store'))
const { fd } = mapping.place
const address = Number(mapping.place.address)
const bytes = new Uint8Array(mapping.buffer)
let sink = 0

try {
  console.log(`${cpus()[0].model}, ${process.version}, read_ahead ${readAhead()}`)
  warmCosts()
  await coldCosts()
  await stalls()
} finally {
  mapping.close()
  rmSync(folder, { recursive: true })
}

function filled(path: string): FileMapping {
  const { mapping: made } = openMapping({ path, size_bytes: SIZE, accept: () => undefined }, clock)
  const at = openSync(path, 'r+')
  const chunk = Buffer.alloc(MIB, 1)
  for (let offset = 0; offset < SIZE; offset += MIB) writeSync(at, chunk, 0, MIB, offset)
  fsyncSync(at)
  closeSync(at)
  return made
}

function readAhead(): string {
  try {
    return readFileSync('/sys/block/vda/queue/read_ahead_kb', 'latin1').trim() + ' KiB'
  } catch {
    return 'unknown'
  }
}

/** Out of the page tables, then out of the page cache. */
function drop(): void {
  madvise(address, SIZE, MADV_DONTNEED)
  fadvise(fd, 0, 0, MADV_DONTNEED)
}

function warmCosts(): void {
  const residency = new Residency(mapping, createResidencyMemory(SIZE, clock), clock)
  const junk = Buffer.alloc(MIB)
  for (let offset = 0; offset < SIZE; offset += MIB) readSync(fd, junk, 0, MIB, offset)
  const vector = Buffer.alloc(16)
  vector.writeBigUInt64LE(koffi.address(junk), 0)
  vector.writeBigUInt64LE(1n, 8)
  madvise(address, SIZE, MADV_DONTNEED)
  for (const state of ['in the page cache only', 'mapped, too']) {
    for (const pages of [1, 4, 64, 2048])
      report(`mincore, ${pages} pages, ${state}`, 20_000 / Math.sqrt(pages), () => mapping.residentPages(0, pages * PAGE))
    for (let offset = 0; offset < 8 * MIB; offset += PAGE) sink += bytes[offset]
  }
  report('preadv2 of 1 byte with RWF_NOWAIT', 20_000, () => preadv2(fd, vector, 1, 0, RWF_NOWAIT) as number)
  residency.isWarm(0, EXTENT)
  report('Residency.isWarm, 1 KiB', 1e6, (i) => Number(residency.isWarm((i & 63) * 1024, 1024)))
  report('Residency.isWarm, 256 KiB', 1e5, () => Number(residency.isWarm(0, EXTENT)))
}

function report(what: string, times: number, call: (i: number) => number): void {
  const runs: number[] = []
  for (let run = 0; run < 7; run++) {
    const from = performance.now()
    for (let i = 0; i < times; i++) sink += call(i)
    runs.push(((performance.now() - from) * 1000) / times)
  }
  console.log(`${what}: ${runs.sort((a, b) => a - b)[3].toFixed(3)} us`)
}

async function coldCosts(): Promise<void> {
  const populate = (offset: number, length: number): Promise<void> =>
    new Promise((resolve) => {
      madvise.async(address + offset, length, MADV_POPULATE_READ, () => resolve())
    })
  for (const length of [PAGE, 16 * 1024, 64 * 1024, EXTENT]) {
    await cold(`page fault, ${length / 1024} KiB`, (offset) => touch(offset, length))
    await cold(`fs.read, ${length / 1024} KiB`, async (offset) => void (await mapping.readCold(offset, length)))
    await cold(`madvise(POPULATE_READ) in a thread, ${length / 1024} KiB`, (offset) => populate(offset, length))
  }
}

function touch(offset: number, length: number): void {
  for (let at = offset; at < offset + length; at += PAGE) sink += bytes[at]
}

function somewhere(): number {
  return Math.floor(Math.random() * (SIZE / EXTENT - 1)) * EXTENT
}

/** Each access is the first to its 16 MiB, so that no read-ahead of another helps it. */
async function cold(what: string, access: (offset: number) => void | Promise<void>): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < 4; round++) {
    drop()
    for (let offset = 0; offset < SIZE; offset += 16 * MIB) {
      const from = performance.now()
      const ended = access(offset + 5 * MIB)
      if (ended) await ended
      times.push(performance.now() - from)
    }
  }
  console.log(`${what}, cold: ${percentiles(times)}`)
}

function percentiles(times: number[]): string {
  times.sort((a, b) => a - b)
  const at = (share: number): string => (times[Math.min(times.length - 1, Math.floor(share * times.length))] * 1000).toFixed(0)
  return `median ${at(0.5)} us, 90 % ${at(0.9)}, longest ${at(1)}`
}

/** 400 hits on cold extents: how long they keep the thread from everybody else. */
async function stalls(): Promise<void> {
  drop()
  const faults: number[] = []
  for (let i = 0; i < 400; i++) faults.push(timed(() => touch(somewhere(), EXTENT)))
  console.log(`thread held by a hit, extents touched as they are: ${percentiles(faults)}`)
  drop()
  const residency = new Residency(mapping, createResidencyMemory(SIZE, clock), clock)
  const held: number[] = []
  let waited = 0
  for (let i = 0; i < 400; i++) {
    const offset = somewhere()
    let warm = false
    held.push(timed(() => (warm = residency.isWarm(offset, EXTENT))))
    if (!warm) {
      waited++
      await residency.warm(offset, EXTENT)
    }
    held.push(timed(() => touch(offset, EXTENT)))
  }
  console.log(`thread held by a hit, warmed first (${waited} of 400 waited): ${percentiles(held)}`)
  if (sink === 0) throw new Error('nothing was read')
}

function timed(work: () => void): number {
  const from = performance.now()
  work()
  return performance.now() - from
}
