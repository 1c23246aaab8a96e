import { MAIN } from '../counters/counters.ts'
import { TAG } from '../log/tags.ts'
import { isBodyless, reasonPhrase } from '../http/status.ts'
import { responseHeadText } from '../http/write.ts'
import { clientNotModified } from '../policy/conditional.ts'
import type { StoredObject } from '../store/contract.ts'
import { VIA } from './bereq.ts'
import type { ClientTask } from './client-task.ts'
import type { BodyFraming } from './client.ts'
import { applyRange } from './filters/range.ts'
import { STEP, type Step } from './step.ts'

const VIA_LINE = `Via: ${VIA}\r\n`

/** Makes resp from the object, for rules that look at it. */
export function materialise(task: ClientTask): void {
  const { resp, object } = task
  if (object === undefined) return
  const head = object.head
  resp.proto = 'HTTP/1.1'
  resp.status = head.status
  resp.reason = head.reason
  resp.fields.copyFrom(head.fields)
  const length = knownLength(task, object)
  if (length >= 0) resp.fields.appendKeyed('Content-Length', 'content-length', String(length))
  const age = age_s(task, object)
  if (age > 0 || !task.fetched_by_us) resp.fields.appendKeyed('Age', 'age', String(age))
  resp.fields.appendKeyed('Via', 'via', VIA)
  resp.fields.appendKeyed('Cache-Status', 'cache-status', cacheStatus(task))
}

/** Sends the object: head, then as much of the body as there is; the rest as it comes. */
export function transmit(task: ClientTask): Step {
  const { object } = task
  if (object === undefined) return task.refuse(503, 'No response')
  const touched = task.vcl.usage.respTouched
  const status = touched ? task.resp.status % 1000 : object.head.status
  if (status === 200 && !task.passed && isRead(task.req.method)) {
    if (notModified(task, object, status)) return sendNotModified(task)
    if (!object.body.windowed && task.env.params.http_range_support && task.req.fields.has('range')) return sendPart(task, object)
  }
  return sendWhole(task, object, status)
}

/** A response of vcl_synth. */
export function transmitSynthetic(task: ClientTask): Step {
  const { resp } = task
  const body = Buffer.from(task.body_text, 'latin1')
  const status = resp.status % 1000
  resp.fields.delete('content-length')
  const text = headOf(task)
  if (mayHaveBody(task, status)) return send(task, text + `Content-Length: ${body.length}\r\n`, body)
  const length = task.req.method === 'HEAD' && !isBodyless(status) ? `Content-Length: ${body.length}\r\n` : ''
  return send(task, text + length, undefined)
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function notModified(task: ClientTask, object: StoredObject, status: number): boolean {
  const fields = task.vcl.usage.respTouched ? task.resp.fields : object.head.fields
  return clientNotModified(task.req.fields, status, fields)
}

function mayHaveBody(task: ClientTask, status: number): boolean {
  return task.req.method !== 'HEAD' && !isBodyless(status)
}

/** RFC 9111 section 5.1. */
function age_s(task: ClientTask, object: StoredObject): number {
  const age = Math.floor((task.env.clock.wall_ms - object.head.t_origin_ms) / 1000)
  return age > 0 ? age : 0
}

/** RFC 9211 in its shortest form. */
function cacheStatus(task: ClientTask): string {
  if (task.fetched_by_us) return task.passed ? 'lacquer; fwd=bypass' : 'lacquer; fwd=miss'
  return 'lacquer; hit'
}

/** Bytes of the body if they are known before the end, else -1. */
function knownLength(task: ClientTask, object: StoredObject): number {
  if (task.announced_bytes >= 0 && task.req.method === 'HEAD') return task.announced_bytes
  const body = object.body
  return body.state === 'complete' ? body.size_bytes : body.expected_bytes
}

/** Status line and field lines, without framing, Connection and the end. Logs them. */
function headOf(task: ClientTask): string {
  const { resp, log } = task
  resp.fields.delete('content-length')
  resp.fields.delete('transfer-encoding')
  if (resp.fields.has('connection')) closeIfAsked(task)
  log.record(TAG.RespProtocol, resp.proto)
  log.number(TAG.RespStatus, resp.status)
  log.record(TAG.RespReason, resp.reason)
  log.fields(TAG.RespHeader, resp.fields)
  return responseHeadText(resp)
}

function closeIfAsked(task: ClientTask): void {
  const { fields } = task.resp
  if (/\bclose\b/i.test(fields.combined('connection') ?? '')) task.connection.closeAfter('RESP_CLOSE')
  fields.delete('connection')
}

/** The same for an object whose head rules leave alone: its text was made when it was stored. */
function storedHead(task: ClientTask, object: StoredObject): string {
  const { log } = task
  const head = object.head
  const age = age_s(task, object)
  log.record(TAG.RespProtocol, 'HTTP/1.1')
  log.number(TAG.RespStatus, head.status)
  log.record(TAG.RespReason, head.reason)
  log.fields(TAG.RespHeader, head.fields)
  const status = cacheStatus(task)
  // Age says that a response was not made for this request (RFC 9111 section 5.1).
  const ageLine = age > 0 || !task.fetched_by_us ? `Age: ${age}\r\n` : ''
  return `${head.headText}${ageLine}${VIA_LINE}Cache-Status: ${status}\r\n`
}

function headText(task: ClientTask, object: StoredObject): string {
  return task.vcl.usage.respTouched ? headOf(task) : storedHead(task, object)
}

function sendWhole(task: ClientTask, object: StoredObject, status: number): Step {
  const text = headText(task, object)
  const length = knownLength(task, object)
  if (!mayHaveBody(task, status)) {
    const withLength = length >= 0 && !isBodyless(status)
    return send(task, withLength ? `${text}Content-Length: ${length}\r\n` : text, undefined)
  }
  const whole = object.body.whole
  if (whole !== undefined) return send(task, `${text}Content-Length: ${length}\r\n`, whole)
  return stream(task, object, text, length, 0)
}

function sendNotModified(task: ClientTask): Step {
  task.env.counters[MAIN.client_resp_304]++
  if (!task.vcl.usage.respTouched) materialise(task)
  task.resp.status = 304
  task.resp.reason = reasonPhrase(304)
  return send(task, headOf(task), undefined)
}

/** Range requests (RFC 9110 section 14). */
function sendPart(task: ClientTask, object: StoredObject): Step {
  const total = knownLength(task, object)
  const touched = task.vcl.usage.respTouched
  if (!touched) materialise(task)
  const part = applyRange(task.req, task.resp, total)
  if (part === undefined) return sendWhole(task, object, 200)
  const text = headOf(task)
  if (part.length_bytes === 0) return send(task, `${text}Content-Length: 0\r\n`, undefined)
  if (task.req.method === 'HEAD') return send(task, `${text}Content-Length: ${part.length_bytes}\r\n`, undefined)
  const whole = object.body.whole
  const lengthLine = `${text}Content-Length: ${part.length_bytes}\r\n`
  if (whole !== undefined) return send(task, lengthLine, whole.subarray(part.from, part.from + part.length_bytes))
  return stream(task, object, text, part.length_bytes, part.from)
}

/** Connection field (RFC 9112 section 9.3) and the end of the head. */
function endOfHead(task: ClientTask): string {
  const { connection } = task
  if (!connection.keepAlive) return 'Connection: close\r\n\r\n'
  return connection.http11 ? '\r\n' : 'Connection: keep-alive\r\n\r\n'
}

function send(task: ClientTask, text: string, body: Buffer | undefined): Step {
  const head = text + endOfHead(task)
  const { connection } = task
  task.head_tx_bytes = head.length
  task.body_tx_bytes = body === undefined ? 0 : body.length
  task.leave()
  connection.respond(head, body)
  task.finish()
  return STEP.done
}

function stream(task: ClientTask, object: StoredObject, text: string, length: number, skip_bytes: number): Step {
  const { connection } = task
  let framing: BodyFraming = 'length'
  let framingLine = `Content-Length: ${length}\r\n`
  if (length < 0) {
    framing = connection.http11 ? 'chunked' : 'close'
    framingLine = framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''
    if (framing === 'close') connection.closeAfter('TX_EOF')
  }
  const head = text + framingLine + endOfHead(task)
  task.head_tx_bytes = head.length
  connection.start(head, framing)
  task.streamBody(object.body, skip_bytes, length)
  return STEP.wait
}
