import { OperatorError } from '../base/errors.ts'
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

/** What is open when nobody is connected: of the program, of each worker besides its listeners, and of each store; and what has to be left over. */
const BARE_FILES = 40
const FILES_PER_WORKER = 9
const FILES_PER_STORE = 2
const SPARE_FILES = 10
/** The spare worker has 25 while it rehearses, with its clients and its origin: only where that is little of what connections have. */
const ROOM_FOR_SPARE_WORKER = 500

/** Throws an OperatorError where there are too few to start: what runs out of them half-way can say nothing sensible of it. */
export function checkFileLimit(files_max: number, workers: number, listeners: number, stores: number): void {
  const least = leastFiles(workers, listeners, stores)
  if (files_max >= least) return
  const crew = workers === 1 ? '1 worker' : `${workers} workers`
  throw new OperatorError(
    `this process may open ${files_max} files, but with ${crew} it needs ${least}, and two for each connection: raise ulimit -n (LimitNOFILE= of systemd)`,
  )
}

function leastFiles(workers: number, listeners: number, stores: number): number {
  return BARE_FILES + workers * (FILES_PER_WORKER + listeners) + stores * FILES_PER_STORE + SPARE_FILES
}

/** No spare worker where clients and fetches would find no descriptor because of it: turns spare_worker off, and says so. */
export function boundSpareWorker(
  parameters: ParameterValues,
  files_max: number,
  workers: number,
  listeners: number,
  stores: number,
): string | undefined {
  if (!parameters.spare_worker || files_max - leastFiles(workers, listeners, stores) >= ROOM_FOR_SPARE_WORKER) return undefined
  parameters.spare_worker = false
  return `spare_worker is off, not on: this process may open ${files_max} files (ulimit -n)`
}

/** No more clients per worker than there are file descriptors for: lowers max_connections, and says so. */
export function boundConnections(parameters: ParameterValues, workers: number, files_max: number): string | undefined {
  const most = Math.max(1, Math.floor(((files_max - OWN_FILES) * CLIENTS_SHARE) / workers))
  const { max_connections } = parameters
  if (max_connections <= most) return undefined
  parameters.max_connections = most
  return `max_connections is ${most}, not ${max_connections}: this process may open ${files_max} files (ulimit -n)`
}
