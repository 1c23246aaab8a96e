import { MAIN } from '../counters/counters.ts'
import type { RequestHead, ResponseHead } from '../http/message.ts'
import { invalidatedUrls, invalidates, isSafe } from '../policy/invalidation.ts'
import { purgesOfGroups } from '../policy/tags.ts'
import type { ClientTask } from './client-task.ts'
import type { Environment } from './environment.ts'
import { freshenByHead } from './head-answer.ts'
import { purgeAll, purgeOthers } from './purges.ts'
import { searchKeys, searchOf } from './search.ts'
import { makeKey } from './steps/lookup.ts'

/** A request that went around the store is answered: what is stored may not be what it was. */
export function learnFrom(task: ClientTask, answer: ResponseHead, replaced: boolean): void {
  if (isSafe(task.req.method)) return freshenByHead(task, answer)
  invalidateStored(task, answer, replaced)
}

/**
 * The answer to an unsafe method takes out what is stored for its target and for what Location and Content-Location name
 * on the same origin (RFC 9111 section 4.4). Keys are made by vcl_hash, as for a request for each of the URLs. `replaced`: the
 * target's has made room for the answer itself.
 */
function invalidateStored(task: ClientTask, answer: ResponseHead, replaced: boolean): void {
  const { req, env, key } = task
  invalidateGroups(task, answer)
  if (!invalidates(env.policy, req.method, answer.status)) return
  const url = req.url
  const targets = invalidatedUrls(hostOf(req), url, answer.fields)
  // Its own answer has the URL's key, and equivalent URLs have others.
  if (replaced) env.counters[MAIN.n_invalidated] += Math.max(0, purgeOthers(env, searchKeys(env, searchOf(task))))
  for (const target of replaced ? targets.slice(1) : targets) {
    req.url = target
    if (makeKey(task, false)) env.counters[MAIN.n_invalidated] += Math.max(0, purgeAll(env, task.key, searchOf(task)))
  }
  req.url = url
  task.key = key
}

/** Cache-Group-Invalidation (RFC 9875 section 3): the origin says so itself, whatever the status. */
function invalidateGroups({ req, env }: ClientTask, answer: ResponseHead): void {
  if (!env.policy.unsafeInvalidates || isSafe(req.method)) return
  const groups = purgesOfGroups(answer.fields, hostOf(req))
  if (groups.length > 0) env.counters[MAIN.n_invalidated] += Math.max(0, env.purges.purge(groups))
}

/** By which groups of responses are told from those of other origins. */
export function hostOf({ fields }: RequestHead): string {
  return fields.get('host') ?? ''
}

/**
 * The answer to a POST is about to be stored for the next GET: what is there for its URL is invalid, and leaves. False when
 * somebody else has purged the URL since the request was sent: then the answer may not be stored either.
 */
export function replaces(fetch: { readonly env: Environment; readonly key: string; purges: number; serial: number }): boolean {
  const { env, key, purges, serial } = fetch
  if (env.cache.purges(key) !== purges) return false
  env.counters[MAIN.n_invalidated] += Math.max(0, purgeAll(env, key, undefined))
  fetch.purges = env.cache.purges(key)
  // Counts wrap around at 32 bits.
  if (fetch.purges !== ((purges + 1) | 0)) return false
  if (!env.policy.queries) return true
  // That purge has taken a serial, which does not concern this answer. Any other since the fetch began may.
  fetch.serial = (serial + 1) | 0
  return env.cache.serial === fetch.serial
}
