import { Fields } from '../../../src/http/fields.ts'
import type { ObjectHead } from '../../../src/store/contract.ts'
import { Arena } from '../../../src/store/arena/arena.ts'
import { createHeapStore } from '../../../src/store/heap/store.ts'
import { BUCKET_ENTRIES } from '../../../src/store/arena/geometry.ts'
import { arenaStore } from '../../../test/kit/arena.ts'

/**
 * What an object really costs, beside what the store's accounts say: run with `node --expose-gc overhead.ts LINES`.
 * Prints bytes per object (JS heap and Buffers) for heads of LINES field lines, and the accounts' figure.
 */
const OBJECTS = 100_000
const BODY = Buffer.alloc(1024, 'x')

function head(lines: number): ObjectHead {
  const fields = new Fields()
  let headText = 'HTTP/1.1 200 OK\r\n'
  for (let i = 0; i < lines; i++) {
    const name = `X-Field-Name-${i}`
    const value = `a value of some length, ${Math.random()}`
    fields.append(name, value)
    headText += `${name}: ${value}\r\n`
  }
  // As a parser would: flat strings.
  headText = Buffer.from(headText, 'latin1').toString('latin1')
  return {
    xid: 1,
    status: 200,
    reason: 'OK',
    fields,
    t_origin_ms: Date.now(),
    ttl_ms: 120_000.5,
    grace_ms: 10_000,
    keep_ms: 0,
    flags: 0,
    validatable: false,
    headText,
  }
}

function memory_bytes(): number {
  for (let i = 0; i < 3; i++) gc?.()
  const usage = process.memoryUsage()
  return usage.heapUsed + usage.external
}

const lines = Number(process.argv[2] ?? 10)
{
  const store = createHeapStore({ name: 's0', capacity_bytes: 4e9, transit_buffer_bytes: 1 << 20 })
  const before = memory_bytes()
  const rss = process.memoryUsage().rss
  const kept: unknown[] = []
  for (let i = 0; i < OBJECTS; i++) {
    const object = store.open(`object ${i}`, head(lines), BODY.length)
    kept.push(object)
    object?.body.append(BODY)
    object?.body.complete()
  }
  const real = (memory_bytes() - before) / OBJECTS
  const resident = (process.memoryUsage().rss - rss) / OBJECTS
  const counted = store.stats().used_bytes / OBJECTS
  console.log(
    `${lines} lines: real ${real.toFixed(0)} resident ${resident.toFixed(0)} counted ${counted.toFixed(0)} bytes per object, ${kept.length} kept`,
  )
}

/** The same in an arena: what it takes from the system, its index and tables included, beyond heads, ids and bodies. */
{
  const OBJECTS_MANY = 1_000_000
  const { handle } = Arena.inMemory(new SharedArrayBuffer(2 ** 31 + 2 ** 29))
  const { segments_at, segment_bytes, segments } = handle.geometry
  const store = arenaStore(handle)
  let [payload_bytes, id_bytes] = [0, 0]
  for (let i = 0; i < OBJECTS_MANY; i++) {
    // As the cache stores it: its key is a tag.
    const itsHead = { ...head(lines), tags: [`key ${i}`] }
    const id = `P/some/where/in/the/site/${i}\0www.example.com\0`
    store.newRun()
    const object = store.open(id, itsHead, BODY.length)
    object?.body.append(BODY)
    object?.body.complete()
    payload_bytes += itsHead.headText.length + id.length + BODY.length
    id_bytes += id.length
  }
  const { objects, used_bytes } = store.stats()
  const share = used_bytes / (segments * segment_bytes)
  const each = (bytes: number): string => (bytes / OBJECTS_MANY).toFixed(0)
  const taken_bytes = used_bytes + segments_at * share
  console.log(`arena: ${objects} objects, ${each(taken_bytes - payload_bytes)} bytes each beyond head, id and body`)
  // Of the tables that are shared by all objects, what these objects' part of the store has of them; beside the arena only what storing has touched.
  const touched_bytes = 4 * handle.geometry.buckets * BUCKET_ENTRIES * share
  console.log(`of which ${each(segments_at * share)} of tables; ${each(id_bytes)} more of id; beside the arena ${each(touched_bytes)}`)
}
