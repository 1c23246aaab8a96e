import type { Fields } from './fields.ts'
import { forEachListMember } from './list.ts'

/**
 * Fields that concern one connection only and go whether or not Connection names them (RFC 9110 section 7.6.1). Trailer goes because
 * trailer fields are dropped on the way (section 6.6.2); the Proxy- ones are meant for us alone and must not be stored
 * (section 11.7, RFC 9111 section 3.1).
 */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
])

/** Bit n: one of them has n letters. Most fields of a message are told from all of them by that. */
const LENGTHS = [...HOP_BY_HOP].reduce((bits, key) => bits | (1 << key.length), 0)

function isHopByHop(key: string): boolean {
  return key.length < 32 && (LENGTHS & (1 << key.length)) !== 0 && HOP_BY_HOP.has(key)
}

/**
 * Fields that a Connection line cannot take away: without them the message means something else, the next hop believes it came
 * from somewhere else, or a response looks as if it were for everybody or younger than it is. A sender must not list them (they
 * are for all recipients: RFC 9110 section 7.6.1 names Cache-Control), so nothing honest is lost.
 */
const KEPT: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-encoding',
  'content-type',
  'via',
  'x-forwarded-for',
  'forwarded',
  'cache-control',
  'set-cookie',
  'vary',
  'age',
  'date',
  'expires',
  'etag',
  'last-modified',
])

/** Removes the fields of this hop: the known ones and those that Connection names. */
export function removeHopByHop(fields: Fields): void {
  const named = fields.has('connection') ? namedFields(fields) : undefined
  for (let i = 0; i < fields.count;) {
    const key = fields.keys[i]
    if (isHopByHop(key) || named?.has(key) === true) fields.delete(key)
    else i++
  }
}

function namedFields(fields: Fields): Set<string> {
  const named = new Set<string>()
  for (let i = 0; i < fields.count; i++) {
    if (fields.keys[i] !== 'connection') continue
    forEachListMember(fields.values[i], (value, start, end) => {
      const key = value.slice(start, end).toLowerCase()
      if (!KEPT.has(key)) named.add(key)
      return true
    })
  }
  return named
}
