import { LooseObject } from '../cache/loose.ts'
import { Fields } from '../http/fields.ts'
import { ResponseHead } from '../http/message.ts'
import { finalStatus } from '../http/status.ts'
import { responseHeadText } from '../http/write.ts'
import { freshen, stripForStore } from '../policy/conditional.ts'
import { OBJ_ESI } from '../policy/flags.ts'
import { settledAnswers, type InitialAnswers } from '../policy/initial.ts'
import type { Policy } from '../policy/policy.ts'
import { cookieRefused } from '../policy/storable.ts'
import { tagsOf } from '../policy/tags.ts'
import { responseControl } from '../policy/targeted.ts'
import type { ObjectHead, StoredObject } from '../store/contract.ts'
import { ACTION, type Action } from '../vcl/runtime/context.ts'
import type { BackendState } from './backend-state.ts'
import { hide, wholeFields } from './hidden.ts'

/** The head to keep, or to hand on: field lines without framing and Age, and the text that hits send. `beresp` is untouched. */
export function objectHead(policy: Policy, xid: number, beresp: ResponseHead, answers: InitialAnswers, stored: boolean): ObjectHead {
  const unshared = stored ? responseControl(policy.targets, beresp.fields).unshared : []
  return headFrom(policy, copyOf(beresp), xid, answers, unshared)
}

function copyOf(beresp: ResponseHead): ResponseHead {
  const copy = new ResponseHead()
  copy.copyFrom(beresp)
  return copy
}

/** The head to store. beresp becomes it, unless the one who asked is to have fields that are not for the store. */
export function headToStore(fetch: BackendState, settled: InitialAnswers): ObjectHead {
  const { beresp, bereq_xid, env } = fetch
  const { policy } = env
  // Said once here, not with each hit: ranges of it are answered, whatever the origin does (RFC 9110 section 14.3).
  const ranged = env.params.http_range_support && beresp.status === 200
  if ((settled.flags & OBJ_ESI) !== 0) beresp.fields.delete('accept-ranges')
  else if (ranged) beresp.fields.set('Accept-Ranges', 'bytes')
  const { unshared } = responseControl(policy.targets, beresp.fields)
  const kept = unshared.length > 0 || fetch.own_cookie ? copyOf(beresp) : beresp
  if (fetch.own_cookie) kept.fields.delete('set-cookie')
  return tagged(fetch, headFrom(policy, kept, bereq_xid, settled, unshared))
}

/** What the stored response has said of its own cookies, if it has any, is not said of one that comes with a 304. */
export function ownsCookie({ env }: BackendState, of304: Fields): boolean {
  const { policy } = env
  return policy.decidesStorage && cookieRefused(of304, responseControl(policy.targets, of304))
}

/** With the names that it can be purged by. */
export function tagged({ env, place, host, base_key }: BackendState, head: ObjectHead): ObjectHead {
  const more = base_key === '' ? place.keys : [base_key, ...place.keys]
  head.tags = tagsOf(env.tag_fields, head.fields, place.key, host, more)
  return head
}

/** `unshared`: the fields that are not for the store, if it is to be stored. */
function headFrom(policy: Policy, kept: ResponseHead, xid: number, answers: InitialAnswers, unshared: readonly string[]): ObjectHead {
  const status = finalStatus(kept)
  const { fields } = kept
  // Also of what is not stored: rules may have set fields of the connection, and framing is made for each client.
  stripForStore(fields, unshared)
  fields.delete('content-length')
  fields.delete('age')
  const hiddenText = hide(fields, policy.consumed)
  return {
    xid,
    status,
    reason: kept.reason,
    fields,
    t_origin_ms: answers.t_origin_ms,
    ttl_ms: answers.ttl_ms + answers.age_ms,
    grace_ms: answers.grace_ms,
    keep_ms: answers.keep_ms,
    flags: answers.flags,
    validatable: answers.validatable,
    headText: responseHeadText(kept),
    ...(hiddenText === undefined ? undefined : { hiddenText }),
  }
}

/**
 * For the request it answers the response is whole; fields that private="..." and no-cache="..." list are missing only
 * from what is stored (RFC 9111 sections 5.2.2.4 and 5.2.2.7).
 */
export function asReceived(fetch: BackendState, settled: InitialAnswers, head: ObjectHead, stored: StoredObject): StoredObject {
  if (head.fields === fetch.beresp.fields) return stored
  return new LooseObject(objectHead(fetch.env.policy, fetch.bereq_xid, fetch.beresp, settled, false), stored.body, stored.store)
}

/** Turns a 304 into the response it confirms: the stored head with the fields that the 304 updates (RFC 9111 section 4.3.4). */
export function mergeStale(beresp: ResponseHead, stale: ObjectHead): void {
  const merged = new Fields()
  merged.copyFrom(wholeFields(stale))
  freshen(merged, beresp.fields, false)
  beresp.fields.copyFrom(merged)
  beresp.status = stale.status
  beresp.reason = stale.reason
}

/** As vcl_backend_refresh has decided; false when that was something else. */
export function renew(beresp: ResponseHead, stale: ObjectHead, action: Action): boolean {
  switch (action) {
    case ACTION.merge:
      mergeStale(beresp, stale)
      return true
    case ACTION.obj_stale:
      beresp.fields.copyFrom(wholeFields(stale))
      break
    case ACTION.beresp:
      keepCoding(beresp.fields, stale.fields)
      break
    default:
      return false
  }
  if (beresp.status === 304 || action === ACTION.obj_stale) {
    beresp.status = stale.status
    beresp.reason = stale.reason
  }
  return true
}

/** The body is the stored one, in whatever code it is: without these nobody could read it. */
function keepCoding(fields: Fields, stored: Fields): void {
  for (const name of ['content-encoding', 'content-range']) {
    const value = stored.get(name)
    if (value === undefined) fields.delete(name)
    else fields.set(name, value)
  }
}

/** Rules written for Varnish look at one line, and decide by it what is private: they are to see all there is. */
export function gatherFields(fields: Fields): void {
  fields.gather('cache-control')
  fields.gather('vary')
}

/** What the policy makes of the response after rules have had their say. */
export function settle(fetch: BackendState, initial: InitialAnswers, sent_ms: number, received_ms: number): InitialAnswers {
  const rules = {
    ttl_ms: asSet(fetch.beresp_ttl_s, initial.ttl_ms),
    grace_ms: asSet(fetch.beresp_grace_s, initial.grace_ms),
    keep_ms: asSet(fetch.beresp_keep_s, initial.keep_ms),
    uncacheable: fetch.beresp_uncacheable,
    marks: !fetch.bereq_uncacheable,
  }
  const settled = settledAnswers(fetch.env.policy, fetch.bereq, fetch.beresp, initial, rules, sent_ms, received_ms)
  // What was passed was not to be stored in the first place.
  fetch.forwarded.detail = settled.uncacheable && !fetch.bereq_uncacheable ? settled.why : ''
  return settled
}

/** Seconds as rules left them, in ms: to the bit what it was when they left it alone. */
function asSet(seconds: number, initial_ms: number): number {
  return seconds === initial_ms / 1000 ? initial_ms : seconds * 1000
}
