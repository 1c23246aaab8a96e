import type { Bans } from '../cache/bans/bans.ts'
import type { Origins } from '../origin/create.ts'
import { directorFactory } from '../origin/directors/create.ts'
import { backendSpec } from '../origin/spec.ts'
import { HealthTable } from '../shm/health.ts'
import { SharedTexts } from '../shm/shared-texts.ts'
import { TokenBuckets } from '../shm/token-buckets.ts'
import { instantiateVcl } from '../vcl/instantiate.ts'
import type { LoadedVcl } from '../vcl/runtime/context.ts'
import type { ParameterValues } from '../config/parameters.ts'
import type { WorkerConfig } from './config.ts'

/** Brings the manager's compiled rules to life, and gives their backends to origin/. */
export function loadRules(config: WorkerConfig, origin: Origins, bans: Bans): LoadedVcl {
  const { parameters, shared, slot } = config
  const health = config.health && new HealthTable(config.health)
  return instantiateVcl(
    config.rules,
    {
      backend: (declaration) => origin.add(backendSpec(declaration), health?.cell(declaration.name, slot)),
      directors: directorFactory(),
      buckets: new TokenBuckets(shared.buckets, slot),
      globals: new SharedTexts(shared.texts, slot),
      vcl_path: parameters.vcl_path.split(':'),
      hostname: config.hostname,
      identity: config.identity,
      ban: (expression) => bans.add(expression),
      param: (name) => parameters[name as keyof ParameterValues],
    },
    'boot',
  )
}
