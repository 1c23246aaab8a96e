import { MAIN } from '../counters/counters.ts'
import type { Busy } from '../cache/busy.ts'
import { hinted } from './backend-choice.ts'
import type { FetchOrigin } from './backend-state.ts'
import type { ClientTask } from './client-task.ts'
import { Fetch } from './fetch.ts'
import type { FetchSetup } from './fetch-setup.ts'
import { KeptBody } from './kept-body.ts'
import { hostOf } from './invalidate.ts'

/** Starts the fetch a request needs; the task hears of it through FetchOwner. */
export function startFetch(task: ClientTask, kind: 'fetch' | 'pass'): void {
  const { busy } = task
  task.busy = undefined
  const fetch = new Fetch(task.env, task.vcl, task.key, fetchOrigin(task), {
    kind,
    parent_xid: task.req_xid,
    busy,
    stale: kind === 'fetch' ? task.object : undefined,
    others: kind === 'fetch' ? task.env.cache.others(task.key, task.req, task.object) : [],
    asked: task.directives,
    body: kind === 'pass' ? (task.kept_body ?? task.connection.body) : contentOf(task),
    owner: task,
    storable: task.by_method,
  })
  fetch.bereq.copyFrom(task.req)
  task.object = undefined
  task.fetch = fetch
  const { log } = task
  log.link('bereq', fetch.bereq_xid, kind)
  fetch.start()
  // Unless it came to nothing at once, the task waits now.
  if (task.fetch === fetch) log.park()
}

/** A stale object is being served: fetches a new one for the next request (RFC 5861 section 3). */
export function refreshInBackground(task: ClientTask, busy: Busy): void {
  const { env } = task
  task.busy = undefined
  // It is served after this: a fetch that fails at once may store its error page, and that may take the room of what nobody holds.
  if (task.object !== undefined) task.take(task.object)
  env.counters[MAIN.s_bgfetch]++
  env.counters[MAIN.s_fetch]++
  const fetch = new Fetch(env, task.vcl, task.key, fetchOrigin(task), {
    kind: 'bgfetch',
    parent_xid: task.req_xid,
    busy,
    stale: task.object,
    others: [],
    asked: task.directives,
    body: contentOf(task),
    owner: undefined,
    storable: false,
  })
  fetch.bereq.copyFrom(task.req)
  task.log.link('bereq', fetch.bereq_xid, 'bgfetch')
  fetch.start()
  task.timestamp('Fetch')
}

/** What a fetch for the store sends: that of a QUERY; to Varnish any that is kept, unless rules say `unset bereq.body`, as the built-in ones do. */
function contentOf({ env, querying, kept_body }: ClientTask): FetchSetup['body'] {
  return querying || (kept_body instanceof KeptBody && !env.policy.decidesStorage) ? kept_body : undefined
}

function fetchOrigin(task: ClientTask): FetchOrigin {
  return {
    facts: task.connection.facts,
    client_identity: task.client_identity,
    host: hostOf(task.req),
    base_key: task.base_key,
    search: task.search && { ...task.search },
    backend: hinted(task.backend_hint, task.vcl.defaultBackend),
    is_hitmiss: task.is_hitmiss,
    is_hitpass: task.is_hitpass,
    is_fragment: task.esi_level > 0,
    filters: task.req_filters,
  }
}
