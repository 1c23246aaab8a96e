import { MAIN } from '../counters/counters.ts'
import { RequestHead, ResponseHead } from '../http/message.ts'
import { freshen } from '../policy/conditional.ts'
import { varyWithCoding, weakenTag } from '../policy/coding.ts'
import { codingUnder } from '../policy/copies.ts'
import { OBJ_CODING, OBJ_GZIP, OBJ_IN_CODINGS, OBJ_PARTIAL, OBJ_RECODED, OBJ_TTL_BY_RULES } from '../policy/flags.ts'
import { describes } from '../policy/freshening.ts'
import { initialAnswers } from '../policy/initial.ts'
import { tagsOf } from '../policy/tags.ts'
import { varySpec } from '../policy/vary.ts'
import type { ObjectHead, StoredObject } from '../store/contract.ts'
import type { ClientTask } from './client-task.ts'
import { wholeFields } from './hidden.ts'
import { objectHead } from './object-head.ts'

/**
 * A HEAD that went around the store was answered 200: what a GET would have found is updated by it, or it is no longer what a GET
 * would get, and leaves (RFC 9111 section 4.3.5). For how long it is fresh stays as it is where rules have said so.
 */
export function freshenByHead(task: ClientTask, answer: ResponseHead): void {
  const { env, req, key } = task
  if (!env.policy.decidesStorage || req.method !== 'HEAD' || answer.status !== 200) return
  const stored = env.cache.selected(key, req)
  if (stored === undefined || stored.head.status !== 200 || stored.body.state !== 'complete' || (stored.head.flags & OBJ_PARTIAL) !== 0)
    return
  if ((stored.head.flags & OBJ_RECODED) !== 0) speakOfOurs(answer)
  const head = describes(answer.fields, stored.head.fields, stored.body.size_bytes) ? updated(task, stored, answer) : undefined
  // What was softly purged since it was sent stays so.
  if (head !== undefined) return void env.store.rehead(stored, head, task.fetch?.serial)
  env.counters[MAIN.n_invalidated]++
  env.cache.discard(stored)
}

/** What is stored is in another coding. */
function speakOfOurs({ fields }: ResponseHead): void {
  weakenTag(fields)
  fields.delete('content-length')
}

/** Undefined when the response as it is now may not be stored, or differs by other fields. */
function updated({ env, req, key }: ClientTask, { head }: StoredObject, answer: ResponseHead): ObjectHead | undefined {
  const now = new ResponseHead()
  now.status = head.status
  now.reason = head.reason
  now.fields.copyFrom(wholeFields(head))
  freshen(now.fields, answer.fields)
  if ((head.flags & (OBJ_GZIP | OBJ_IN_CODINGS)) !== 0) now.fields.set('Vary', varyWithCoding(now.fields))
  const get = new RequestHead()
  get.copyFrom(req)
  get.method = 'GET'
  const { wall_ms } = env.clock
  const answers = initialAnswers(env.policy, get, now, wall_ms, wall_ms)
  if (answers.uncacheable || varySpec(now.fields) !== varySpec(head.fields)) return undefined
  const { grace_ms, keep_ms } = head
  const fresh = objectHead(env.policy, head.xid, now, { ...answers, grace_ms, keep_ms }, true)
  fresh.tags = tagsOf(env.tag_fields, fresh.fields, key, req.fields.get('host') ?? '')
  const coding = codingUnder(env.policy, fresh.fields, head.flags)
  fresh.flags |= coding
  if ((head.flags & OBJ_TTL_BY_RULES) === 0) return fresh
  const { t_origin_ms, ttl_ms, flags } = head
  return { ...fresh, t_origin_ms, ttl_ms, flags: (flags & ~OBJ_CODING) | coding }
}
