import { MAIN } from '../../counters/counters.ts'
import { TAG } from '../../log/tags.ts'
import { isBodyless } from '../../http/status.ts'
import { codingOf, type HeadChange, mayRecode, recode, variesByCoding, varyByCoding } from '../../policy/coding.ts'
import { OBJ_ANY_CODING, OBJ_ESI, OBJ_GZIP, OBJ_RECODABLE, OBJ_RECODED } from '../../policy/flags.ts'
import type { BackendState } from '../backend-state.ts'
import { esiFeatures } from '../includes.ts'
import { isRecodable } from '../../policy/copies.ts'
import { wantedCopies } from '../recoding/recoder.ts'
import { EsiFilter } from './esi/filter.ts'
import { EsiGzipFilter } from './esi/gzip-filter.ts'
import type { FetchFilter } from './fetch-filter.ts'
import { GunzipFilter, GzipFilter, TestGunzipFilter } from './zlib-filter.ts'

/** Filters between the origin and the store (VFP), by the names that beresp.filters has for them. */

/** What the filters of a response come to, as they are added. */
interface Plan {
  readonly fetch: BackendState
  readonly change: HeadChange
  readonly filters: FetchFilter[]
  /** OBJ_* bits of the head to store. */
  flags: number
}

/** Adds itself, and makes the head that of what it hands on; a filter that has nothing to do with the response stays out. */
type Adds = (plan: Plan) => void

const FETCH_FILTERS: ReadonlyMap<string, Adds> = new Map<string, Adds>([
  ['gzip', addGzip],
  ['gunzip', addGunzip],
  ['testgunzip', addTest],
  ['esi', addEsi],
  ['esi_gzip', addEsiGzip],
])

export interface FetchPlan {
  readonly filters: readonly FetchFilter[]
  readonly flags: number
}

const NOTHING_TO_DO: FetchPlan = { filters: [], flags: 0 }

/** Makes the filters of the list, and the head what they make of the body; the name of the first that there is none of. */
export function planFilters(fetch: BackendState, list: string, change: HeadChange): FetchPlan | string {
  if (list === '') return NOTHING_TO_DO
  const names = list.split(/\s+/).filter((name) => name !== '')
  const unknown = names.find((name) => !FETCH_FILTERS.has(name))
  if (unknown !== undefined) return unknown
  const plan: Plan = { fetch, change, filters: [], flags: 0 }
  const varies = variesByCoding(fetch.beresp.fields)
  for (const name of names) FETCH_FILTERS.get(name)?.(plan)
  // The origin has not said that it depends on Accept-Encoding: what does is our doing, and it is done for each client.
  if (!varies && (plan.flags & OBJ_GZIP) !== 0) plan.flags |= OBJ_ANY_CODING
  return plan
}

/** To Varnish all objects are for whatever coding is asked for: requests ask for gzip, and who cannot take it has it unpacked. */
export function anyCoding({ env }: BackendState): number {
  return env.params.http_gzip_support && !env.policy.decidesStorage ? OBJ_ANY_CODING : 0
}

function addGzip(plan: Plan): void {
  const { fetch, change } = plan
  const { fields } = fetch.beresp
  if (codingOf(fields) !== 'plain') return
  fetch.env.counters[MAIN.n_gzip]++
  plan.filters.push(new GzipFilter(fetch.env.params))
  recode(fields, 'gzip', change)
  varyByCoding(fields, change)
  plan.flags |= OBJ_GZIP | OBJ_RECODED
}

function addGunzip(plan: Plan): void {
  const { fetch, change } = plan
  const { fields } = fetch.beresp
  if (codingOf(fields) !== 'gzip') return
  fetch.env.counters[MAIN.n_gunzip]++
  plan.filters.push(new GunzipFilter(fetch.env.params))
  recode(fields, undefined, change)
  plan.flags = (plan.flags & ~OBJ_GZIP) | OBJ_RECODED
}

function addTest(plan: Plan): void {
  const { fetch, change } = plan
  const { fields } = fetch.beresp
  if (codingOf(fields) !== 'gzip') return
  fetch.env.counters[MAIN.n_test_gunzip]++
  // Behind another filter the body has another length.
  plan.filters.push(new TestGunzipFilter(fetch.env.params, plan.filters.length === 0 ? fetch.expected_bytes : -1))
  varyByCoding(fields, change)
  plan.flags |= OBJ_GZIP
}

/** Of what is not plain nothing can be looked through. */
function addEsi(plan: Plan): void {
  const { fetch } = plan
  if (!isReadable(plan)) return
  plan.filters.push(new EsiFilter(fetch.bereq.url, esiFeatures(fetch.env.params), troubleOf(fetch)))
  plan.flags |= OBJ_ESI
}

/** The same, and the page is packed. */
function addEsiGzip(plan: Plan): void {
  const { fetch, change } = plan
  if (!isReadable(plan)) return
  const { env, bereq, beresp } = fetch
  env.counters[MAIN.n_gzip]++
  plan.filters.push(new EsiGzipFilter(bereq.url, esiFeatures(env.params), env.params, troubleOf(fetch)))
  recode(beresp.fields, 'gzip', change)
  varyByCoding(beresp.fields, change)
  plan.flags |= OBJ_ESI | OBJ_GZIP | OBJ_RECODED
}

function isReadable({ fetch, flags }: Plan): boolean {
  return codingOf(fetch.beresp.fields) === 'plain' && (flags & OBJ_ESI) === 0
}

function troubleOf({ env, log }: BackendState): (text: string, error: boolean) => void {
  return (text, error) => {
    log.record(TAG.ESI_xmlerror, text)
    env.counters[error ? MAIN.esi_errors : MAIN.esi_warnings]++
  }
}

/** What of OBJ_* says that it may be had in other codings, which its head says from the beginning. */
export function recodable({ env, beresp, beresp_do_recode, beresp_uncacheable }: BackendState, flags: number, change: HeadChange): number {
  if (!beresp_do_recode || beresp_uncacheable || wantedCopies(env.params) === 0) return 0
  const { fields, status } = beresp
  if (!isRecodable(env.policy, status, fields, flags)) return 0
  const varied = variesByCoding(fields)
  varyByCoding(fields, change)
  return OBJ_RECODABLE | (varied ? 0 : OBJ_ANY_CODING)
}

/** May the body be filtered at all? What is a part, or has none, stays as it is. */
export function hasBody({ bereq, beresp }: BackendState, expected_bytes: number): boolean {
  return bereq.method !== 'HEAD' && expected_bytes !== 0 && beresp.status !== 206 && !isBodyless(beresp.status)
}

/** beresp.filters as long as rules do not set it: each name with a blank before it, as Varnish has them. */
export function defaultFetchFilters(fetch: BackendState, expected_bytes: number): string {
  if (!hasBody(fetch, expected_bytes)) return ''
  const { fields } = fetch.beresp
  const coding = codingOf(fields)
  if (fetch.beresp_do_esi) return pageFilters(fetch, coding)
  if (coding === 'gzip') return fetch.beresp_do_gunzip && converts(fetch) ? ' gunzip' : testsGzip(fetch) ? ' testgunzip' : ''
  return coding === 'plain' && fetch.beresp_do_gzip && converts(fetch) ? ' gzip' : ''
}

/** A page is read unpacked, and stored packed if it came so, or is to be. */
function pageFilters(fetch: BackendState, coding: string): string {
  if (!converts(fetch)) return ' esi'
  if (coding === 'gzip') return fetch.beresp_do_gunzip ? ' gunzip esi' : ' gunzip esi_gzip'
  return coding === 'plain' && fetch.beresp_do_gzip ? ' esi_gzip' : ' esi'
}

/** May the coding be another than the origin's? */
function converts({ env, beresp }: BackendState): boolean {
  return env.params.http_gzip_support && mayRecode(env.policy, beresp.fields)
}

/** What goes through unstored is between the origin and the client under rfc9111; but a page has to know what it can unpack. */
function testsGzip({ env, beresp_uncacheable, is_fragment }: BackendState): boolean {
  return !env.policy.decidesStorage || (env.params.http_gzip_support && (!beresp_uncacheable || is_fragment))
}
