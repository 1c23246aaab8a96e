import { NOT_PURGED } from '../cache/tag-purges.ts'
import { MAIN } from '../counters/counters.ts'
import { keysIn, purgesOfKeys, purgesOfTags } from '../policy/tags.ts'
import type { SoftPurge } from '../store/contract.ts'
import { VclFailure } from '../vcl/runtime/failure.ts'
import type { Environment } from './environment.ts'
import { searchKeys, type Search } from './search.ts'

/** Seconds as rules and operators give them: a negative one leaves what there is. */
export interface SoftTimes {
  readonly ttl_s: number
  readonly grace_s: number
  readonly keep_s: number
}

/** As the xkey module does it: stale from now on. */
export const STALE_NOW: SoftTimes = { ttl_s: 0, grace_s: -1, keep_s: -1 }

export function softPurge({ clock }: Environment, { ttl_s, grace_s, keep_s }: SoftTimes): SoftPurge {
  return {
    stale_ms: ttl_s < 0 ? Infinity : clock.wall_ms + ttl_s * 1000,
    grace_ms: grace_s < 0 ? Infinity : grace_s * 1000,
    keep_ms: keep_s < 0 ? Infinity : keep_s * 1000,
  }
}

/** All variants of a key leave. */
export function purgeKey(env: Environment, key: string, search: Search | undefined): number {
  const purged = purgeAll(env, key, search)
  if (purged === NOT_PURGED) throw failure()
  return counted(env, purged, false)
}

/**
 * With what is stored for the URL under other keys: the answers to QUERY, which nobody can name one by one, and those to equivalent URLs.
 * NOT_PURGED: not those.
 */
export function purgeAll(env: Environment, key: string, search: Search | undefined): number {
  const purged = env.cache.purge(key)
  const met = purgeOthers(env, env.policy.queries ? [key, ...searchKeys(env, search)] : searchKeys(env, search))
  return met === NOT_PURGED ? NOT_PURGED : purged + met
}

export function purgeOthers({ purges }: Environment, keys: readonly string[]): number {
  return keys.length === 0 ? 0 : purges.purge(purgesOfKeys(keys))
}

/** All variants of a key go stale: what is being fetched, too. How many of them this worker knows. */
export function softPurgeKey(env: Environment, key: string, search: Search | undefined, times: SoftTimes): number {
  const known = env.cache.known(key)
  const purges = purgesOfKeys([key, ...searchKeys(env, search)])
  if (env.purges.purge(purges, softPurge(env, times)) === NOT_PURGED) throw failure()
  return counted(env, known, true)
}

export function purgeTags(env: Environment, tags: readonly string[], times?: SoftTimes): number {
  if (tags.length === 0) return 0
  const met = env.purges.purge(purgesOfTags(tags), times && softPurge(env, times))
  if (met === NOT_PURGED) throw failure()
  env.counters[MAIN.n_tag_purges] += tags.length
  return counted(env, met, times !== undefined)
}

/** What xkey.purge() and xkey.softpurge() do with what they are given. */
export function purgeKeysIn(env: Environment, text: string | undefined, times?: SoftTimes): number {
  return text === undefined ? 0 : purgeTags(env, keysIn(text), times)
}

function counted({ counters }: Environment, objects: number, soft: boolean): number {
  counters[MAIN.n_purges]++
  counters[soft ? MAIN.n_obj_softpurged : MAIN.n_obj_purged] += objects
  return objects
}

function failure(): Error {
  return new VclFailure('the purge could not be carried out: another thread hangs')
}
