import { Fields } from '../http/fields.ts'
import { ResponseHead } from '../http/message.ts'
import { responseHeadText } from '../http/write.ts'
import type { InitialAnswers } from '../policy/initial.ts'
import { stripForStore } from '../policy/conditional.ts'
import type { ObjectHead } from '../store/contract.ts'

/** The head to keep, or to hand on: field lines without framing and Age, and the text that hits send. */
export function objectHead(xid: number, beresp: ResponseHead, answers: InitialAnswers, stored: boolean): ObjectHead {
  const kept = new ResponseHead()
  kept.copyFrom(beresp)
  const { fields } = kept
  if (stored) stripForStore(fields, beresp.status)
  fields.delete('content-length')
  fields.delete('age')
  return {
    xid,
    status: beresp.status % 1000,
    reason: beresp.reason,
    fields: flattened(fields),
    t_origin_ms: answers.t_origin_ms,
    ttl_ms: answers.ttl_ms + answers.age_ms,
    grace_ms: answers.grace_ms,
    keep_ms: answers.keep_ms,
    flags: answers.flags,
    validatable: answers.validatable,
    headText: responseHeadText(kept),
  }
}

function flattened(fields: Fields): Fields {
  const copy = new Fields()
  copy.copyFrom(fields)
  return copy
}
