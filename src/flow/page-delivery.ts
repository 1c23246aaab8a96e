import { Run } from '../log/encoded.ts'
import { TAG } from '../log/tags.ts'
import { weakenTag } from '../policy/coding.ts'
import { finalStatus } from '../http/status.ts'
import { OBJ_ESI } from '../policy/flags.ts'
import type { ClientTask } from './client-task.ts'
import { headOf, isRead, lengthLine, materialise, mayHaveBody, noFilter, notModified, send, sendNotModified, stream } from './delivery.ts'
import { EsiReader, RawReader } from './filters/esi/reader.ts'
import { readRespFilters } from './filters/resp-filters.ts'
import { Includes } from './includes.ts'
import type { Step } from './step.ts'

const ESI = new Run([TAG.Filters, ' esi'])
const AS_IT_CAME = new Run([TAG.Filters, ''])

/** Is the response stored as frames (ESI)? */
export function isPage({ object }: ClientTask): boolean {
  return object !== undefined && (object.head.flags & OBJ_ESI) !== 0
}

/** Sends what is stored as frames: with what it includes, or as it came. It has no length before it is sent, and no ranges. */
export function transmitPage(task: ClientTask): Step {
  const { object, resp } = task
  if (object === undefined) return task.refuse(503, 'No response')
  task.processed()
  const status = task.vcl.usage.respTouched ? finalStatus(resp) : object.head.status
  const assembles = assembled(task)
  if (typeof assembles === 'string') return noFilter(task, assembles)
  if (!task.passed && isRead(task.req.method) && notModified(task, object, status)) return sendNotModified(task, object)
  if (!task.vcl.usage.respTouched) materialise(task)
  // What the client has is made of several representations, each of which may change by itself (RFC 9110 section 8.8.1).
  if (assembles) weakenTag(resp.fields)
  task.log.run(assembles ? ESI : AS_IT_CAME)
  const text = headOf(task) + lengthLine(task, -1)
  if (!mayHaveBody(task, status)) return send(task, text, undefined)
  return stream(task, text, -1, assembles ? new EsiReader(object.body, new Includes(task)) : new RawReader(object.body))
}

/** Or the name of a filter that there is none of. */
function assembled({ filters_chosen, resp_do_esi }: ClientTask): boolean | string {
  if (filters_chosen === undefined) return resp_do_esi
  const chosen = readRespFilters(filters_chosen)
  return typeof chosen === 'string' ? chosen : chosen.has('esi')
}
