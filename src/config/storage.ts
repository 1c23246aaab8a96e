import { OperatorError } from '../base/errors.ts'
import { formatBytes, parseBytes } from '../base/units.ts'
import { defaultStoreBytes } from './memory-limit.ts'

/** One `-s`. */
export interface StoreSpec {
  /** The given name, else s0, s1, ... (storage.<name> in rules). */
  readonly name: string
  readonly kind: 'memory'
  readonly size_bytes: number
}

const MIN_BYTES = 2 ** 20
/** Words for a store in memory; varnishd's are taken as the same. */
const MEMORY = ['memory', 'malloc', 'default', 'umem']

/** `[name=]memory[,SIZE]`. */
export function parseStorage(text: string, index: number): StoreSpec {
  const at = text.indexOf('=')
  const [kind, ...options] = text.slice(at + 1).split(',')
  const name = at < 0 ? `s${index}` : text.slice(0, at)
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(name)) throw new OperatorError(`-s ${text}: '${name}' is not a name: letters, digits, _ -`)
  if (kind === 'file') throw new OperatorError(`-s ${text}: a store in a file is not supported yet; use memory,SIZE`)
  if (!MEMORY.includes(kind)) throw new OperatorError(`-s ${text}: there is no storage '${kind}'; use memory,SIZE`)
  if (options.length > 1) throw new OperatorError(`-s ${text}: only a size may follow ${kind}, as in memory,1G`)
  return { name, kind: 'memory', size_bytes: options.length === 0 ? defaultStoreBytes() : storeSize(text, options[0]) }
}

function storeSize(text: string, given: string): number {
  const size_bytes = parseBytes(given)
  if (size_bytes === undefined) throw new OperatorError(`-s ${text}: '${given}' is not a size such as 256M or 1G`)
  if (size_bytes < MIN_BYTES)
    throw new OperatorError(`-s ${text}: ${formatBytes(size_bytes)} is below the minimum, ${formatBytes(MIN_BYTES)}`)
  return size_bytes
}
