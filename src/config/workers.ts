import { availableParallelism } from 'node:os'
import { OperatorError } from '../base/errors.ts'
import { formatBytes, parseInteger } from '../base/units.ts'

/** Workers at most: the shared structures have a place, a bit or a bitmap for each. */
export const WORKERS_MAX = 64
/** Threads that share a store: the workers, and the manager as one more. */
export const THREADS_MAX = WORKERS_MAX + 1

/** One for each core that this process may use. */
export function defaultWorkers(): number {
  return Math.min(WORKERS_MAX, availableParallelism())
}

/** `-w number`. */
export function parseWorkers(text: string): number {
  const number = parseInteger(text)
  if (number === undefined || number < 1) throw new OperatorError(`-w ${text}: not a number of workers`)
  if (number > WORKERS_MAX) throw new OperatorError(`-w ${text}: at most ${WORKERS_MAX} workers`)
  return number
}

const MIB = 2 ** 20
/** Below this a worker hardly starts. */
const HEAP_MIN_BYTES = 32 * MIB
const HEAP_AUTO_MIN_BYTES = 128 * MIB
/** As much as Node itself would allow a thread on a large machine. */
const HEAP_AUTO_MAX_BYTES = 4096 * MIB

/** How large a worker's JavaScript heap may become: the parameter worker_heap, or each worker's part of half the memory. */
export function workerHeapBytes(given_bytes: number, workers: number, limit_bytes: number): number {
  if (given_bytes === 0) return Math.min(HEAP_AUTO_MAX_BYTES, Math.max(HEAP_AUTO_MIN_BYTES, Math.floor(limit_bytes / 2 / workers)))
  if (given_bytes >= HEAP_MIN_BYTES) return given_bytes
  throw new OperatorError(
    `parameter worker_heap: ${formatBytes(given_bytes)} is below the minimum, ${formatBytes(HEAP_MIN_BYTES)} (0 chooses)`,
  )
}
