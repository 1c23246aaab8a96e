import { unreachable } from '../../base/assert.ts'
import type { RequestHead } from '../../http/message.ts'
import type { ObjectHead } from '../../store/contract.ts'
import type { BanTest, DurationTest, TextTest } from './expression.ts'

/** What a ban is tested on. */
export interface Banned {
  readonly head: ObjectHead
  /** 0: not yet. */
  readonly lastHit_ms: number
}

/** Tests carried out by the last `isBanned`. */
export let tests_done = 0

/** Do all tests of a ban (of none: yes), given at that time, hold for the object? Those that ask for the request need one. */
export function isBanned(tests: readonly BanTest[], given_ms: number, object: Banned, req: RequestHead | undefined): boolean {
  tests_done = 0
  for (let i = 0; i < tests.length; i++) {
    tests_done++
    if (!holds(tests[i], given_ms, object, req)) return false
  }
  return true
}

function holds(test: BanTest, given_ms: number, object: Banned, req: RequestHead | undefined): boolean {
  return 'argument_ms' in test ? compares(test, given_ms, object) : says(test, subjectOf(test, object.head, req))
}

function subjectOf(test: TextTest, head: ObjectHead, req: RequestHead | undefined): string | undefined {
  switch (test.subject) {
    case 'req.url':
      return req?.url
    case 'req.http':
      return req?.fields.get(test.name)
    case 'obj.status':
      return String(head.status)
    case 'obj.http':
      return head.fields.get(test.name)
    default:
      return unreachable(test.subject)
  }
}

/** A field that is not there differs from everything, and neither matches nor fails to match. What cannot be known is so. */
function says({ operator, argument, pattern }: TextTest, subject: string | undefined): boolean {
  if (subject === undefined) return operator === '!='
  switch (operator) {
    case '==':
      return subject === argument
    case '!=':
      return subject !== argument
    case '~':
      return pattern?.test(subject) !== false
    default:
      return pattern?.test(subject) !== true
  }
}

function compares({ subject, operator, argument_ms }: DurationTest, given_ms: number, object: Banned): boolean {
  const value_ms = durationOf(subject, given_ms, object)
  switch (operator) {
    case '==':
      return value_ms === argument_ms
    case '!=':
      return value_ms !== argument_ms
    case '>':
      return value_ms > argument_ms
    case '>=':
      return value_ms >= argument_ms
    case '<':
      return value_ms < argument_ms
    default:
      return value_ms <= argument_ms
  }
}

/** Ttl, age and last hit as they were when the ban was given. An object that was never hit has been idle since it was made. */
function durationOf(subject: DurationTest['subject'], given_ms: number, { head, lastHit_ms }: Banned): number {
  switch (subject) {
    case 'obj.ttl':
      return head.t_origin_ms + head.ttl_ms - given_ms
    case 'obj.age':
      return given_ms - head.t_origin_ms
    case 'obj.grace':
      return head.grace_ms
    case 'obj.keep':
      return head.keep_ms
    case 'obj.last_hit':
      return given_ms - Math.max(lastHit_ms, head.t_origin_ms)
    default:
      return unreachable(subject)
  }
}
