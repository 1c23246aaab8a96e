import { describe, expect, test } from 'vitest'
import { Doorbells } from '../../src/shm/doorbell.ts'
import { Arena } from '../../src/store/arena/arena.ts'
import type { ArenaStore } from '../../src/store/arena/store.ts'
import type { BodyReader, StoredObject } from '../../src/store/contract.ts'
import { arenaStore } from '../kit/arena.ts'
import { close, newPath, openArena } from '../kit/arena-file.ts'
import { randomFrom } from '../kit/random.ts'
import { head, KIB, MIB, must, pattern } from './store/fixtures.ts'

/**
 * Random operations of several workers on one arena, each checked against plain bookkeeping of what the store may have by now: what one has stored, renewed
 * or taken out is so for all others at once. They take turns here; at the same time, and dying in the middle of it, they are in
 * test/unit/store/arena/races.test.ts. A failure names its seed and step.
 */

const SEEDS = [1, 2, 3]
const STEPS = 6000
const WORKERS = 4
const CAPACITY_BYTES = 3 * MIB
const IDS = Array.from({ length: 60 }, (_, i) => `id ${i}`)
const SIZES = [0, 10, 3000, 20_000, 70_000, 400_000, CAPACITY_BYTES]
/** The bytes of each version are a piece of it that begins elsewhere. */
const SOURCE = pattern(CAPACITY_BYTES + 1000, 1)

/** One response, as it was stored under an id. */
interface Version {
  readonly id: string
  readonly bytes: Buffer
  /** Whoever fills it, until it has its end. */
  writer: { readonly worker: number; readonly object: StoredObject; sent: number } | undefined
  /** What its head says it is: changes when it is renewed. */
  xid: number
}

interface Follower {
  readonly worker: number
  readonly version: Version
  readonly reader: BodyReader
  at: number
}

class Run {
  private readonly arena: Arena
  private readonly bells = new Doorbells()
  private readonly stores: ArenaStore[]
  /** What a worker that asks for the id may find, if anything: it may have been evicted, and then nobody finds it again. */
  private readonly current = new Map<string, Version>()
  private followers: Follower[] = []
  private writers: Version[] = []
  private readonly random: (below: number) => number
  private xids = 0
  readonly met = { found: 0, followed: 0, ended: 0, renewed: 0, removed: 0, replaced: 0, outgrown: 0, lost: 0, deaths: 0 }

  constructor(arena: Arena, seed: number) {
    this.arena = arena
    this.random = randomFrom(seed)
    this.stores = Array.from({ length: WORKERS }, (_, worker) => this.begin(worker))
  }

  step(): void {
    const worker = this.random(WORKERS)
    this.stores[worker].newRun()
    const dice = this.random(1000)
    if (dice < 150) this.open(worker)
    else if (dice < 450) this.append(worker)
    else if (dice < 600) this.meet(worker)
    else if (dice < 850) this.follow(worker)
    else if (dice < 900) this.leave()
    else if (dice < 940) this.remove(worker)
    else if (dice < 975) this.renew(worker)
    else if (dice < 995) this.fail(worker)
    else this.die(worker)
    this.agree(IDS[this.random(IDS.length)])
  }

  /** When all have ended nothing is held, and what is counted is what is there. */
  finish(): void {
    for (let worker = 0; worker < WORKERS; worker++) this.die(worker)
    let objects = 0
    let used_bytes = 0
    for (const id of IDS) {
      const found = this.agree(id)
      objects += found === undefined ? 0 : 1
      used_bytes += found?.size_bytes ?? 0
      if (found !== undefined) this.compare(found, this.current.get(id)!)
    }
    for (const store of this.stores) expect(store.stats()).toMatchObject({ objects, used_bytes })
  }

  private begin(worker: number): ArenaStore {
    return arenaStore(this.arena.handle, { worker, bells: this.bells, transit_buffer_bytes: 64 * KIB })
  }

  /** All workers find the same under it: what was stored last, or nothing, if that has been evicted or taken out. */
  private agree(id: string): StoredObject | undefined {
    const current = this.current.get(id)
    let first: StoredObject | undefined
    for (const [worker, store] of this.stores.entries()) {
      store.newRun()
      const found = store.find(id)
      must(found === undefined || found.head.xid === current?.xid, `${id} is what was stored last`)
      if (worker === 0) first = found
      must(found?.head.xid === first?.head.xid, `${id} is the same to all workers`)
    }
    if (first === undefined) this.current.delete(id)
    return first
  }

  private open(worker: number): void {
    if (this.writers.length > 12) return
    const id = IDS[this.random(IDS.length)]
    const size = SIZES[this.random(SIZES.length)]
    const begin = this.random(1000)
    const bytes = SOURCE.subarray(begin, begin + size)
    const xid = ++this.xids
    const object = this.stores[worker].open(id, head({ xid, lines: this.random(8) }), this.random(2) === 0 ? size : -1)
    if (object === undefined) return
    const version: Version = { id, bytes, writer: { worker, object, sent: 0 }, xid }
    if (this.current.has(id)) this.met.replaced++
    this.current.set(id, version)
    this.writers.push(version)
  }

  private append(worker: number): void {
    const version = this.pick(this.writers.filter(({ writer }) => writer?.worker === worker))
    if (version?.writer === undefined) return
    const { writer, bytes } = version
    const { body } = writer.object
    const chunk = bytes.subarray(writer.sent, writer.sent + 1 + this.random(200_000))
    if (chunk.length > 0) {
      body.append(Buffer.from(chunk))
      writer.sent += chunk.length
    } else body.complete()
    if (body.windowed) this.met.outgrown++
    // A stream, which nobody finds: that those who follow it have every byte of it is a matter of several threads.
    if (body.windowed && body.state === 'filling') body.fail()
    if (body.windowed || body.state === 'failed') this.gone(version)
    if (body.state !== 'filling') this.over(version)
  }

  /** Some worker asks for it. */
  private meet(worker: number): void {
    const id = IDS[this.random(IDS.length)]
    const found = this.stores[worker].find(id)
    if (found === undefined) return
    const version = this.current.get(id)
    must(found.head.xid === version?.xid, 'it is what was stored last')
    this.met.found++
    if (this.random(2) === 0) this.stores[worker].touch(found)
    if (found.body.state === 'complete') this.compare(found, version!)
    if (this.followers.length < 20) this.followers.push({ worker, version: version!, reader: found.body.read(0), at: 0 })
  }

  private compare({ body }: StoredObject, { bytes }: Version): void {
    must(body.state !== 'complete' || body.size_bytes === bytes.length, 'a complete body has all its bytes')
    const reader = body.read(0)
    let at = 0
    for (let piece = reader.next(); piece !== undefined; piece = reader.next()) {
      must(piece.equals(bytes.subarray(at, at + piece.length)), 'the bytes are right')
      at += piece.length
    }
    must(!reader.done || at === bytes.length, 'nothing is missing')
    reader.release()
  }

  /** Whoever reads a body has it, whatever has become of its object. */
  private follow(worker: number): void {
    const follower = this.pick(this.followers.filter((one) => one.worker === worker))
    if (follower === undefined) return
    const { reader, version } = follower
    const piece = reader.next()
    if (piece !== undefined) {
      must(piece.equals(version.bytes.subarray(follower.at, follower.at + piece.length)), 'the bytes are right, as they come')
      follower.at += piece.length
      if (version.writer !== undefined) this.met.followed++
      return
    }
    must(!reader.done || follower.at === version.bytes.length, 'done at the end')
    must(!reader.done || version.writer === undefined, 'and when that was said')
    if (!reader.done && !reader.failed) return
    if (reader.done) this.met.ended++
    this.release(follower)
  }

  private leave(): void {
    const follower = this.pick(this.followers)
    if (follower === undefined) return
    this.stores[follower.worker].newRun()
    this.release(follower)
  }

  private release(follower: Follower): void {
    follower.reader.release()
    this.followers = this.followers.filter((one) => one !== follower)
  }

  private remove(worker: number): void {
    const id = IDS[this.random(IDS.length)]
    const store = this.stores[worker]
    const found = store.find(id)
    const removed = found !== undefined && this.random(2) === 0 ? store.remove(found) : store.discard(id)
    must(removed || found === undefined, 'what was found can be taken out')
    if (removed) this.met.removed++
    this.current.delete(id)
  }

  private renew(worker: number): void {
    const id = IDS[this.random(IDS.length)]
    const store = this.stores[worker]
    const found = store.find(id)
    if (found === undefined || found.body.state !== 'complete') return
    const xid = ++this.xids
    if (!store.rehead(found, head({ xid, lines: this.random(40) }))) return void this.current.delete(id)
    this.met.renewed++
    // A version of its own: those who read the one before have the same bytes.
    this.current.set(id, { ...this.current.get(id)!, xid })
  }

  private fail(worker: number): void {
    const version = this.pick(this.writers.filter(({ writer }) => writer?.worker === worker))
    if (version === undefined) return
    version.writer?.object.body.fail()
    this.gone(version)
    this.over(version)
  }

  /** Its thread has ended, wherever it was: the manager cleans up, and the next one begins. */
  private die(worker: number): void {
    this.met.deaths++
    for (const version of this.writers.filter(({ writer }) => writer?.worker === worker)) {
      this.met.lost++
      this.gone(version)
      this.over(version)
    }
    this.followers = this.followers.filter((one) => one.worker !== worker)
    this.arena.workerDied(worker, this.bells)
    this.stores[worker] = this.begin(worker)
  }

  private gone(version: Version): void {
    if (this.current.get(version.id) === version) this.current.delete(version.id)
  }

  private over(version: Version): void {
    version.writer = undefined
    this.writers = this.writers.filter((one) => one !== version)
  }

  private pick<T>(some: readonly T[]): T | undefined {
    return some[this.random(some.length)]
  }
}

function walk(arena: Arena, seed: number): void {
  const run = new Run(arena, seed)
  for (let step = 0; step < STEPS; step++) {
    try {
      run.step()
    } catch (error) {
      throw new Error(`step ${step}`, { cause: error })
    }
  }
  run.finish()
  // Who meets nothing meets nothing wrong.
  const least = Math.min(...Object.values(run.met))
  expect(least, JSON.stringify(run.met)).toBeGreaterThan(5)
}

describe('four workers and one arena', () => {
  test.each(SEEDS)('in memory, seed %i', (seed) => walk(Arena.inMemory(new SharedArrayBuffer(CAPACITY_BYTES)), seed))

  test.each(SEEDS)('in a file, seed %i', async (seed) => {
    const arena = openArena(newPath(), CAPACITY_BYTES)
    walk(arena, seed)
    await close(arena)
  })
})
