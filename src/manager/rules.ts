import { readFileSync } from 'node:fs'
import { OperatorError, readFault } from '../base/errors.ts'
import type { BackendArgument } from '../config/addresses.ts'
import type { ServeOptions } from '../config/command-line.ts'
import { storeNames } from '../config/storage.ts'
import { formatEndpoint } from '../listen/address.ts'
import type { VclImage } from '../vcl/instantiate.ts'
import { backendVcl, compileVcl } from '../vcl/load.ts'
import type { BackendDeclaration } from '../vcl/runtime/context.ts'
import { hostsOf, type BackendHost } from './backend-hosts.ts'

/** Rules that passed the checks. */
export interface CheckedRules {
  /** For the workers. */
  readonly image: VclImage
  /** Names of the backends declared. */
  readonly backends: readonly string[]
  readonly declarations: readonly BackendDeclaration[]
  /** Those whose address is a name. */
  readonly hosts: readonly BackendHost[]
  /** Formatted warnings, '' when there are none. */
  readonly warnings: string
}

/** Reads and checks `-f FILE`. Throws an OperatorError with the diagnostics. */
export function rulesFromFile(path: string, options: ServeOptions): CheckedRules {
  return check(path, readRules(path), options)
}

/** The rules that `-b` stands for. */
export function rulesForBackend(backend: BackendArgument, options: ServeOptions): CheckedRules {
  return check('<-b>', backendVcl(specText(backend)), options)
}

function specText(backend: BackendArgument): string {
  const { host, port, path, tls } = backend
  return path ?? `${tls ? 'https://' : ''}${formatEndpoint(host ?? 'localhost', port)}`
}

function check(path: string, source: string, options: ServeOptions): CheckedRules {
  const { parameters } = options
  const compiled = compileVcl(source, {
    path,
    policy: parameters.policy,
    vcl_path: parameters.vcl_path.split(':'),
    errUnref: parameters.vcc_err_unref,
    stores: storeNames(options),
  })
  if (!compiled.ok) throw new OperatorError(`the rules are not accepted:\n${compiled.text}`)
  const { program } = compiled
  return {
    image: program.image,
    backends: program.backends.map((backend) => backend.name),
    declarations: program.backends,
    hosts: hostsOf(program.backends),
    warnings: compiled.text,
  }
}

/** Rules are bytes: read as latin1, text in any encoding goes out as it came in. */
function readRules(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    throw new OperatorError(`-f ${path}: ${readFault(error)}`, { cause: error })
  }
}
