import { FWD } from '../../policy/cache-status.ts'
import { OBJ_IN_CODINGS } from '../../policy/flags.ts'
import { ACTION } from '../../vcl/runtime/context.ts'
import type { ClientTask } from '../client-task.ts'
import { callClient, otherwise } from '../rules.ts'
import { inCoding } from '../recoding/serve.ts'
import { RUNS } from '../request-log.ts'
import { refreshInBackground } from '../start-fetch.ts'
import { STEP, type Step } from '../step.ts'

/** vcl_hit. A sub that only says deliver is not called. */
export function hit(task: ClientTask): Step {
  if (task.vcl.usage.trivialHit) {
    task.log.run(RUNS.hit)
    return hitDelivers(task)
  }
  const action = callClient(task, 'HIT', task.vcl.subs.hit)
  switch (action) {
    case ACTION.deliver:
      return hitDelivers(task)
    case ACTION.pass:
      task.fwd = FWD.bypass
      task.giveUpFetch()
      return STEP.pass
    // VCL 4.0's return (fetch) and return (miss) from vcl_hit.
    case ACTION.fetch:
    case ACTION.miss:
      return STEP.miss
    default:
      return otherwise(task, action)
  }
}

/** With a hit in grace comes the right to fetch a new one, for later requests. */
function hitDelivers(task: ClientTask): Step {
  if (task.busy !== undefined) refreshInBackground(task, task.busy)
  const { object } = task
  if (object !== undefined && (object.head.flags & OBJ_IN_CODINGS) !== 0) task.showInstead(inCoding(task, object))
  return STEP.deliver
}
