import type { Fields } from '../http/fields.ts'
import { isWeak } from './conditional.ts'
import { parseResponseDirectives } from './directives.ts'
import { OBJ_RECODED } from './flags.ts'
import type { Policy } from './policy.ts'
import { readWeighted } from './weights.ts'

/** Content codings: RFC 9110 sections 8.4 and 12.5.3, and what becomes of a head whose body is given another one. */

/** Answers by Accept-Encoding as it came: browsers send the same few. When full, all is forgotten at once. */
const remembered = [new Map<string, boolean>(), new Map<string, boolean>()] as const
const MAX_REMEMBERED = 512
const MAX_REMEMBERED_CHARS = 128

/** Does the request say that gzip will do? To Varnish "*" says nothing of gzip. */
export function acceptsGzip(policy: Policy, request: Fields): boolean {
  const i = request.indexOf('accept-encoding', 0)
  if (i < 0) return false
  const value = request.indexOf('accept-encoding', i + 1) < 0 ? request.values[i] : (request.combined('accept-encoding') ?? '')
  const known = remembered[policy.decidesStorage ? 0 : 1]
  const before = known.get(value)
  if (before !== undefined) return before
  const accepts = listsGzip(value, policy.decidesStorage)
  if (value.length > MAX_REMEMBERED_CHARS) return accepts
  if (known.size >= MAX_REMEMBERED) known.clear()
  known.set(value, accepts)
  return accepts
}

function listsGzip(list: string, any: boolean): boolean {
  let named: boolean | undefined
  let others = false
  for (const raw of list.split(',')) {
    const member = readWeighted(raw)
    if (member === undefined) continue
    if (member.value === 'gzip' || member.value === 'x-gzip') named = named === true || member.weight > 0
    else if (member.value === '*') others = member.weight > 0
  }
  return named ?? (any && others)
}

/** How the body comes: as gzip, as it is, or in a coding that is none of our business. */
export function codingOf(fields: Fields): 'gzip' | 'plain' | 'other' {
  const coding = fields.combined('content-encoding')
  if (coding === undefined) return 'plain'
  return coding.toLowerCase() === 'gzip' ? 'gzip' : 'other'
}

/** RFC 9110 section 7.7: nobody on the way is to change the content. To Varnish the operator's rules say what is to be done. */
export function mayRecode(policy: Policy, fields: Fields): boolean {
  return !policy.decidesStorage || !parseResponseDirectives(fields).no_transform
}

/**
 * Is a stored gzip body to be unpacked for the request? Under rfc9111 who sends no Accept-Encoding takes any coding (RFC 9110 section
 * 12.5.3): he gets what the origin has made, but not what we have made of it.
 */
export function wantsPlain(policy: Policy, request: Fields, flags: number, stored: Fields): boolean {
  if (acceptsGzip(policy, request)) return false
  if (policy.decidesStorage && (flags & OBJ_RECODED) === 0 && !request.has('accept-encoding')) return false
  return mayRecode(policy, stored)
}

/** What is said of bytes that are no longer the ones that are sent. */
const OF_THE_BYTES = ['content-length', 'content-md5', 'content-digest', 'repr-digest', 'digest']

/** Tells of each change of a head. */
export interface HeadChange {
  set(name: string, value: string): void
  unset(key: string): void
}

/** The body is to be other bytes, in that coding: what was said of the old ones goes, and the entity-tag is a weak one. */
export function recode(fields: Fields, coding: string | undefined, change: HeadChange): void {
  for (const key of OF_THE_BYTES) if (fields.has(key)) change.unset(key)
  if (fields.has('content-encoding')) change.unset('content-encoding')
  loosenTag(fields, change)
  if (coding !== undefined) change.set('Content-Encoding', coding)
}

/** An entity-tag is a weak one, and that is told. */
export function loosenTag(fields: Fields, change: HeadChange): void {
  const etag = fields.get('etag')
  if (etag === undefined || isWeak(etag)) return
  change.unset('etag')
  change.set('ETag', `W/${etag}`)
}

/** Does the response say that it depends on Accept-Encoding? */
export function variesByCoding(fields: Fields): boolean {
  return (fields.combined('vary') ?? '').split(',').some((name) => /^(?:accept-encoding|\*)$/i.test(name.trim()))
}

/** Says so, for those who keep it behind us. */
export function varyByCoding(fields: Fields, change: HeadChange): void {
  if (variesByCoding(fields)) return
  const vary = varyWithCoding(fields)
  if (fields.has('vary')) change.unset('vary')
  change.set('Vary', vary)
}

/** Vary, and Accept-Encoding in it. */
export function varyWithCoding(fields: Fields): string {
  const vary = fields.combined('vary') ?? ''
  if (variesByCoding(fields)) return vary
  return vary.trim() === '' ? 'Accept-Encoding' : `${vary}, Accept-Encoding`
}

/** What an origin says of its own representation, said of ours, in another coding (a 304, or the answer to HEAD). */
export function weakenTag(fields: Fields): void {
  const etag = fields.get('etag')
  if (etag !== undefined && !isWeak(etag)) fields.set('ETag', `W/${etag}`)
}
