import { formatHttpDate } from '../http/dates.ts'
import { reasonPhrase } from '../http/status.ts'
import { parseResponseDirectives } from '../policy/directives.ts'
import { STORE } from '../policy/storable.ts'
import type { InitialAnswers } from '../policy/initial.ts'
import type { BackendState } from './backend-state.ts'

/** beresp as vcl_backend_error finds it. */
export function composeError(fetch: BackendState, status: number, reason: string): void {
  const { beresp, env } = fetch
  fetch.made_here = true
  fetch.forwarded.local = true
  beresp.proto = 'HTTP/1.1'
  beresp.status = status % 1000 < 100 ? 503 : status
  beresp.reason = reason === '' ? reasonPhrase(beresp.status) : reason
  beresp.fields.clear()
  beresp.fields.appendKeyed('Date', 'date', formatHttpDate(env.clock.wall_ms))
  beresp.fields.appendKeyed('Server', 'server', 'Lacquer')
  fetch.synthetic('')
  fetch.beresp_was_304 = false
  fetch.forgetUncacheable()
  fetch.beresp_ttl_s = fetch.beresp_grace_s = fetch.beresp_keep_s = fetch.beresp_age_s = 0
}

/**
 * May those who waited have it as well? It was made for one request, and may quote it. Rules that put something into an
 * error page that is for one client say so as an origin would: Set-Cookie, Cache-Control: private or no-store, or
 * beresp.uncacheable. Without that all who waited share it: a crowd in front of an origin that is down is answered at once.
 */
export function errorForAll(fetch: BackendState): boolean {
  const { beresp, beresp_uncacheable } = fetch
  const said = parseResponseDirectives(beresp.fields)
  return !beresp_uncacheable && !beresp.fields.has('set-cookie') && !said.private && !said.no_store && said.unshared.length === 0
}

/** What vcl_backend_error made of it: nothing but rules can have given it a lifetime. */
export function errorAnswers(fetch: BackendState, received_ms: number, stored: boolean): InitialAnswers {
  return {
    ttl_ms: fetch.beresp_ttl_s * 1000,
    grace_ms: fetch.beresp_grace_s * 1000,
    keep_ms: fetch.beresp_keep_s * 1000,
    age_ms: 0,
    t_origin_ms: received_ms,
    uncacheable: !stored,
    why: STORE.rules,
    flags: 0,
    validatable: false,
  }
}
