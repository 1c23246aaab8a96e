import { resolve } from 'node:path'
import { OperatorError } from '../base/errors.ts'
import { nearest } from '../base/nearest.ts'
import { formatBytes, parseBytes } from '../base/units.ts'
import { defaultStoreBytes, defaultTransientBytes } from './memory-limit.ts'

/** The `-s` of a command line: `[name=]kind[,options]`, as in varnishd. */

export interface MemoryStoreSpec {
  /** The given name, else s0, s1, ... in the order of those without (storage.<name> in rules). */
  readonly name: string
  readonly kind: 'memory'
  readonly size_bytes: number
}

export interface FileStoreSpec {
  readonly name: string
  readonly kind: 'file'
  /** Absolute. */
  readonly path: string
  readonly size_bytes: number
}

export type StoreSpec = MemoryStoreSpec | FileStoreSpec

export interface Stores {
  /** At least one. */
  readonly stores: readonly StoreSpec[]
  /**
   * Transient=memory,SIZE: what bodies that live shortly or may not be kept take together. Undefined when it was not given:
   * defaultTransientBytes then (varnishd sets no bound).
   */
  readonly transient: MemoryStoreSpec | undefined
}

export const TRANSIENT = 'Transient'
/** As in varnishd: less is a forgotten M or G. */
const MIN_BYTES = 2 ** 20
/** Files have whole pages; no machine has larger ones. */
const FILE_UNIT_BYTES = 64 * 1024
const MEMORY = ['memory', 'malloc', 'default']
const GONE: Readonly<Record<string, string>> = {
  persistent: 'use file,PATH,SIZE, which keeps its objects',
  deprecated_persistent: 'use file,PATH,SIZE, which keeps its objects',
  umem: 'use memory,SIZE',
  mse: 'use file,PATH,SIZE',
  mse4: 'use file,PATH,SIZE',
}

/** All values of -s together; none means one store in memory. Throws an OperatorError. */
export function parseStores(texts: readonly string[]): Stores {
  const stores: StoreSpec[] = []
  let transient: MemoryStoreSpec | undefined
  let unnamed = 0
  for (const text of texts) {
    const { name, kind, options } = split(text)
    const spec = parseStore(text, name ?? `s${unnamed++}`, kind, options)
    checkUnique(text, spec, transient ? [...stores, transient] : stores)
    if (spec.name !== TRANSIENT) stores.push(spec)
    else if (spec.kind === 'memory') transient = spec
    else throw new OperatorError(`-s ${text}: what goes to Transient does not live long enough for a file; use Transient=memory,SIZE`)
  }
  if (texts.filter(hasNoSize).length > 1) throw new OperatorError('-s: only one store may go without a size; give each its own')
  if (stores.length === 0) stores.push({ name: 's0', kind: 'memory', size_bytes: defaultStoreBytes() })
  return { stores, transient }
}

/** The names behind `storage.` in rules. */
export function storeNames({ stores }: Stores): string[] {
  return [...stores.map(({ name }) => name), TRANSIENT]
}

interface Parts {
  readonly name: string | undefined
  readonly kind: string
  readonly options: readonly string[]
}

function split(text: string): Parts {
  const [first, ...options] = text.split(',')
  // A path may have a '=', too: a name stands before the first comma.
  const at = first.indexOf('=')
  return { name: at < 0 ? undefined : first.slice(0, at), kind: first.slice(at + 1), options }
}

function hasNoSize(text: string): boolean {
  const { name, options } = split(text)
  return name !== TRANSIENT && options.length === 0
}

function parseStore(text: string, name: string, kind: string, options: readonly string[]): StoreSpec {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(name)) throw new OperatorError(`-s ${text}: '${name}' is not a name: letters, digits, _ -`)
  if (name !== TRANSIENT && name.toLowerCase() === TRANSIENT.toLowerCase())
    throw new OperatorError(`-s ${text}: '${name}' looks like ${TRANSIENT}; write it so, or take another name`)
  if (kind === 'file') return fileStore(text, name, options)
  if (MEMORY.includes(kind)) return memoryStore(text, name, kind, options)
  throw new OperatorError(`-s ${text}: ${unknownKind(kind)}`)
}

function memoryStore(text: string, name: string, kind: string, options: readonly string[]): MemoryStoreSpec {
  if (options.length > 1) throw new OperatorError(`-s ${text}: only a size may follow ${kind}, as in ${kind},1G`)
  const standard = name === TRANSIENT ? defaultTransientBytes : defaultStoreBytes
  return { name, kind: 'memory', size_bytes: options.length === 0 ? standard() : storeSize(text, options[0]) }
}

function fileStore(text: string, name: string, options: readonly string[]): FileStoreSpec {
  const [path = '', size, ...more] = options
  if (path === '' || size === undefined || size === '')
    throw new OperatorError(`-s ${text}: a path and a size must follow, as in file,/var/lib/lacquer/store,10G`)
  if (more.length > 0)
    throw new OperatorError(
      `-s ${text}: nothing may follow the size ('${more.join(',')}'); there is no granularity or advice to choose, and no comma in a path`,
    )
  const size_bytes = storeSize(text, size)
  return { name, kind: 'file', path: resolve(path), size_bytes: size_bytes - (size_bytes % FILE_UNIT_BYTES) }
}

function unknownKind(kind: string): string {
  if (Object.hasOwn(GONE, kind)) return `there is no storage '${kind}' here; ${GONE[kind]}`
  const meant = nearest(kind, [...MEMORY, 'file'])
  return `there is no storage '${kind}'; ${meant ? `did you mean '${meant}'?` : 'use memory,SIZE or file,PATH,SIZE'}`
}

function checkUnique(text: string, spec: StoreSpec, others: readonly StoreSpec[]): void {
  for (const other of others) {
    if (other.name === spec.name) throw new OperatorError(`-s ${text}: there is a store '${spec.name}' already; give each its own name`)
    if (spec.kind === 'file' && other.kind === 'file' && spec.path === other.path)
      throw new OperatorError(`-s ${text}: store '${other.name}' uses this file; give each its own`)
  }
}

function storeSize(text: string, given: string): number {
  const size_bytes = parseBytes(given)
  if (size_bytes === undefined) throw new OperatorError(`-s ${text}: '${given}' is not a size such as 256M or 1G`)
  if (size_bytes < MIN_BYTES)
    throw new OperatorError(`-s ${text}: ${formatBytes(size_bytes)} is below the minimum, ${formatBytes(MIN_BYTES)}`)
  return size_bytes
}
