import type { Bans } from '../cache/bans/bans.ts'
import type { BackendSpec } from '../origin/contract.ts'
import type { Origins } from '../origin/create.ts'
import { directorFactory } from '../origin/directors/create.ts'
import { SharedTexts } from '../shm/shared-texts.ts'
import { TokenBuckets } from '../shm/token-buckets.ts'
import { instantiateVcl } from '../vcl/instantiate.ts'
import type { BackendDeclaration, LoadedVcl } from '../vcl/runtime/context.ts'
import type { ParameterValues } from '../config/parameters.ts'
import type { WorkerConfig } from './config.ts'

/** Brings the manager's compiled rules to life, and gives their backends to origin/. */
export function loadRules(config: WorkerConfig, origin: Origins, bans: Bans): LoadedVcl {
  const { parameters, shared, slot } = config
  return instantiateVcl(
    config.rules,
    {
      backend: (declaration) => origin.add(backendSpec(declaration)),
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

/** Seconds of a declaration to the ms of origin/; the checker has made a number of a service name. */
function backendSpec(declared: BackendDeclaration): BackendSpec {
  const port = declared.port === undefined ? (declared.tls ? 443 : 80) : Number(declared.port)
  return {
    name: declared.name,
    host: declared.host,
    port,
    path: declared.path,
    tls: declared.tls,
    host_header: declared.host_header,
    connect_timeout_ms: inMs(declared.connect_timeout_s),
    first_byte_timeout_ms: inMs(declared.first_byte_timeout_s),
    between_bytes_timeout_ms: inMs(declared.between_bytes_timeout_s),
    max_connections: declared.max_connections ?? 0,
    proxy_header: declared.proxy_header === 1 ? 1 : declared.proxy_header === 2 ? 2 : 0,
    none: declared.none,
  }
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}
