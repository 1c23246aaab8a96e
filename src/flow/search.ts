import { THAWS_MAX } from '../cache/lookup.ts'
import type { SearchNote, SearchPlan } from '../cache/searches.ts'
import type { RequestHead, ResponseHead } from '../http/message.ts'
import { canonicalSearch, queryOf, sameSearch, searchSpec } from '../policy/no-vary-search.ts'
import type { Cold, StoredObject } from '../store/contract.ts'
import type { ClientTask } from './client-task.ts'
import type { Environment } from './environment.ts'
import { makeKey } from './steps/lookup.ts'

/** In place of the query, where vcl_hash is asked for the key of a path: no target contains it. */
const PLACE = '?\u0001'

/** A request whose response may be one to other queries of the same path (No-Vary-Search). */
export interface Search {
  /** The key of its own URL. */
  readonly exact: string
  /** That of the path, with PLACE for the query. */
  readonly path: string
  readonly query: string
  /** What was known of the path when it was looked up last. */
  seen: SearchNote
}

const UNSEEN: SearchNote = { era: '', specs: [] }

/** From the request, and the key that vcl_hash has made of it. None where that is not the URL as it stands and more: then only it counts. */
export function searchOf(task: ClientTask): Search | undefined {
  if (!task.env.policy.searches) return undefined
  const { req, key: exact } = task
  const { url } = req
  const at = url.indexOf('?')
  req.url = (at < 0 ? url : url.slice(0, at)) + PLACE
  const made = makeKey(task, false)
  const path = task.key
  req.url = url
  task.key = exact
  if (!made || !path.includes(PLACE) || withQuery(path, at < 0 ? '' : url.slice(at)) !== exact) return undefined
  return { exact, path, query: queryOf(url), seen: UNSEEN }
}

function withQuery(path: string, query: string): string {
  return path.split(PLACE).join(query)
}

/** Under which all responses are stored that say the same to the same. */
function classKey({ path, query }: Search, era: string, spec: string): string {
  return `${withQuery(path, '?' + canonicalSearch(spec, query))}${era}\n${spec}\0`
}

/**
 * Sets the task's key to the one to look up: of those under which a response to it may be stored, that of the most recent
 * (RFC 9111 section 4), or, when there is none, the one under which others would wait for it. Returns what has to be waited for first.
 */
export function chooseKey(task: ClientTask, search: Search): Cold | undefined {
  const { cache, store } = task.env
  const waits = task.thaws >= THAWS_MAX
  search.seen = cache.searches.of(search.path, waits)
  const { era, specs } = search.seen
  const { fields } = task.req
  task.key = specs.length === 0 ? search.exact : classKey(search, era, specs[0])
  let newest_ms = -Infinity
  for (const key of [search.exact, ...specs.map((spec) => classKey(search, era, spec))]) {
    const made_ms = store.cold === undefined ? cache.searches.madeAt_ms(key, fields, waits) : -Infinity
    if (made_ms <= newest_ms) continue
    newest_ms = made_ms
    task.key = key
  }
  const { cold } = store
  store.cold = undefined
  return cold
}

/** Where a response belongs. */
export interface Place {
  readonly key: string
  readonly spec: string
  /** More keys by which it can be purged. */
  readonly keys: readonly string[]
  readonly plan: SearchPlan | undefined
}

const NO_KEYS: readonly string[] = []

/** Where it belongs when other queries have nothing to do with it. */
export function ownPlace(key: string): Place {
  return { key, spec: '', keys: NO_KEYS, plan: undefined }
}

/** What the response itself says, not what earlier ones have said, decides. */
export function placeOf(env: Environment, search: Search, beresp: ResponseHead, xid: number): Place {
  const spec = searchSpec(beresp.fields)
  if (spec === '') return ownPlace(search.exact)
  const { path, seen } = search
  const plan = env.cache.searches.plan(path, spec, xid)
  // Who has purged meanwhile may not have known under which key it would be.
  const keys = plan.era === seen.era && seen.specs.includes(spec) ? [] : [newcomers(path)]
  return { key: classKey(search, plan.era, spec), spec, keys, plan }
}

/** The object is there: now others may be led to it. */
export function leadTo(env: Environment, search: Search | undefined, { plan }: Place, object: StoredObject): void {
  if (search === undefined || plan?.note === undefined || !object.live || object.store === undefined) return
  env.cache.searches.leave(search.path, plan.note, object.store)
}

/** Is the response also one to that request, which was looked up under the same key? */
export function suitsToo(search: Search | undefined, { spec }: Place, req: RequestHead): boolean {
  return search === undefined || sameSearch(spec, search.query, queryOf(req.url))
}

/** All responses whose spec was new when they came. */
function newcomers(path: string): string {
  return `${path}\u0002`
}

/** What is to be purged with the URL: what is stored for it under other keys. */
export function searchKeys({ cache }: Environment, search: Search | undefined): string[] {
  if (search === undefined) return []
  const { era, specs } = cache.searches.of(search.path, true)
  return [newcomers(search.path), ...specs.map((spec) => classKey(search, era, spec))]
}
