import type { Cache } from '../cache/cache.ts'
import { LOOKUP, type Lookup, type LookupRequest } from '../cache/lookup.ts'
import { FWD, type Fwd } from '../policy/cache-status.ts'
import { OBJ_HEURISTIC, OBJ_MUST_REVALIDATE, OBJ_NO_CACHE, OBJ_PARTIAL, OBJ_TTL_BY_RULES } from '../policy/flags.ts'
import { currentAge_ms } from '../policy/reuse.ts'
import { varySpec } from '../policy/vary.ts'
import type { ObjectHead, StoredObject } from '../store/contract.ts'
import type { NoteEntry } from './contract.ts'
import { seconds } from './freshness.ts'

/** What a lookup found, and why, in words. */

const NAMES: Readonly<Record<Lookup, string>> = {
  [LOOKUP.hit]: 'hit',
  [LOOKUP.hit_grace]: 'hit in grace',
  [LOOKUP.miss]: 'miss',
  [LOOKUP.wait]: 'wait',
  [LOOKUP.hitmiss]: 'hit-for-miss',
  [LOOKUP.hitpass]: 'hit-for-pass',
  [LOOKUP.crowded]: 'crowded',
  [LOOKUP.cold]: 'on disk',
}

const FWD_WORDS: Readonly<Record<Fwd, string>> = {
  [FWD.bypass]: 'the rules have it so',
  [FWD.method]: 'the method has to reach the origin',
  [FWD.uri_miss]: 'nothing is stored for this key',
  [FWD.vary_miss]: 'something is stored for this key, but for other values of the fields that its Vary names (RFC 9111 section 4.1)',
  [FWD.miss]: 'nothing is stored for this key, or only for other values of the fields that its Vary names',
  [FWD.request]: 'what is stored is fresh, but the request’s Cache-Control does not take it (RFC 9111 section 5.2.1)',
  [FWD.stale]: 'what is stored is no longer fresh (RFC 9111 section 4.2)',
  [FWD.partial]: 'only a part of it is stored (RFC 9111 section 3.3)',
}

/** After `cache.lookup`, in the same run. */
export function lookupNote(cache: Cache, found: Lookup, key: string, request: LookupRequest, now_ms: number): NoteEntry {
  const { object, fwd } = cache
  const forwarded = found === LOOKUP.hit || found === LOOKUP.cold || found === LOOKUP.hitpass ? null : fwd
  const text = [sentence(cache, found, request), ...(object === undefined ? [] : objectText(object, now_ms))]
  if (forwarded === FWD.vary_miss) text.push(...variants(cache, key, request))
  const facts = { outcome: NAMES[found], fwd: forwarded, ...(object === undefined ? {} : objectFacts(object, now_ms)) }
  return { is: 'note', about: 'lookup', text, facts }
}

function sentence(cache: Cache, found: Lookup, request: LookupRequest): string {
  const { fwd, busy, marker_left_ms, marker_xid } = cache
  switch (found) {
    case LOOKUP.hit:
      return 'hit: what is stored is fresh'
    case LOOKUP.hit_grace:
      return `hit in grace: what is stored is stale and may be used (RFC 5861 section 3); ${busy === undefined ? 'somebody refreshes it already' : 'it is refreshed in the background'}`
    case LOOKUP.hitmiss:
      return `hit-for-miss: fetch ${marker_xid} brought what may not be stored; for ${seconds(marker_left_ms)} more nobody waits for anybody here`
    case LOOKUP.hitpass:
      return `hit-for-pass: the rules passed what fetch ${marker_xid} brought; for ${seconds(marker_left_ms)} more all such requests are passed`
    case LOOKUP.wait:
      return `another request is fetching it: this one waits (${FWD_WORDS[fwd]})`
    case LOOKUP.crowded:
      return `another request is fetching it, and busy_waiters_max of them wait already: 503`
    case LOOKUP.cold:
      return 'it lies on a disk, and is read first'
    default:
      return request.hash_always_miss ? 'miss: req.hash_always_miss' : `miss: ${FWD_WORDS[fwd]}`
  }
}

function objectFacts({ head, store, hits }: StoredObject, now_ms: number): NoteEntry['facts'] {
  const { xid, t_origin_ms, ttl_ms, grace_ms, keep_ms } = head
  return {
    object: xid,
    store: store?.name ?? null,
    hits,
    age_s: (now_ms - t_origin_ms) / 1000,
    lifetime_s: ttl_ms / 1000,
    left_s: (t_origin_ms + ttl_ms - now_ms) / 1000,
    grace_s: grace_ms / 1000,
    keep_s: keep_ms / 1000,
  }
}

function objectText({ head, store, hits }: StoredObject, now_ms: number): string[] {
  const by = (head.flags & OBJ_TTL_BY_RULES) !== 0 ? ', as the rules set it' : ''
  const where = store === undefined ? 'in no store' : `in store ${store.name}`
  return [
    `object ${head.xid}, ${where}, delivered ${hits} times`,
    `age ${seconds(currentAge_ms(head, now_ms))} of a lifetime of ${seconds(head.ttl_ms)}${by}: ${standing(head, now_ms)} (RFC 9111 section 4.2)`,
    ...restrictions(head),
  ]
}

function standing({ t_origin_ms, ttl_ms, grace_ms, keep_ms }: ObjectHead, now_ms: number): string {
  const left_ms = t_origin_ms + ttl_ms - now_ms
  if (left_ms > 0) return `fresh for ${seconds(left_ms)} more`
  const since = `stale since ${seconds(-left_ms)}`
  if (left_ms + grace_ms > 0) return `${since}, in its grace of ${seconds(grace_ms)}`
  return left_ms + grace_ms + keep_ms > 0 ? `${since}, past its grace of ${seconds(grace_ms)}, and still there to be validated` : since
}

function restrictions({ flags }: ObjectHead): string[] {
  const lines: string[] = []
  if ((flags & OBJ_NO_CACHE) !== 0) lines.push('no-cache: it is validated before each use (RFC 9111 section 5.2.2.4)')
  if ((flags & OBJ_MUST_REVALIDATE) !== 0) lines.push('must-revalidate: never used when stale (RFC 9111 section 5.2.2.2)')
  if ((flags & OBJ_HEURISTIC) !== 0) lines.push('its lifetime was guessed (RFC 9111 section 4.2.2)')
  if ((flags & OBJ_PARTIAL) !== 0) lines.push('only parts of it are stored (RFC 9111 section 3.3)')
  return lines
}

const VARIANTS_MAX = 5

function variants(cache: Cache, key: string, { req }: LookupRequest): string[] {
  return cache
    .others(key, req, undefined)
    .slice(0, VARIANTS_MAX)
    .map(({ head }) => {
      const names = varySpec(head.fields).split(',')
      const ours = names.map((name) => `${name}: ${req.fields.combined(name) ?? '(none)'}`).join('; ')
      return `object ${head.xid} varies by ${names.join(', ')}; this request has ${ours}`
    })
}
