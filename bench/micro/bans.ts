import { SystemClock } from '../../src/base/clock.ts'
import { Bans } from '../../src/cache/bans/bans.ts'
import { Cache } from '../../src/cache/cache.ts'
import { NoClaims } from '../../src/cache/claims.ts'
import { Invalidations } from '../../src/cache/invalidations.ts'
import { policyFor } from '../../src/policy/policy.ts'
import { Ledger } from '../../src/shm/ledger.ts'
import { Serials } from '../../src/shm/serial.ts'
import { Arena } from '../../src/store/arena/arena.ts'
import { arenaStore } from '../../test/kit/arena.ts'
import { lookupOf, objectHead } from '../../test/kit/core.ts'

/**
 * What bans cost a lookup: of an object that has been checked, with none and with many in the list; of one that has to be tested; and what it costs
 * to give one. Two caches in one process, in turn.
 *
 *   node bench/micro/bans.ts [bans]
 */
const BANS = Number(process.argv[2] ?? 10_000)
const ROUNDS = 30
const LOOKUPS = 200_000

const clock = new SystemClock()
const asked = lookupOf()
asked.req.url = '/page'

function scene() {
  const serials = new Serials(0)
  const bans = new Bans(new Ledger(Ledger.memory(2 ** 22), serials), clock, { added: () => {}, tested: () => {} }, true)
  const store = arenaStore(Arena.inMemory(new SharedArrayBuffer(2 ** 24)).handle)
  store.newRun()
  const shared = { store, claims: new NoClaims(), invalidations: new Invalidations(serials, [bans]) }
  const limits = { busy_waiters_max: 10, busy_wait_timeout_ms: 1000, keys_max: 1000 }
  const cache = new Cache(shared, policyFor('rfc9111'), clock, limits, { gaveUp: () => {} })
  const head = objectHead({ t_origin_ms: clock.wall_ms, ttl_ms: 1e9 })
  cache.lookup('/page', asked)
  const begun = { purges: 0, serial: cache.serial, sent_ms: 0, dated: true, into: store }
  cache.insert('/page', asked.req, head, 0, cache.busy, begun).body.complete()
  return { cache, bans }
}

function lookups(cache: Cache): number {
  const begun_ms = performance.now()
  for (let i = 0; i < LOOKUPS; i++) cache.lookup('/page', asked)
  return ((performance.now() - begun_ms) * 1e6) / LOOKUPS
}

const none = scene()
const many = scene()
let begun_ms = performance.now()
for (let i = 0; i < BANS; i++) many.bans.add(`obj.http.x-tag ~ ^tag${i}[a-z] && req.url ~ ^/shop/${i}/`)
console.log(`giving a ban: ${(((performance.now() - begun_ms) * 1000) / BANS).toFixed(1)} us`)
begun_ms = performance.now()
many.cache.lookup('/page', asked)
console.log(`the first lookup after ${BANS} bans: ${(performance.now() - begun_ms).toFixed(1)} ms`)
let [without_ns, with_ns] = [Infinity, Infinity]
for (let round = 0; round < ROUNDS; round++) {
  without_ns = Math.min(without_ns, lookups(none.cache))
  with_ns = Math.min(with_ns, lookups(many.cache))
}
console.log(
  `a lookup that hits: ${without_ns.toFixed(1)} ns without bans, ${with_ns.toFixed(1)} ns with ${BANS} (best of ${ROUNDS} rounds each)`,
)
many.bans.add('req.url == /elsewhere')
const serial = many.cache.serial
many.bans.add('req.url == /nowhere')
begun_ms = performance.now()
const object = many.cache.object
for (let i = 0; i < LOOKUPS; i++) {
  object?.raise(serial)
  many.cache.lookup('/page', asked)
}
console.log(`a lookup that tests one ban: ${(((performance.now() - begun_ms) * 1e6) / LOOKUPS).toFixed(0)} ns`)
