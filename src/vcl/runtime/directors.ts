import type { Acl } from './acl.ts'
import type { CommonContext, ProbeDeclaration, VclBackend } from './context.ts'

/** What rules ask of directors; origin/directors has them. What cannot be done throws VclFailure. */
export interface DirectorFactory {
  roundRobin(name: string): ListDirector
  fallback(name: string, sticky: boolean): ListDirector
  random(name: string): WeightedDirector
  hash(name: string): HashDirector
  shard(name: string): ShardDirector
  shardParam(name: string): ShardParam
  saint(name: string, backend: VclBackend, threshold: number): SaintBackend
  dynamic(name: string, options: DynamicOptions): DynamicDirector
}

/** What the backends of a dynamic director have in common; durations in seconds, undefined: the parameter. */
export interface DynamicOptions {
  readonly port: string
  readonly host_header: string | undefined
  readonly probe: ProbeDeclaration | undefined
  /** Addresses that may be used; undefined: all. */
  readonly whitelist: Acl | undefined
  /** How long addresses are kept, and what DNS has to say in that. */
  readonly ttl_s: number
  readonly ttl_from: 'cfg' | 'dns' | 'min' | 'max'
  readonly connect_timeout_s: number | undefined
  readonly first_byte_timeout_s: number | undefined
  readonly between_bytes_timeout_s: number | undefined
  /** A backend that nobody has asked for so long is given up. */
  readonly domain_usage_timeout_s: number
  readonly max_connections: number
  readonly proxy_header: number
  readonly via: VclBackend | undefined
  readonly authority: string | undefined
  readonly wait_timeout_s: number | undefined
  readonly wait_limit: number | undefined
  readonly tls: boolean
}

export interface DynamicDirector {
  /** Undefined: that is no host, or no port. */
  backend(host: string, port: string | undefined, now_s: number): VclBackend | undefined
}

/** Is it healthy for this task? */
export function isHealthy(backend: VclBackend, c: CommonContext): boolean {
  return backend.healthyFor === undefined ? backend.healthy : backend.healthyFor(c)
}

/** A director is a backend to whoever uses it. */
export interface ListDirector extends VclBackend {
  add(backend: VclBackend | undefined): void
  remove(backend: VclBackend | undefined): void
}

export interface WeightedDirector extends VclBackend {
  add(backend: VclBackend | undefined, weight: number): void
  remove(backend: VclBackend | undefined): void
}

export interface HashDirector extends WeightedDirector {
  /** The backend for a text, chosen at once. */
  chooseBy(c: CommonContext, text: string): VclBackend | undefined
}

/** A backend that is sick for some objects. */
export interface SaintBackend extends VclBackend {
  readonly behind: VclBackend
  readonly threshold: number
  /** Which object, by its hash. */
  blacklist(hash: Uint8Array, until_s: number, now_s: number): void
  count(now_s: number): number
}

/** How a shard director finds its key. */
export type ShardBy = 'HASH' | 'URL' | 'KEY' | 'BLOB'
/** Whether the sick are passed over: the chosen one only, none, or the alternatives that are counted, too. */
export type ShardHealthy = 'CHOSEN' | 'IGNORE' | 'ALL'

/** Arguments of .backend() and of shard_param.set(); what is undefined was not given. */
export interface ShardArguments {
  readonly by: ShardBy | undefined
  readonly key: number | undefined
  readonly key_blob: Uint8Array | undefined
  readonly alt: number | undefined
  readonly warmup: number | undefined
  readonly rampup: boolean | undefined
  readonly healthy: ShardHealthy | undefined
}

export interface ShardMember {
  readonly backend: VclBackend | undefined
  readonly ident: string | undefined
  readonly rampup_s: number | undefined
  readonly weight: number | undefined
}

export interface ShardDirector extends VclBackend {
  setWarmup(probability: number): void
  setRampup(seconds: number): void
  /** `handle` is what ShardParam.use() gave. */
  associate(handle: Uint8Array | undefined): void
  addMember(member: ShardMember): void
  removeMember(backend: VclBackend | undefined, ident: string | undefined): void
  clear(): void
  /** False when there is nothing to choose from. */
  reconfigure(replicas: number): boolean
  key(text: string): number
  backend(
    c: CommonContext,
    args: ShardArguments,
    handle: Uint8Array | undefined,
    resolve: 'NOW' | 'LAZY' | undefined,
  ): VclBackend | undefined
}

export interface ShardParam {
  clear(c: CommonContext): void
  set(c: CommonContext, args: ShardArguments): void
  use(): Uint8Array
  values(c: CommonContext): ShardValues
  keyOf(c: CommonContext): number
}

/** With all defaults in. */
export interface ShardValues {
  readonly by: ShardBy
  /** For KEY and BLOB. */
  readonly key: number
  readonly alt: number
  readonly warmup: number
  readonly rampup: boolean
  readonly healthy: ShardHealthy
}
