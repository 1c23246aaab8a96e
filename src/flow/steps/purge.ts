import { MAIN } from '../../counters/counters.ts'
import type { ClientTask } from '../client-task.ts'
import { callClient, otherwise } from '../rules.ts'
import type { Step } from '../step.ts'

/** return (purge): all variants of the key leave, then vcl_purge answers. */
export function purge(task: ClientTask): Step {
  task.purging = false
  task.env.counters[MAIN.n_purges]++
  task.env.counters[MAIN.n_obj_purged] += task.env.cache.purge(task.key)
  return otherwise(task, callClient(task, 'PURGE', task.vcl.subs.purge))
}
