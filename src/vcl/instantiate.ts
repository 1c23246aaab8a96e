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
  /** Objects of vcl_init, in the order of the rules. */
  readonly lend: () => readonly unknown[]
  readonly borrow: (them: readonly unknown[]) => void
  readonly subs: LoadedVcl['subs'] & { init(c: HouseContext): number; fini(c: HouseContext): number }
}

/** Runs the emitted code against a host: the only place where text becomes code. vcl_init runs; its failure is thrown. */
export function instantiateVcl(image: VclImage, host: VclHost, name: string = image.path): LoadedVcl {
  const { default_backend, subs, lend } = instanceOf(image, host)
  const house = new HouseContext(host)
  if (subs.init(house) === ACTION.fail) {
    const complaint = house.complaint()
    subs.fini(house)
    throw new OperatorError(`vcl_init failed: ${complaint}`)
  }
  const fini = () => void subs.fini(house)
  return { name, subs, defaultBackend: default_backend, usage: image.usage, lend, fini, running: 0, onIdle: undefined }
}

/**
 * Rules that are loaded, once more, compiled to tell `host.trace` what they do. They have the directors and other objects of `of`, as they are: vcl_init
 * does not run again, nor vcl_fini. `host.backend` is to answer with the backends of `of`.
 */
export function traceVcl(image: VclImage, host: VclHost, of: LoadedVcl): LoadedVcl {
  const { default_backend, subs, lend, borrow } = instanceOf(image, host)
  borrow(of.lend())
  return { name: of.name, subs, defaultBackend: default_backend, usage: image.usage, lend, fini: () => {}, running: 0, onIdle: undefined }
}

function instanceOf(image: VclImage, host: VclHost): Instance {
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
  const make = new Function('runtime', 'host', image.js) as (runtime: unknown, host: VclHost) => Instance
  const backends = new Map<string, VclBackend>()
  const load = { syntax: image.syntax, vcl_path: image.vcl_path, host, backends }
  return make(linkage(load), noting(host, backends))
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
