import { Fields } from '../../../src/http/fields.ts'
import { Arena, attachArena } from '../../../src/store/arena/arena.ts'
import { ArenaStore } from '../../../src/store/arena/store.ts'
import type { ObjectHead, Store } from '../../../src/store/contract.ts'
import { createHeapStore } from '../../../src/store/heap/store.ts'

/**
 * What the store's part of a miss costs, and of a hit with a worker's handle of the object and without: open, append 1 KiB, complete; find, decode, one piece.
 * In a store that is far too small, so that eviction is part of it. Best of several rounds.
 *
 *   node bench/micro/store/fill.ts
 */
const ROUNDS = 12
const OBJECTS = 50_000
const CAPACITY_BYTES = 64 * 2 ** 20
const BODY = Buffer.alloc(1024, 'x')

function head(xid: number): ObjectHead {
  const headText =
    'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: max-age=3600\r\nETag: "abcdef"\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n'
  const times = { t_origin_ms: 0, ttl_ms: 1e12, grace_ms: 0, keep_ms: 0 }
  return { xid, status: 200, reason: 'OK', fields: new Fields(), flags: 0, validatable: true, headText, ...times }
}

function arena(): Store {
  const memory = attachArena(Arena.inMemory(new SharedArrayBuffer(CAPACITY_BYTES)).handle, 0)
  const parameters = { eviction_size_bias: 0.5 }
  const transient = createHeapStore({ name: 'Transient', capacity_bytes: 2 ** 24, transit_buffer_bytes: 2 ** 20 })
  return new ArenaStore({ name: 's0', kind: 'memory', memory, transient, parameters, bells: undefined })
}

const stores: Record<string, Store> = {
  heap: createHeapStore({ name: 's0', capacity_bytes: CAPACITY_BYTES, transit_buffer_bytes: 2 ** 20 }),
  arena: arena(),
}
const best: Record<string, number> = {}

function time(what: string, work: () => void): void {
  const began_ms = performance.now()
  work()
  const ns = ((performance.now() - began_ms) * 1e6) / OBJECTS
  best[what] = Math.min(best[what] ?? Infinity, ns)
}

let next = 0
let lost = 0
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, store] of Object.entries(stores)) {
    const first = next
    time(`${name}: fill`, () => {
      for (let i = 0; i < OBJECTS; i++) {
        store.newRun()
        const object = store.open(`P/some/where/in/the/site/${next++}\0www.example.com\0`, head(i), BODY.length)
        object?.body.append(BODY)
        object?.body.complete()
      }
    })
    time(`${name}: find`, () => {
      for (let i = 0; i < OBJECTS; i++) {
        store.newRun()
        const object = store.find(`P/some/where/in/the/site/${first + (i % 1000) + OBJECTS - 1000}\0www.example.com\0`)
        // One in 50,000 has lost its place in the index.
        if (object?.body.whole?.length !== BODY.length) lost++
      }
    })
    const handles = Array.from({ length: 1000 }, (_, i) => store.find(`P/some/where/in/the/site/${next - 1 - i}\0www.example.com\0`))
    time(`${name}: hit by a handle`, () => {
      for (let i = 0; i < OBJECTS; i++) {
        store.newRun()
        const object = handles[i % 1000]
        if (object?.live !== true || object.body.whole?.length !== BODY.length) lost++
        else {
          store.touch(object)
          object.hits++
        }
      }
    })
  }
}
for (const [what, ns] of Object.entries(best)) console.log(`${what} ${ns.toFixed(0)} ns`)
console.log(`${lost} not found`, stores.arena.stats())
