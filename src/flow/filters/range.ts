import type { RequestHead, ResponseHead } from '../../http/message.ts'
import { reasonPhrase } from '../../http/status.ts'
import { selectRange } from '../../policy/ranges.ts'

export interface Part {
  from: number
  length_bytes: number
}

/**
 * Turns a 200 into the 206 or 416 that the request's Range asks for (RFC 9110 section 14.2); undefined when the
 * whole is to be sent. `total_bytes` is -1 while unknown.
 */
export function applyRange(req: RequestHead, resp: ResponseHead, total_bytes: number): Part | undefined {
  if (total_bytes < 0 || req.method !== 'GET') return undefined
  const range = selectRange(req.fields.combined('range') ?? '', req.fields.get('if-range'), total_bytes, resp.fields)
  if (range === 'whole') return undefined
  if (range === 'unsatisfiable') {
    resp.status = 416
    resp.reason = reasonPhrase(416)
    resp.fields.set('Content-Range', `bytes */${total_bytes}`)
    return { from: 0, length_bytes: 0 }
  }
  resp.status = 206
  resp.reason = reasonPhrase(206)
  resp.fields.set('Content-Range', `bytes ${range.from}-${range.to}/${total_bytes}`)
  return { from: range.from, length_bytes: range.to - range.from + 1 }
}
