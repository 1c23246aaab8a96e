import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'

/** How much memory this process may use: the machine's, or less when a cgroup (container, systemd unit) says so. */

/** Reads a file of /proc or /sys; undefined when there is none. */
export type ReadText = (path: string) => string | undefined

const MIB = 2 ** 20
const GIB = 2 ** 30
/** A store larger than this is a decision for the operator. */
const DEFAULT_MAX_BYTES = 8 * GIB
const DEFAULT_MIN_BYTES = 32 * MIB
/** The rest is for connections, heads, bodies on their way, and the program itself. */
const DEFAULT_SHARE = 0.4

/** Size of a memory store that was given none, in whole MiB. */
export function defaultStoreBytes(limit_bytes = memoryLimit()): number {
  const share = Math.floor((limit_bytes * DEFAULT_SHARE) / MIB) * MIB
  return Math.min(DEFAULT_MAX_BYTES, Math.max(DEFAULT_MIN_BYTES, share))
}

const TRANSIENT_MAX_BYTES = GIB
const TRANSIENT_MIN_BYTES = 16 * MIB
const TRANSIENT_SHARE = 0.1

/** Size of the Transient store when it was given none, in whole MiB. */
export function defaultTransientBytes(limit_bytes = memoryLimit()): number {
  const share = Math.floor((limit_bytes * TRANSIENT_SHARE) / MIB) * MIB
  return Math.min(TRANSIENT_MAX_BYTES, Math.max(TRANSIENT_MIN_BYTES, share))
}

export function memoryLimit(read: ReadText = readText, machine_bytes = totalmem()): number {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n')
  const limits = groups.flatMap((line) => limitsOf(line, read))
  return Math.min(machine_bytes, ...limits)
}

/** What the machine could give now without swapping; undefined where the kernel does not say. */
export function memoryAvailable(read: ReadText = readText): number | undefined {
  const kib = /^MemAvailable: +(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1]
  return kib === undefined ? undefined : Number(kib) * 1024
}

/** A line is "0::/path" (v2) or "5:memory:/path" (v1). Limits of every ancestor hold too. */
function limitsOf(line: string, read: ReadText): number[] {
  const [id, controllers, path] = line.split(':')
  if (path === undefined) return []
  if (id === '0' && controllers === '') return walk('/sys/fs/cgroup', path, 'memory.max', read)
  return controllers.split(',').includes('memory') ? walk('/sys/fs/cgroup/memory', path, 'memory.limit_in_bytes', read) : []
}

function walk(root: string, path: string, file: string, read: ReadText): number[] {
  const limits: number[] = []
  // In a container the path may be the host's and not exist here; its root is then ours.
  for (let at = join('/', path); ; at = dirname(at)) {
    const text = read(join(root, at, file))?.trim()
    // "max" in v2; v1 says "no limit" with a number near 2^63, which the machine's memory undercuts.
    if (text !== undefined && text !== '' && text !== 'max') limits.push(Number(text))
    if (at === '/') return limits.filter((limit) => limit > 0)
  }
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
