import { Run } from '../log/encoded.ts'
import { TAG } from '../log/tags.ts'
import type { StoredObject } from '../store/contract.ts'
import type { ClientTask } from './client-task.ts'
import { logVfp, readerOf } from './fetch-log.ts'
import { logVdp } from './filters/filter-count.ts'
import { RANGE } from './filters/range.ts'

/** What a request says in the log at each station, in the order that readers of varnishlog know. */

/** The body of the request has been read, as far as it comes. */
export function logReqBody(task: ClientTask): void {
  const { log, connection, env } = task
  const { body } = connection
  env.clock.refresh()
  if (body !== undefined && !log.masks(TAG.VfpAcct)) logVfp(log, readerOf(body.length_bytes), body.pieces, body.content_bytes)
  task.timestamp('ReqBody')
}

/** Pairs of records that say that a sub was called and what it returned, where it is known without calling it. */
export const RUNS = {
  hash: new Run([TAG.VCL_call, 'HASH'], [TAG.VCL_return, 'lookup']),
  hit: new Run([TAG.VCL_call, 'HIT'], [TAG.VCL_return, 'deliver']),
  deliver: new Run([TAG.VCL_call, 'DELIVER'], [TAG.VCL_return, 'deliver']),
}

/** The request as received, and X-Forwarded-For as it goes on. */
export function logRequest(task: ClientTask): void {
  const { log, start_ms, req, connection } = task
  const { facts } = connection
  log.receive(facts.xid, start_ms, task.vcl.name, facts.peer_text, req.method)
  log.record(TAG.ReqURL, req.url)
  const { known } = req
  if (known === undefined || known.fields.has('x-forwarded-for')) {
    log.record(TAG.ReqProtocol, req.proto)
    log.fields(TAG.ReqHeader, req.fields)
    return addForwardedFor(task)
  }
  const { text } = facts.client_ip
  req.fields.appendKeyed('X-Forwarded-For', 'x-forwarded-for', text)
  log.requestBlock(req.proto, known.fields, text, known.slot)
}

/** What a page includes is a request of its own in the log, a child of the page's. */
export function logIncluded(task: ClientTask, parent: ClientTask): void {
  const { env, log, req_xid, start_ms } = task
  const reason = env.log.format.version === 2 ? 'esi' : `esi ${task.esi_level}`
  parent.log.link('req', req_xid, reason)
  log.begin('req', parent.req_xid, reason)
  log.timestamp('Start', start_ms, 0, 0)
  log.record(TAG.ReqURL, task.req.url)
  logReceived(task)
}

/** The built-in vcl_hash, which is not run. */
export function logBuiltinHash({ log, req, server_ip }: ClientTask): void {
  if (log.masks(TAG.Hash)) return log.run(RUNS.hash)
  log.record(TAG.VCL_call, 'HASH')
  log.record(TAG.Hash, req.url)
  log.record(TAG.Hash, req.fields.get('host') ?? server_ip.text)
  log.record(TAG.VCL_return, 'lookup')
}

function logReceived({ log, req, connection }: ClientTask): void {
  log.record(TAG.ReqStart, connection.facts.peer_text)
  log.record(TAG.ReqMethod, req.method)
  log.record(TAG.ReqURL, req.url)
  log.record(TAG.ReqProtocol, req.proto)
  log.fields(TAG.ReqHeader, req.fields)
}

/** A restart is a request of its own in the log, a child of the one that was restarted. */
export function restartLog(task: ClientTask): void {
  const { log: before, env, req_xid: parent } = task
  const xid = env.log.nextXid()
  before.link('req', xid, 'restart')
  before.end()
  task.req_xid = xid
  const log = env.log.open(xid, 'client')
  task.log = log
  log.begin('req', parent, 'restart')
  log.timestamp('Start', env.clock.wall_ms, env.clock.wall_ms - task.start_ms, 0)
  logReceived(task)
}

/** The client's address goes behind those it came by. */
function addForwardedFor({ req, connection, log }: ClientTask): void {
  const { fields } = req
  const { text } = connection.facts.client_ip
  const before = fields.combined('x-forwarded-for')
  if (before === undefined) {
    fields.appendKeyed('X-Forwarded-For', 'x-forwarded-for', text)
    log.field(TAG.ReqHeader, 'X-Forwarded-For', text)
    return
  }
  const after = `${before}, ${text}`
  log.field(TAG.ReqUnset, 'X-Forwarded-For', before)
  fields.set('X-Forwarded-For', after)
  log.field(TAG.ReqHeader, 'X-Forwarded-For', after)
}

export function logHit(task: ClientTask, object: StoredObject): void {
  const { log, env } = task
  const { head, body } = object
  const ttl_s = (head.t_origin_ms + head.ttl_ms - env.clock.wall_ms) / 1000
  if (body.state === 'filling') return log.record(TAG.Hit, fillingText(object, ttl_s))
  log.hit(head.xid, ttl_s, head.grace_ms / 1000, head.keep_ms / 1000)
}

/** An object that is still being fetched: how much of it is there, and of how much. */
function fillingText({ head, body }: StoredObject, ttl_s: number): string {
  const times = [ttl_s, head.grace_ms / 1000, head.keep_ms / 1000].map((seconds) => seconds.toFixed(6)).join(' ')
  const length = body.expected_bytes < 0 ? '' : ` ${body.expected_bytes}`
  return `${head.xid} ${times} ${body.size_bytes}${length}`
}

/** What the filters of the response have seen, in their order, and at last what wrote it: to a client, or into a page. */
export function logFilters(task: ClientTask): void {
  const { log, filter_counts, body_tx_bytes } = task
  const writes = task.body_tx_pieces || Math.min(1, body_tx_bytes)
  for (const count of filter_counts) {
    // What a range leaves out nobody has read.
    if (count.name === RANGE) logVdp(log, RANGE, writes, body_tx_bytes)
    else count.tell(log)
  }
  filter_counts.length = 0
  if (writes > 0 && !log.masks(TAG.VdpAcct)) logVdp(log, writerOf(task), writes, body_tx_bytes)
}

/** By Varnish's names: HTTP/1; a page; one that is gzip, into which gzip goes as it is, and what is not in blocks of its own. */
function writerOf({ included }: ClientTask): string {
  if (included === undefined) return 'V1B'
  if (included.packed !== undefined) return 'VZZ'
  return included.mayBePacked && included.blocks === undefined ? 'PGZ' : 'VED'
}
