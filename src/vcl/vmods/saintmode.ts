import type { BackendContext, CommonContext, VclBackend } from '../runtime/context.ts'
import { isHealthy, type SaintBackend } from '../runtime/directors.ts'
import { VclFailure } from '../runtime/failure.ts'
import { bound, define, only, type } from './define.ts'
import { makers } from './makers.ts'
import type { Vmod, VmodLoad } from './vmod.ts'

/** The objects of each load: saintmode.blacklist() finds the one whose backend has answered. */
const saints = new WeakMap<VmodLoad, SaintBackend[]>()

function create(_c: CommonContext, load: VmodLoad, name: string, backend: VclBackend | undefined, threshold: number): SaintBackend {
  if (backend === undefined) throw new VclFailure(`${name}: None backend cannot be a saint`)
  const made = makers(load).saint(name, backend, threshold)
  saints.set(load, [...(saints.get(load) ?? []), made])
  return made
}

const bindBlacklist =
  (load: VmodLoad) =>
  (c: BackendContext, seconds: number): void => {
    const saint = saints.get(load)?.find(({ behind }) => behind === c.beresp_backend)
    if (saint === undefined) return c.vclError('saintmode.blacklist(): no saintmode object has this backend', 'saintmode.blacklist()')
    const now_s = c.now()
    saint.blacklist(c.bereq_hash, now_s + seconds, now_s)
  }

const bindStatus =
  (load: VmodLoad) =>
  (c: CommonContext): string => {
    const now_s = c.now()
    const list = (saints.get(load) ?? []).map((saint) => ({
      name: saint.name,
      backend: saint.behind.name,
      count: saint.count(now_s),
      threshold: saint.threshold,
    }))
    return JSON.stringify({ saintmode: list })
  }

/** Backends that are sick for some objects. */
export const saintmode: Vmod = {
  name: 'saintmode',
  doc:
    'Backends that are sick for some objects only, and altogether when there are too many of these. Fetches of such an object go elsewhere: to the next one of a director, in a retry. ' +
    'All workers share their lists.',
  functions: {
    blacklist: only(
      ['vcl_backend_response'],
      bound('VOID', ['DURATION expires'], 'The backend is sick for this object for so long.', bindBlacklist),
    ),
    status: bound('STRING', [], 'All objects with their counts and thresholds, as JSON.', bindStatus),
  },
  objects: {
    saintmode: type(
      ['BACKEND backend', 'INT threshold'],
      'Stands for a backend. With so many objects on its list it is sick for all; 0: never.',
      create,
      {
        backend: define('BACKEND', [], 'To be used in place of the backend.', (_c: CommonContext, saint: SaintBackend) => saint),
        blacklist_count: define('INT', [], 'How many objects are on its list.', (c: CommonContext, saint: SaintBackend) =>
          saint.count(c.now()),
        ),
        is_healthy: define('BOOL', [], 'Is it healthy, for this object where one is fetched?', (c: CommonContext, saint: SaintBackend) =>
          isHealthy(saint, c),
        ),
      },
    ),
  },
  unsupported: {},
}
