import { messageOf, OperatorError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import { memoryAvailable, memoryLimit } from '../config/memory-limit.ts'

/**
 * Memory that all threads of this process see. The kernel gives the pages when they are first touched, so a size that
 * nobody checks would be found impossible hours later, by the OOM killer.
 *
 * V8 takes what `mmap` gives: with overcommit 0 (the default) up to the machine's memory, with 2 up to the commit limit.
 */
export function createSharedMemory(size_bytes: number, limit_bytes = memoryLimit()): SharedArrayBuffer {
  const size = formatBytes(size_bytes)
  if (size_bytes > limit_bytes)
    throw new OperatorError(
      `-s memory,${size}: this process may use ${Math.floor(limit_bytes / 2 ** 20)} MiB at most (machine or cgroup); use a smaller size, or -s file,PATH,SIZE`,
    )
  try {
    return new SharedArrayBuffer(size_bytes)
  } catch (error) {
    throw new OperatorError(
      `-s memory,${size}: cannot be had (${messageOf(error)}); use a smaller size, -s file,PATH,SIZE, or see vm.overcommit_memory`,
    )
  }
}

/**
 * What the operator should hear about a size that can be had in principle: the machine has it, but others use it now. Not
 * an error, because they may be the Lacquer that this one replaces.
 */
export function memoryRemarks(size_bytes: number, available_bytes = memoryAvailable()): string[] {
  if (available_bytes === undefined || size_bytes <= available_bytes) return []
  return [
    `-s memory,${formatBytes(size_bytes)}: only ${Math.floor(available_bytes / 2 ** 20)} MiB are available now; if that stays so, the kernel will end this process before the store is full`,
  ]
}
