import { readText, type ReadText } from './memory-limit.ts'
import type { ParameterValues } from './parameters.ts'

/** For the program itself: its files, listeners, event loops. */
const OWN_FILES = 100
/** The rest is for connections to origins: a fetch that finds no descriptor fails, and clients would be let in to be told so. */
const CLIENTS_SHARE = 0.75

/** How many files this process may open; Infinity where the kernel does not say. Node has raised its limit to the hard one. */
export function openFilesMax(read: ReadText = readText): number {
  const limit = /^Max open files +(\d+) /m.exec(read('/proc/self/limits') ?? '')?.[1]
  return limit === undefined ? Infinity : Number(limit)
}

/** No more clients per worker than there are file descriptors for: lowers max_connections, and says so. */
export function boundConnections(parameters: ParameterValues, workers: number, files_max: number): string | undefined {
  const most = Math.max(1, Math.floor(((files_max - OWN_FILES) * CLIENTS_SHARE) / workers))
  const { max_connections } = parameters
  if (max_connections <= most) return undefined
  parameters.max_connections = most
  return `max_connections is ${most}, not ${max_connections}: this process may open ${files_max} files (ulimit -n)`
}
