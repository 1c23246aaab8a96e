import { MAIN } from '../counters/counters.ts'
import { invalidatedUrls, invalidates } from '../policy/invalidation.ts'
import type { ClientTask } from './client-task.ts'
import { makeKey } from './steps/lookup.ts'

/**
 * The answer to an unsafe method takes out what is stored for its target and for what Location and Content-Location name
 * on the same origin (RFC 9111 section 4.4). Keys are made by vcl_hash, as for a request for each of the URLs.
 */
export function invalidateStored(task: ClientTask): void {
  const { object, req, env } = task
  if (object === undefined || !invalidates(env.policy, req.method, object.head.status)) return
  const url = req.url
  for (const target of invalidatedUrls(req.fields.get('host') ?? '', url, object.head.fields)) {
    req.url = target
    if (makeKey(task, false)) env.counters[MAIN.n_invalidated] += env.cache.purge(task.key)
  }
  req.url = url
}
