import { wantsPlain } from '../../policy/coding.ts'
import { OBJ_GZIP } from '../../policy/flags.ts'
import type { ClientState } from '../client-state.ts'

/** Filters between the store and the client (VDP), by the names that resp.filters has for them. */
const RESP_FILTERS: ReadonlySet<string> = new Set(['esi', 'gunzip', 'range'])

/** resp.filters as long as rules do not set it: each name with a blank before it, as Varnish has them. */
export function defaultRespFilters(task: ClientState): string {
  const { env, req, resp } = task
  if (task.resp_do_esi) return ' esi'
  const range = env.params.http_range_support && resp.status === 200 && req.fields.has('range') ? ' range' : ''
  return (unpacks(task) ? ' gunzip' : '') + range
}

/** Is the body gzip, and the client one that does not take it? A page is plain, and so is what it includes, whatever rules make of the request. */
export function unpacks({ env, esi_level, object, req }: ClientState): boolean {
  if (object === undefined || (object.head.flags & OBJ_GZIP) === 0 || !env.params.http_gzip_support) return false
  if (esi_level > 0) return true
  return wantsPlain(env.policy, req.fields, object.head.flags, object.head.fields)
}

/** The names of a list; or the first that there is no filter of. */
export function readRespFilters(list: string): ReadonlySet<string> | string {
  const names = list.split(/\s+/).filter((name) => name !== '')
  return names.find((name) => !RESP_FILTERS.has(name)) ?? new Set(names)
}
