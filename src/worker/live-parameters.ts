import type { Bans } from '../cache/bans/bans.ts'
import type { CacheLimits } from '../cache/lookup.ts'
import type { ParameterValues } from '../config/parameters.ts'
import type { Environment } from '../flow/environment.ts'
import { followParameters } from '../log/follow.ts'
import { type Policy, policyFor } from '../policy/policy.ts'
import type { HeapStore } from '../store/heap/store.ts'

/** What of the parameters has been made into something else at the start, and must follow when they change. */
export interface Following {
  readonly env: Environment
  readonly policy: Policy
  readonly policyParams: (params: ParameterValues) => Parameters<typeof policyFor>[1]
  readonly limits: CacheLimits
  readonly bans: Bans
  readonly transient: HeapStore
}

export function cacheLimits(params: ParameterValues, keys_max: number): CacheLimits {
  return {
    busy_waiters_max: params.busy_waiters_max,
    busy_wait_timeout_ms: params.busy_wait_timeout > 0 ? params.busy_wait_timeout * 1000 : Infinity,
    keys_max,
  }
}

/**
 * Parameters change while requests are served, between two of them. Most are read where they are needed, from the one object that everybody has;
 * those that must_restart are never among the changed ones.
 */
export function applyParameters(following: Following, changed: Partial<ParameterValues>): void {
  const { env, policy, policyParams, limits, bans, transient } = following
  const { params } = env
  Object.assign(params, changed)
  Object.assign(policy, policyFor(params.policy, policyParams(params)))
  Object.assign(limits, cacheLimits(params, limits.keys_max))
  bans.dups = params.ban_dups
  transient.window_bytes = params.transit_buffer
  env.bodies.limit(params.cached_bodies_max)
  env.outcomes.forget()
  followParameters(env.log, changed, params)
}
