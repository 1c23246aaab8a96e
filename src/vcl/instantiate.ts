import { OperatorError } from '../base/errors.ts'
import type { Usage } from './check/usage.ts'
import { ACTION, type LoadedVcl, type VclBackend, type VclHost } from './runtime/context.ts'
import { HouseContext } from './runtime/house.ts'
import { linkage } from './runtime/linkage.ts'
import type { TracePoint } from './runtime/trace.ts'

/** What crosses to a worker: plain data, structured-cloneable. */
export interface VclImage {
  readonly path: string
  readonly syntax: 40 | 41
  readonly js: string
  readonly usage: Usage
  readonly vcl_path: readonly string[]
  /** What VclHost.trace is told of; only of rules that were compiled for it. */
  readonly trace?: readonly TracePoint[] | undefined
}

interface Instance {
  readonly default_backend: VclBackend
  readonly subs: LoadedVcl['subs'] & { init(c: HouseContext): number; fini(c: HouseContext): number }
}

/** Runs the emitted code against a host: the only place where text becomes code. vcl_init runs; its failure is thrown. */
export function instantiateVcl(image: VclImage, host: VclHost, name: string = image.path): LoadedVcl {
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
  const make = new Function('runtime', 'host', image.js) as (runtime: unknown, host: VclHost) => Instance
  const backends = new Map<string, VclBackend>()
  const load = { syntax: image.syntax, vcl_path: image.vcl_path, host, backends }
  const { default_backend, subs } = make(linkage(load), noting(host, backends))
  const house = new HouseContext(host)
  if (subs.init(house) === ACTION.fail) {
    const complaint = house.complaint()
    subs.fini(house)
    throw new OperatorError(`vcl_init failed: ${complaint}`)
  }
  const fini = () => void subs.fini(house)
  return { name, subs, defaultBackend: default_backend, usage: image.usage, fini, running: 0, onIdle: undefined }
}

/** The host, as emitted code has it: it declares the backends. */
function noting(host: VclHost, backends: Map<string, VclBackend>): VclHost {
  return {
    ...host,
    backend: (declaration) => {
      const made = host.backend(declaration)
      if (!declaration.none) backends.set(declaration.name, made)
      return made
    },
  }
}
