import { MAIN } from '../../counters/counters.ts'
import { ACTION } from '../../vcl/runtime/context.ts'
import { hinted } from '../backend-choice.ts'
import type { ClientTask } from '../client-task.ts'
import { openPipe } from '../pipe.ts'
import { PipeLog } from '../pipe-log.ts'
import { callClient } from '../rules.ts'
import { STEP, type Step } from '../step.ts'

/** vcl_pipe: the connection becomes a tunnel to the backend. bereq is what is sent first. */
export function pipe(task: ClientTask): Step {
  const { bereq, req } = task
  bereq.copyFrom(req)
  if (!task.connection.upgrade) bereq.fields.set('Connection', 'close')
  task.bereq_backend = hinted(task.backend_hint, task.vcl.defaultBackend)
  task.bereq_task_deadline_s = task.env.params.pipe_task_deadline
  const log = new PipeLog(task)
  task.pipe_log = log
  switch (callClient(task, 'PIPE', task.vcl.subs.pipe)) {
    case ACTION.pipe:
      task.env.counters[MAIN.s_pipe]++
      task.timestamp('Process')
      log.timestamp('Process')
      openPipe(task)
      return STEP.wait
    case ACTION.synth:
      return STEP.synth
    default:
      return task.failed()
  }
}
