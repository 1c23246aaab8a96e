import { parentPort, workerData } from 'node:worker_threads'
import { Fields } from '../../../../src/http/fields.ts'
import { Doorbells } from '../../../../src/shm/doorbell.ts'
import type { ArenaHandle } from '../../../../src/store/arena/arena.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { APPEND_PAUSE, type Body, type BodyReader, type ObjectHead, type StoredObject } from '../../../../src/store/contract.ts'
import { randomFrom } from '../../shm/threads.ts'

/**
 * A worker of races.test.ts: stores, finds, reads slowly, removes and freshens objects at random, and compares each byte it reads
 * with what the object's xid says it must be. At times it dies with what it has.
 */
export interface RacerData {
  readonly handle: ArenaHandle
  readonly bells: SharedArrayBuffer
  readonly worker: number
  readonly seed: number
  readonly deeds: number
  /** Ids in use: few, so that workers meet. */
  readonly ids: number
  readonly sizes: readonly number[]
  /** Ends itself before so many deeds. */
  readonly mortal: boolean
  /** No writer breaks off, so no reader may see that one did. */
  readonly reliable: boolean
}

const data = workerData as RacerData
const random = randomFrom(data.seed)
const bells = new Doorbells(data.bells)
const store = arenaStore(data.handle, {
  worker: data.worker,
  transit_buffer_bytes: 256 * 1024,
  eviction_size_bias: data.seed % 2,
  bells,
})
bells.listen(data.worker, () => store.rung())
const death = data.mortal ? random(data.deeds) : -1

/** Byte i of the body of an object is byte i + xid of this, so that bytes of another object, or another place, are wrong. */
const PERIOD = 4099
const LONGEST = Math.max(...data.sizes)
const SOURCE = Buffer.allocUnsafeSlow(PERIOD + LONGEST)
for (let i = 0; i < SOURCE.length; i++) SOURCE[i] = (Math.imul(i % PERIOD, 2654435761) >>> 13) & 0xff

/** What it tells at its end. */
export interface Tally {
  found: number
  read_bytes: number
  followed: number
  stored: number
  refused: number
  outgrown: number
}
const tally: Tally = { found: 0, read_bytes: 0, followed: 0, stored: 0, refused: 0, outgrown: 0 }

function head(xid: number, ttl_ms: number): ObjectHead {
  const times = { t_origin_ms: 0, ttl_ms, grace_ms: 0, keep_ms: 0 }
  const headText = `HTTP/1.1 200 OK\r\nX-Id: ${xid}\r\n`
  return { xid, status: 200, reason: 'OK', fields: new Fields(), flags: 0, validatable: true, headText, ...times }
}

/** The event loop turns: other sockets have their say, and a later run may have begun. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      if (random(2) === 0) store.newRun()
      resolve()
    })
  })
}

async function put(id: string): Promise<void> {
  const size = data.sizes[random(data.sizes.length)]
  const xid = 1 + random(2 ** 30)
  const announced = random(3) > 0
  const object = store.open(id, head(xid, 1e12), announced ? size : -1)
  if (object === undefined) return void tally.refused++
  tally.stored++
  await fill(object.body, xid % PERIOD, size)
}

/** As an origin does it: in chunks, as far as there is room, until nobody wants the rest. */
async function fill(body: Body, from: number, size: number): Promise<void> {
  const hold = body.read(0)
  let wake = (): void => {}
  body.onRoom = () => wake()
  body.onDeserted = () => {
    body.fail()
    wake()
  }
  const chunk = 1 + random(size > 65536 ? 200_000 : 20_000)
  for (let at = 0; at < size && body.state === 'filling'; at += chunk) {
    const said = body.append(SOURCE.subarray(from + at, from + Math.min(size, at + chunk)))
    if (body.windowed) {
      tally.outgrown++
      const room = new Promise<void>((resolve) => (wake = resolve))
      hold.release()
      if (said === APPEND_PAUSE && body.state === 'filling') await room
    }
    if (random(4) === 0) await turn()
  }
  if (!data.reliable && random(20) === 0) body.fail()
  else body.complete()
  hold.release()
}

async function get(id: string): Promise<void> {
  const object = store.find(id)
  if (object === undefined) return
  tally.found++
  const { xid, headText } = object.head
  if (!headText.includes(`X-Id: ${xid}\r\n`)) throw new Error(`the head of ${xid} says ${headText}`)
  store.touch(object)
  if (object.body.state === 'filling') tally.followed++
  const { whole } = object.body
  if (whole !== undefined && random(2) === 0) compare(whole, xid, 0)
  else await readSlowly(object, xid)
}

async function readSlowly(object: StoredObject, xid: number): Promise<void> {
  const { body } = object
  const reader = body.read(0)
  let at = 0
  try {
    for (;;) {
      const piece = reader.next()
      if (piece !== undefined) {
        if (random(3) === 0) await turn()
        compare(piece, xid, at)
        at += piece.length
        if (random(50) === 0) return
      } else if (reader.failed) return broken(xid)
      else if (reader.done) return ended(at, body.size_bytes, body.expected_bytes)
      else await more(reader)
    }
  } finally {
    reader.release()
  }
}

function broken(xid: number): void {
  if (data.reliable) throw new Error(`${xid} broke off`)
}

function ended(at: number, size_bytes: number, expected_bytes: number): void {
  if (at !== size_bytes || (expected_bytes >= 0 && at !== expected_bytes))
    throw new Error(`${at} bytes of ${size_bytes}, ${expected_bytes}`)
}

function more(reader: BodyReader): Promise<void> {
  return new Promise((resolve) => (reader.onMore = resolve))
}

function compare(piece: Buffer, xid: number, at: number): void {
  const from = (xid % PERIOD) + at
  if (SOURCE.compare(piece, 0, piece.length, from, from + piece.length) !== 0) throw new Error(`wrong bytes of ${xid} at ${at}`)
  tally.read_bytes += piece.length
}

function change(id: string): void {
  const object = store.find(id)
  if (object === undefined) return
  if (random(2) === 0) return void store.remove(object)
  if (object.body.state === 'complete') store.rehead(object, { ...head(object.head.xid, 1e12), grace_ms: random(1000) })
}

async function deed(): Promise<void> {
  store.newRun()
  const id = `id ${random(data.ids)}`
  const dice = random(100)
  if (dice < 30) await put(id)
  else if (dice < 90) await get(id)
  else if (dice < 97) change(id)
  else store.expire(1000, 10)
}

const LANES = 6
let done = 0

async function lane(): Promise<void> {
  while (done < data.deeds) {
    if (++done === death) process.exit(7)
    await deed()
    if (random(3) === 0) await turn()
  }
}

// What the event loop of a worker is kept open by.
parentPort?.on('message', () => parentPort?.close())
await Promise.all(Array.from({ length: LANES }, lane))
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage(tally)
