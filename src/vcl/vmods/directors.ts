import type { CommonContext, VclBackend } from '../runtime/context.ts'
import type { HashDirector, ListDirector, WeightedDirector } from '../runtime/directors.ts'
import { bound, define, only, option, type } from './define.ts'
import { makers } from './makers.ts'
import { SHARD, SHARD_PARAM } from './shard.ts'
import type { Vmod, VmodFunction, VmodLoad } from './vmod.ts'

type MaybeBackend = VclBackend | undefined

const ADD = define(
  'VOID',
  ['BACKEND backend'],
  'Adds a backend, or another director; as often as it is added.',
  (_c: CommonContext, director: ListDirector, backend: MaybeBackend) => director.add(backend),
)

const REMOVE = define(
  'VOID',
  ['BACKEND backend'],
  'Removes a backend once; nothing when it is not there.',
  (_c: CommonContext, director: ListDirector, backend: MaybeBackend) => director.remove(backend),
)

const BACKEND = define(
  'BACKEND',
  [],
  'The director itself: it chooses when the backend is needed, anew for each fetch and each retry.',
  (_c: CommonContext, director: VclBackend) => director,
)

function weighted(weight: 'REAL weight' | ReturnType<typeof option>): VmodFunction {
  return define(
    'VOID',
    ['BACKEND backend', weight],
    'Adds a backend, or another director, with its weight: its share of what the healthy ones get.',
    (_c: CommonContext, director: WeightedDirector, backend: MaybeBackend, share: number) => director.add(backend, share),
  )
}

const bindLookup =
  ({ backends }: VmodLoad) =>
  (_c: CommonContext, name: string | undefined): MaybeBackend =>
    name === undefined ? undefined : backends?.get(name)

const LIST_METHODS = { add_backend: ADD, remove_backend: REMOVE, backend: BACKEND }

/** Choosing among several backends; origin/directors does it. */
export const directors: Vmod = {
  name: 'directors',
  doc:
    'Choosing among several backends. Directors pass over the sick, and are backends themselves: of other directors, too. Each worker has its own ' +
    'turn (round_robin) and its own place (fallback); hash and shard choose alike in all.',
  functions: {
    lookup: only(
      ['vcl_init', 'vcl_fini'],
      bound('BACKEND', ['STRING name'], 'The backend that is declared under this name; none when there is none.', bindLookup),
    ),
  },
  objects: {
    round_robin: type(
      [],
      'Each backend in its turn.',
      (_c: CommonContext, load: VmodLoad, name: string) => makers(load).roundRobin(name),
      LIST_METHODS,
    ),
    fallback: type(
      [option('BOOL sticky', false)],
      'The first healthy backend in the order in which they were added; with sticky it stays with one until that is sick.',
      (_c: CommonContext, load: VmodLoad, name: string, sticky: boolean) => makers(load).fallback(name, sticky),
      LIST_METHODS,
    ),
    random: type([], 'By chance, with weights.', (_c: CommonContext, load: VmodLoad, name: string) => makers(load).random(name), {
      add_backend: weighted('REAL weight'),
      remove_backend: REMOVE,
      backend: BACKEND,
    }),
    hash: type(
      [],
      'By a text: the same backend for the same text, as long as the same ones are healthy.',
      (_c: CommonContext, load: VmodLoad, name: string) => makers(load).hash(name),
      {
        add_backend: weighted(option('REAL weight', 1)),
        remove_backend: REMOVE,
        backend: define(
          'BACKEND',
          ['STRANDS text'],
          'The backend for this text, chosen at once; none when all are sick.',
          (c: CommonContext, director: HashDirector, text: string | undefined) => director.chooseBy(c, text ?? ''),
        ),
      },
    ),
    shard: SHARD,
    shard_param: SHARD_PARAM,
  },
  unsupported: {},
}
