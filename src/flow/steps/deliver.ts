import { finalStatus } from '../../http/status.ts'
import { OBJ_RECODED } from '../../policy/flags.ts'
import { ACTION } from '../../vcl/runtime/context.ts'
import type { ClientTask } from '../client-task.ts'
import { mayHaveBody, present, transmit } from '../delivery.ts'
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
  if (action === ACTION.deliver) return send(task)
  task.timestamp('Process')
  return otherwise(task, action)
}

function send(task: ClientTask): Step {
  return isUnproven(task) ? task.awaitBytes(sendProven) : sendProven(task)
}

/**
 * A body that is being made of another, and of which nothing has come: the other may not be what it claims to be. As long as no head has
 * left there can be an honest 503 in its place.
 */
function isUnproven(task: ClientTask): boolean {
  const { object } = task
  if (object === undefined || (object.head.flags & OBJ_RECODED) === 0) return false
  const { body } = object
  if (body.state !== 'filling' || body.size_bytes > 0) return false
  return mayHaveBody(task, task.vcl.usage.respTouched ? finalStatus(task.resp) : object.head.status)
}

function sendProven(task: ClientTask): Step {
  const { object } = task
  if (object !== undefined && object.body.state === 'failed' && object.body.size_bytes === 0) {
    if ((object.head.flags & OBJ_RECODED) !== 0) return task.refuse(503, 'Backend fetch failed')
  }
  return isPage(task) ? transmitPage(task) : transmit(task)
}
