import { MAIN } from '../../counters/counters.ts'
import { ACTION } from '../../vcl/runtime/context.ts'
import type { ClientTask } from '../client-task.ts'
import { callClient } from '../rules.ts'
import { STEP, type Step } from '../step.ts'

/** vcl_recv. */
export function recv(task: ClientTask): Step {
  if (task.restarts === 0) {
    task.env.counters[MAIN.client_req]++
    appendForwardedFor(task)
  }
  switch (callClient(task, 'RECV', task.vcl.subs.recv)) {
    case ACTION.hash:
      return mayLookup(task) ? STEP.hash : STEP.pass
    case ACTION.pass:
      return STEP.pass
    case ACTION.pipe:
      return STEP.pipe
    case ACTION.purge:
      task.purging = true
      return STEP.hash
    case ACTION.synth:
      return STEP.synth
    case ACTION.restart:
      return STEP.restart
    default:
      return task.failed('VCL failed')
  }
}

/** Under policy=rfc9111 only GET and HEAD are answered from the store (RFC 9111 section 4), whatever the rules say. */
function mayLookup(task: ClientTask): boolean {
  if (!task.env.policy.requestDirectives) return true
  const method = task.req.method
  return method === 'GET' || method === 'HEAD'
}

function appendForwardedFor(task: ClientTask): void {
  const fields = task.req.fields
  const address = task.connection.facts.client_ip.text
  const before = fields.combined('x-forwarded-for')
  if (before === undefined) fields.appendKeyed('X-Forwarded-For', 'x-forwarded-for', address)
  else fields.set('X-Forwarded-For', before + ', ' + address)
}
