import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, OperatorError } from '../../base/errors.ts'
import { INDEX } from './places.ts'

/** A segment that an index tells of. The same object for as long as it is there. */
export interface Segment {
  /** Path of the file it lies in. */
  readonly path: string
  /** Bytes of that file. */
  readonly offset: number
  readonly length: number
  /** Class and ident, such as Stat and MAIN. */
  readonly kind: string
  readonly ident: string
  /** Its line has been taken back, or all of the index is another. */
  is_gone: boolean
}

/** Longest line, as published; and more segments than any server has. */
const LINE_MAX = 8191
const SEGMENTS_MAX = 100_000
const READ_BYTES = 64 * 1024
const OPEN = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

/**
 * The index of a set of segments, followed as it grows: what is appended is read, and a new file is read from its beginning. Whoever writes it
 * is not trusted: lines that are none are left out, and no file outside of the directory is named.
 */
export class IndexReader {
  /** Process and birth, as the first line has them; undefined while there is no index. */
  head: string | undefined = undefined
  pid = 0
  /** By line, in the order in which they were added. Clusters are not segments. */
  readonly segments = new Map<string, Segment>()
  private readonly directory: string
  private fd: number | undefined
  private file: Pick<Stats, 'ino' | 'dev'> | undefined
  private read_bytes = 0
  private rest = ''

  constructor(directory: string) {
    this.directory = directory
  }

  /** Looks what has changed. One system call when nothing has. Throws an OperatorError. */
  poll(): void {
    const path = join(this.directory, INDEX)
    const found = this.permitted(() => statSync(path, { throwIfNoEntry: false }))
    if (found?.isFile() !== true) return this.forget()
    const { file } = this
    if (file === undefined || file.ino !== found.ino || file.dev !== found.dev || found.size < this.read_bytes) this.begin(path)
    if (found.size > this.read_bytes) this.readOn()
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd)
    this.fd = undefined
    this.file = undefined
  }

  /** Undefined when it is not there, or goes while it is looked at. Throws an OperatorError when it is there, and others may read it. */
  private permitted<T>(look: () => T): T | undefined {
    try {
      return look()
    } catch (error) {
      if (codeOf(error) !== 'EACCES') return undefined
      throw new OperatorError(`${this.directory}: not permitted to read it; run as its owner, root or a member of its group`)
    }
  }

  private forget(): void {
    this.close()
    this.read_bytes = 0
    this.rest = ''
    this.head = undefined
    for (const segment of this.segments.values()) segment.is_gone = true
    this.segments.clear()
  }

  /** A new file. Segments whose lines are in it, too, are the same. */
  private begin(path: string): void {
    const before = new Map(this.segments)
    const head_before = this.head
    this.close()
    this.segments.clear()
    this.read_bytes = 0
    this.rest = ''
    this.head = undefined
    this.fd = this.permitted(() => openSync(path, OPEN))
    if (this.fd !== undefined) {
      this.file = fstatSync(this.fd)
      this.readOn()
    }
    for (const [line, segment] of before) {
      if (this.head === head_before && this.segments.has(line)) this.segments.set(line, segment)
      else segment.is_gone = true
    }
  }

  private readOn(): void {
    if (this.fd === undefined) return
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    for (;;) {
      const got = readSync(this.fd, buffer, 0, buffer.length, this.read_bytes)
      if (got === 0) return
      this.read_bytes += got
      // The last line may not be complete yet.
      const lines = (this.rest + buffer.toString('latin1', 0, got)).split('\n')
      this.rest = lines.pop() ?? ''
      if (this.rest.length > LINE_MAX) this.rest = ''
      for (const line of lines) this.take(line)
    }
  }

  private take(line: string): void {
    if (line.startsWith('# ')) {
      this.head = line
      this.pid = Number(/^# ([0-9]{1,10}) /.exec(line)?.[1] ?? 0)
    } else if (line.startsWith('+ ')) {
      const segment = this.parse(line.slice(2))
      if (segment !== undefined && this.segments.size < SEGMENTS_MAX) this.segments.set(line.slice(2), segment)
    } else if (line.startsWith('- ')) {
      const segment = this.segments.get(line.slice(2))
      if (segment === undefined) return
      segment.is_gone = true
      this.segments.delete(line.slice(2))
    }
  }

  private parse(text: string): Segment | undefined {
    const [, file, offset, length, kind, ident] = /^([^ /]+) ([0-9]{1,15}) ([0-9]{1,15}) ([^ ]*) ([^ ]*)$/.exec(text) ?? []
    if (file === undefined || kind === '' || file === '.' || file === '..') return undefined
    return { path: join(this.directory, file), offset: Number(offset), length: Number(length), kind, ident, is_gone: false }
  }
}
