import { expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { Cache } from '../../../src/cache/cache.ts'
import { NoClaims } from '../../../src/cache/claims.ts'
import { Invalidations } from '../../../src/cache/invalidations.ts'
import { LOOKUP } from '../../../src/cache/lookup.ts'
import { Fields } from '../../../src/http/fields.ts'
import { policyFor } from '../../../src/policy/policy.ts'
import { Serials } from '../../../src/shm/serial.ts'
import type { ObjectHead } from '../../../src/store/contract.ts'
import { createHeapStore, type HeapStore } from '../../../src/store/heap/store.ts'
import { lookupOf, objectHead } from '../../kit/core.ts'

const clock = new ManualClock()

function makeCache(keys_max: number, claims = new NoClaims()): { cache: Cache; store: HeapStore } {
  const store = createHeapStore({ name: 's0', capacity_bytes: 1 << 20, transit_buffer_bytes: 1 << 16 })
  const limits = { busy_waiters_max: 10, busy_wait_timeout_ms: 1000, keys_max }
  const shared = { store, claims, invalidations: new Invalidations(new Serials(), []) }
  return { store, cache: new Cache(shared, policyFor('rfc9111'), clock, limits, { gaveUp: () => {} }) }
}

function head(ttl_ms: number): ObjectHead {
  return objectHead({ t_origin_ms: clock.wall_ms, ttl_ms, keep_ms: 1e9, validatable: true })
}

test('a million URLs that may not be stored leave no more keys than are to be remembered', () => {
  const { cache } = makeCache(100)
  const asked = lookupOf()
  for (let i = 0; i < 10_000; i++) {
    expect(cache.lookup(`/${i}`, asked)).toBe(LOOKUP.miss)
    cache.mark(`/${i}`, asked.req, cache.busy, 120_000, false, 1)
  }
  expect(cache.keys).toBe(100)
})

test('when memory is short, half of the keys are forgotten, but not what is being fetched, and the rest is found in the store', () => {
  const { cache, store } = makeCache(100)
  const asked = lookupOf()
  const begun = { purges: cache.purges('/'), serial: cache.serial, sent_ms: 0, dated: true, into: store }
  cache.lookup('/fetching', asked)
  const fetching = cache.busy!
  for (let i = 0; i < 9; i++) {
    cache.lookup(`/${i}`, asked)
    cache.insert(`/${i}`, asked.req, head(1000), 0, cache.busy, begun).body.complete()
  }
  for (let i = 0; i < 9; i++) cache.lookup(`/${i}`, asked)
  expect(cache.keys).toBe(10)
  cache.forgetHalf()
  expect(cache.keys).toBe(6)
  cache.forgetHalf()
  cache.forgetHalf()
  cache.forgetHalf()
  for (let i = 0; i < 9; i++) expect(cache.lookup(`/${i}`, asked)).toBe(LOOKUP.hit)
  expect(cache.lookup('/fetching', asked)).toBe(LOOKUP.wait)
  cache.abandon(fetching)
  expect(cache.keys).toBe(9)
})

test('what has only been stored is not remembered, what has been found is', () => {
  const { cache, store } = makeCache(100)
  const asked = lookupOf()
  const begun = { purges: cache.purges('/'), serial: cache.serial, sent_ms: 0, dated: true, into: store }
  cache.lookup('/', asked)
  expect(cache.keys, 'others must find the fetch').toBe(1)
  const object = cache.insert('/', asked.req, head(1000), 0, cache.busy, begun)
  expect(cache.keys).toBe(0)
  expect(cache.lookup('/', asked), 'while it fills, too').toBe(LOOKUP.hit)
  expect(cache.object).toBe(object)
  object.body.complete()
  expect(cache.keys).toBe(1)
})

test('a key whose responses vary is remembered: by it the variants are named', () => {
  const { cache, store } = makeCache(100)
  const asked = lookupOf()
  const begun = { purges: cache.purges('/'), serial: cache.serial, sent_ms: 0, dated: true, into: store }
  const fields = new Fields()
  fields.append('Vary', 'Accept')
  const varying = objectHead({ t_origin_ms: clock.wall_ms, ttl_ms: 1000, fields })
  cache.lookup('/', asked)
  cache.insert('/', asked.req, varying, 0, cache.busy, begun).body.complete()
  expect(cache.keys).toBe(1)
  expect(cache.purge('/'), 'objects taken out').toBe(1)
})

test('a key that is forgotten while it is fetched is found until the fetch ends', () => {
  const { cache, store } = makeCache(1)
  const asked = lookupOf()
  const begun = { purges: cache.purges('/'), serial: cache.serial, sent_ms: 0, dated: true, into: store }
  cache.lookup('/stale', asked)
  cache.insert('/stale', asked.req, { ...head(-1000), grace_ms: 1e9 }, 0, cache.busy, begun).body.complete()
  expect(cache.lookup('/stale', asked)).toBe(LOOKUP.hit_grace)
  const refreshing = cache.busy!
  cache.mark('/other', asked.req, undefined, 1000, false)
  expect(cache.lookup('/stale', asked)).toBe(LOOKUP.hit_grace)
  expect(cache.busy, 'one refreshes it').toBeUndefined()
  cache.abandon(refreshing)
  expect(cache.keys).toBe(1)
})

test('fetches that come to nothing leave no key', () => {
  const { cache } = makeCache(100)
  const asked = lookupOf()
  for (let i = 0; i < 1000; i++) {
    cache.lookup(`/${i}`, asked)
    cache.abandon(cache.busy!)
  }
  expect(cache.keys).toBe(0)
})

test('an object that is validated for ever has one deadline', () => {
  const { cache, store } = makeCache(100)
  const asked = lookupOf()
  const begun = { purges: cache.purges('/'), serial: cache.serial, sent_ms: 0, dated: true, into: store }
  cache.lookup('/', asked)
  const object = cache.insert('/', asked.req, head(0), 0, cache.busy, begun)
  object.body.complete()
  for (let i = 0; i < 10_000; i++) {
    clock.advance(10)
    cache.freshen('/', object, head(i % 2), undefined, asked.req, begun)
  }
  expect(store.deadlines).toBeLessThan(2100)
  clock.advance(2e9)
  cache.sweep(1_000_000)
  expect([object.live, store.deadlines]).toEqual([false, 0])
})

class OneHash extends NoClaims {
  override hash(): number {
    return -7
  }
}

test('keys that have the same hash are told apart: while they are fetched, when they are stored, and when one is purged', () => {
  const { cache, store } = makeCache(100, new OneHash())
  const asked = lookupOf()
  const begun = { purges: cache.purges('/'), serial: cache.serial, sent_ms: 0, dated: true, into: store }
  const busies = ['/a', '/b', '/c'].map((key) => {
    expect(cache.lookup(key, asked)).toBe(LOOKUP.miss)
    return [key, cache.busy] as const
  })
  for (const [key] of busies) expect(cache.lookup(key, asked)).toBe(LOOKUP.wait)
  for (const [key, busy] of busies) cache.insert(key, asked.req, objectHead({ ...head(1000), reason: key }), 0, busy, begun).body.complete()
  for (const [key] of busies) {
    expect(cache.lookup(key, asked)).toBe(LOOKUP.hit)
    expect(cache.object?.head.reason).toBe(key)
  }
  expect(cache.purge('/b')).toBe(1)
  expect(busies.map(([key]) => cache.lookup(key, asked))).toEqual([LOOKUP.hit, LOOKUP.miss, LOOKUP.hit])
  expect(cache.keys).toBe(2)
})
