import { existsSync } from 'node:fs'
import { isAbsolute, join, matchesGlob } from 'node:path'
import { OperatorError, readFault } from '../base/errors.ts'
import { readRuleFile } from '../base/rule-file.ts'
import { type BackendArgument, NO_BACKEND } from '../config/addresses.ts'
import type { ServeOptions } from '../config/command-line.ts'
import { tracesRules } from '../config/log-mask.ts'
import { storeNames } from '../config/storage.ts'
import { formatEndpoint } from '../listen/address.ts'
import type { Source } from '../vcl/diagnostic.ts'
import type { VclImage } from '../vcl/instantiate.ts'
import { backendVcl, compileVcl } from '../vcl/load.ts'
import type { BackendDeclaration } from '../vcl/runtime/context.ts'
import type { VclSymbol } from '../vcl/symbol-table.ts'
import { hostsOf, type BackendHost } from './backend-hosts.ts'

/** Rules that passed the checks. */
export interface CheckedRules {
  /** For the workers. */
  readonly image: VclImage
  /** Names of the backends declared. */
  readonly backends: readonly string[]
  readonly declarations: readonly BackendDeclaration[]
  /** What can be named in them. */
  readonly symbols: readonly VclSymbol[]
  /** Those whose address is a name. */
  readonly hosts: readonly BackendHost[]
  /** That return (vcl(..)) names. */
  readonly labels: readonly string[]
  /** The files they are made of, the main one first. */
  readonly sources: readonly Source[]
  /** The parameter, as it was. */
  readonly vcl_path: string
  /** Formatted warnings, '' when there are none. */
  readonly warnings: string
}

/** Rules before they are compiled: `path` is what messages show. */
export interface RuleSource {
  readonly path: string
  readonly text: string
}

/** Of `-f FILE` and of vcl.load: as given, or in vcl_path. Throws an OperatorError. */
export function sourceFromFile(path: string, vcl_path: string): RuleSource {
  const found = isAbsolute(path) ? path : [path, ...vcl_path.split(':').map((directory) => join(directory, path))].find(existsSync)
  return { path: found ?? path, text: readRules(found ?? path) }
}

/** The rules that `-b` stands for. */
export function sourceForBackend(backend: BackendArgument | typeof NO_BACKEND): RuleSource {
  return { path: '<-b>', text: backend === NO_BACKEND ? 'vcl 4.1;\n\nbackend default none;\n' : backendVcl(specText(backend)) }
}

function specText(backend: BackendArgument): string {
  const { host, port, path, tls } = backend
  return path ?? `${tls ? 'https://' : ''}${formatEndpoint(host ?? 'localhost', port)}`
}

/** Throws an OperatorError with the diagnostics. `labels` are those that rules may name. */
export function checkRules({ path, text }: RuleSource, options: ServeOptions, labels: readonly string[] = []): CheckedRules {
  const { parameters } = options
  const compiled = compileVcl(text, {
    path,
    policy: parameters.policy,
    vcl_path: parameters.vcl_path.split(':'),
    errUnref: parameters.vcc_err_unref,
    stores: storeNames(options),
    labels,
    trace: tracesRules(parameters.vsl_mask),
  })
  if (!compiled.ok) throw new OperatorError(`the rules are not accepted:\n${compiled.text}`)
  const { program } = compiled
  return {
    image: program.image,
    backends: program.backends.map((backend) => backend.name),
    declarations: program.backends,
    symbols: program.symbols,
    hosts: hostsOf(program.backends),
    labels: program.labels,
    sources: compiled.sources.sources,
    vcl_path: parameters.vcl_path,
    warnings: compiled.text,
  }
}

/** The same rules, of the same texts, compiled to tell what they do. */
export function traceRules({ sources, labels, vcl_path }: CheckedRules, { parameters }: ServeOptions): VclImage {
  const texts = new Map(sources.map(({ path, text }) => [path, text]))
  const [main] = sources
  const compiled = compileVcl(main.text, {
    path: main.path,
    policy: parameters.policy,
    vcl_path: vcl_path.split(':'),
    errUnref: false,
    labels,
    trace: true,
    readFile: (path) => {
      const text = texts.get(path)
      if (text === undefined) throw new OperatorError('it is not one of the files that the rules were loaded from')
      return text
    },
    glob: (pattern) => [...texts.keys()].filter((path) => path !== main.path && matchesGlob(path, pattern)).sort(),
  })
  if (!compiled.ok) throw new OperatorError(`the rules cannot be compiled once more:\n${compiled.text}`)
  return compiled.program.image
}

/** Rules are bytes: read as latin1, text in any encoding goes out as it came in. */
function readRules(path: string): string {
  try {
    return readRuleFile(path)
  } catch (error) {
    throw new OperatorError(`${path}: ${readFault(error)}`, { cause: error })
  }
}
