import { NO_NUMBER } from '../base/digits.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { cacheName, FWD, forwardedText, keyText, remaining_s, type Forwarded, type Handling } from '../policy/cache-status.ts'
import type { StoredObject } from '../store/contract.ts'
import { VIA } from './bereq.ts'
import type { ClientTask } from './client-task.ts'

/** Forwarded.detail when a stale object stands in for a response. */
export const STALE_IF_ERROR = 'stale-if-error'

const VIA_LINE = `Via: ${VIA}`
const BEFORE = `${VIA_LINE}\r\nCache-Status: `

/** What this cache says of a request in Cache-Status (RFC 9211), as the operator wants it said. */
export class CacheStatus {
  private readonly enabled: boolean
  private readonly tellsKey: boolean
  private readonly name: string
  /** Of a hit, up to the number. */
  private readonly hit: string
  private readonly hitTrace: string

  constructor(params: Pick<ParameterValues, 'cache_status' | 'cache_status_name'>) {
    this.enabled = params.cache_status !== 'off'
    this.tellsKey = params.cache_status === 'key'
    this.name = cacheName(params.cache_status_name)
    this.hit = `${this.name}; hit; ttl=`
    this.hitTrace = BEFORE + this.hit
  }

  /**
   * Sets the task's `status_text`, '' for a response that was made here (section 2), and `trace_text`; where they end in "ttl=", also
   * `status_ttl_s`. For a plain hit no string is made.
   */
  describe(task: ClientTask): void {
    const { object, came } = task
    task.status_ttl_s = NO_NUMBER
    if (!this.enabled || object === undefined || came?.local === true) return set(task, '', VIA_LINE)
    const hit = !task.fetched_by_us && !task.collapsed
    if (hit || object.live || came?.stored === true) {
      task.status_ttl_s = remaining_s(object.head.t_origin_ms, object.head.ttl_ms, task.env.clock.wall_ms)
    }
    if (hit && !this.tellsKey) return set(task, this.hit, this.hitTrace)
    const text = this.name + (hit ? '; hit' : forwardedText(handlingOf(task, object, came)))
    const status = text + (this.tellsKey ? keyText(task.key) : '') + (task.status_ttl_s === NO_NUMBER ? '' : '; ttl=')
    set(task, status, BEFORE + status)
  }
}

function set(task: ClientTask, status: string, trace: string): void {
  task.status_text = status
  task.trace_text = trace
}

function handlingOf(task: ClientTask, object: StoredObject, came: Readonly<Forwarded> | undefined): Handling {
  const { status } = object.head
  return {
    fwd: task.fwd,
    fwd_status: came !== undefined && (came.status !== status || mayChange(task)) ? came.status : 0,
    // A stale object that stands in is stored, but not by this.
    stored: came?.stored === true || (object.live && came?.detail !== STALE_IF_ERROR),
    collapsed: task.collapsed ? !task.fetched_by_us : undefined,
    detail: came === undefined || came.detail === '' ? marked(task) : came.detail,
  }
}

/** Does the client ask in a way that may make a 304 or a 206 of the response? Then it does not tell what the origin's was. */
function mayChange({ passed, req: { fields } }: ClientTask): boolean {
  return !passed && (fields.has('range') || fields.has('if-none-match') || fields.has('if-modified-since'))
}

/** Why there was nothing to look for. */
function marked({ is_hitmiss, is_hitpass, fwd }: ClientTask): string {
  if (is_hitpass && fwd === FWD.bypass) return 'hit-for-pass'
  return is_hitmiss ? 'hit-for-miss' : ''
}
