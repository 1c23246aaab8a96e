import type { Fields } from '../../http/fields.ts'
import { TAG } from '../../log/tags.ts'
import { acceptsGzip } from '../../policy/coding.ts'
import { ACTION, type Action } from '../../vcl/runtime/context.ts'
import type { ClientTask } from '../client-task.ts'
import { FieldChange } from '../field-change.ts'
import { takeForRules } from '../kept-body.ts'
import { takeQuery } from '../query.ts'
import { callClient } from '../rules.ts'
import { makeKey, search } from './lookup.ts'
import { STEP, type Step } from '../step.ts'

/** vcl_recv. */
export function recv(task: ClientTask): Step {
  const { bodyBytes } = task.vcl.usage
  if (bodyBytes > 0) {
    const step = takeForRules(task, Math.min(bodyBytes, task.env.params.cached_body_max))
    if (step !== STEP.recv) return step
  }
  if (task.vcl.usage.recalled && task.env.outcomes.recalls(task)) return search(task)
  if (!task.env.policy.requestDirectives) gatherFields(task.req.fields)
  const action = callClient(task, 'RECV', task.vcl.subs.recv)
  if (askedByVarnish(task, action)) askForGzip(task)
  switch (action) {
    case ACTION.hash:
      task.by_method = !mayLookup(task)
      if (task.by_method) return hashed(task, STEP.pass)
      task.querying = task.env.policy.queries && task.req.method === 'QUERY'
      return task.querying ? takeQuery(task) : STEP.hash
    case ACTION.pass:
      return hashed(task, STEP.pass)
    case ACTION.pipe:
      return hashed(task, task.esi_level > 0 ? includePiped(task) : STEP.pipe)
    case ACTION.purge:
      task.purging = true
      return STEP.hash
    case ACTION.synth:
      return hashed(task, STEP.synth)
    case ACTION.restart:
      return hashed(task, STEP.restart)
    case ACTION.vcl:
      return relabel(task)
    default:
      return task.failed()
  }
}

/** There is no connection of its own to be a tunnel of. */
function includePiped(task: ClientTask): Step {
  task.log.record(TAG.VCL_Error, 'vcl_recv{} returns pipe for ESI included object.  Doing pass.')
  return STEP.pass
}

/** return (vcl(..)): from the top by the rules of that label, as if they were the active ones, with the request as it came. */
function relabel(task: ClientTask): Step {
  const { env, log, relabelled, restarts, action_label } = task
  const wrong = relabelled ? 'Only from active VCL' : restarts > 0 ? 'Not after restarts' : undefined
  const vcl = wrong === undefined ? env.labels.get(action_label) : undefined
  if (vcl === undefined) {
    log.record(TAG.VCL_Error, `Illegal return(vcl): ${wrong ?? `there is no label ${action_label}`}`)
    return hashed(task, task.refuse(503, 'Service Unavailable'))
  }
  log.record(TAG.VCL_use, `${vcl.name} via ${action_label}`)
  task.goBy(vcl)
  task.beginAgain()
  return STEP.recv
}

/** To Varnish a request that is not passed asks for gzip, or for nothing: it has one object for both. */
function askedByVarnish({ env }: ClientTask, action: Action): boolean {
  return (
    !env.policy.decidesStorage && env.params.http_gzip_support && action !== ACTION.pass && action !== ACTION.pipe && action !== ACTION.vcl
  )
}

function askForGzip(task: ClientTask): void {
  const { fields } = task.req
  const i = fields.indexOf('accept-encoding', 0)
  if (i < 0 || (fields.values[i] === 'gzip' && fields.indexOf('accept-encoding', i + 1) < 0)) return
  task.offered = fields.combined('accept-encoding')
  const change = new FieldChange(task, fields)
  const accepts = acceptsGzip(task.env.policy, fields)
  change.unset('accept-encoding')
  if (accepts) change.set('Accept-Encoding', 'gzip')
}

/** vcl_hash runs whatever vcl_recv returned: the key is there for who asks for req.hash, and what the sub logs is logged. */
function hashed(task: ClientTask, step: Step): Step {
  return makeKey(task) ? step : task.failed()
}

/** Under policy=rfc9111 only GET and HEAD, and QUERY if it is to be, are answered from the store (RFC 9111 section 4), whatever the rules say. */
function mayLookup(task: ClientTask): boolean {
  if (!task.env.policy.requestDirectives) return true
  const method = task.req.method
  return method === 'GET' || method === 'HEAD' || (method === 'QUERY' && task.env.policy.queries)
}

/** Rules written for Varnish look at one line, and decide by it whose request it is: they are to see all there is. */
function gatherFields(fields: Fields): void {
  fields.gather('cookie', '; ')
  fields.gather('cache-control')
}
