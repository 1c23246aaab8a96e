import type { ClientTask } from '../client-task.ts'
import { purgeKey } from '../purges.ts'
import { searchOf } from '../search.ts'
import { callClient, otherwise } from '../rules.ts'
import type { Step } from '../step.ts'

/** return (purge): all variants of the key leave, then vcl_purge answers. */
export function purge(task: ClientTask): Step {
  task.purging = false
  purgeKey(task.env, task.key, searchOf(task))
  return otherwise(task, callClient(task, 'PURGE', task.vcl.subs.purge))
}
