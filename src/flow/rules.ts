import { MAIN } from '../counters/counters.ts'
import { Run } from '../log/encoded.ts'
import { TAG } from '../log/tags.ts'
import { ACTION, type Action, type BackendSub, type ClientSub } from '../vcl/runtime/context.ts'
import type { ClientTask } from './client-task.ts'
import type { Fetch } from './fetch.ts'
import { logHitForPass } from './fetch-log.ts'
import { STEP, type Step } from './step.ts'
import type { TaskState } from './task-state.ts'

/** Action numbers back to their names, for VCL_return. */
export const ACTION_NAMES: readonly string[] = Object.keys(ACTION)

const RETURNS = ACTION_NAMES.map((name) => new Run([TAG.VCL_return, name]))

const TITLES = ['RECV', 'HASH', 'HIT', 'MISS', 'PASS', 'PIPE', 'PURGE', 'SYNTH', 'DELIVER'] as const
type ClientTitle = (typeof TITLES)[number]
const CALLS = Object.fromEntries(TITLES.map((title) => [title, new Run([TAG.VCL_call, title])])) as Readonly<Record<ClientTitle, Run>>

/** The log is told why, if that has not been done: rules may say no more than return (fail). */
function failed({ env, log, error_told }: TaskState): void {
  env.counters[MAIN.vcl_fail]++
  if (!error_told) log.record(TAG.VCL_Error, 'Failed from VCL')
}

/** Runs a client-side sub, with its log records. `title` is the sub's name as the log has it. */
export function callClient(task: ClientTask, title: ClientTitle, sub: ClientSub): Action {
  const { log, req, resp } = task
  const { method, url } = req
  const { status, reason } = resp
  log.run(CALLS[title])
  let action: Action
  task.error_told = false
  try {
    action = sub(task)
  } catch (error) {
    task.vclError(`${title}: ${String(error)}`, title)
    action = ACTION.fail
  }
  if (action === ACTION.fail) failed(task)
  // Field lines are logged as they are set; of these the last word will do.
  if (req.method !== method) log.record(TAG.ReqMethod, req.method)
  if (req.url !== url) log.record(TAG.ReqURL, req.url)
  if (resp.status !== status) log.number(TAG.RespStatus, resp.status)
  if (resp.reason !== reason) log.record(TAG.RespReason, resp.reason)
  task.log.run(RETURNS[action])
  return action
}

/** Where the actions lead that mean the same in every sub that may return them. */
export function otherwise(task: ClientTask, action: Action): Step {
  if (action === ACTION.synth) return STEP.synth
  if (action === ACTION.restart) return STEP.restart
  return task.failed()
}

/** As callClient, for the backend side. */
export function callBackend(fetch: Fetch, title: string, sub: BackendSub): Action {
  const { log, bereq, beresp } = fetch
  const { method, url } = bereq
  const { status, reason } = beresp
  log.record(TAG.VCL_call, title)
  let action: Action
  fetch.error_told = false
  fetch.telling = true
  try {
    action = sub(fetch)
  } catch (error) {
    fetch.vclError(`${title}: ${String(error)}`, title)
    action = ACTION.fail
  }
  fetch.telling = false
  if (action === ACTION.fail) failed(fetch)
  if (bereq.method !== method) log.record(TAG.BereqMethod, bereq.method)
  if (bereq.url !== url) log.record(TAG.BereqURL, bereq.url)
  if (beresp.status !== status) log.number(TAG.BerespStatus, beresp.status)
  if (beresp.reason !== reason) log.record(TAG.BerespReason, beresp.reason)
  if (action === ACTION.pass) logHitForPass(fetch)
  log.record(TAG.VCL_return, ACTION_NAMES[action])
  return action
}
