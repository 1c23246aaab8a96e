import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, messageOf, OperatorError } from '../../base/errors.ts'
import type { Native } from '../native.ts'

/** O_NONBLOCK: opening a FIFO must not wait. Node adds O_CLOEXEC, so no child holds the lock. */
const OPEN = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
const MODE = 0o644
const TRIES_MAX = 5

/** Somebody who lives holds it. */
export class HeldError extends OperatorError {}

/**
 * A file with our process id, and a lock on it as long as we live: whoever can lock it knows that its writer is dead, whatever process
 * has that id today.
 */
export class PidFile {
  readonly path: string
  private readonly fd: number

  private constructor(path: string, fd: number) {
    this.path = path
    this.fd = fd
  }

  /** Throws a HeldError, or an OperatorError; `what` is what it is told to, and where. */
  static take(path: string, native: Pick<Native, 'lock'>, what: string, pid = process.pid): PidFile {
    for (let i = 0; i < TRIES_MAX; i++) {
      const fd = open(path, what)
      const outcome = native.lock(fd)
      // Between the two its owner may have ended and removed it.
      if (outcome === 0 && isNamed(fd, path)) return new PidFile(path, fd).written(pid, what)
      closeSync(fd)
      if (outcome === 'EAGAIN') throw new HeldError(heldBy(path, what))
      if (outcome !== 0) throw new OperatorError(`${what}: cannot be locked (${outcome}); use a local file system`)
    }
    throw new OperatorError(`${what}: the file is replaced all the time; give each its own`)
  }

  /** Nobody has removed it, or put another in its place. */
  get isThere(): boolean {
    return isNamed(this.fd, this.path)
  }

  /** For the next one to take. */
  remove(): void {
    try {
      if (this.isThere) unlinkSync(this.path)
    } catch {
      // Whoever removed the directory has removed it, too.
    }
    closeSync(this.fd)
  }

  private written(pid: number, what: string): this {
    try {
      fchmodSync(this.fd, MODE)
      ftruncateSync(this.fd, 0)
      writeSync(this.fd, String(pid), 0)
      return this
    } catch (error) {
      this.remove()
      throw new OperatorError(`${what}: cannot be written: ${messageOf(error)}`, { cause: error })
    }
  }
}

function open(path: string, what: string): number {
  let fd: number
  try {
    fd = openSync(path, OPEN, MODE)
  } catch (error) {
    throw new OperatorError(`${what}: ${openFault(path, error)}`, { cause: error })
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new OperatorError(`${what}: is not a regular file`)
}

function openFault(path: string, error: unknown): string {
  switch (codeOf(error)) {
    case 'ELOOP':
      return 'is a symbolic link'
    case 'EISDIR':
      return 'is a directory'
    case 'ENXIO':
      return 'is not a regular file'
    case 'ENOENT':
      return `there is no directory ${dirname(path)}; make it first`
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'not permitted to write it; use another, or run as its owner'
    default:
      return `cannot be opened: ${messageOf(error)}`
  }
}

function heldBy(path: string, what: string): string {
  let pid: string | undefined
  try {
    pid = /^\d+/.exec(readFileSync(path, 'latin1'))?.[0]
  } catch {
    // It ends just now.
  }
  return `${what}: in use by process ${pid ?? '(unknown)'}; stop that one, or name another`
}

export function isNamed(fd: number, path: string): boolean {
  const named = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  const opened = fstatSync(fd, { bigint: true })
  return named !== undefined && named.ino === opened.ino && named.dev === opened.dev
}
