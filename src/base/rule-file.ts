import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { OperatorError } from './errors.ts'

/** Of all rules together, included files too; more is a file named by mistake. */
export const RULE_BYTES_MAX = 8 << 20

const CHUNK = 64 << 10

/**
 * A file that a person has written, and named, as latin1: rules are bytes. Never more than rules may have, so that a device
 * without an end or somebody's log is an error and no lack of memory. Throws what `readFault` explains.
 */
export function readRuleFile(path: string): string {
  // A named pipe is waited for until somebody writes, and so are files of /proc such as kmsg: the manager must not. Pipes of a shell, as in
  // <(command), are below /dev.
  const waits = path.startsWith('/dev/')
  if (!waits && statSync(path).isFIFO()) throw new OperatorError('is a pipe')
  const file = openSync(path, waits ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (fstatSync(file).isDirectory()) throw new OperatorError('is a directory')
    return readAll(file)
  } finally {
    closeSync(file)
  }
}

function readAll(file: number): string {
  const chunks: Buffer[] = []
  for (let bytes = 0; ;) {
    const chunk = Buffer.allocUnsafe(CHUNK)
    const count = readSync(file, chunk, 0, CHUNK, null)
    if (count === 0) return Buffer.concat(chunks).toString('latin1')
    chunks.push(chunk.subarray(0, count))
    bytes += count
    if (bytes > RULE_BYTES_MAX) throw new OperatorError(`is larger than ${RULE_BYTES_MAX >> 20} MiB`)
  }
}
