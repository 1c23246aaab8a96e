import { expect, test } from 'vitest'
import type { Body, BodyReader, RemovalReason, Store, StoredObject } from '../../../src/store/contract.ts'
import { head, KIB, type MakeStore, pattern } from './fixtures.ts'

const SHAPE = { capacity_bytes: 300 * KIB, transit_buffer_bytes: 24 * KIB }
const STEPS = 4000
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]

/** Random operations on a small store, each checked against plain bookkeeping. A failure names its seed and step. */
export function model(makeStore: MakeStore): void {
  for (const seed of SEEDS) {
    test(`seed ${seed}`, () => {
      const run = new Run(makeStore(SHAPE), seed)
      for (let step = 0; step < STEPS; step++) {
        try {
          run.step()
        } catch (error) {
          throw new Error(`step ${step}`, { cause: error })
        }
      }
      run.finish()
    })
  }
}

interface Follower {
  reader: BodyReader
  at: number
}

/** What the model knows of one body. */
interface Known {
  body: Body
  /** What its bytes are made from: byte i is bytes[i]. */
  bytes: Buffer
  /** Bytes that were appended. */
  sent: number
  followers: Follower[]
  object: StoredObject | undefined
  removed: boolean
  told: RemovalReason[]
}

const SOURCE = pattern(260 * KIB, 1)

class Run {
  private readonly store: Store
  private known: Known[] = []
  private seed: number
  private narrowed = 0
  private reheading: Known | undefined

  constructor(store: Store, seed: number) {
    this.store = store
    this.seed = seed
  }

  step(): void {
    const known = this.pick()
    const dice = this.random(100)
    if (known === undefined || dice < 8) this.open()
    else if (dice < 45) this.append(known)
    else if (dice < 55) this.admit(known)
    else if (dice < 62) this.join(known)
    else if (dice < 80) this.read(known)
    else if (dice < 86) this.leave(known)
    else if (dice < 91) this.end(known)
    else if (dice < 95) this.touch(known)
    else if (dice < 97) this.remove(known)
    else this.rehead(known)
    this.check()
  }

  finish(): void {
    must(this.store.stats().nuked > 20, 'the store was too small')
    must(this.narrowed > 20, 'bodies turned into windows')
    for (const known of this.known) {
      known.body.fail()
      for (const follower of known.followers) follower.reader.release()
      if (known.object?.live === true) {
        known.removed = true
        this.store.remove(known.object, 'purged')
      }
    }
    this.check()
    expect(this.store.stats()).toMatchObject({ objects: 0, used_bytes: 0, transient_bytes: 0 })
  }

  private open(): void {
    const size = [0, 10, 3000, 20_000, 70_000, 250_000][this.random(6)]
    const bytes = SOURCE.subarray(this.random(1000), size + 1000)
    const announced = this.random(2) === 0 ? bytes.length : -1
    const body = this.random(6) === 0 ? this.store.transit(announced) : this.store.fill(announced)
    this.known.push({ body, bytes, sent: 0, followers: [], object: undefined, removed: false, told: [] })
    if (this.known.length > 60) this.forget()
  }

  /** The oldest body whose story is over makes room in the model, not in the store. */
  private forget(): void {
    const i = this.known.findIndex((known) => known.body.state !== 'filling' && known.followers.length === 0 && known.object?.live !== true)
    this.known.splice(Math.max(i, 0), i < 0 ? 0 : 1)
  }

  private append(known: Known): void {
    if (known.body.state !== 'filling') return
    const chunk = known.bytes.subarray(known.sent, known.sent + 1 + this.random(30_000))
    if (chunk.length === 0) return known.body.complete()
    // A window without readers only grows: the writer was told to pause.
    if (known.body.windowed && known.followers.length === 0 && known.sent > 64 * KIB) return known.body.fail()
    const kept = !known.body.windowed
    known.body.append(Buffer.from(chunk))
    if (kept && known.body.windowed) this.narrowed++
    known.sent += chunk.length
    must(known.body.size_bytes === known.sent, 'size is what was sent')
  }

  private admit(known: Known): void {
    if (known.object !== undefined) return
    known.object = this.store.admit(head({ lines: this.random(8) }), known.body, (object, reason) => {
      must(object === known.object, 'the owner is told of its own object')
      must(!known.removed, 'who removes is not told')
      // Unless its own head outgrew the store.
      const pinned = known.followers.length > 0 && known.body.state === 'complete' && !known.body.windowed
      must(!pinned || this.reheading === known, 'what is read is not evicted')
      known.told.push(reason)
    })
    must(known.object === undefined || !known.body.windowed, 'a window is not admitted')
  }

  private join(known: Known): void {
    if (!known.body.joinable || known.followers.length > 5) return
    const at = known.body.windowed ? 0 : this.random(known.sent + 1000)
    const follower = { reader: known.body.read(at), at }
    if (this.random(3) > 0) follower.reader.onMore = () => this.take(known, follower)
    known.followers.push(follower)
  }

  private read(known: Known): void {
    for (const follower of known.followers) if (this.random(2) === 0) this.take(known, follower)
  }

  private take(known: Known, follower: Follower): void {
    const piece = follower.reader.next()
    if (piece === undefined) {
      must(follower.at >= known.body.size_bytes, 'nothing to read means all was read')
      must(follower.reader.done === (known.body.state === 'complete'), 'done at the end of a complete body')
      must(follower.reader.failed === (known.body.state === 'failed'), 'failed at the end of a broken body')
      return
    }
    must(piece.equals(known.bytes.subarray(follower.at, follower.at + piece.length)), 'the bytes are right')
    follower.at += piece.length
  }

  private leave(known: Known): void {
    known.followers.splice(this.random(known.followers.length), 1)[0]?.reader.release()
  }

  private end(known: Known): void {
    if (this.random(3) === 0) known.body.fail()
    else if (known.body.expected_bytes < 0 || known.sent === known.bytes.length) known.body.complete()
  }

  private touch(known: Known): void {
    if (known.object !== undefined) this.store.touch(known.object)
  }

  private remove(known: Known): void {
    if (known.object?.live !== true) return
    known.removed = true
    this.store.remove(known.object, 'purged')
  }

  private rehead(known: Known): void {
    if (known.object === undefined) return
    this.reheading = known
    this.store.rehead(known.object, head({ lines: this.random(30) }))
    this.reheading = undefined
  }

  private check(): void {
    const stats = this.store.stats()
    must(stats.used_bytes <= stats.capacity_bytes, 'the budget is kept')
    must(stats.transient_bytes >= 0, 'transient bytes do not sink below zero')
    let live = 0
    let least_bytes = 0
    for (const { object, body, removed, told } of this.known) {
      if (object === undefined) continue
      must(object.live === (!removed && told.length === 0), 'an object is live until it was removed or its owner told')
      must(told.length <= 1, 'its owner is told once')
      if (!object.live) continue
      live++
      least_bytes += object.size_bytes
      must(object.size_bytes >= body.size_bytes, 'an object costs at least its body')
      must(body.state !== 'failed' && !body.windowed, 'broken bodies and windows are not in the store')
    }
    must(stats.objects === live, 'objects are counted')
    must(stats.used_bytes >= least_bytes, 'objects are paid for')
  }

  private pick(): Known | undefined {
    return this.known[this.random(this.known.length)]
  }

  /** mulberry32 */
  private random(below: number): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0
    let t = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % Math.max(1, below)
  }
}

/** Cheap: a run checks some 100,000 things. */
function must(condition: boolean, what: string): void {
  if (!condition) expect.fail(`not so: ${what}`)
}
