import { TRANSIENT } from '../config/storage.ts'
import { MAIN } from '../counters/counters.ts'
import { parseHttpDate } from '../http/dates.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/message.ts'
import { isBodyless } from '../http/status.ts'
import { TAG } from '../log/tags.ts'
import type { Transaction } from '../log/writer.ts'
import type { FetchFailure, FetchFailureKind, Traffic } from '../origin/contract.ts'
import { parseResponseDirectives } from '../policy/directives.ts'
import type { InitialAnswers } from '../policy/initial.ts'
import type { StoredObject } from '../store/contract.ts'
import type { BackendState } from './backend-state.ts'
import { fetchErrorText } from './fetch-error.ts'
import type { FilterLog } from './filters/fetch-line.ts'
import { NO_BITS } from './filters/gzip/bits.ts'

/** What a fetch says in the log at each station, in the order that readers of varnishlog know. */

/** Opens the transaction of a fetch: the request as it is before vcl_backend_fetch. */
export function beginLog(fetch: BackendState, reason: string, parent_xid: number): void {
  const { env } = fetch
  fetch.log = env.log.open(fetch.bereq_xid, 'backend')
  fetch.log.begin('bereq', parent_xid, reason)
  fetch.log.record(TAG.VCL_use, fetch.vcl.name)
  fetch.log.timestamp('Start', env.clock.wall_ms, 0, 0)
  logRequestHead(fetch.log, fetch.bereq)
  // As it is sent.
  if (fetch.bereq.proto !== 'HTTP/1.1') fetch.log.record(TAG.BereqProtocol, 'HTTP/1.1')
}

/** A retry is a fetch of its own in the log, a child of the one that is given up. */
export function retryLog(fetch: BackendState): void {
  const { env, log: before, bereq_xid: parent } = fetch
  closed(fetch, 'Backend/VCL requested close')
  fetch.timestamp('Retry')
  fetch.bereq_xid = env.log.nextXid()
  fetch.made_here = false
  fetch.forwarded.clear()
  before.link('bereq', fetch.bereq_xid, 'retry')
  before.end()
  fetch.log = env.log.open(fetch.bereq_xid, 'backend')
  fetch.log.begin('bereq', parent, 'retry')
  fetch.log.timestamp('Start', env.clock.wall_ms, env.clock.wall_ms - fetch.start_ms, 0)
  logRequestHead(fetch.log, fetch.bereq)
}

/** Of what comes with the request how much it is: its framing is the connection's. */
export function logBereqBody({ log }: BackendState, length_bytes: number): void {
  if (length_bytes < 0) log.field(TAG.BereqHeader, 'Transfer-Encoding', 'chunked')
  else log.numberField(TAG.BereqHeader, 'Content-Length', length_bytes)
}

export function logRequestHead(log: Transaction, bereq: RequestHead): void {
  log.record(TAG.BereqMethod, bereq.method)
  log.record(TAG.BereqURL, bereq.url)
  log.record(TAG.BereqProtocol, bereq.proto)
  log.fields(TAG.BereqHeader, bereq.fields)
}

/** `remote` and `local` as "address port". */
export function logConnected(fetch: BackendState, reused: boolean, remote: string, local: string, descriptor: string): void {
  const name = fetch.beresp_backend?.name ?? ''
  fetch.timestamp('Connected')
  // A request that a stale connection lost is sent again on another.
  closed(fetch, 'Received bad req/resp')
  fetch.on_backend = name
  fetch.body_calls = -1
  fetch.descriptor = descriptor
  fetch.log.spaced(TAG.BackendOpen, descriptor, name, remote, local, reused ? 'reuse' : 'connect')
}

function closed(fetch: BackendState, why: string): void {
  const { on_backend, descriptor } = fetch
  if (on_backend === undefined) return
  fetch.on_backend = undefined
  fetch.closeFilters()
  logReceived(fetch)
  if (why === 'recycle') fetch.log.spaced(TAG.BackendClose, descriptor, on_backend, why)
  else fetch.log.spaced(TAG.BackendClose, descriptor, on_backend, 'close', why)
}

/** Of a body, by what it was read; nothing, where there was none to be read. */
function logReceived(fetch: BackendState): void {
  if (fetch.body_calls < 0 || fetch.log.masks(TAG.VfpAcct)) return
  const { reader } = framing(fetch)
  if (reader !== '') logVfp(fetch.log, reader, fetch.body_calls, fetch.body_in_bytes)
}

/** What a filter of a fetch has handed on: in how many pieces, and bytes. */
export function logVfp(log: FilterLog, name: string, calls: number, bytes: number): void {
  log.record(TAG.VfpAcct, `${name} ${calls} ${bytes}`)
}

export function logBeresp({ log, beresp }: BackendState): void {
  logStatus(log, beresp)
  log.fields(TAG.BerespHeader, beresp.fields)
}

function logStatus(log: Transaction, { proto, status, reason }: BackendState['beresp']): void {
  log.record(TAG.BerespProtocol, proto)
  log.number(TAG.BerespStatus, status)
  log.record(TAG.BerespReason, reason)
}

/** After a 304: the response that it confirms, as far as the log has not said it: Date was there, or was added. */
export function logConfirmed({ log, beresp }: BackendState, of304: Fields): void {
  logStatus(log, beresp)
  const { fields } = beresp
  for (let i = 0; i < fields.count; i++) {
    if (fields.keys[i] !== 'date' && !of304.has(fields.keys[i])) log.field(TAG.BerespHeader, fields.names[i], fields.values[i])
  }
}

const TIMES = new Float64Array(8)

/** What the response says of its lifetime: ttl, grace, keep, now, when it was made, Date, Expires, max-age. */
export function logRfcTtl(fetch: BackendState, answers: InitialAnswers): void {
  const { fields } = fetch.beresp
  const { s_maxage_ms, max_age_ms } = parseResponseDirectives(fields)
  TIMES[4] = answers.t_origin_ms / 1000
  TIMES[5] = date_s(fields.get('date'))
  TIMES[6] = date_s(fields.get('expires'))
  TIMES[7] = Math.max(0, s_maxage_ms, max_age_ms) / 1000
  logTtl(fetch, 'RFC', 8, answers.uncacheable || fetch.beresp_uncacheable)
}

function date_s(value: string | undefined): number {
  const ms = value === undefined ? NaN : parseHttpDate(value)
  return Number.isNaN(ms) ? 0 : ms / 1000
}

/** What rules have made of it. */
export function logVclTtl(fetch: BackendState): void {
  logTtl(fetch, 'VCL', 4, fetch.beresp_uncacheable)
}

/** `count` of the TIMES; the first four are set here. */
function logTtl(fetch: BackendState, source: string, count: number, uncacheable: boolean): void {
  fetch.told_uncacheable = uncacheable
  TIMES[0] = fetch.beresp_ttl_s
  TIMES[1] = fetch.beresp_grace_s
  TIMES[2] = fetch.beresp_keep_s
  TIMES[3] = fetch.beresp_time_s
  fetch.log.numbers(TAG.TTL, source, TIMES, count, uncacheable ? 'uncacheable' : 'cacheable')
}

/** The policy has the last word. */
export function logSettled(fetch: BackendState, { uncacheable }: InitialAnswers): void {
  if (uncacheable && !fetch.told_uncacheable) logTtl(fetch, 'VCL', 4, true)
}

/** return (pass): for how long it is passed. */
export function logHitForPass(fetch: BackendState): void {
  const ttl_s = fetch.action_ttl >= 0 ? fetch.action_ttl : fetch.beresp_ttl_s
  fetch.told_uncacheable = true
  fetch.log.record(TAG.TTL, `HFP ${Math.round(ttl_s)} 0 0 ${Math.round(fetch.beresp_time_s)} uncacheable`)
}

/** How the body of a response is framed: as Fetch_Body has it, what reads it to Varnish ('': it has none), and what counts it. */
interface Framing {
  readonly text: string
  readonly reader: string
  readonly counter: number
}

const STRAIGHT = 'V1F_STRAIGHT'
const CHUNKED = 'V1F_CHUNKED'
const NO_BODY = { text: '0 none', reader: '' }
const FRAMINGS = {
  none: { ...NO_BODY, counter: MAIN.fetch_none },
  noContent: { ...NO_BODY, counter: MAIN.fetch_204 },
  head: { ...NO_BODY, counter: MAIN.fetch_head },
  length: { text: '3 length', reader: STRAIGHT, counter: MAIN.fetch_length },
  chunked: { text: '2 chunked', reader: CHUNKED, counter: MAIN.fetch_chunked },
  eof: { text: '4 eof', reader: 'V1F_EOF', counter: MAIN.fetch_eof },
}

/** What reads the body of a request. */
export function readerOf(length_bytes: number): string {
  return length_bytes < 0 ? CHUNKED : STRAIGHT
}

function framing({ beresp, bereq, expected_bytes, chunked }: BackendState): Framing {
  if (beresp.status === 204) return FRAMINGS.noContent
  if (bereq.method === 'HEAD') return FRAMINGS.head
  if (expected_bytes === 0 || isBodyless(beresp.status)) return FRAMINGS.none
  if (expected_bytes > 0) return FRAMINGS.length
  return chunked ? FRAMINGS.chunked : FRAMINGS.eof
}

/** The body is about to come. A 304 brings none and has been counted as one. */
export function logBody(fetch: BackendState, object?: StoredObject): void {
  const { log, env } = fetch
  if (fetch.beresp_was_304) return logStorage(fetch, object)
  const { text, reader, counter } = framing(fetch)
  env.counters[counter]++
  logStorage(fetch, object)
  log.spaced(TAG.Fetch_Body, text, fetch.beresp_do_stream && reader !== '' ? 'stream' : '-')
}

/** What was done, bytes in, bytes out, and where bits are in what is gzip. */
export function logGzip(
  log: FilterLog,
  what: string,
  in_bytes: number,
  out_bytes: number,
  { first_bit, last_bit, stop_bit } = NO_BITS,
): void {
  if (!log.masks(TAG.Gzip)) log.record(TAG.Gzip, `${what} ${in_bytes} ${out_bytes} ${first_bit} ${last_bit} ${stop_bit}`)
}

/** What has the body: what is in no store is in Transient. */
export function logStorage({ log }: BackendState, object: StoredObject | undefined): void {
  const store = object?.store
  log.spaced(TAG.Storage, store?.kind ?? 'memory', store?.name ?? TRANSIENT)
  if (object === undefined) return
  const { head } = object
  log.record(TAG.ObjProtocol, 'HTTP/1.1')
  if (!log.masks(TAG.ObjStatus)) log.number(TAG.ObjStatus, head.status)
  log.record(TAG.ObjReason, head.reason)
  if (!log.masks(TAG.ObjHeader)) log.fields(TAG.ObjHeader, head.fields)
}

const CLOSE_TEXTS: { readonly [K in FetchFailureKind]?: string } = {
  malformed: 'Received junk data',
  first_byte_timeout: 'Receive timeout',
  between_bytes_timeout: 'Receive timeout',
  closed: 'Received bad req/resp',
  incomplete: 'Failure receiving req.body',
  request_body: 'Failure receiving req.body',
}

export function logFailure(fetch: BackendState, failure: FetchFailure): void {
  fetch.log.record(TAG.FetchError, fetchErrorText(fetch.beresp_backend?.name ?? '', failure, fetch.chunked))
  closed(fetch, CLOSE_TEXTS[failure.kind] ?? 'Backend/VCL requested close')
}

/** Rules want something else than the response that has come. */
export function logUnwanted(fetch: BackendState): void {
  closed(fetch, 'Backend/VCL requested close')
}

/** The end, whichever it is; `length` is that of the object's body, if that is whole. */
export function endLog(fetch: BackendState, traffic: Traffic, length: number | undefined): void {
  const { log } = fetch
  closed(fetch, traffic.recycled ? 'recycle' : 'Backend/VCL requested close')
  if (length !== undefined) {
    if (!fetch.made_here) fetch.timestamp('BerespBody')
    log.number(TAG.Length, length)
  }
  log.account(TAG.BereqAcct, traffic.sent_head_bytes, traffic.sent_body_bytes, traffic.received_head_bytes, traffic.received_body_bytes)
  log.end()
}
