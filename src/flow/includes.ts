import { featuresOf, type Feature } from '../config/features.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { TAG } from '../log/tags.ts'
import type { ClientTask } from './client-task.ts'
import { Fragment } from './filters/esi/fragment.ts'
import type { EsiInclude } from './filters/esi/include.ts'
import type { EsiFeatures } from './filters/esi/parser.ts'
import type { Includer } from './filters/esi/reader.ts'

/** Of the page's request: what asks for something else, or for part of it, or only sometimes. */
const OF_THE_PAGE = [
  'if-modified-since',
  'if-none-match',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
  'accept-encoding',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'expect',
  'upgrade',
]

/** Statuses of an include that is there. */
const HAD = [200, 204]

/** Makes the requests for what a page includes: the client's, as it came, for another URL, through all the rules. */
export class Includes implements Includer {
  private readonly task: ClientTask
  private readonly breaks_on_errors: boolean
  private readonly packed: boolean
  /** That something is left out is said once for each page. */
  private told = false

  /** `packed`: the page is gzip on its way to the client. */
  constructor(task: ClientTask, packed: boolean) {
    this.task = task
    this.packed = packed
    this.breaks_on_errors = isOn(task.env.params.feature, 'esi_include_onerror')
  }

  begin(include: EsiInclude): Fragment | undefined {
    const { task } = this
    if (task.gone || !this.mayInclude()) return undefined
    const fragment = new Fragment(task.connection, this.packed)
    const { req } = fragment
    req.copyFrom(task.vcl.usage.pristine ? task.original : task.req)
    req.method = 'GET'
    req.proto = 'HTTP/1.1'
    req.url = include.url
    if (include.host !== undefined) req.fields.set('Host', include.host)
    for (const key of OF_THE_PAGE) req.fields.delete(key)
    // Under rfc9111 the origin is asked as we are, and who says nothing takes any coding (RFC 9110 section 12.5.3). A page is plain.
    if (this.packed) req.fields.set('Accept-Encoding', 'gzip')
    else if (task.env.policy.decidesStorage) req.fields.set('Accept-Encoding', 'identity')
    task.pool.take().beginIncluded(fragment, task)
    return fragment
  }

  breaks({ goes_on }: EsiInclude, { failed, status }: Fragment): boolean {
    return this.breaks_on_errors && !goes_on && (failed || !HAD.includes(status))
  }

  private mayInclude(): boolean {
    const { task } = this
    const { max_esi_depth, max_esi_includes } = task.env.params
    const top = task.top ?? task
    if (task.esi_level >= max_esi_depth) return this.leftOut(`ESI depth limit reached (param max_esi_depth = ${max_esi_depth})`)
    if (top.includes >= max_esi_includes) return this.leftOut(`ESI include limit reached (param max_esi_includes = ${max_esi_includes})`)
    top.includes++
    return true
  }

  private leftOut(why: string): false {
    if (!this.told) this.task.log.record(TAG.VCL_Error, why)
    this.told = true
    return false
  }
}

function isOn(value: string, wanted: Feature): boolean {
  return featuresOf(value).includes(wanted)
}

/** How pages are to be looked through. */
export function esiFeatures({ feature }: ParameterValues): EsiFeatures {
  return {
    disable_xml_check: isOn(feature, 'esi_disable_xml_check'),
    ignore_https: isOn(feature, 'esi_ignore_https'),
    ignore_other_elements: isOn(feature, 'esi_ignore_other_elements'),
    remove_bom: isOn(feature, 'esi_remove_bom'),
  }
}
