import type { DirectorFactory } from '../runtime/directors.ts'
import { VclFailure } from '../runtime/failure.ts'
import type { VmodLoad } from './vmod.ts'

/** The makers of directors: there is a host wherever rules are loaded. */
export function makers({ host }: VmodLoad): DirectorFactory {
  if (host === undefined) throw new VclFailure('directors cannot be made here')
  return host.directors
}
