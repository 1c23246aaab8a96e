import { Fields } from '../../../src/http/fields.ts'
import { Serials } from '../../../src/shm/serial.ts'
import { Arena, attachArena } from '../../../src/store/arena/arena.ts'
import { ArenaStore } from '../../../src/store/arena/store.ts'
import type { ObjectHead } from '../../../src/store/contract.ts'
import { createHeapStore } from '../../../src/store/heap/store.ts'

/**
 * What a purge by tag costs the worker that carries it out, and what tags cost a store: 100,000 objects of 200 bytes that have one tag in
 * common. The call is what rules wait for; a slice is how long a hit may have to wait behind it; the rest is done between other work.
 *
 *   node bench/micro/store/purge.ts
 */
const OBJECTS = 100_000
const ROUNDS = 7
const BODY = Buffer.alloc(200, 'x')
const NO_TIMES = { stale_ms: 1000, grace_ms: Infinity, keep_ms: Infinity }

const slices: (() => boolean)[] = []
const parameters = { eviction_size_bias: 0.5 }
const transient = createHeapStore({ name: 'Transient', capacity_bytes: 2 ** 24, transit_buffer_bytes: 2 ** 20 })
const memory = attachArena(Arena.inMemory(new SharedArrayBuffer(2 ** 30)).handle, 0)
const later = (more: () => boolean): void => void slices.push(more)
const store = new ArenaStore({ name: 's0', kind: 'memory', memory, transient, parameters, bells: undefined, later })
const serials = new Serials()
const best: Record<string, number> = {}

function least(what: string, value: number): void {
  best[what] = Math.min(best[what] ?? Infinity, value)
}

function time(work: () => void): number {
  const began_ms = performance.now()
  work()
  return performance.now() - began_ms
}

function head(i: number, tags: readonly string[]): ObjectHead {
  const headText = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: max-age=3600\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n'
  const times = { t_origin_ms: 0, ttl_ms: 1e12, grace_ms: 0, keep_ms: 0 }
  return {
    xid: i,
    status: 200,
    reason: 'OK',
    fields: new Fields(),
    flags: 0,
    validatable: true,
    headText,
    ...times,
    tags: [`K${i}`, ...tags],
  }
}

function fill(tagsOf: (i: number) => readonly string[]): void {
  for (let i = 0; i < OBJECTS; i++) {
    store.newRun()
    const object = store.open(`P/${i}\0www.example.com\0`, head(i, tagsOf(i)), BODY.length, undefined, serials.newest)
    object?.body.append(BODY)
    object?.body.complete()
  }
}

function purge(tags: readonly string[], soft: boolean): number {
  serials.take((serial) => {
    store.notePurge(serial, tags, soft ? NO_TIMES : undefined)
    return true
  })
  return store.meetPurge(tags, soft)
}

/** Runs what was left, and says how long the longest piece of it took. */
function finish(): { longest_ms: number; all_ms: number } {
  const took: number[] = []
  for (let more = slices.shift(); more !== undefined; more = slices.shift()) {
    for (;;) {
      const began_ms = performance.now()
      const again = more()
      took.push(performance.now() - began_ms)
      if (!again) break
    }
  }
  return { longest_ms: Math.max(0, ...took), all_ms: took.reduce((sum, one) => sum + one, 0) }
}

function judge(): void {
  for (let i = 0; i < OBJECTS; i++) {
    const object = store.find(`P/${i}\0www.example.com\0`)!
    store.survives(object, 0)
  }
}

function look(): void {
  for (let i = 0; i < OBJECTS; i++) store.find(`P/${i}\0www.example.com\0`)
}

for (let round = 0; round < ROUNDS; round++) {
  least('fill, no tags: ns', time(() => fill(() => [])) * (1e6 / OBJECTS))
  least('fill, one tag: ns', time(() => fill(() => ['Tall'])) * (1e6 / OBJECTS))
  purge(['Tall'], false)
  finish()
  least('fill, five tags: ns', time(() => fill((i) => ['Tall', `Ta${i}`, `Tb${i}`, `Tc${i % 100}`, `Td${i % 10}`])) * (1e6 / OBJECTS))
  least(
    'soft purge of all, the call: ms',
    time(() => purge(['Tall'], true)),
  )
  const found = time(look)
  least('find: ns', found * (1e6 / OBJECTS))
  purge(['Tnobody'], false)
  fill((i) => ['Tall', `Ta${i}`, `Tb${i}`, `Tc${i % 100}`, `Td${i % 10}`])
  least('find and judge by six tags: ns', time(judge) * (1e6 / OBJECTS))
  least('purge of one object, the call: us', time(() => purge(['Ta77'], false)) * 1000)
  least(
    'purge of all, the call: ms',
    time(() => purge(['Tall'], false)),
  )
  const { longest_ms, all_ms } = finish()
  least('purge of all, the longest slice: ms', longest_ms)
  least('purge of all, all slices: ms', all_ms)
  if (store.stats().objects !== 0) throw new Error(`${store.stats().objects} objects are left`)
}
for (const [what, value] of Object.entries(best)) console.log(`${what.padEnd(40)} ${value.toFixed(3)}`)
