import { MAIN } from '../../counters/counters.ts'
import { ACTION } from '../../vcl/runtime/context.ts'
import type { ClientTask } from '../client-task.ts'
import { startFetch } from '../start-fetch.ts'
import { callClient } from '../rules.ts'
import { STEP, type Step } from '../step.ts'

/** vcl_miss, then a fetch into the store. */
export function miss(task: ClientTask): Step {
  switch (callClient(task, 'MISS', task.vcl.subs.miss)) {
    case ACTION.fetch:
      task.env.counters[MAIN.s_fetch]++
      startFetch(task, 'fetch')
      return STEP.wait
    case ACTION.pass:
      task.giveUpFetch()
      return STEP.pass
    case ACTION.synth:
      return STEP.synth
    case ACTION.restart:
      return STEP.restart
    default:
      return task.failed('VCL failed')
  }
}

/** vcl_pass, then a fetch around the store. */
export function pass(task: ClientTask): Step {
  task.object = undefined
  switch (callClient(task, 'PASS', task.vcl.subs.pass)) {
    case ACTION.fetch:
      task.env.counters[MAIN.s_pass]++
      task.env.counters[MAIN.s_fetch]++
      task.passed = true
      startFetch(task, 'pass')
      return STEP.wait
    case ACTION.synth:
      return STEP.synth
    case ACTION.restart:
      return STEP.restart
    default:
      return task.failed('VCL failed')
  }
}
