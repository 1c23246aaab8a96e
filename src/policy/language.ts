import type { Fields } from '../http/fields.ts'
import { readWeighted } from './weights.ts'

/** Language tags and ranges (RFC 5646, RFC 4647 section 2.1), as far as they can be compared letter by letter. */
const TAG = /^[a-z]{1,8}(?:-[a-z0-9]{1,8})*$/
const MAX_CHARS = 256

/**
 * The language that a request prefers to all others (RFC 9110 section 12.5.4), lower-case; undefined when several are as welcome, or any
 * is, or it cannot be told.
 */
export function preferredLanguage(request: Fields): string | undefined {
  const value = request.combined('accept-language')
  if (value === undefined || value.length > MAX_CHARS) return undefined
  let best = ''
  let best_weight = 0
  for (const raw of value.split(',')) {
    const member = readWeighted(raw)
    if (member === undefined || member.weight < best_weight) continue
    best = member.weight === best_weight && member.value !== best ? '' : member.value
    best_weight = member.weight
  }
  return best_weight > 0 && TAG.test(best) ? best : undefined
}

/** The one language that a response is in, lower-case. */
export function contentLanguage(response: Fields | undefined): string | undefined {
  const value = response?.combined('content-language')?.toLowerCase()
  return value !== undefined && value.length <= MAX_CHARS && TAG.test(value) ? value : undefined
}
