import { ACTION } from '../../vcl/runtime/context.ts'
import type { ClientTask } from '../client-task.ts'
import { present, transmit } from '../delivery.ts'
import { isPage, transmitPage } from '../page-delivery.ts'
import { callClient, otherwise } from '../rules.ts'
import { RUNS } from '../request-log.ts'
import type { Step } from '../step.ts'

/** vcl_deliver. resp exists only when the rules look at it; otherwise the object's ready-made head is sent. */
export function deliver(task: ClientTask): Step {
  present(task)
  if (task.vcl.usage.trivialDeliver) {
    task.log.run(RUNS.deliver)
    return send(task)
  }
  const action = callClient(task, 'DELIVER', task.vcl.subs.deliver)
  return action === ACTION.deliver ? send(task) : otherwise(task, action)
}

function send(task: ClientTask): Step {
  return isPage(task) ? transmitPage(task) : transmit(task)
}
