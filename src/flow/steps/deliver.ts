import { finalStatus } from '../../http/status.ts'
import { OBJ_RECODED } from '../../policy/flags.ts'
import type { StoredObject } from '../../store/contract.ts'
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
  const { object } = task
  return object !== undefined && (object.head.flags & OBJ_RECODED) !== 0 ? sendMade(task, object) : show(task)
}

/**
 * Of a body that is being made of another nothing may have come: the other may not be what it claims to be. As long as no head has
 * left there can be an honest 503 in its place.
 */
function sendMade(task: ClientTask, { body, head }: StoredObject): Step {
  const isUnproven = body.state === 'filling' && body.size_bytes === 0
  const wanted = isUnproven && mayHaveBody(task, task.vcl.usage.respTouched ? finalStatus(task.resp) : head.status)
  return wanted ? task.awaitBytes(sendProven) : sendProven(task)
}

function sendProven(task: ClientTask): Step {
  const body = task.object?.body
  if (body?.state === 'failed' && body.size_bytes === 0) return task.refuse(503, 'Backend fetch failed')
  return show(task)
}

function show(task: ClientTask): Step {
  return isPage(task) ? transmitPage(task) : transmit(task)
}
