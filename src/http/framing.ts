import type { Fields } from './fields.ts'
import { equalsToken, forEachListMember, hasToken, isToken } from './list.ts'

/** Connection options that matter to us, as bits. */
export const CLOSE = 1
export const KEEP_ALIVE = 2
export const UPGRADE_OPTION = 4

/** Which of them the Connection lines from line `from` on name (RFC 9110 section 7.6.1). */
export function connectionOptions(fields: Fields, from: number): number {
  let options = 0
  for (let i = from; i < fields.count; i++) if (fields.keys[i] === 'connection') options |= optionsIn(fields.values[i])
  return options
}

function optionsIn(value: string): number {
  if (value === 'keep-alive') return KEEP_ALIVE
  if (value === 'close') return CLOSE
  return (
    (hasToken(value, 'close') ? CLOSE : 0) |
    (hasToken(value, 'keep-alive') ? KEEP_ALIVE : 0) |
    (hasToken(value, 'upgrade') ? UPGRADE_OPTION : 0)
  )
}

/**
 * The length; -1: not digits; -2: more than a number holds exactly. "5, 5" counts as malformed: RFC 9110 section 8.6 leaves the
 * choice between refusing and repairing, and what is refused cannot be read differently behind us.
 */
export function readContentLength(value: string): number {
  if (value === '') return -1
  let length = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    length = length * 10 + digit
  }
  return length > Number.MAX_SAFE_INTEGER ? -2 : length
}

/**
 * 0: exactly "chunked". Else the status to refuse with: 501 for codings before a final chunked, which we do not implement, and for
 * an unknown one alone; 400 where the end of the body could not be found at all (RFC 9112 sections 6.1 and 6.3).
 */
export function judgeTransferEncoding(value: string): 0 | 400 | 501 {
  if (equalsToken(value, 0, value.length, 'chunked')) return 0
  let chunked = 0
  let last_is_chunked = false
  const well_formed = forEachListMember(value, (list, start, end) => {
    last_is_chunked = equalsToken(list, start, end, 'chunked')
    if (last_is_chunked) chunked++
    return isToken(list.slice(start, end))
  })
  if (!well_formed || value.endsWith(',') || value.startsWith(',') || value === '') return 400
  return chunked === 0 || (chunked === 1 && last_is_chunked) ? 501 : 400
}
