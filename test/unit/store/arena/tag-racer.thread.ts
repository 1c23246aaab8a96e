import { workerData } from 'node:worker_threads'
import { Fields } from '../../../../src/http/fields.ts'
import { isNewer, Serials } from '../../../../src/shm/serial.ts'
import type { ArenaHandle } from '../../../../src/store/arena/arena.ts'
import type { ObjectHead, StoredObject } from '../../../../src/store/contract.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { randomFrom } from '../../shm/threads.ts'

/**
 * A worker of tag-races.test.ts: stores objects with tags, purges tags, softly or not, and looks objects up as a cache does. What it finds must not
 * be older than a purge of one of its tags that was over before it looked. At times it dies.
 */
export interface TagRacerData {
  readonly handle: ArenaHandle
  readonly serials: SharedArrayBuffer
  /** For each tag the serial of its last purge that is over; then the same for soft ones; then FOUND. */
  readonly over: SharedArrayBuffer
  readonly worker: number
  readonly seed: number
  readonly deeds: number
  readonly mortal: boolean
}

export const TAGS = 12
/** The place in `over` where all count what they find. */
const FOUND = 2 * TAGS
const IDS = 300
const FRESH_MS = 1e9
const STALE_MS = 1000

const data = workerData as TagRacerData
const random = randomFrom(data.seed)
const serials = new Serials(data.worker, data.serials)
const over = new Int32Array(data.over)
const store = arenaStore(data.handle, {
  worker: data.worker,
  later: (more) =>
    void setImmediate(function again() {
      if (more()) setImmediate(again)
    }),
})
const death = data.mortal ? random(data.deeds) : -1

function head(born: number, tags: readonly number[]): ObjectHead {
  const times = { t_origin_ms: 0, ttl_ms: FRESH_MS, grace_ms: 1e9, keep_ms: 0 }
  const headText = `HTTP/1.1 200 OK\r\nBorn: ${born}\r\nTags: ${tags.join(' ')}\r\n`
  const names = ['Kkey', ...tags.map((tag) => `T${tag}`)]
  return { xid: 1, status: 200, reason: 'OK', fields: new Fields(), flags: 0, validatable: true, headText, ...times, tags: names }
}

function put(id: string): void {
  const born = serials.newest
  const tags = Array.from({ length: 1 + random(3) }, () => random(TAGS))
  const size = [0, 300, 20_000][random(3)]
  const object = store.open(id, head(born, tags), size, undefined, born)
  if (object === undefined) return
  object.body.append(Buffer.alloc(size, 'x'))
  object.body.complete()
}

function purge(): void {
  const tag = random(TAGS)
  const soft = random(2) === 0 ? { stale_ms: STALE_MS, grace_ms: Infinity, keep_ms: Infinity } : undefined
  const serial = serials.take((next) => {
    store.notePurge(next, [`T${tag}`], soft)
    return true
  })
  if (serial === undefined) throw new Error('the serial could not be had')
  store.meetPurge([`T${tag}`], soft !== undefined)
  const at = soft === undefined ? tag : TAGS + tag
  for (let known = over[at]; isNewer(serial, known); known = Atomics.load(over, at)) Atomics.compareExchange(over, at, known, serial)
}

/** As Cache and Invalidations do it. */
function lookUp(id: string): StoredObject | undefined {
  const object = store.find(id)
  if (object === undefined) return undefined
  const { newest } = serials
  if (object.checked !== newest) {
    const checked = object.recheck()
    if (checked !== newest && !store.survives(object, checked)) {
      store.remove(object)
      return undefined
    }
    object.raise(newest)
  }
  return object.live ? object : undefined
}

function look(id: string): void {
  const before = Int32Array.from(over, (_, i) => Atomics.load(over, i))
  const object = lookUp(id)
  if (object === undefined) return
  Atomics.add(over, FOUND, 1)
  const born = Number(object.head.fields.get('born'))
  for (const tag of (object.head.fields.get('tags') ?? '').split(' ').map(Number)) {
    if (isNewer(before[tag], born)) throw new Error(`born at ${born}, found after its tag was purged at ${before[tag]}`)
    if (isNewer(before[TAGS + tag], born) && object.head.ttl_ms !== STALE_MS)
      throw new Error(`born at ${born}, fresh after ${before[TAGS + tag]}`)
  }
}

for (let deed = 0; deed < data.deeds; deed++) {
  if (deed === death) process.exit(7)
  store.newRun()
  const dice = random(20)
  const id = `id ${random(IDS)}`
  if (dice === 0) purge()
  else if (dice < 6) put(id)
  else look(id)
  if (dice === 1) await new Promise((resolve) => setImmediate(resolve))
}
