import type { Stats } from 'node:fs'
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  statfsSync,
  unlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { codeOf, messageOf, OperatorError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import type { Native } from './native.ts'

/**
 * The file of a file store, from its name to a locked descriptor of the right size. Nothing is destroyed here: a file that
 * cannot be used is moved aside, a file that is in use is left alone, and no file that exists is ever truncated or grown
 * (whoever has it mapped would get SIGBUS).
 */
export interface StoreFileRequest {
  readonly path: string
  readonly size_bytes: number
  /**
   * Asked with the first bytes of a file that was there: why it cannot be used, or undefined when it can. It is moved aside
   * then. A file that is no store at all is somebody's data: throw an OperatorError, and it stays.
   */
  readonly accept: (firstPage: Buffer) => string | undefined
}

export interface StoreFile {
  readonly fd: number
  /** It is new, and reads as zeros. */
  readonly created: boolean
  /** Sentences for whoever starts Lacquer: what was moved aside and why, a file system that is too small. */
  readonly remarks: readonly string[]
  /** Nothing had its name before. */
  readonly made: boolean
  /** Where the file is that had its name before. */
  readonly aside?: string
}

interface Locked {
  readonly fd: number
  readonly made: boolean
}

export const FIRST_PAGE_BYTES = 4096
const NEW_FILES_MAX = 5
/** O_NONBLOCK: opening a FIFO or a device must not wait. Node adds O_CLOEXEC, so no child holds the lock. */
const OPEN = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK
const MAKE = OPEN | constants.O_CREAT | constants.O_EXCL
const OWNER_ONLY = 0o600

/** Throws an OperatorError. */
export function openStoreFile(request: StoreFileRequest, native: Native, clock: Clock): StoreFile {
  const locked = openLocked(request.path, native)
  try {
    return judge(locked, request, native, clock)
  } catch (error) {
    closeSync(locked.fd)
    throw error
  }
}

function judge({ fd, made }: Locked, request: StoreFileRequest, native: Native, clock: Clock): StoreFile {
  const { path, size_bytes } = request
  const stats = fstatSync(fd)
  if (stats.size === 0) return fresh({ fd, made }, request, [])
  const reason = request.accept(firstPage(fd)) ?? sizeReason(stats.size, size_bytes)
  if (reason === undefined) return { fd, created: false, made: false, remarks: spaceRemarks(fd, path, size_bytes) }
  return instead(moveAside(path, clock), reason, request, native, fd)
}

/** A new file in the place of one that cannot be used. */
function instead(aside: string, reason: string, request: StoreFileRequest, native: Native, old: number): StoreFile {
  const { path } = request
  const { fd } = openLocked(path, native, true)
  try {
    const remark = `${path} could not be used: ${reason}; it was renamed to ${aside}, and the store begins empty. Delete the old file when it is not wanted`
    const file = fresh({ fd, made: true }, request, [remark], aside)
    // The old lock goes only now: until then nobody else could take the old file for the store.
    closeSync(old)
    return file
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/**
 * The store cannot be had after all, before anything was written to it. A new file goes, or, if it was there and empty, gives its blocks back,
 * which would have filled the disk for nothing; and what was moved aside for it has its name again.
 */
export function giveBack({ fd, created, made, aside }: Pick<StoreFile, 'fd' | 'created' | 'made' | 'aside'>, path: string): void {
  if (!created) return
  try {
    ftruncateSync(fd, 0)
    if (!made || !isNamed(fd, path)) return
    unlinkSync(path)
    if (aside === undefined) return
    linkSync(aside, path)
    unlinkSync(aside)
  } catch {
    // It stays aside, where it can be found; what the operator must know is why there is no store.
  }
}

function sizeReason(actual: number, wanted: number): string | undefined {
  return actual === wanted ? undefined : `its size is ${formatBytes(actual)} and -s says ${formatBytes(wanted)}`
}

/** Gives an empty file its size, sparse: no block is written. */
function fresh({ fd, made }: Locked, request: StoreFileRequest, remarks: readonly string[], aside?: string): StoreFile {
  const { path, size_bytes } = request
  const file = { fd, created: true, made, ...(aside === undefined ? {} : { aside }) }
  try {
    setSize(fd, path, size_bytes)
    return { ...file, remarks: [...remarks, ...spaceRemarks(fd, path, size_bytes)] }
  } catch (error) {
    giveBack(file, path)
    throw error
  }
}

function setSize(fd: number, path: string, size_bytes: number): void {
  const limit = fileSizeLimit()
  // The kernel would answer with SIGXFSZ, which ends the process.
  if (size_bytes > limit)
    throw refusal(path, `${formatBytes(size_bytes)} is more than the limit for files, ${limit} bytes; raise ulimit -f`)
  try {
    ftruncateSync(fd, size_bytes)
  } catch (error) {
    if (codeOf(error) !== 'EFBIG') throw refusal(path, messageOf(error))
    throw refusal(path, `the file system has no files of ${formatBytes(size_bytes)}; use a smaller size`)
  }
}

function fileSizeLimit(): number {
  const soft = /^Max file size +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
  return soft === undefined ? Infinity : Number(soft)
}

/** Opens and locks the file that has this name, or makes it: between the two another process may have moved it aside. */
function openLocked(path: string, native: Native, anew = false): Locked {
  for (let i = 0; i < NEW_FILES_MAX; i++) {
    const opened = openOrMake(path, anew)
    if (opened === undefined) continue
    const { fd, made } = opened
    const outcome = native.lock(fd)
    if (outcome === 0 && isNamed(fd, path)) return opened
    // Whoever has locked it wants it.
    if (made && outcome !== 'EAGAIN') giveBack({ fd, created: true, made }, path)
    closeSync(fd)
    if (outcome === 'EAGAIN') throw refusal(path, 'in use by another process, or by another -s; give each its own file')
    if (outcome !== 0) throw refusal(path, `the file cannot be locked (${outcome}); use a local file system`)
  }
  throw refusal(path, 'the file is replaced all the time; give each process its own file')
}

/** Undefined when the file has gone between two looks at it. `anew`: none is there. */
function openOrMake(path: string, anew: boolean): Locked | undefined {
  try {
    return { fd: openSync(path, MAKE, OWNER_ONLY), made: true }
  } catch (error) {
    if (anew || codeOf(error) !== 'EEXIST') throw refusal(path, openFailure(path, error))
  }
  const fd = openRegular(path)
  return fd === undefined ? undefined : { fd, made: false }
}

function isNamed(fd: number, path: string): boolean {
  const named = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  const opened = fstatSync(fd, { bigint: true })
  return named !== undefined && named.ino === opened.ino && named.dev === opened.dev
}

function openRegular(path: string): number | undefined {
  let fd: number
  try {
    fd = openSync(path, OPEN)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw refusal(path, openFailure(path, error))
  }
  const stats: Stats = fstatSync(fd)
  if (stats.isFile()) return fd
  closeSync(fd)
  throw refusal(path, 'is not a regular file')
}

function openFailure(path: string, error: unknown): string {
  switch (codeOf(error)) {
    case 'ELOOP':
      return 'is a symbolic link; name the file it points to'
    case 'EISDIR':
      return `is a directory; name a file in it, as in ${join(path, 'lacquer.store')}`
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no directory ${dirname(path)}; make it first`
    case 'EACCES':
    case 'EPERM':
      return 'permission denied; the user that Lacquer runs as must be able to read and write it, and its directory'
    case 'ENXIO':
      return 'is not a regular file'
    default:
      return messageOf(error)
  }
}

function firstPage(fd: number): Buffer {
  const page = Buffer.alloc(FIRST_PAGE_BYTES)
  return page.subarray(0, readSync(fd, page, 0, FIRST_PAGE_BYTES, 0))
}

/** A link and an unlink, where a rename would overwrite what has the new name. */
function moveAside(path: string, clock: Clock): string {
  clock.refresh()
  const stamp = new Date(clock.wall_ms).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '')
  for (let i = 0; ; i++) {
    const aside = `${path}.old-${stamp}${i === 0 ? '' : `-${i}`}`
    try {
      linkSync(path, aside)
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue
      throw refusal(path, `cannot be used, and cannot be renamed to ${aside}: ${messageOf(error)}; move it away`)
    }
    unlinkSync(path)
    return aside
  }
}

/** A sparse file may be larger than what is free: that is not an error, but worth a line. */
function spaceRemarks(fd: number, path: string, size_bytes: number): string[] {
  const { bavail, bsize } = statfsSync(path)
  return lowSpace(path, size_bytes, fstatSync(fd).blocks * 512, bavail * bsize)
}

export function lowSpace(path: string, size_bytes: number, allocated_bytes: number, free_bytes: number): string[] {
  if (size_bytes - allocated_bytes <= free_bytes) return []
  const missing_mib = Math.ceil((size_bytes - allocated_bytes - free_bytes) / 2 ** 20)
  return [
    `${path} is ${formatBytes(size_bytes)}, for which the file system lacks ${missing_mib} MiB: the store will make do with what there is`,
  ]
}

function refusal(path: string, why: string): OperatorError {
  return new OperatorError(`-s file,${path}: ${why}`)
}
