import { closeSync, fdatasync, read, readSync, writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { OperatorError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import type { Errno, Native, Outcome } from './native.ts'
import { native } from './native.ts'
import type { StoreFileRequest } from './store-file.ts'
import { giveBack, openStoreFile } from './store-file.ts'

/**
 * A file as memory that all threads of this process see. The manager opens it, workers attach to the same address. It is
 * never unmapped: it goes with the process.
 *
 * Whoever writes allocates first, because a page without a block on a full disk is a SIGBUS and an `allocate` an ENOSPC.
 * Whoever reads what may not be in memory reads it with `readCold` first, because a page fault stops the thread for as
 * long as the disk takes, and a broken sector is a SIGBUS there and an EIO here.
 *
 * Beyond 2 GiB a Buffer over the whole must not be searched: `indexOf(value, from)` clamps `from` to 2^31-1. Everything
 * else that Node and V8 offer is right to 64 GiB (test/unit/shm/beyond-4g.test.ts).
 */

/** What a worker needs to attach: plain, for workerData. The descriptor is the process's, so it is good in any thread. */
export interface MappingPlace {
  readonly path: string
  readonly address: bigint
  readonly size_bytes: number
  readonly fd: number
}

export interface OpenedMapping {
  readonly mapping: FileMapping
  /** The file is new and reads as zeros. */
  readonly created: boolean
  /** Sentences for the operator, if there is something to say. */
  readonly remarks: readonly string[]
  /** Closes it, and leaves things as they were: nothing has been written yet. */
  readonly undo: () => void
}

/** Manager. Throws an OperatorError. */
export function openMapping(request: StoreFileRequest, clock: Clock): OpenedMapping {
  const calls = native('-s file', 'use -s memory,SIZE')
  const { path, size_bytes } = request
  assert(size_bytes > 0 && size_bytes % calls.page_bytes === 0, 'a mapping has whole pages')
  const file = openStoreFile(request, calls, clock)
  const { fd, created, remarks } = file
  const address = calls.map(fd, size_bytes)
  if (typeof address === 'string') {
    giveBack(file, path)
    closeSync(fd)
    throw new OperatorError(`-s file,${path}: ${mapFailure(address, size_bytes)}`)
  }
  const mapping = new FileMapping({ path, address, size_bytes, fd }, calls)
  const undo = (): void => {
    giveBack(file, path)
    mapping.close()
  }
  return { mapping, created, remarks, undo }
}

function mapFailure(errno: Errno, size_bytes: number): string {
  if (errno === 'ENOMEM') return `${formatBytes(size_bytes)} of address space cannot be had; raise ulimit -v, or use a smaller size`
  return `the file cannot be mapped into memory (${errno}); use a local file system`
}

/** Worker, of the same process. */
export function attachMapping(place: MappingPlace): FileMapping {
  return new FileMapping(place, native())
}

/** The file system, or a sandbox, does not have this call. */
function isMissing(outcome: Outcome): boolean {
  return outcome === 'ENOTSUP' || outcome === 'ENOSYS'
}

/** Also the most that one read takes at a time: the thread pool has other work. */
const CHUNK_BYTES = 256 * 1024
/** Pages in so many pieces are asked for whether they are holes. */
const GAPS_MAX = 16
const POPULATE_BYTES = 2 * 1024 * 1024
/** The most that the page cache keeps in one piece, which begins at a multiple of its size (a huge page, where pages have 4 KiB). */
const FOLIO_BYTES = 2 * 1024 * 1024

/**
 * By address, which no other mapping has later: a thread has one view of each. V8 takes it for memory of the thread, and has a full collection when
 * there is so much (15 ms of a thread that has just loaded its code).
 */
const views = new Map<bigint, ArrayBuffer>()
/** As `views`, of this thread: those whose descriptor is not theirs any more. */
const closed = new WeakSet<MappingPlace>()

export class FileMapping {
  readonly place: MappingPlace
  readonly page_bytes: number
  private readonly calls: Native
  /** An address has 47 or 48 bits (52 at most, where a program asks for it): a number holds it, and costs no allocation. */
  private readonly address: number
  /** For mincore: as many pages as an extent has. */
  private readonly pages: Uint8Array
  /** Where reads go whose point is the page cache: nobody looks at it, so all of them may share it. */
  private scratch: Buffer | undefined

  constructor(place: MappingPlace, calls: Native) {
    this.place = place
    this.calls = calls
    this.page_bytes = calls.page_bytes
    this.address = Number(place.address)
    this.pages = new Uint8Array(CHUNK_BYTES / calls.page_bytes + 1)
  }

  get isClosed(): boolean {
    return closed.has(this.place)
  }

  /** The whole. Made when it is asked for. */
  get buffer(): ArrayBuffer {
    const { address, size_bytes } = this.place
    const known = views.get(address)
    if (known !== undefined) return known
    const view = this.calls.view(address, size_bytes)
    views.set(address, view)
    return view
  }

  /**
   * Makes sure that the range has blocks, from any thread: ENOSPC, EDQUOT or EIO when it cannot. What is there stays. By
   * fallocate, which for 8 MiB takes 10 us on ext4 and writes nothing. Where the file system has none, what the range
   * holds is written back to it: nobody else may write there meanwhile.
   *
   * What lies beside the range in the same folios gets blocks, too: the kernel keeps a file in pieces of up to 2 MiB, and the first
   * byte that is written to one asks for the blocks of all of it. One that it has not got is a SIGBUS.
   */
  allocate(offset: number, length: number): Outcome {
    const { start, end } = this.folios(offset, length)
    const outcome = this.calls.allocate(this.place.fd, start, end - start)
    return isMissing(outcome) ? this.rewrite(offset, length) : outcome
  }

  /**
   * Prepares a range that has blocks for being written anew. A page that is not in memory would be read from the disk before
   * its first byte is written (7 to 13 ms here); one that is known to be zeros is not. Afterwards the range holds zeros or what
   * it held. Nobody may read it meanwhile.
   */
  renew(offset: number, length: number): Outcome {
    const { calls } = this
    const { fd } = this.place
    // What is in memory is written as fast as anything: zeroing it would cost 2 ms, and new page faults.
    if (this.residentPages(offset, length) * this.page_bytes >= length) return 0
    const outcome = calls.zero(fd, offset, length)
    if (!isMissing(outcome)) return outcome
    // tmpfs has only this; without either, the disk is read.
    return isMissing(calls.punch(fd, offset, length)) ? 0 : this.allocate(offset, length)
  }

  /** All that was written before the call is on the disk after it: also what was written through the mapping (fsync(2)). */
  sync(): Promise<Outcome> {
    return new Promise((resolve) => {
      fdatasync(this.place.fd, (error) => resolve(error === null ? 0 : (error.code ?? 'EIO')))
    })
  }

  /** The same for what was written to a range, without the rest of the file. */
  syncRange(offset: number, length: number): Promise<Outcome> {
    const start = offset - (offset % this.page_bytes)
    return this.calls.sync(this.address + start, offset + length - start)
  }

  /** How many of the pages that the range touches are in memory now. They may leave at any time. */
  residentPages(offset: number, length: number): number {
    const start = offset - (offset % this.page_bytes)
    const pages = this.pagesOf(start, offset + length)
    if (pages === undefined) return 0
    let resident = 0
    const count = Math.ceil((offset + length - start) / this.page_bytes)
    for (let i = 0; i < count; i++) resident += pages[i] & 1
    return resident
  }

  /** Is there nothing to be read from the disk for it: is it in memory, but for pages that nobody has written yet? */
  isAtHand(offset: number, length: number): boolean {
    const { page_bytes } = this
    const start = offset - (offset % page_bytes)
    const count = Math.ceil((offset + length - start) / page_bytes)
    const pages = this.pagesOf(start, offset + length)
    if (pages === undefined) return false
    let gaps = 0
    for (let i = 0; i < count; i++) {
      if ((pages[i] & 1) === 1) continue
      const first = i
      while (i < count && (pages[i] & 1) === 0) i++
      if (++gaps > GAPS_MAX || !this.isHole(start + first * page_bytes, (i - first) * page_bytes)) return false
    }
    return true
  }

  private pagesOf(start: number, end: number): Uint8Array | undefined {
    const count = Math.ceil((end - start) / this.page_bytes)
    const pages = count <= this.pages.length ? this.pages : new Uint8Array(count)
    return this.calls.residency(this.address + start, end - start, pages) === 0 ? pages : undefined
  }

  private isHole(offset: number, length: number): boolean {
    const data_at = this.calls.dataAt(this.place.fd, offset)
    return typeof data_at === 'string' ? data_at === 'ENXIO' : data_at >= offset + length
  }

  /** All of it gets blocks, once, while nobody writes to it. In a thread of its own. */
  reserve(): Promise<Outcome> {
    return this.calls.reserve(this.place.fd, this.place.size_bytes)
  }

  /**
   * What is written to the range then causes no page faults (2 to 5 us each). In a thread of its own, and in pieces: while the kernel is at one, no
   * thread of ours can map anything.
   */
  async populate(): Promise<boolean> {
    const { size_bytes } = this.place
    for (let at = 0; at < size_bytes; at += POPULATE_BYTES) {
      const done = await this.calls.populate(this.address + at, Math.min(POPULATE_BYTES, size_bytes - at))
      if (!done) return false
    }
    return true
  }

  /**
   * What is not in memory of the range is read, a piece in each turn of the event loop: nobody waits for it, and an error is for whoever
   * needs what could not be read.
   */
  async fetch(offset: number, length: number): Promise<void> {
    for (let at = offset; at < offset + length && !this.isClosed; at += CHUNK_BYTES) {
      const piece_bytes = Math.min(CHUNK_BYTES, offset + length - at)
      if (this.isShown(at, piece_bytes)) await setImmediate()
      else await this.readCold(at, piece_bytes)
    }
  }

  /**
   * Reads the range from the disk without stopping this thread, into `into` or only into memory (the page cache, which the
   * mapping shows). A file that somebody cut short is an EIO.
   */
  async readCold(offset: number, length: number, into?: Uint8Array): Promise<Outcome> {
    assert(into === undefined || into.byteLength >= length, 'a cold read has room')
    const outcome = await this.readRange(offset, length, into)
    if (outcome !== 0 || into !== undefined || this.isShown(offset, length)) return outcome
    const { start, end } = this.folios(offset, length)
    return this.readRange(start, end - start)
  }

  /**
   * Gives lock and descriptor back, for another process to open the file. Once, by the manager. The memory stays, so nobody
   * may write to it any more. A process that ends needs none of this: the kernel does it, whatever ended it.
   */
  close(): void {
    closed.add(this.place)
    this.calls.unlock(this.place.fd)
    closeSync(this.place.fd)
  }

  /**
   * Would the mapping show it without a read? A folio of which one sector cannot be read is never shown, while `read` has what lies
   * beside the sector: so where something is not there after it was read, all of its folios are, to hear of that. Seldom it is only
   * that memory is short.
   */
  private isShown(offset: number, length: number): boolean {
    const pages = Math.ceil((offset + length) / this.page_bytes) - Math.floor(offset / this.page_bytes)
    return this.residentPages(offset, length) >= pages
  }

  private folios(offset: number, length: number): { start: number; end: number } {
    const start = Math.floor(offset / FOLIO_BYTES) * FOLIO_BYTES
    const end = Math.min(this.place.size_bytes, Math.ceil((offset + length) / FOLIO_BYTES) * FOLIO_BYTES)
    return { start, end: Math.max(end, offset + length) }
  }

  private async readRange(offset: number, length: number, into?: Uint8Array): Promise<Outcome> {
    for (let done = 0; done < length;) {
      const wanted = Math.min(CHUNK_BYTES, length - done)
      const target = into?.subarray(done, done + wanted) ?? this.scratchBuffer()
      const got = await this.readOnce(target, wanted, offset + done)
      if (typeof got === 'string') return got
      if (got === 0) return 'EIO'
      done += got
    }
    return 0
  }

  private readOnce(target: Uint8Array, length: number, position: number): Promise<number | Errno> {
    return new Promise((resolve) => {
      read(this.place.fd, target, 0, length, position, (error, got) => resolve(error === null ? got : (error.code ?? 'EIO')))
    })
  }

  private rewrite(offset: number, length: number): Outcome {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, length))
    try {
      for (let done = 0; done < length;) {
        const got = readSync(this.place.fd, chunk, 0, Math.min(chunk.length, length - done), offset + done)
        if (got === 0) return 'EIO'
        done += writeSync(this.place.fd, chunk, 0, got, offset + done)
      }
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'EIO'
    }
    return 0
  }

  private scratchBuffer(): Buffer {
    this.scratch ??= Buffer.allocUnsafeSlow(CHUNK_BYTES)
    return this.scratch
  }
}
