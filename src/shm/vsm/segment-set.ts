import { randomBytes } from 'node:crypto'
import { closeSync, constants, fchmodSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '../../base/assert.ts'
import { makeDirectory } from './directory.ts'
import { type IndexEntry, IndexFile } from './index-file.ts'

/** One of the two sets of segments of a work directory, the manager's or the workers': a directory with an index and a file for each segment. */

const PAGE_BYTES = 4096
const FILE_MODE = 0o640
const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
/** Of a cluster's file, before its first member. */
const CLUSTER_HEAD_BYTES = 16
/** Readers take a line for a reason to stop when it is longer. */
const IDENT_MAX = 4096

/** A segment that is there: what is written to it others see at once. */
export interface Segment {
  readonly entry: IndexEntry
  /** Of the file; a cluster's members share one. */
  readonly fd: number
}

export interface Cluster extends Segment {
  /** Where the next member begins. */
  end: number
}

export class SegmentSet {
  readonly path: string
  private readonly index: IndexFile
  /** Of files made here. Those that were adopted are somebody else's. */
  private readonly descriptors = new Set<number>()

  /** What an earlier process has left there goes. */
  constructor(path: string, mode: number, birth_s: number, pid = process.pid) {
    this.path = path
    rmSync(path, { recursive: true, force: true })
    makeDirectory(path, mode)
    this.index = new IndexFile(path, pid, birth_s)
  }

  /** A segment with a file of its own, complete before the index names it. */
  add(kind: string, ident: string, payload: Uint8Array): Segment {
    const file = fileName(kind)
    const fd = this.create(file, payload.length)
    write(fd, payload, 0)
    return this.announce(fd, { file, offset: 0, length: roundUp(payload.length, 8), kind, ident })
  }

  /** A file that lies here already. */
  adopt(kind: string, ident: string, file: string, fd: number, size_bytes: number): Segment {
    return this.announce(fd, { file, offset: 0, length: roundUp(size_bytes, 8), kind, ident })
  }

  /** Room for members of so many bytes together. */
  cluster(size_bytes: number): Cluster {
    const file = fileName('VSC_cluster')
    const length = roundUp(CLUSTER_HEAD_BYTES + size_bytes, PAGE_BYTES)
    const segment = this.announce(this.create(file, length), { file, offset: 0, length, kind: '', ident: '' })
    return { ...segment, end: CLUSTER_HEAD_BYTES }
  }

  addMember(cluster: Cluster, kind: string, ident: string, payload: Uint8Array): Segment {
    const { file, length: room } = cluster.entry
    const length = roundUp(payload.length, 8)
    const offset = cluster.end
    assert(offset + length <= room, 'a cluster has room for its members')
    write(cluster.fd, payload, offset)
    const segment = this.announce(cluster.fd, { file, offset, length, kind, ident }, false)
    cluster.end += length
    return segment
  }

  /** Whoever has it mapped keeps it. */
  remove(segment: Segment): void {
    this.index.remove(segment.entry)
    if (segment.entry.offset !== 0) return
    closeSync(segment.fd)
    this.descriptors.delete(segment.fd)
    unlinkSync(join(this.path, segment.entry.file))
  }

  /** All of it goes; whoever has something of it mapped keeps it, and nobody writes to it any more. `ours`: what lies there is not somebody else's by now. */
  close(ours = true): void {
    this.index.close()
    for (const fd of this.descriptors) closeSync(fd)
    this.descriptors.clear()
    if (ours) rmSync(this.path, { recursive: true, force: true })
  }

  /** A file of whole pages, written to its end: a mapping of a file that is too short, or has no room, kills whoever reads it. */
  private create(file: string, size_bytes: number): number {
    const path = join(this.path, file)
    const fd = openSync(path, CREATE, FILE_MODE)
    try {
      fchmodSync(fd, FILE_MODE)
      write(fd, new Uint8Array(roundUp(size_bytes, PAGE_BYTES)), 0)
      this.descriptors.add(fd)
      return fd
    } catch (error) {
      closeSync(fd)
      unlinkSync(path)
      throw error
    }
  }

  private announce(fd: number, entry: IndexEntry, own_file = true): Segment {
    assert(!/[\s"\\]/.test(entry.ident) && entry.ident.length <= IDENT_MAX, 'an ident is one word of the index')
    try {
      this.index.add(entry)
    } catch (error) {
      if (own_file) {
        this.descriptors.delete(fd)
        closeSync(fd)
        unlinkSync(join(this.path, entry.file))
      }
      throw error
    }
    return { entry, fd }
  }
}

export function fileName(kind: string): string {
  return `_.${kind}.${randomBytes(8).toString('hex')}`
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}

export function write(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, position + done)
}
