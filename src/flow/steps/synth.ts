import { MAIN } from '../../counters/counters.ts'
import { formatHttpDate } from '../../http/dates.ts'
import { reasonPhrase } from '../../http/status.ts'
import { ACTION } from '../../vcl/runtime/context.ts'
import type { ClientTask } from '../client-task.ts'
import { presentSynthetic, transmitSynthetic } from '../delivery.ts'
import { callClient } from '../rules.ts'
import { STEP, type Step } from '../step.ts'

/** vcl_synth: a response made here, from action_status and action_reason. */
export function synth(task: ClientTask): Step {
  task.giveUpFetch()
  task.dropObject()
  task.env.counters[MAIN.s_synth]++
  compose(task)
  presentSynthetic(task)
  switch (callClient(task, 'SYNTH', task.vcl.subs.synth)) {
    case ACTION.deliver:
      return transmitSynthetic(task)
    case ACTION.restart:
      // The answer to a request that may not be restarted again is made here too.
      if (task.restarts < task.env.params.max_restarts) return STEP.restart
      task.vclError('Too many restarts')
      return bare(task)
    default:
      return bare(task)
  }
}

/** Nothing is left that could answer for the rules: a 503 without a word, and the connection goes. */
function bare(task: ClientTask): Step {
  compose(task)
  task.resp.status = 503
  task.resp.reason = 'VCL failed'
  task.body_text = ''
  task.connection.closeAfter('VCL_FAILURE')
  presentSynthetic(task)
  return transmitSynthetic(task)
}

function compose(task: ClientTask): void {
  const { resp } = task
  resp.proto = 'HTTP/1.1'
  resp.status = validStatus(task.action_status)
  resp.reason = task.action_reason ?? reasonPhrase(resp.status % 1000)
  resp.fields.clear()
  resp.fields.appendKeyed('Date', 'date', formatHttpDate(task.env.clock.wall_ms))
  resp.fields.appendKeyed('Server', 'server', 'Lacquer')
  task.body_text = ''
}

/** synth(10404) is seen as 10404 by rules and as 404 by the client; what cannot be a status is 503. */
function validStatus(status: number): number {
  return status % 1000 >= 100 && status <= 65535 ? status : 503
}
