import type { Fields } from '../../http/fields.ts'
import type { RequestHead, ResponseHead } from '../../http/message.ts'
import { reasonPhrase } from '../../http/status.ts'
import type { ByteRange } from '../../policy/range-set.ts'
import { type RangeAnswer, selectAsVarnish, selectRanges } from '../../policy/ranges.ts'
import type { Policy } from '../../policy/policy.ts'
import { Assembly } from '../../store/assembly.ts'
import type { Body, BodyReader } from '../../store/contract.ts'
import { multipart, type Multipart } from './multipart.ts'

/** What of a body is sent: one part of it, several with their heads between them, or nothing. */
export interface Cut {
  readonly parts: readonly ByteRange[]
  /** Of several parts. */
  readonly multipart: Multipart | undefined
  readonly length_bytes: number
}

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
 * Turns a 200 into the 206 or 416 that the request's Range asks for (RFC 9110 section 14.2); undefined when the
 * whole is to be sent. `total_bytes` is -1 while unknown.
 */
export function applyRange(policy: Policy, req: RequestHead, resp: ResponseHead, total_bytes: number): Cut | undefined {
  const answer = answerTo(policy, req, resp.fields, total_bytes)
  if (answer === 'whole') return undefined
  if (answer === 'unsatisfiable') return refuse(policy, resp, total_bytes)
  setStatus(resp, 206)
  return answer.length > 1 ? several(resp, answer, total_bytes) : single(resp, answer[0], total_bytes)
}

/** Section 14.2 gives Range a meaning for GET only. Varnish heeds it in a HEAD as well. */
export function answerTo(policy: Policy, req: RequestHead, stored: Fields, total_bytes: number): RangeAnswer {
  const range = req.fields.combined('range')
  if (range === undefined) return 'whole'
  const ifRange = req.fields.get('if-range')
  if (!policy.rangesByRfc) return selectAsVarnish(range, ifRange, total_bytes, stored)
  return req.method === 'GET' ? selectRanges(range, ifRange, total_bytes, stored) : 'whole'
}

function single(resp: ResponseHead, part: ByteRange, total_bytes: number): Cut {
  resp.fields.set('Content-Range', `bytes ${part.from}-${part.to}/${total_bytes}`)
  return { parts: [part], multipart: undefined, length_bytes: part.to - part.from + 1 }
}

/** Section 15.3.7.2: each part says what it is, the head does not. */
function several(resp: ResponseHead, parts: readonly ByteRange[], total_bytes: number): Cut {
  const made = multipart(parts, resp.fields.get('content-type'), total_bytes)
  resp.fields.set('Content-Type', made.type)
  resp.fields.delete('content-range')
  return { parts, multipart: made, length_bytes: made.length_bytes }
}

function refuse(policy: Policy, resp: ResponseHead, total_bytes: number): Cut {
  setStatus(resp, 416)
  if (policy.rangesByRfc) for (const key of OF_THE_REPRESENTATION) resp.fields.delete(key)
  resp.fields.set('Content-Range', `bytes */${total_bytes}`)
  return NOTHING
}

function setStatus(resp: ResponseHead, status: number): void {
  resp.status = status
  resp.reason = reasonPhrase(status)
}

/** The bytes of a cut, as they come. */
export function readerOf(body: Body, { parts, multipart: framing }: Cut): BodyReader {
  if (framing === undefined) return body.read(parts[0].from)
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
