import { ACTION } from '../../vcl/runtime/context.ts'
import { TAG } from '../../log/tags.ts'
import type { ClientTask } from '../client-task.ts'
import { callClient } from '../rules.ts'
import { STEP, type Step } from '../step.ts'

/** vcl_hit. A sub that only says deliver is not called. */
export function hit(task: ClientTask): Step {
  if (task.vcl.usage.trivialHit) {
    task.log.record(TAG.VCL_call, 'HIT')
    task.log.record(TAG.VCL_return, 'deliver')
    return STEP.deliver
  }
  switch (callClient(task, 'HIT', task.vcl.subs.hit)) {
    case ACTION.deliver:
      return STEP.deliver
    case ACTION.pass:
      return STEP.pass
    // VCL 4.0's return (fetch) and return (miss) from vcl_hit.
    case ACTION.fetch:
    case ACTION.miss:
      return STEP.miss
    case ACTION.synth:
      return STEP.synth
    case ACTION.restart:
      return STEP.restart
    default:
      return task.failed('VCL failed')
  }
}
