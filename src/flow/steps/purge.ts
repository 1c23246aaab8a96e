import { MAIN } from '../../counters/counters.ts'
import { ACTION } from '../../vcl/runtime/context.ts'
import type { ClientTask } from '../client-task.ts'
import { callClient } from '../rules.ts'
import { STEP, type Step } from '../step.ts'

/** return (purge): all variants of the key leave, then vcl_purge answers. */
export function purge(task: ClientTask): Step {
  task.purging = false
  task.env.counters[MAIN.n_purges]++
  task.env.counters[MAIN.n_obj_purged] += task.env.cache.purge(task.key)
  switch (callClient(task, 'PURGE', task.vcl.subs.purge)) {
    case ACTION.synth:
      return STEP.synth
    case ACTION.restart:
      return STEP.restart
    default:
      return task.failed('VCL failed')
  }
}
