import type { CommonContext, VclBackend } from '../runtime/context.ts'
import type { ShardArguments, ShardBy, ShardDirector, ShardHealthy, ShardParam } from '../runtime/directors.ts'
import { choice, define, option, type } from './define.ts'
import { makers } from './makers.ts'
import type { VmodLoad } from './vmod.ts'

type MaybeBackend = VclBackend | undefined
type MaybeText = string | undefined
type MaybeNumber = number | undefined

const ARGUMENTS = [
  choice('by', ['HASH', 'URL', 'KEY', 'BLOB']),
  '[INT key]',
  '[BLOB key_blob]',
  '[INT alt]',
  '[REAL warmup]',
  '[BOOL rampup]',
  choice('healthy', ['CHOSEN', 'IGNORE', 'ALL']),
] as const

/** Arguments of .backend() and .set(), in their order. */
type Given = [
  by: ShardBy | undefined,
  key: MaybeNumber,
  key_blob: Uint8Array | undefined,
  alt: MaybeNumber,
  warmup: MaybeNumber,
  rampup: boolean | undefined,
  healthy: ShardHealthy | undefined,
]

function named([by, key, key_blob, alt, warmup, rampup, healthy]: readonly [...Given, ...unknown[]]): ShardArguments {
  return { by, key, key_blob, alt, warmup, rampup, healthy }
}

function backend(
  c: CommonContext,
  director: ShardDirector,
  ...args: [...Given, param: Uint8Array | undefined, resolve: 'NOW' | 'LAZY' | undefined]
): MaybeBackend {
  return director.backend(c, named(args), args[7], args[8])
}

function addBackend(
  _c: CommonContext,
  director: ShardDirector,
  member: MaybeBackend,
  ident: MaybeText,
  rampup_s: MaybeNumber,
  weight: MaybeNumber,
): boolean {
  director.addMember({ backend: member, ident, rampup_s, weight })
  return true
}

function removeBackend(_c: CommonContext, director: ShardDirector, member: MaybeBackend, ident: MaybeText): boolean {
  director.removeMember(member, ident)
  return true
}

const clear = (_c: CommonContext, director: ShardDirector): boolean => {
  director.clear()
  return true
}

export const SHARD = type(
  [],
  'By a key, on a ring: when members come and go most keys stay where they are. Changes take effect with .reconfigure(), or when the director next chooses.',
  (_c: CommonContext, load: VmodLoad, name: string) => makers(load).shard(name),
  {
    set_warmup: define(
      'VOID',
      [option('REAL probability', 0)],
      'Default of warmup: from 0 up to, not including, 1; anything else changes nothing.',
      (_c: CommonContext, director: ShardDirector, probability: number) => director.setWarmup(probability),
    ),
    set_rampup: define(
      'VOID',
      [option('DURATION duration', 0)],
      'For how long a backend that has become healthy gets less than its share.',
      (_c: CommonContext, director: ShardDirector, seconds: number) => director.setRampup(seconds),
    ),
    associate: define(
      'VOID',
      ['[BLOB param]'],
      "Takes defaults from a shard_param object, given as its .use(); without an argument the module's.",
      (_c: CommonContext, director: ShardDirector, handle: Uint8Array | undefined) => director.associate(handle),
    ),
    add_backend: define(
      'BOOL',
      ['BACKEND backend', '[STRING ident]', '[DURATION rampup]', '[REAL weight]'],
      "Adds a backend, or another director. Its places on the ring come from ident (else its name), their number is weight times the ring's replicas.",
      addBackend,
    ),
    remove_backend: define(
      'BOOL',
      ['[BACKEND backend]', '[STRING ident]'],
      'Removes all of that backend, or the one of that ident.',
      removeBackend,
    ),
    clear: define('BOOL', [], 'Removes all.', clear),
    reconfigure: define(
      'BOOL',
      [option('INT replicas', 67)],
      'Makes the ring anew; false when it is empty, or replicas is not positive.',
      (_c: CommonContext, director: ShardDirector, replicas: number) => director.reconfigure(replicas),
    ),
    key: define(
      'INT',
      ['STRANDS text'],
      'A key for by=KEY: 32 bits of the SHA-256 of the text.',
      (_c: CommonContext, director: ShardDirector, text: MaybeText) => director.key(text ?? ''),
    ),
    backend: define(
      'BACKEND',
      [...ARGUMENTS, '[BLOB param]', choice('resolve', ['NOW', 'LAZY'])],
      'The backend for the key, by default chosen now and by HASH: in a fetch or pipe what vcl_hash has made, else the URL. alt: the alt-th alternative. ' +
        'warmup: how likely the next one is taken instead. healthy: CHOSEN passes over sick ones, IGNORE over none, ALL also where alternatives are counted. ' +
        'LAZY (the default in vcl_init) yields the director, which chooses when the backend is needed.',
      backend,
    ),
    debug: define('VOID', ['INT flags'], 'Has no effect.', () => undefined),
  },
)

export const SHARD_PARAM = type(
  [],
  'Arguments for shard directors. Set in vcl_init they hold for all, set in a fetch or in vcl_pipe for that one.',
  (_c: CommonContext, load: VmodLoad, name: string) => makers(load).shardParam(name),
  {
    clear: define('VOID', [], 'Back to the defaults.', (c: CommonContext, param: ShardParam) => param.clear(c)),
    set: define(
      'VOID',
      ARGUMENTS,
      'Sets these, and the others to their defaults; as for shard.backend().',
      (c: CommonContext, param: ShardParam, ...args: Given) => param.set(c, named(args)),
    ),
    get_by: define('STRING', [], 'Where the key comes from.', (c: CommonContext, param: ShardParam) => param.values(c).by),
    get_key: define('INT', [], 'The key, were it needed now.', (c: CommonContext, param: ShardParam) => param.keyOf(c)),
    get_alt: define('INT', [], 'Which alternative.', (c: CommonContext, param: ShardParam) => param.values(c).alt),
    get_warmup: define('REAL', [], "Warmup; -1 is the director's.", (c: CommonContext, param: ShardParam) => param.values(c).warmup),
    get_rampup: define('BOOL', [], 'Whether rampup counts.', (c: CommonContext, param: ShardParam) => param.values(c).rampup),
    get_healthy: define('STRING', [], 'CHOSEN, IGNORE or ALL.', (c: CommonContext, param: ShardParam) => param.values(c).healthy),
    use: define('BLOB', [], 'For the argument param of shard.backend() and .associate().', (_c: CommonContext, param: ShardParam) =>
      param.use(),
    ),
  },
)
