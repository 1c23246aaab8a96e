import type { BackendContext, ClientContext, CommonContext } from '../../vcl/runtime/context.ts'
import type { ShardArguments, ShardParam, ShardValues } from '../../vcl/runtime/directors.ts'
import { VclFailure } from '../../vcl/runtime/failure.ts'
import { hash32 } from './hash32.ts'

export type Given = Partial<ShardValues>

export const DEFAULTS: ShardValues = { by: 'HASH', key: 0, alt: 0, warmup: -1, rampup: true, healthy: 'CHOSEN' }

/** What was given, checked (shard_param_args); the key belongs to `by`. */
export function given(who: string, args: ShardArguments): Given {
  const { by, alt, warmup, rampup, healthy } = args
  const fail = (what: string): never => {
    throw new VclFailure(`${who} ${what}`)
  }
  if (alt !== undefined && alt < 0) fail(`invalid alt argument ${alt}`)
  if (warmup !== undefined && warmup !== -1 && !(warmup >= 0 && warmup <= 1)) fail(`invalid warmup argument ${warmup}`)
  const key = keyGiven(args, fail)
  return {
    ...(by === undefined ? {} : { by, key }),
    ...(alt === undefined ? {} : { alt }),
    ...(warmup === undefined ? {} : { warmup }),
    ...(rampup === undefined ? {} : { rampup }),
    ...(healthy === undefined ? {} : { healthy }),
  }
}

function keyGiven({ by = 'HASH', key, key_blob }: ShardArguments, fail: (what: string) => never): number {
  if (by === 'KEY') {
    if (key === undefined) return fail('missing key argument with by=KEY')
    return key < 0 || key > 0xffffffff ? fail(`invalid key argument ${key} with by=KEY`) : key
  }
  if (by === 'BLOB') return key_blob === undefined ? fail('missing key_blob argument with by=BLOB') : blobKey(key_blob)
  return key === undefined && key_blob === undefined ? 0 : fail(`key and key_blob arguments are invalid with by=${by}`)
}

/** The first four bytes, the most significant first; fewer count as if zeros stood in front. */
function blobKey(blob: Uint8Array): number {
  let key = 0
  for (let i = 0; i < Math.min(blob.length, 4); i++) key = key * 256 + blob[i]
  return key
}

/** The key of this task. In a fetch and in vcl_pipe HASH is what vcl_hash has made, elsewhere the URL. */
export function keyFor(c: CommonContext, { by, key }: ShardValues): number {
  if (by === 'KEY' || by === 'BLOB') return key
  if (c.side === 'house') throw new VclFailure(`shard: by=${by} needs a request`)
  if (by === 'HASH' && c.side !== 'client') {
    const digest = c.side === 'backend' ? (c as BackendContext).bereq_hash : (c as ClientContext).req_hash
    return ((digest[0] << 24) | (digest[1] << 16) | (digest[2] << 8) | digest[3]) >>> 0
  }
  return hash32(c.side === 'backend' ? (c as BackendContext).bereq.url : (c as ClientContext).req.url)
}

export function inFetch(c: CommonContext): boolean {
  return c.side === 'backend' || c.side === 'pipe'
}

const handles = new WeakMap<Uint8Array, Params>()

/** The object behind a BLOB of shard_param.use(). */
export function paramsOf(handle: Uint8Array, who: string): Params {
  const params = handles.get(handle)
  if (params === undefined) throw new VclFailure(`${who} param invalid: it is what shard_param.use() gives`)
  return params
}

/** directors.shard_param(): values for shard directors. In a fetch they are set for that fetch only. */
export class Params implements ShardParam {
  private readonly name: string
  private own: Given = {}
  private readonly handle = new Uint8Array(8)

  constructor(name: string) {
    this.name = name
    handles.set(this.handle, this)
  }

  use(): Uint8Array {
    return this.handle
  }

  set(c: CommonContext, args: ShardArguments): void {
    this.store(c, 'shard_param.set()', () => given(`${this.name}: shard_param.set()`, args))
  }

  clear(c: CommonContext): void {
    this.store(c, 'shard_param.clear()', () => ({}))
  }

  values(c: CommonContext): ShardValues {
    return { ...DEFAULTS, ...this.own, ...this.ofTask(c) }
  }

  keyOf(c: CommonContext): number {
    return keyFor(c, this.values(c))
  }

  private ofTask(c: CommonContext): Given | undefined {
    return inFetch(c) ? (c.module_state?.get(this) as Given | undefined) : undefined
  }

  private store(c: CommonContext, what: string, make: () => Given): void {
    if (c.side === 'client') throw new VclFailure(`${this.name}: ${what} may only be used in vcl_init and in backend/pipe context`)
    if (inFetch(c)) (c.module_state ??= new Map()).set(this, make())
    else this.own = make()
  }
}
