import { NO_NUMBER } from '../base/digits.ts'
import { MAIN } from '../counters/counters.ts'
import { Run } from '../log/encoded.ts'
import { TAG } from '../log/tags.ts'
import type { Fields } from '../http/fields.ts'
import { finalStatus, isBodyless, reasonPhrase } from '../http/status.ts'
import { StoredHead } from '../http/stored-head.ts'
import { responseHeadText } from '../http/write.ts'
import { PartialObject } from '../cache/partial.ts'
import { clientNotModified } from '../policy/conditional.ts'
import { recode, varyByCoding } from '../policy/coding.ts'
import { OBJ_COPY, OBJ_ESI, OBJ_GZIP, OBJ_PARTIAL, OBJ_RECODED, OBJ_SPECIAL } from '../policy/flags.ts'
import type { Body, BodyReader, StoredObject } from '../store/contract.ts'
import { VIA } from './bereq.ts'
import type { ClientTask } from './client-task.ts'
import type { BodyFraming } from './client.ts'
import { applyRange, cutFrom, RANGE, readerOf } from './filters/range.ts'
import { FieldChange } from './field-change.ts'
import { FilterCount } from './filters/filter-count.ts'
import { readRespFilters, unpacks } from './filters/resp-filters.ts'
import { FilteredObject, UnpackedBody } from './filters/unpacked.ts'
import { STEP, type Step } from './step.ts'

const VIA_RUN = new Run([TAG.RespHeader, `Via: ${VIA}`])
const CHUNKED = new Run([TAG.RespHeader, 'Transfer-Encoding: chunked'])
const CLOSE = new Run([TAG.RespHeader, 'Connection: close'])
const KEEP_ALIVE = new Run([TAG.RespHeader, 'Connection: keep-alive'])
/** No filter is on the body's way. */
const NO_FILTERS = new Run([TAG.Filters, ''])
const GUNZIP = new Run([TAG.Filters, ' gunzip'])

/** The response as it stands before vcl_deliver: as `resp` if rules look at it, and in the log. */
export function present(task: ClientTask): void {
  const { object, log } = task
  if (object === undefined) return
  const { head } = object
  const length = knownLength(task, object)
  task.age_s = age_s(task, object)
  task.env.cacheStatus.describe(task)
  task.logged_bytes = length >= 0 && !isBodyless(head.status) ? length : -1
  task.resp_do_esi = (head.flags & OBJ_ESI) !== 0 && task.req_esi
  if (task.vcl.usage.respTouched) materialise(task)
  // What rules change of it they tell as they do.
  const { status_text, status_ttl_s } = task
  log.storedResponse(head, head.xid, task.logged_bytes, showsAge(task) ? task.age_s : -1, VIA_RUN, status_text, status_ttl_s)
  if (task.vcl.usage.xVarnish) addTransactions(task, object)
}

/** What rules look at to tell a hit, as in `resp.http.X-Varnish ~ " "`: this transaction, and of a hit that which fetched the object. */
function addTransactions(task: ClientTask, object: StoredObject): void {
  const { req_xid, fetched_by_us, resp } = task
  new FieldChange(task, resp.fields).set('X-Varnish', fetched_by_us ? String(req_xid) : `${req_xid} ${object.head.xid}`)
}

/** A response of our own before vcl_synth. */
export function presentSynthetic(task: ClientTask): void {
  task.logged_bytes = -1
  task.log.respHead(task.resp)
}

/** Makes resp from the object. */
export function materialise(task: ClientTask): void {
  const { resp, object } = task
  if (object === undefined) return
  const head = object.head
  resp.proto = 'HTTP/1.1'
  resp.status = head.status
  resp.reason = head.reason
  resp.fields.copyFrom(head.fields)
  if (task.logged_bytes >= 0) resp.fields.appendKeyed('Content-Length', 'content-length', String(task.logged_bytes))
  if (showsAge(task)) resp.fields.appendKeyed('Age', 'age', String(task.age_s))
  resp.fields.appendKeyed('Via', 'via', VIA)
  if (task.status_text !== '') addStatus(resp.fields, task.status_text + ttlOf(task))
}

/** Sends the object: head, then as much of the body as there is; the rest as it comes. */
export function transmit(task: ClientTask): Step {
  const { object } = task
  if (object === undefined) return task.refuse(503, 'No response')
  task.processed()
  const touched = task.vcl.usage.respTouched
  const status = touched ? finalStatus(task.resp) : object.head.status
  if ((object.head.flags & OBJ_SPECIAL) !== 0 || (touched && task.filters_chosen !== undefined))
    return transmitSpecial(task, object, status)
  return transmitAs(task, object, status, task.env.params.http_range_support)
}

/** A part, gzip, or what rules have chosen filters for. */
function transmitSpecial(task: ClientTask, object: StoredObject, status: number): Step {
  if ((object.head.flags & OBJ_PARTIAL) !== 0 && !mayShow(task, object, status)) return task.refuse(503, 'Only a part of it is stored')
  const { params } = task.env
  if (task.filters_chosen === undefined) {
    if (unpacks(task)) return transmitAs(task, unpacked(task, object, status), status, params.http_range_support && mayResume(task, object))
    return transmitAs(task, object, status, params.http_range_support && mayResume(task, object) && !comesPacked(task, object))
  }
  const chosen = readRespFilters(task.filters_chosen)
  if (typeof chosen === 'string') return noFilter(task, chosen)
  const gunzips = chosen.has('gunzip') && (object.head.flags & OBJ_GZIP) !== 0
  if (gunzips) return transmitAs(task, unpacked(task, object, status), status, chosen.has('range'))
  return transmitAs(task, object, status, chosen.has('range') && !comesPacked(task, object))
}

/** Tells the page that it is part of, if it is, that it comes as gzip. */
function comesPacked({ included }: ClientTask, { body, head }: StoredObject): boolean {
  if (included === undefined || !included.mayBePacked || (head.flags & OBJ_GZIP) === 0) return false
  included.packed = body
  return true
}

export function noFilter(task: ClientTask, name: string): Step {
  task.vclError(`Filter '${name}' not found`, 'DELIVER')
  return task.failed()
}

const OURS = OBJ_GZIP | OBJ_RECODED

/** What was compressed here may come out as other bytes the next time: no part of it is to be joined to one of before. */
function mayResume({ req }: ClientTask, { head }: StoredObject): boolean {
  const ours = (head.flags & OURS) === OURS || (head.flags & OBJ_COPY) !== 0
  return !ours || !req.fields.has('if-range')
}

/** The response as one of what the gzip body comes to: made here, and logged as it changes. */
function unpacked(task: ClientTask, object: StoredObject, status: number): StoredObject {
  const { env, req, filter_counts, log } = task
  if (!task.vcl.usage.respTouched) materialise(task)
  env.counters[MAIN.n_gunzip]++
  const several = req.fields.get('range')?.includes(',') === true
  const wanted = mayHaveBody(task, status) && !(mayAnswer(task) && notModified(task, object, status))
  const count = new FilterCount('gunzip', log, 'U D -')
  filter_counts.push(count)
  const body = new UnpackedBody(object.body, env.params, several, wanted, count)
  const change = new FieldChange(task, task.resp.fields)
  task.resp.fields.delete('content-length')
  recode(task.resp.fields, undefined, change)
  varyByCoding(task.resp.fields, change)
  return new FilteredObject(object, body)
}

/** `ranges`: parts of it may be sent. */
function transmitAs(task: ClientTask, object: StoredObject, status: number, ranges: boolean): Step {
  if (mayAnswer(task)) {
    if (notModified(task, object, status)) return sendNotModified(task, object)
    if (status === 200 && !task.querying && isCut(task, object) && ranges && task.req.fields.has('range')) return sendPart(task, object)
  }
  return sendWhole(task, object, status)
}

/** A body that comes through a window has no ranges; what a range was fetched for has. To Varnish it has one, when its length is known. */
function isCut({ asked_head, env, passed }: ClientTask, object: StoredObject): boolean {
  if (!object.body.windowed || object instanceof PartialObject) return true
  return env.policy.answersPassed && !(passed && asked_head) && object.body.joinable
}

/** What is stored only in part was looked up for the request as it was then, and rules may have changed it, or the status. */
function mayShow(task: ClientTask, object: StoredObject, status: number): boolean {
  return object instanceof PartialObject && status === 200 && object.serves(task.env.policy, task.req)
}

/** A response of vcl_synth. */
export function transmitSynthetic(task: ClientTask): Step {
  const { resp } = task
  task.processed()
  const body = Buffer.from(task.body_text, 'latin1')
  const status = finalStatus(resp)
  resp.fields.delete('content-length')
  const text = headOf(task) + lengthLine(task, isBodyless(status) ? -1 : body.length)
  task.log.run(NO_FILTERS)
  return send(task, text, mayHaveBody(task, status) ? body : undefined)
}

/** Are the conditions and ranges of the request ours to answer? To Varnish also those of what it has passed: the origin need not heed them. */
export function mayAnswer({ env, passed, querying, req }: ClientTask): boolean {
  return (!passed || env.policy.answersPassed) && (querying || isRead(req.method))
}

export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

export function notModified(task: ClientTask, object: StoredObject, status: number): boolean {
  if (status !== 200 && !task.env.policy.conditionsByRfc) return false
  const fields = isMade(task, object) ? task.resp.fields : object.head.fields
  return clientNotModified(task.req.fields, status, fields)
}

/** Is resp what is sent, or the head's own text? */
function isMade(task: ClientTask, object: StoredObject): boolean {
  return task.vcl.usage.respTouched || object instanceof FilteredObject
}

export function mayHaveBody(task: ClientTask, status: number): boolean {
  return !task.asked_head && !isBodyless(status)
}

/** RFC 9111 section 5.1. */
function age_s(task: ClientTask, object: StoredObject): number {
  const age = Math.floor((task.env.clock.wall_ms - object.head.t_origin_ms) / 1000)
  return age > 0 ? age : 0
}

/** Age says that a response was not made for this request (RFC 9111 section 5.1). */
function showsAge(task: ClientTask): boolean {
  return task.age_s > 0 || !task.fetched_by_us || task.stood_in || task.env.policy.alwaysAge
}

/** What completes the text of Cache-Status. */
function ttlOf({ status_ttl_s }: ClientTask): string {
  return status_ttl_s === NO_NUMBER ? '' : String(status_ttl_s)
}

/** Behind what caches nearer to the origin say (RFC 9211 section 2), in one line, so that rules see all of it. */
function addStatus(fields: Fields, status: string): void {
  const before = fields.combined('cache-status')
  if (before === undefined) fields.appendKeyed('Cache-Status', 'cache-status', status)
  else fields.set('Cache-Status', `${before}, ${status}`)
}

/** The Content-Length line, none when negative. The log hears of it where it has said something else. */
export function lengthLine(task: ClientTask, length: number): string {
  if (length !== task.logged_bytes) correctLength(task, length)
  return length < 0 ? '' : `Content-Length: ${length}\r\n`
}

function correctLength(task: ClientTask, length: number): void {
  const { log, logged_bytes } = task
  if (logged_bytes >= 0) log.numberField(TAG.RespUnset, 'Content-Length', logged_bytes)
  if (length >= 0) log.numberField(TAG.RespHeader, 'Content-Length', length)
}

/** Bytes of the body if they are known before the end, else -1. */
function knownLength(task: ClientTask, object: StoredObject): number {
  // Of a HEAD that the origin has answered only it can know (RFC 9110 section 8.6).
  if ((task.passed || task.announced_bytes >= 0) && task.asked_head) return task.announced_bytes
  if ((object.head.flags & OBJ_ESI) !== 0) return -1
  const body = object.body
  return body.state === 'complete' ? body.size_bytes : body.expected_bytes
}

/** Status line and field lines, without framing, Connection and the end. */
export function headOf(task: ClientTask): string {
  const { resp } = task
  resp.fields.delete('content-length')
  resp.fields.delete('transfer-encoding')
  if (resp.fields.has('connection')) closeIfAsked(task)
  return responseHeadText(resp)
}

function closeIfAsked(task: ClientTask): void {
  const { fields } = task.resp
  if (/\bclose\b/i.test(fields.combined('connection') ?? '')) task.connection.closeAfter('RESP_CLOSE')
  fields.delete('connection')
}

/** The same for an object whose head rules leave alone: its text was made when it was stored. */
function storedHead(task: ClientTask, object: StoredObject): string {
  const age = showsAge(task) ? `Age: ${task.age_s}\r\n` : ''
  return `${object.head.headText}${age}${task.trace_text}${ttlOf(task)}\r\n`
}

function headText(task: ClientTask, object: StoredObject): string {
  return isMade(task, object) ? headOf(task) : storedHead(task, object)
}

function sendWhole(task: ClientTask, object: StoredObject, status: number): Step {
  const length = isBodyless(status) ? -1 : knownLength(task, object)
  task.log.run(object instanceof FilteredObject ? GUNZIP : NO_FILTERS)
  const body = mayHaveBody(task, status) ? object.body.whole : undefined
  const streamed = body === undefined && mayHaveBody(task, status)
  if (!streamed && !isMade(task, object)) return sendStored(task, object, length, body)
  const text = headText(task, object) + lengthLine(task, length)
  return streamed
    ? stream(task, text, length, object instanceof FilteredObject ? object.body.read(0) : object.body)
    : send(task, text, body, object)
}

/** Filled and sent in one go, so one will do. */
const STORED = new StoredHead()

function sendStored(task: ClientTask, object: StoredObject, length: number, body: Buffer | undefined): Step {
  if (length !== task.logged_bytes) correctLength(task, length)
  STORED.lines = object.head.headText
  STORED.key = object.head.xid
  STORED.trace = task.trace_text
  STORED.ttl_s = task.status_ttl_s
  STORED.age_s = showsAge(task) ? task.age_s : -1
  STORED.length_bytes = length
  STORED.end = endOfHead(task)
  task.head_tx_bytes = STORED.size_bytes
  task.body_tx_bytes = body === undefined ? 0 : body.length
  sent(task, task.connection.respondStored(STORED, body), object)
  return STEP.done
}

/**
 * The response is written. What the client has not taken yet is held where it lies: the body is there until this run ends, and from
 * then on for its readers only.
 */
function sent(task: ClientTask, free: boolean, object: StoredObject | undefined): void {
  if (!free && object !== undefined) task.connection.hold(object.body.read(0))
  task.leave()
  task.finish()
}

/** Of no use to who has the representation, and misleading where its copy is another's (RFC 9110 section 15.4.5). */
const OF_THE_BODY = ['content-type', 'content-encoding', 'content-language', 'content-range']

/** `made`: resp is what would be sent. */
export function sendNotModified(task: ClientTask, object: StoredObject, made = isMade(task, object)): Step {
  task.env.counters[MAIN.client_resp_304]++
  if (!made) materialise(task)
  task.resp.status = 304
  task.resp.reason = reasonPhrase(304)
  logStatus(task)
  if (task.env.policy.conditionsByRfc) for (const key of OF_THE_BODY) unset(task, key)
  task.log.run(object instanceof FilteredObject ? GUNZIP : NO_FILTERS)
  return send(task, headOf(task) + lengthLine(task, -1), undefined)
}

function unset({ log, resp: { fields } }: ClientTask, key: string): void {
  const i = fields.indexOf(key, 0)
  if (i < 0) return
  log.field(TAG.RespUnset, fields.names[i], fields.values[i])
  fields.delete(key)
}

/** Range requests (RFC 9110 section 14). */
function sendPart(task: ClientTask, object: StoredObject): Step {
  const total = knownLength(task, object)
  if (!isMade(task, object)) materialise(task)
  const filters = object instanceof FilteredObject ? ' gunzip range' : ' range'
  const cut = applyRange(task, filters, total, inexact(object) ? '*' : undefined)
  if (cut === undefined) return sendWhole(task, object, 200)
  const { log } = task
  if (!log.masks(TAG.VdpAcct)) task.filter_counts.push(new FilterCount(RANGE, log))
  logStatus(task)
  const text = headOf(task) + lengthLine(task, cut.length_bytes)
  if (cut.length_bytes === 0 || task.asked_head) return send(task, text, undefined)
  const whole = object.body.whole
  if (whole !== undefined) return send(task, text, cutFrom(whole, cut), object)
  return stream(task, text, cut.length_bytes, readerOf(object.body, cut))
}

/** Where it ends the origin has not said so that it could be relied on. */
function inexact(object: StoredObject): boolean {
  return object instanceof PartialObject && !object.list.exact
}

/** The status has changed since the log was told. */
function logStatus({ log, resp }: ClientTask): void {
  log.record(TAG.RespProtocol, 'HTTP/1.1')
  log.number(TAG.RespStatus, resp.status)
  log.record(TAG.RespReason, resp.reason)
}

/** Connection field (RFC 9112 section 9.3) and the end of the head. */
function endOfHead(task: ClientTask): string {
  const { connection, log } = task
  if (!connection.keepAlive) {
    log.run(CLOSE)
    return 'Connection: close\r\n\r\n'
  }
  if (connection.http11) return '\r\n'
  log.run(KEEP_ALIVE)
  return 'Connection: keep-alive\r\n\r\n'
}

/** `object`: whose body it is, if it is a stored one. */
export function send(task: ClientTask, text: string, body: Buffer | undefined, object?: StoredObject): Step {
  const head = text + endOfHead(task)
  task.head_tx_bytes = head.length
  task.body_tx_bytes = body === undefined ? 0 : body.length
  sent(task, task.connection.respond(head, body), object)
  return STEP.done
}

/** All of a body, or what is made of it. */
export function stream(task: ClientTask, text: string, length: number, from: Body | BodyReader): Step {
  const { connection } = task
  let framing: BodyFraming = 'length'
  if (length < 0) {
    framing = connection.http11 ? 'chunked' : 'close'
    if (framing === 'chunked') task.log.run(CHUNKED)
    else connection.closeAfter('TX_EOF')
  }
  const head = (framing === 'chunked' ? `${text}Transfer-Encoding: chunked\r\n` : text) + endOfHead(task)
  task.head_tx_bytes = head.length
  connection.start(head, framing)
  if ('read' in from) task.pump.send(from, length)
  else task.pump.sendFrom(from, length)
  return STEP.wait
}
