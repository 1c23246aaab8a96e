import { MAIN } from '../../counters/counters.ts'
import { FWD } from '../../policy/cache-status.ts'
import { ACTION } from '../../vcl/runtime/context.ts'
import { forwardsLeft, goesRound, isForOrigin } from '../bereq.ts'
import type { ClientTask } from '../client-task.ts'
import { isRead } from '../delivery.ts'
import { startFetch } from '../start-fetch.ts'
import { callClient, otherwise } from '../rules.ts'
import { STEP, type Step } from '../step.ts'

/** vcl_miss, then a fetch into the store. */
export function miss(task: ClientTask): Step {
  const action = callClient(task, 'MISS', task.vcl.subs.miss)
  switch (action) {
    case ACTION.fetch:
      if (goesRound(task.req)) return task.refuse(508, 'Loop detected')
      if (task.env.policy.decidesStorage && isForOrigin(task.req)) return around(task)
      task.env.counters[MAIN.s_fetch]++
      startFetch(task, 'fetch')
      return STEP.wait
    case ACTION.pass:
      task.fwd = FWD.bypass
      return around(task)
    default:
      return otherwise(task, action)
  }
}

function around(task: ClientTask): Step {
  task.giveUpFetch()
  return STEP.pass
}

/** vcl_pass, then a fetch around the store. */
export function pass(task: ClientTask): Step {
  task.object = undefined
  if (!isRead(task.req.method)) task.fwd = FWD.method
  // We are the last that may answer it (RFC 9110 section 7.6.2). TRACE would show the client what was added on the way.
  if (forwardsLeft(task.req) === 0) return task.refuse(task.req.method === 'TRACE' ? 405 : 200, 'Max-Forwards')
  const action = callClient(task, 'PASS', task.vcl.subs.pass)
  if (action !== ACTION.fetch) return otherwise(task, action)
  if (goesRound(task.req)) return task.refuse(508, 'Loop detected')
  task.env.counters[MAIN.s_pass]++
  task.env.counters[MAIN.s_fetch]++
  task.passed = true
  startFetch(task, 'pass')
  return STEP.wait
}
