import { MAIN } from '../counters/counters.ts'
import { TAG } from '../log/tags.ts'
import { ACTION, type Action, type BackendSub, type ClientSub } from '../vcl/runtime/context.ts'
import type { ClientTask } from './client-task.ts'
import type { Fetch } from './fetch.ts'

/** Action numbers back to their names, for VCL_return. */
export const ACTION_NAMES: readonly string[] = Object.keys(ACTION)

/** Runs a client-side sub, with its log records. `title` is the sub's name as the log has it: RECV, HASH... */
export function callClient(task: ClientTask, title: string, sub: ClientSub): Action {
  task.log.record(TAG.VCL_call, title)
  let action: Action
  try {
    action = sub(task)
  } catch (error) {
    task.vclError(`${title}: ${String(error)}`)
    action = ACTION.fail
  }
  if (action === ACTION.fail) task.env.counters[MAIN.vcl_fail]++
  task.log.record(TAG.VCL_return, ACTION_NAMES[action])
  return action
}

/** As callClient, for the backend side. */
export function callBackend(fetch: Fetch, title: string, sub: BackendSub): Action {
  fetch.log.record(TAG.VCL_call, title)
  let action: Action
  try {
    action = sub(fetch)
  } catch (error) {
    fetch.vclError(`${title}: ${String(error)}`)
    action = ACTION.fail
  }
  if (action === ACTION.fail) fetch.env.counters[MAIN.vcl_fail]++
  fetch.log.record(TAG.VCL_return, ACTION_NAMES[action])
  return action
}
