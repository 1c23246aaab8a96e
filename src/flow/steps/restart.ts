import { TAG } from '../../log/tags.ts'
import type { ClientTask } from '../client-task.ts'
import { restartLog } from '../request-log.ts'
import { STEP, type Step } from '../step.ts'

/** return (restart): the request goes through the rules again, as they left it. */
export function restart(task: ClientTask): Step {
  task.giveUpFetch()
  task.dropObject()
  task.restarts++
  task.timestamp('Restart')
  if (task.restarts > task.env.params.max_restarts) {
    task.log.record(TAG.VCL_Error, 'Too many restarts')
    return task.refuse(503, 'Too many restarts')
  }
  task.beginAgain()
  restartLog(task)
  return STEP.recv
}
