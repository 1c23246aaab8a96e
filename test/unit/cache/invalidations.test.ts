import { expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { Cache } from '../../../src/cache/cache.ts'
import { NoClaims } from '../../../src/cache/claims.ts'
import { Invalidations, type Judge } from '../../../src/cache/invalidations.ts'
import { LOOKUP } from '../../../src/cache/lookup.ts'
import { Fields } from '../../../src/http/fields.ts'
import { RequestHead } from '../../../src/http/message.ts'
import { policyFor } from '../../../src/policy/policy.ts'
import { isNewer, Serials } from '../../../src/shm/serial.ts'
import type { ObjectHead, StoredObject } from '../../../src/store/contract.ts'
import { createHeapStore } from '../../../src/store/heap/store.ts'
import { lookupOf, objectHead } from '../../kit/core.ts'

const clock = new ManualClock()
/** Invalidates objects by their xid. */
class ByXid implements Judge {
  readonly serials = new Serials()
  asked = 0
  private readonly list: { serial: number; xid: number }[] = []

  invalidate(xid: number): void {
    this.serials.take((serial) => this.list.push({ serial, xid }) > 0)
  }

  invalidatedSince(object: StoredObject, serial: number): boolean {
    this.asked++
    return this.list.some((one) => isNewer(one.serial, serial) && one.xid === object.head.xid)
  }
}

function scene() {
  const judge = new ByXid()
  const store = createHeapStore({ name: 's0', capacity_bytes: 1 << 20, transit_buffer_bytes: 1 << 16 })
  const shared = { store, claims: new NoClaims(), invalidations: new Invalidations(judge.serials, [judge]) }
  const limits = { busy_waiters_max: 10, busy_wait_timeout_ms: 1000, keys_max: 100 }
  const cache = new Cache(shared, policyFor('rfc9111'), clock, limits, { gaveUp: () => {} })
  return { judge, store, cache, begun: () => ({ purges: 0, serial: cache.serial, sent_ms: 0, dated: true, into: store }) }
}

function ask(...lines: [string, string][]) {
  const req = new RequestHead()
  for (const [name, value] of lines) req.fields.append(name, value)
  return lookupOf(req)
}

function head(xid: number, vary = ''): ObjectHead {
  const fields = new Fields()
  if (vary !== '') fields.append('Vary', vary)
  return objectHead({ xid, fields, t_origin_ms: clock.wall_ms, ttl_ms: 60_000, validatable: true })
}

type Scene = ReturnType<typeof scene>

function fetched({ cache, begun }: Scene, xid: number, request = ask(), vary = '', from = begun()): StoredObject {
  cache.lookup('/', request)
  const object = cache.insert('/', request.req, head(xid, vary), 0, cache.busy, from)
  object.body.complete()
  return object
}

test('an object is judged once after each invalidation, and no more', () => {
  const the = scene()
  fetched(the, 1)
  for (let i = 0; i < 3; i++) expect(the.cache.lookup('/', ask())).toBe(LOOKUP.hit)
  expect(the.judge.asked).toBe(0)
  the.judge.invalidate(2)
  the.judge.invalidate(3)
  for (let i = 0; i < 3; i++) expect(the.cache.lookup('/', ask())).toBe(LOOKUP.hit)
  expect(the.judge.asked).toBe(1)
})

test('what is invalidated leaves the store, and the next fetch is not', () => {
  const the = scene()
  const object = fetched(the, 1)
  the.judge.invalidate(1)
  expect(the.cache.lookup('/', ask())).toBe(LOOKUP.miss)
  expect([object.live, the.cache.object, the.store.stats().objects]).toEqual([false, undefined, 0])
  the.cache.abandon(the.cache.busy!)
  fetched(the, 1)
  expect(the.cache.lookup('/', ask())).toBe(LOOKUP.hit)
})

test('an invalidation during a fetch concerns its object', () => {
  const the = scene()
  const before = the.begun()
  the.judge.invalidate(1)
  const object = fetched(the, 1, ask(), '', before)
  expect(the.cache.lookup('/', ask())).toBe(LOOKUP.miss)
  expect(object.live).toBe(false)
})

test('those who waited for it are not handed it either', () => {
  const the = scene()
  const before = the.begun()
  the.cache.lookup('/', ask())
  const busy = the.cache.busy!
  the.judge.invalidate(1)
  expect(the.cache.lookup('/', ask())).toBe(LOOKUP.wait)
  const told: string[] = []
  const tell = (what: string) => () => void told.push(what)
  the.cache.wait(busy, {
    req: ask().req,
    attach: tell('attach'),
    joined: tell('joined'),
    released: tell('released'),
    gaveUp: tell('gaveUp'),
    fetchAlone: tell('alone'),
  })
  the.cache.insert('/', ask().req, head(1), 0, busy, before)
  expect(told).toEqual(['released'])
})

test('behind an invalidated variant there may be another one for the request', () => {
  const the = scene()
  const plain = ask(['Accept', 'a'], ['Accept-Language', 'de'])
  fetched(the, 1, plain, 'Accept')
  clock.advance(10)
  const other = ask(['Accept', 'b'], ['Accept-Language', 'de'])
  fetched(the, 2, other, 'Accept-Language')
  expect([the.cache.lookup('/', plain), the.cache.object?.head.xid]).toEqual([LOOKUP.hit, 2])
  the.judge.invalidate(2)
  expect([the.cache.lookup('/', plain), the.cache.object?.head.xid]).toEqual([LOOKUP.hit, 1])
})

test('a stale object that is invalidated is not validated', () => {
  const the = scene()
  fetched(the, 1)
  the.judge.invalidate(1)
  clock.advance(70_000)
  expect([the.cache.lookup('/', ask()), the.cache.object]).toEqual([LOOKUP.miss, undefined])
})

test('an object that was validated has not been checked any further by that', () => {
  const the = scene()
  const object = fetched(the, 1)
  const begun = the.begun()
  the.judge.invalidate(1)
  the.cache.freshen('/', object, head(1), undefined, ask().req, begun)
  expect(the.cache.lookup('/', ask())).toBe(LOOKUP.miss)
})

test('what was forgotten while it was fetched is not found, nor handed to those who waited', () => {
  const the = scene()
  const before = the.begun()
  the.cache.lookup('/', ask())
  const busy = the.cache.busy!
  the.judge.invalidate(9)
  the.judge.serials.floor = the.cache.serial
  const told: string[] = []
  const tell = (what: string) => () => void told.push(what)
  const tellAll = { attach: tell('attach'), joined: tell('joined'), released: tell('released'), gaveUp: tell('gaveUp') }
  the.cache.wait(busy, { req: ask().req, ...tellAll, fetchAlone: tell('alone') })
  const object = the.cache.insert('/', ask().req, head(1), 0, busy, before)
  expect([object.live, told, the.cache.lookup('/', ask())]).toEqual([false, ['released'], LOOKUP.miss])
})

test('nor is an object that was validated meanwhile', () => {
  const the = scene()
  const object = fetched(the, 1)
  const before = the.begun()
  the.judge.invalidate(9)
  the.judge.serials.floor = the.cache.serial
  the.cache.freshen('/', object, head(1), undefined, ask().req, before)
  expect(the.cache.lookup('/', ask())).toBe(LOOKUP.miss)
})
