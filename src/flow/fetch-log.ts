import { MAIN } from '../counters/counters.ts'
import { TAG } from '../log/tags.ts'
import type { BackendState } from './backend-state.ts'

/** Opens the transaction of a fetch or of its retry. */
export function beginLog(fetch: BackendState, reason: string, parent_xid: number): void {
  const { env } = fetch
  fetch.bereq_xid = env.log.nextXid()
  fetch.log = env.log.open(fetch.bereq_xid, 'backend')
  fetch.log.begin('bereq', parent_xid, reason)
  fetch.log.timestamp('Start', env.clock.wall_ms, 0, 0)
}

export function logBereq({ log, bereq }: BackendState): void {
  log.record(TAG.BereqMethod, bereq.method)
  log.record(TAG.BereqURL, bereq.url)
  log.record(TAG.BereqProtocol, bereq.proto)
  log.fields(TAG.BereqHeader, bereq.fields)
}

export function logBeresp({ log, beresp }: BackendState): void {
  log.record(TAG.BerespProtocol, beresp.proto)
  log.number(TAG.BerespStatus, beresp.status)
  log.record(TAG.BerespReason, beresp.reason)
  log.fields(TAG.BerespHeader, beresp.fields)
}

/** TTL record: source, ttl, grace, keep, reference time, and whether it may be stored. */
export function logTtl(fetch: BackendState, source: 'RFC' | 'VCL' | 'HFM'): void {
  const { beresp_ttl_s, beresp_grace_s, beresp_keep_s, beresp_time_s, beresp_uncacheable } = fetch
  const numbers = [beresp_ttl_s, beresp_grace_s, beresp_keep_s, beresp_time_s].map((value) => Math.round(value)).join(' ')
  fetch.log.record(TAG.TTL, `${source} ${numbers} ${beresp_uncacheable ? 'uncacheable' : 'cacheable'}`)
}

/** Counts how the body of a response is framed; `chunked` as it came. */
export function countBody({ env, beresp, bereq }: BackendState, expected_bytes: number, chunked: boolean): void {
  const { counters } = env
  if (beresp.status === 204) counters[MAIN.fetch_204]++
  else if (bereq.method === 'HEAD') counters[MAIN.fetch_head]++
  else if (expected_bytes > 0) counters[MAIN.fetch_length]++
  else if (expected_bytes === 0) counters[MAIN.fetch_none]++
  else counters[chunked ? MAIN.fetch_chunked : MAIN.fetch_eof]++
}
