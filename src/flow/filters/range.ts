import { TAG } from '../../log/tags.ts'
import type { RequestHead, ResponseHead } from '../../http/message.ts'
import { reasonPhrase } from '../../http/status.ts'
import type { ByteRange } from '../../policy/range-set.ts'
import { rangesFor } from '../../policy/ranges.ts'
import type { Policy } from '../../policy/policy.ts'
import { Assembly } from '../../store/assembly.ts'
import type { Body, BodyReader, StoredObject } from '../../store/contract.ts'
import { SparseBody } from '../../store/sparse-body.ts'
import type { ClientState } from '../client-state.ts'
import { FieldChange } from '../field-change.ts'
import { multipart, type Multipart } from './multipart.ts'

/** What of a body is sent: one part of it, several with their heads between them, or nothing. */
export interface Cut {
  readonly parts: readonly ByteRange[]
  /** Of several parts. */
  readonly multipart: Multipart | undefined
  readonly length_bytes: number
}

/** Its name. */
export const RANGE = 'range'

const NOTHING: Cut = { parts: [], multipart: undefined, length_bytes: 0 }

/** Of a 200 and of no use with a 416, which is no representation: whoever stored it would have the wrong thing. */
const OF_THE_REPRESENTATION = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'surrogate-control',
]

/**
 * Turns a 200 into the 206 or 416 that the request's Range asks for (RFC 9110 section 14.2), and tells the log, of `filters` too; undefined when the
 * whole is to be sent. `total_bytes` is -1 while unknown; `total` is what the client is told of it, "*" when that is not to be relied on.
 */
export function applyRange(task: ClientState, filters: string, total_bytes: number, total = String(total_bytes)): Cut | undefined {
  const { policy } = task.env
  const answer = rangesFor(policy, task.req, total_bytes, task.resp.fields)
  if (answer === 'whole') return undefined
  task.log.record(TAG.Filters, filters)
  if (answer === 'unsatisfiable') return refuse(task, total_bytes)
  setStatus(task.resp, 206)
  return answer.length > 1 ? several(task, answer, total) : single(task, answer[0], total)
}

function single(task: ClientState, part: ByteRange, total: string): Cut {
  setContentRange(task, `bytes ${part.from}-${part.to}/${total}`)
  return { parts: [part], multipart: undefined, length_bytes: part.to - part.from + 1 }
}

function setContentRange({ log, resp }: ClientState, value: string): void {
  resp.fields.set('Content-Range', value)
  log.field(TAG.RespHeader, 'Content-Range', value)
}

/** Section 15.3.7.2: each part says what it is, the head does not. */
function several(task: ClientState, parts: readonly ByteRange[], total: string): Cut {
  const { fields } = task.resp
  const change = new FieldChange(task, fields)
  const made = multipart(parts, fields.get('content-type'), total)
  for (const key of ['content-type', 'content-range']) change.unset(key)
  change.set('Content-Type', made.type)
  return { parts, multipart: made, length_bytes: made.length_bytes }
}

function refuse(task: ClientState, total_bytes: number): Cut {
  const { env, resp } = task
  setStatus(resp, 416)
  const change = new FieldChange(task, resp.fields)
  if (env.policy.ranges === 'rfc') for (const key of OF_THE_REPRESENTATION) change.unset(key)
  setContentRange(task, `bytes */${total_bytes}`)
  return NOTHING
}

function setStatus(resp: ResponseHead, status: number): void {
  resp.status = status
  resp.reason = reasonPhrase(status)
}

/** The bytes of a cut, as they come. */
export function readerOf(body: Body, { parts, multipart: framing }: Cut): BodyReader {
  if (framing === undefined) return body instanceof SparseBody ? body.stretch(parts[0].from, parts[0].to) : body.read(parts[0].from)
  const reader = new Assembly()
  parts.forEach(({ from, to }, i) => {
    reader.addText(framing.heads[i])
    reader.add(body, from, to - from + 1)
  })
  reader.addText(framing.heads[parts.length])
  return reader
}

/** The same of a body that lies in one piece. */
export function cutFrom(whole: Buffer, { parts, multipart: framing }: Cut): Buffer {
  if (framing === undefined) return whole.subarray(parts[0].from, parts[0].to + 1)
  const pieces: Buffer[] = []
  parts.forEach(({ from, to }, i) => pieces.push(framing.heads[i], whole.subarray(from, to + 1)))
  pieces.push(framing.heads[parts.length])
  return Buffer.concat(pieces)
}

/**
 * Is a body that is still coming so far from the range that is wanted that whoever wants it had better ask for himself? Waiting for what comes soon
 * costs nobody anything.
 */
export function isFarAhead(policy: Policy, req: RequestHead, { body, head }: StoredObject, offset: number): boolean {
  if (policy.ranges !== 'rfc' || head.status !== 200 || !req.fields.has('range')) return false
  const wanted = rangesFor(policy, req, body.expected_bytes, head.fields)
  return typeof wanted !== 'string' && wanted.length === 1 && wanted[0].from > body.size_bytes + offset
}
