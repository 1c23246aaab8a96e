import { expect, test } from 'vitest'
import type { Body, BodyReader, Store, StoredObject } from '../../../src/store/contract.ts'
import { randomFrom } from '../../kit/random.ts'
import { head, KIB, type MakeStore, must, pattern } from './fixtures.ts'

const SHAPE = { capacity_bytes: 300 * KIB, transit_buffer_bytes: 24 * KIB }
const STEPS = 4000
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]

/** Random operations on a small store, each checked against plain bookkeeping. A failure names its seed and step. */
export function model(makeStore: MakeStore, exact: boolean): void {
  for (const seed of SEEDS) {
    test(`seed ${seed}`, () => {
      const run = new Run(makeStore(SHAPE), seed, exact)
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
  /** What it is stored under. */
  id: string
  removed: boolean
  reheaded: boolean
  /** It was seen to have left. */
  gone: boolean
}

const SOURCE = pattern(260 * KIB, 1)

class Run {
  private readonly store: Store
  private known: Known[] = []
  private readonly random: (below: number) => number
  private narrowed = 0
  private opened = 0

  private readonly exact: boolean

  constructor(store: Store, seed: number, exact: boolean) {
    this.exact = exact
    this.store = store
    this.random = randomFrom(seed)
  }

  step(): void {
    const known = this.pick()
    const dice = this.random(100)
    if (known === undefined || dice < 10) this.open()
    else if (dice < 48) this.append(known)
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
    must(!this.exact || this.store.stats().nuked > 10, 'the store was too small')
    must(this.narrowed > (this.exact ? 10 : 0), 'bodies turned into windows')
    for (const known of this.known) {
      known.body.fail()
      for (const follower of known.followers) follower.reader.release()
      this.findAgain(known)
      if (known.object?.live === true) {
        known.removed = true
        this.store.remove(known.object)
      }
    }
    this.check()
    expect(this.store.stats()).toMatchObject({ objects: 0, used_bytes: 0, transient_bytes: 0 })
  }

  private open(): void {
    const size = [0, 10, 3000, 20_000, 70_000, 250_000][this.random(6)]
    const bytes = SOURCE.subarray(this.random(1000), size + 1000)
    const announced = this.random(2) === 0 ? bytes.length : -1
    const id = `object ${++this.opened}`
    const object = this.random(6) === 0 ? undefined : this.store.open(id, head({ lines: this.random(8) }), announced)
    const body = object?.body ?? this.store.transit(announced)
    this.known.push({ body, bytes, sent: 0, followers: [], object, id, removed: false, reheaded: false, gone: false })
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

  private join(known: Known): void {
    if (!known.body.joinable || known.followers.length > 5) return
    // What has left is there for its readers only.
    if (known.object?.live === false && known.followers.length === 0) return
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
    this.store.remove(known.object)
  }

  private rehead(known: Known): void {
    if (known.object === undefined || known.body.state !== 'complete') return
    known.reheaded = true
    this.store.rehead(known.object, head({ lines: this.random(30) }))
    if (known.object.live) known.body = known.object.body
  }

  private check(): void {
    const stats = this.store.stats()
    must(stats.used_bytes <= stats.capacity_bytes, 'the budget is kept')
    must(stats.transient_bytes >= 0, 'transient bytes do not sink below zero')
    let live = 0
    let least_bytes = 0
    for (const known of this.known) {
      this.findAgain(known)
      const { object, body, removed, followers } = known
      if (object === undefined) continue
      must(!object.live || !removed, 'a removed object is not live')
      const held = followers.length > 0 && body.state === 'complete' && !body.windowed
      // Unless its own head outgrew the store. By segments: that of the head may go while others are being read.
      must(object.live || removed || !held || !this.exact || known.reheaded || known.gone, 'what is read is not evicted')
      known.gone = !object.live
      if (!object.live) continue
      live++
      least_bytes += object.size_bytes
      must(object.size_bytes >= body.size_bytes, 'an object costs at least its body')
      must(body.state !== 'failed' && !body.windowed, 'broken bodies and windows are not in the store')
    }
    must(stats.objects === live, 'objects are counted')
    must(stats.used_bytes >= least_bytes, 'objects are paid for')
  }

  /** A store may move its objects about. */
  private findAgain(known: Known): void {
    if (known.object === undefined || known.object.live) return
    const found = this.store.find(known.id)
    if (found === undefined) return
    known.object = found
    known.body = found.body
  }

  private pick(): Known | undefined {
    return this.known[this.random(this.known.length)]
  }
}
