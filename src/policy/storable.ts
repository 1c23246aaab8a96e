import type { Fields } from '../http/fields.ts'
import type { ResponseHead } from '../http/message.ts'
import { partOf } from './content-range.ts'
import { ABSENT } from './directives.ts'
import type { RequestDirectives, ResponseDirectives } from './directives.ts'
import { namesItself } from './invalidation.ts'
import { isHeuristicallyCacheable, isNeverStored, isUnderstood } from './statuses.ts'
import { varySpec } from './vary.ts'

/** Why a response was, or was not, stored: the same words in code, log and Cache-Status. */
export const STORE = {
  ok: 'ok',
  /** Stored because the operator's rules gave it a ttl. */
  rules: 'rules',
  /** Only answers to GET are stored, and those to a POST that say so. */
  method: 'method',
  /** The request said no-store, section 5.2.1.5. */
  request_no_store: 'request-no-store',
  /** The response said no-store, section 5.2.2.5. */
  no_store: 'no-store',
  /** private without a field list, section 5.2.2.7. */
  private: 'private',
  /** The request had Authorization and the response does not allow sharing, section 3.5. */
  authorization: 'authorization',
  /** Set-Cookie without a word from the origin that the response may be cached. */
  set_cookie: 'set-cookie',
  /** Vary: * never matches, section 4.1. */
  vary: 'vary',
  /** 206 that does not say completely which part it is, section 3.3. */
  partial: 'partial',
  /** 1xx and 304 are not responses to keep; with policy=varnish also every status that has no initial ttl. */
  status: 'status',
  /** must-understand and a status we do not know, section 5.2.2.3. */
  must_understand: 'must-understand',
  /** Nothing in it permits storing: no lifetime, not public, status not heuristically cacheable (section 3), or never to be stored. */
  no_permission: 'no-permission',
  /** It may be stored, but could never be used: no lifetime, or none left, and no validator. */
  useless: 'useless',
  /** Rules said uncacheable. */
  uncacheable: 'uncacheable',
  /** Its head, or its announced body, has more bytes than an object of the store may have. */
  too_large: 'too-large',
  /** The store could not make room for it. */
  no_room: 'no-room',
} as const
export type StoreVerdict = (typeof STORE)[keyof typeof STORE]
export type StoreRefusal = Exclude<StoreVerdict, 'ok' | 'rules'>

/** The part of a request that storing depends on. */
export interface RequestLike {
  readonly method: string
  readonly url: string
  readonly fields: Fields
}

/**
 * May this response be stored (RFC 9111 section 3)? Clauses in the order of the section. Whether it is of any use once
 * stored is for `initialAnswers` to say, which knows its lifetime.
 */
export function storability(
  request: RequestLike,
  asked: Readonly<RequestDirectives>,
  response: ResponseHead,
  said: Readonly<ResponseDirectives>,
  queries = false,
): StoreVerdict {
  const { method } = request
  if (method !== 'GET' && !(queries && method === 'QUERY') && !answersGet(request, response, said)) return STORE.method
  const status = statusRefusal(response.status, said)
  if (status !== STORE.ok) return status
  if (response.status === 206 && partOf(response.fields, -1) === undefined) return STORE.partial
  if (asked.no_store) return STORE.request_no_store
  // must-understand with a status we understand sets no-store aside (section 5.2.2.3).
  if (said.no_store && !said.must_understand) return STORE.no_store
  if (said.private) return STORE.private
  if (request.fields.has('authorization') && !allowsAuthorized(said)) return STORE.authorization
  if (!permitsStoring(response, said)) return STORE.no_permission
  if (varySpec(response.fields) === '*') return STORE.vary
  return cookieRefused(response.fields, said) ? STORE.set_cookie : STORE.ok
}

/**
 * RFC 9110 section 9.3.3: the answer to a POST that says for how long it is fresh, and in Content-Location that it is what the
 * target has become, may be stored for the next GET.
 */
function answersGet({ method, url, fields }: RequestLike, response: ResponseHead, said: Readonly<ResponseDirectives>): boolean {
  if (method !== 'POST' || response.status !== 200) return false
  if (said.s_maxage_ms === ABSENT && said.max_age_ms === ABSENT && !response.fields.has('expires')) return false
  const location = response.fields.get('content-location')
  return location !== undefined && namesItself(fields.get('host') ?? '', url, location)
}

function statusRefusal(status: number, said: Readonly<ResponseDirectives>): StoreVerdict {
  if (status < 200 || status === 304) return STORE.status
  return said.must_understand && !isUnderstood(status) ? STORE.must_understand : STORE.ok
}

/** Section 3.5: must-revalidate, public and s-maxage let a shared cache reuse an answer to an authenticated request. */
function allowsAuthorized(said: Readonly<ResponseDirectives>): boolean {
  return said.must_revalidate || said.public || said.s_maxage_ms !== ABSENT
}

/** The last clause of section 3: something must permit storing. For some statuses nothing can, but the operator. */
function permitsStoring(response: ResponseHead, said: Readonly<ResponseDirectives>): boolean {
  if (isNeverStored(response.status)) return false
  if (said.public || said.max_age_ms !== ABSENT || said.s_maxage_ms !== ABSENT) return true
  return (!said.targeted && response.fields.has('expires')) || isHeuristicallyCacheable(response.status)
}

/**
 * Set-Cookie does not by itself forbid storing (section 7.3), but a session must never be shared by accident: the origin
 * has to say in Cache-Control that the response may be cached (public, s-maxage or max-age). Expires alone or a guess is
 * not enough. A Set-Cookie listed in private="..." or no-cache="..." is left out of the store and does no harm.
 */
export function cookieRefused(fields: Fields, said: Readonly<ResponseDirectives>): boolean {
  if (!fields.has('set-cookie') || said.unshared.includes('set-cookie')) return false
  return !said.public && said.s_maxage_ms === ABSENT && said.max_age_ms === ABSENT
}
