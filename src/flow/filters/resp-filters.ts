import { wantsPlain } from '../../policy/coding.ts'
import { OBJ_ESI, OBJ_GZIP } from '../../policy/flags.ts'
import type { ClientState } from '../client-state.ts'

/** Filters between the store and the client (VDP), by the names that resp.filters has for them. */
const RESP_FILTERS: ReadonlySet<string> = new Set(['esi', 'gunzip', 'range'])

/** resp.filters as long as rules do not set it: each name with a blank before it, as Varnish has them. */
export function defaultRespFilters(task: ClientState): string {
  const { env, req, resp } = task
  const gunzip = unpacks(task) ? ' gunzip' : ''
  if (task.object !== undefined && (task.object.head.flags & OBJ_ESI) !== 0) return (task.resp_do_esi ? ' esi' : '') + gunzip
  const range = env.params.http_range_support && resp.status === 200 && req.fields.has('range') ? ' range' : ''
  return gunzip + range
}

/** Is the body gzip, and the client one that does not take it? What is included is as its page is, whatever rules make of the request. */
export function unpacks({ env, included, object, req }: ClientState): boolean {
  if (object === undefined || (object.head.flags & OBJ_GZIP) === 0 || !env.params.http_gzip_support) return false
  if (included !== undefined) return !included.mayBePacked
  return wantsPlain(env.policy, req.fields, object.head.flags, object.head.fields)
}

/** The names of a list; or the first that there is no filter of. */
export function readRespFilters(list: string): ReadonlySet<string> | string {
  const names = list.split(/\s+/).filter((name) => name !== '')
  return names.find((name) => !RESP_FILTERS.has(name)) ?? new Set(names)
}
