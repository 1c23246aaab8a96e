import { LOOKUP, THAWS_MAX } from '../../cache/lookup.ts'
import { MAIN } from '../../counters/counters.ts'
import { TAG } from '../../log/tags.ts'
import { FWD } from '../../policy/cache-status.ts'
import { OBJ_PARTIAL } from '../../policy/flags.ts'
import { NO_DIRECTIVES, parseRequestDirectives } from '../../policy/directives.ts'
import type { StoredObject } from '../../store/contract.ts'
import { ACTION } from '../../vcl/runtime/context.ts'
import type { ClientTask } from '../client-task.ts'
import { FirstByte, isToBegin } from '../first-byte.ts'
import { isFarAhead } from '../filters/range.ts'
import { queryKey } from '../query.ts'
import { logBuiltinHash, logHit } from '../request-log.ts'
import { chooseKey, searchOf } from '../search.ts'
import { callClient } from '../rules.ts'
import { STEP, type Step } from '../step.ts'

/** vcl_hash: makes the key. */
export function hash(task: ClientTask): Step {
  if (!makeKey(task)) return task.failed()
  if (task.purging) return STEP.purge
  if (task.querying) return queryKey(task)
  if (task.vcl.usage.recalled) task.env.outcomes.learn(task)
  return search(task)
}

/** On with the key. */
export function search(task: ClientTask): Step {
  if (task.env.policy.searches) task.search = searchOf(task)
  return STEP.lookup
}

/** The key of the request as it is now; false when the rules fail. The built-in sub is not called: `told` for the log. */
export function makeKey(task: ClientTask, told = true): boolean {
  task.key = ''
  if (!task.vcl.usage.builtinHash) return callClient(task, 'HASH', task.vcl.subs.hash) === ACTION.lookup
  task.key = builtinKey(task)
  if (told) logBuiltinHash(task)
  return true
}

/** What the built-in vcl_hash makes of the request. The string is kept where the next such request finds it: its hash is computed once then. */
function builtinKey({ req, server_ip }: ClientTask): string {
  const { known, url } = req
  const host = req.fields.get('host')
  if (known === undefined || known.url !== url || host === undefined || known.host !== host) {
    return url + '\0' + (host ?? server_ip.text) + '\0'
  }
  if (known.key === '') known.key = url + '\0' + host + '\0'
  return known.key
}

/** Looks the key up and counts what was found. */
export function lookup(task: ClientTask): Step {
  const { env } = task
  task.directives = env.policy.requestDirectives ? parseRequestDirectives(task.req.fields) : NO_DIRECTIVES
  if (task.search !== undefined) {
    const cold = chooseKey(task, task.search)
    if (cold !== undefined) return task.thaw(cold)
  }
  const cache = env.cache
  const found = cache.lookup(task.key, task)
  task.object = cache.object
  // Who has waited went forward for the reason it had then, also when it then has to fetch alone.
  if (found > LOOKUP.hit && !task.collapsed) task.fwd = cache.fwd
  switch (found) {
    case LOOKUP.hit:
      return countHit(task)
    case LOOKUP.hit_grace: {
      task.busy = cache.busy
      const step = countHit(task)
      // Who waits for it to be in memory, or to begin, finds it a second time.
      if (step === STEP.hit) env.counters[MAIN.cache_hit_grace]++
      return step
    }
    case LOOKUP.cold:
      return cache.cold === undefined ? STEP.miss : task.thaw(cache.cold)
    default:
      return task.directives.only_if_cached ? unsatisfiable(task, found) : notHit(task, found)
  }
}

function countHit(task: ClientTask): Step {
  const { env, object } = task
  if (object === undefined) return STEP.miss
  const { cold } = object
  if (cold !== undefined && task.thaws < THAWS_MAX) return task.thaw(cold)
  if (object.body.state === 'filling') {
    const step = begun(task, object)
    if (step !== undefined) return step
  }
  env.counters[MAIN.cache_hit]++
  object.hits++
  object.lastHit_ms = env.clock.wall_ms
  if ((object.head.flags & OBJ_PARTIAL) === 0) env.store.touch(object)
  logHit(task, object)
  return STEP.hit
}

/** What still fills, and is not to be delivered, or not yet. */
function begun(task: ClientTask, object: StoredObject): Step | undefined {
  const { env } = task
  if (isFarAhead(env.policy, task.req, object, env.params.range_offset_limit)) {
    task.fwd = FWD.partial
    task.giveUpFetch()
    return STEP.pass
  }
  return task.thaws === 0 && !task.asked_head && isToBegin(object.body) ? task.thaw(new FirstByte(object.body)) : undefined
}

function notHit(task: ClientTask, found: number): Step {
  const { counters, cache } = task.env
  const busy = cache.busy
  switch (found) {
    case LOOKUP.hitpass:
      counters[MAIN.cache_hitpass]++
      task.is_hitpass = true
      task.fwd = FWD.bypass
      task.object = undefined
      task.log.marker(TAG.HitPass, cache.marker_xid, cache.marker_left_ms / 1000)
      return STEP.pass
    case LOOKUP.hitmiss:
      counters[MAIN.cache_hitmiss]++
      counters[MAIN.cache_miss]++
      task.is_hitmiss = true
      task.log.marker(TAG.HitMiss, cache.marker_xid, cache.marker_left_ms / 1000)
      return STEP.miss
    case LOOKUP.wait:
      if (busy !== undefined) return task.park(busy)
      break
    case LOOKUP.crowded:
      counters[MAIN.busy_refused]++
      return task.refuse(503, 'Too many requests wait for this')
  }
  counters[MAIN.cache_miss]++
  task.busy = busy
  return STEP.miss
}

/** RFC 9111 section 5.2.1.7: only-if-cached and nothing to use is 504. */
function unsatisfiable(task: ClientTask, found: number): Step {
  const { cache } = task.env
  const busy = cache.busy
  task.object = undefined
  if (found === LOOKUP.miss && busy !== undefined) cache.abandon(busy)
  return task.refuse(504, 'Only if cached')
}
