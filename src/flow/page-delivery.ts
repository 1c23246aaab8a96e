import { Run } from '../log/encoded.ts'
import { TAG } from '../log/tags.ts'
import { MAIN } from '../counters/counters.ts'
import { loosenTag, recode, varyByCoding } from '../policy/coding.ts'
import { finalStatus } from '../http/status.ts'
import { OBJ_ESI, OBJ_GZIP } from '../policy/flags.ts'
import type { BodyReader, StoredObject } from '../store/contract.ts'
import type { ClientTask } from './client-task.ts'
import {
  headOf,
  lengthLine,
  materialise,
  mayAnswer,
  mayHaveBody,
  noFilter,
  notModified,
  send,
  sendNotModified,
  stream,
} from './delivery.ts'
import { FilterCount } from './filters/filter-count.ts'
import { EsiReader, RawReader } from './filters/esi/reader.ts'
import { PageOutput } from './filters/esi/page-output.ts'
import { Sections } from './filters/esi/sections.ts'
import { readRespFilters, unpacks } from './filters/resp-filters.ts'
import { FieldChange } from './field-change.ts'
import { Includes } from './includes.ts'
import type { Step } from './step.ts'

const LISTS = ['', ' gunzip', ' esi', ' esi gunzip'].map((list) => new Run([TAG.Filters, list]))

/** Is the response stored as frames (ESI)? */
export function isPage({ object }: ClientTask): boolean {
  return object !== undefined && (object.head.flags & OBJ_ESI) !== 0
}

/** Sends what is stored as frames: with what it includes, or as it came. It has no length before it is sent, and no ranges. */
export function transmitPage(task: ClientTask): Step {
  const { object, resp } = task
  if (object === undefined) return task.refuse(503, 'No response')
  task.processed()
  const touched = task.vcl.usage.respTouched
  const status = touched ? finalStatus(resp) : object.head.status
  const filters = filtersOf(task, object)
  if (typeof filters === 'string') return noFilter(task, filters)
  const unmodified = !task.querying && mayAnswer(task) && notModified(task, object, status)
  if (!touched) materialise(task)
  // What the client has is made of several representations, each of which may change by itself (RFC 9110 section 8.8.1).
  if (filters.esi) loosenTag(resp.fields, new FieldChange(task, resp.fields))
  if (filters.gunzip) speakOfPlain(task)
  // With the validator that the page has (section 15.4.5).
  if (unmodified) return sendNotModified(task, object, true)
  task.log.run(LISTS[(filters.esi ? 2 : 0) + (filters.gunzip ? 1 : 0)])
  const text = headOf(task) + lengthLine(task, -1)
  if (!mayHaveBody(task, status)) return send(task, text, undefined)
  return stream(task, text, -1, readerOf(task, object, filters))
}

interface PageFilters {
  readonly esi: boolean
  readonly gunzip: boolean
}

/** Or the name of a filter that there is none of. */
function filtersOf(task: ClientTask, { head }: StoredObject): PageFilters | string {
  const { filters_chosen, resp_do_esi } = task
  if (filters_chosen === undefined) return { esi: resp_do_esi, gunzip: unpacks(task) }
  const chosen = readRespFilters(filters_chosen)
  if (typeof chosen === 'string') return chosen
  return { esi: chosen.has('esi'), gunzip: chosen.has('gunzip') && (head.flags & OBJ_GZIP) !== 0 }
}

function speakOfPlain(task: ClientTask): void {
  const { resp } = task
  const change = new FieldChange(task, resp.fields)
  task.env.counters[MAIN.n_gunzip]++
  recode(resp.fields, undefined, change)
  varyByCoding(resp.fields, change)
}

function readerOf(task: ClientTask, { body, head }: StoredObject, { esi, gunzip }: PageFilters): BodyReader {
  const { included, log, filter_counts } = task
  const packed = (head.flags & OBJ_GZIP) !== 0 && !gunzip
  const parsed = esi && !log.masks(TAG.VdpAcct) ? new FilterCount('esi', log) : undefined
  const unpacked = gunzip ? new FilterCount('gunzip', log, 'U D E') : undefined
  for (const count of [parsed, unpacked]) if (count !== undefined) filter_counts.push(count)
  const output = new PageOutput(!packed ? 'plain' : included === undefined ? 'gzip' : 'blocks', new Sections(body), unpacked)
  if (packed && included !== undefined) included.blocks = output
  return esi ? new EsiReader(body, new Includes(task, packed), output, parsed) : new RawReader(body, output)
}
