import { createRequire } from 'node:module'
import { constants } from 'node:os'
import type * as Koffi from 'koffi'
import { codeOf, messageOf, OperatorError } from '../base/errors.ts'

/**
 * The system calls that Node does not offer, by koffi: the only file that knows it, and the only native dependency. It is
 * loaded for the work directory and its log, for file stores, to send many answers in one call, to accept many clients at a time, for listening
 * sockets that outlive workers, and when rules want options of sockets. Numbers below are those of Linux on every 64-bit machine, with glibc and with musl
 * alike: both have one 64-bit `off_t` there.
 */

/** The name of a system error, such as ENOSPC. */
export type Errno = string
/** 0 is success. */
export type Outcome = 0 | Errno

const PROT_READ_WRITE = 1 | 2
const MAP_SHARED = 1
const LOCK_EXCLUSIVE_NOW = 2 | 4
const LOCK_UN = 8
const MADV_POPULATE_WRITE = 23
const MS_SYNC = 4
const FALLOC_FL_KEEP_SIZE = 1
const FALLOC_FL_PUNCH_HOLE = 2
const FALLOC_FL_ZERO_RANGE = 16
const F_DUPFD_CLOEXEC = 1030
const SOCK_CLOEXEC = 0o2000000
const SOCK_NONBLOCK = 0o4000
const SEEK_DATA = 3

export interface Native {
  readonly page_bytes: number
  /** Maps the whole file, shared; its address, or why not. There is no munmap: a view that outlived it would be a crash. */
  map(fd: number, size_bytes: number): bigint | Errno
  /** Memory of this process as an ArrayBuffer; several threads may each have their own over the same bytes. */
  view(address: bigint, size_bytes: number): ArrayBuffer
  /** Gives the range blocks on the disk. What is there stays. */
  allocate(fd: number, offset: number, length: number): Outcome
  /** The same for a new file from its beginning, in a thread of its own: where the file system is memory it is zeroed (48 ms for 80 MiB). */
  reserve(fd: number, length: number): Promise<Outcome>
  /** Has the pages of the range, which begins one, in memory and ready to be written, in a thread of its own. False when the kernel cannot. */
  populate(address: number, length: number): Promise<boolean>
  /** The range reads as zeros, without a read or a write; it keeps its blocks. */
  zero(fd: number, offset: number, length: number): Outcome
  /** The range reads as zeros and has no blocks. */
  punch(fd: number, offset: number, length: number): Outcome
  /**
   * An exclusive lock of the open file, without waiting: EAGAIN when somebody has it. It belongs to the opening, not to the
   * process, and a mapping keeps that alive: closing the descriptor does not end it, `unlock` and the end of the process do.
   */
  lock(fd: number): Outcome
  unlock(fd: number): Outcome
  /** Another descriptor of the same opening or socket, which processes that we start do not get; or why not. */
  duplicate(fd: number): number | Errno
  /** One byte for each page from `address`, which begins one: bit 0 says that it is in memory. */
  residency(address: number, length: number, pages: Uint8Array): Outcome
  /** What was written to the range, which begins a page, is on the disk when it resolves. In a thread of its own. */
  sync(address: number, length: number): Promise<Outcome>
  /** Where in the file data begins, from `offset` on; an errno (ENXIO where there is none behind it). */
  dataAt(fd: number, offset: number): number | Errno
}

/** The next client who waits there; EAGAIN: nobody does. Its descriptor does not block, and processes that we start do not get it. */
export type AcceptCall = (fd: number) => number | Errno

/** Options of sockets, for modules of the rules. */
export interface SocketCalls {
  set(fd: number, level: number, option: number, value: Uint8Array): Outcome
  get(fd: number, level: number, option: number, into: Uint8Array): Outcome
}

/** Calls of io_uring(7). */
export interface RingCalls {
  /** A descriptor; `parameters` (struct io_uring_params) are filled in. */
  setup(entries: number, parameters: Uint8Array): number | Errno
  map(fd: number, size_bytes: number, offset: number): bigint | Errno
  /** Nobody has a view of it. */
  unmap(address: bigint, size_bytes: number): void
  view(address: bigint, size_bytes: number): ArrayBuffer
  /** How many of `submit` entries the kernel has taken; then waits until as many as `completed` are. */
  enter(fd: number, submit: number, completed: number): number | Errno
  /** Of memory outside the heap: it stays there as long as `bytes` live. */
  addressOf(bytes: Uint8Array): number
}

let loaded: Native | undefined
let rings: RingCalls | undefined
let sockets: SocketCalls | undefined
let accepts: AcceptCall | undefined

/** They cannot be made here: no koffi, or no Linux. */
export class NoNativeError extends OperatorError {}

/** Throws a NoNativeError where they cannot be had; `what` wants them. */
export function native(what = 'a mapped file', instead = 'do without it'): Native {
  loaded ??= bind(load(what, instead))
  return loaded
}

/** Throws an OperatorError where they cannot be had; `what` wants them. */
export function socketCalls(what: string): SocketCalls {
  sockets ??= bindSockets(load(what, 'leave it out of the rules'))
  return sockets
}

/** Throws a NoNativeError where they cannot be had; `what` wants them. */
export function ringCalls(what: string): RingCalls {
  rings ??= bindRings(load(what, 'do without it'))
  return rings
}

function load(what: string, instead: string): typeof Koffi {
  if (process.platform !== 'linux') throw new NoNativeError(`${what}: needs Linux; ${instead}`)
  let koffi: typeof Koffi
  try {
    koffi = binary() as typeof Koffi
  } catch (error) {
    // Node's own words go on with a list of files.
    const why = codeOf(error) === 'MODULE_NOT_FOUND' ? 'it is not installed' : messageOf(error)
    throw new NoNativeError(`${what}: the package koffi cannot be loaded: ${why}; run npm ci (without --omit=optional), or ${instead}`)
  }
  if (koffi.sizeof('size_t') !== 8) throw new NoNativeError(`${what}: needs a 64-bit machine; ${instead}`)
  return koffi
}

/**
 * The package's binary itself, where it is where it should be: what chooses it, and wraps what is deprecated, takes 5 ms of each
 * thread's start, this 1.
 */
function binary(): unknown {
  const require = createRequire(import.meta.url)
  try {
    return require(`@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`)
  } catch {
    // Another libc, or an installation of another shape.
    return require('koffi')
  }
}

/** Undefined where it cannot be had. */
export function acceptCall(): AcceptCall | undefined {
  try {
    return (accepts ??= bindAccept(load('many clients at a time', 'do without it')))
  } catch (error) {
    if (error instanceof NoNativeError) return undefined
    throw error
  }
}

function bindAccept(koffi: typeof Koffi): AcceptCall {
  const accept4 = koffi.load(null).func('accept4', 'int', ['int', 'void *', 'void *', 'int'])
  return (fd) => {
    const client = accept4(fd, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK) as number
    return client === -1 ? errnoName(koffi.errno()) : client
  }
}

function bindSockets(koffi: typeof Koffi): SocketCalls {
  const libc = koffi.load(null)
  const setsockopt = libc.func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32'])
  const getsockopt = libc.func('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *'])
  const outcome = (result: number): Outcome => (result === -1 ? errnoName(koffi.errno()) : 0)
  return {
    set: (fd, level, option, value) => outcome(setsockopt(fd, level, option, value, value.length) as number),
    get: (fd, level, option, into) => outcome(getsockopt(fd, level, option, into, Uint32Array.of(into.length)) as number),
  }
}

/** The numbers of these calls are the same on all machines. */
const SYS_IO_URING_SETUP = 425
const SYS_IO_URING_ENTER = 426
const MAP_SHARED_POPULATED = 0x8001
const ENTER_GETEVENTS = 1

function bindRings(koffi: typeof Koffi): RingCalls {
  const libc = koffi.load(null)
  const setup = libc.func('syscall', 'long', ['long', 'uint', 'void *'])
  const enter = libc.func('syscall', 'long', ['long', 'int', 'uint', 'uint', 'uint', 'uintptr_t', 'size_t'])
  const mmap = libc.func('mmap', 'int64', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64'])
  const munmap = libc.func('munmap', 'int', ['uintptr_t', 'size_t'])
  const memmove = libc.func('memmove', 'uintptr_t', ['void *', 'void *', 'size_t'])
  const orErrno = (result: number): number | Errno => (result === -1 ? errnoName(koffi.errno()) : result)
  return {
    setup: (entries, parameters) => orErrno(setup(SYS_IO_URING_SETUP, entries, parameters) as number),
    map: (fd, size_bytes, offset) => {
      const address = orErrno(mmap(0, size_bytes, PROT_READ_WRITE, MAP_SHARED_POPULATED, fd, offset) as number)
      return typeof address === 'string' ? address : BigInt(address)
    },
    unmap: (address, size_bytes) => void munmap(address, size_bytes),
    view: (address, size_bytes) => koffi.view(address, size_bytes),
    enter: (fd, submit, completed) =>
      orErrno(enter(SYS_IO_URING_ENTER, fd, submit, completed, completed > 0 ? ENTER_GETEVENTS : 0, 0, 0) as number),
    addressOf: (bytes) => Number(memmove(bytes, bytes, 0)),
  }
}

function bind(koffi: typeof Koffi): Native {
  const libc = koffi.load(null)
  const getpagesize = libc.func('getpagesize', 'int', [])
  const mmap = libc.func('mmap', 'int64', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64'])
  const fallocate = libc.func('fallocate', 'int', ['int', 'int', 'int64', 'int64'])
  const posix_fallocate = libc.func('posix_fallocate', 'int', ['int', 'int64', 'int64'])
  const lseek = libc.func('lseek', 'int64', ['int', 'int64', 'int'])
  const flock = libc.func('flock', 'int', ['int', 'int'])
  const fcntl = libc.func('int fcntl(int, int, ...)')
  const mincore = libc.func('mincore', 'int', ['uintptr_t', 'size_t', 'void *'])
  const msync = libc.func('msync', 'int', ['uintptr_t', 'size_t', 'int'])
  const madvise = libc.func('madvise', 'int', ['uintptr_t', 'size_t', 'int'])
  // koffi keeps errno as the call left it. A signal may interrupt any of them.
  const outcome = (call: () => number): Outcome => {
    while (call() === -1) {
      const errno = errnoName(koffi.errno())
      if (errno !== 'EINTR') return errno
    }
    return 0
  }
  const space = (fd: number, mode: number, offset: number, length: number): Outcome =>
    outcome(() => fallocate(fd, mode, offset, length) as number)
  return {
    page_bytes: getpagesize() as number,
    map: (fd, size_bytes) => {
      const address = mmap(0, size_bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0) as number
      return address === -1 ? errnoName(koffi.errno()) : BigInt(address)
    },
    view: (address, size_bytes) => koffi.view(address, size_bytes),
    allocate: (fd, offset, length) => space(fd, FALLOC_FL_KEEP_SIZE, offset, length),
    zero: (fd, offset, length) => space(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE, offset, length),
    punch: (fd, offset, length) => space(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, length),
    lock: (fd) => outcome(() => flock(fd, LOCK_EXCLUSIVE_NOW) as number),
    unlock: (fd) => outcome(() => flock(fd, LOCK_UN) as number),
    duplicate: (fd) => {
      const made = fcntl(fd, F_DUPFD_CLOEXEC, 'int', 0) as number
      return made === -1 ? errnoName(koffi.errno()) : made
    },
    residency: (address, length, pages) => outcome(() => mincore(address, length, pages) as number),
    sync: (address, length) =>
      new Promise((resolve) => {
        // The errno of a call in another thread is not told; of those of msync only EIO can be.
        msync.async(address, length, MS_SYNC, (error: Error | null, result: number) => resolve(error === null && result === 0 ? 0 : 'EIO'))
      }),
    reserve: (fd, length) =>
      new Promise((resolve) => {
        // Unlike fallocate it returns the errno.
        posix_fallocate.async(fd, 0, length, (error: Error | null, result: number) => {
          resolve(error !== null ? 'EIO' : result === 0 ? 0 : errnoName(result))
        })
      }),
    populate: (address, length) =>
      new Promise((resolve) => {
        madvise.async(address, length, MADV_POPULATE_WRITE, (error: Error | null, result: number) =>
          resolve(error === null && result === 0),
        )
      }),
    dataAt: (fd, offset) => {
      const at = lseek(fd, offset, SEEK_DATA) as number
      return at === -1 ? errnoName(koffi.errno()) : at
    },
  }
}

/** Of two names for one number the first: EAGAIN, not EWOULDBLOCK; ENOTSUP, not EOPNOTSUPP. */
const NAMES = new Map(
  Object.entries(constants.errno)
    .toReversed()
    .map(([name, number]): [number, Errno] => [number, name]),
)

function errnoName(number: number): Errno {
  return NAMES.get(number) ?? `errno ${number}`
}
