import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '../../base/assert.ts'
import { INDEX } from './places.ts'

/**
 * The index of a set of segments, as published: lines are appended, each by one write, because readers look at what has been added since
 * they looked last, and abort on half a field. Only what has been removed often enough makes a new file.
 */

export interface IndexEntry {
  readonly file: string
  readonly offset: number
  readonly length: number
  /** Both are empty for a cluster. */
  readonly kind: string
  readonly ident: string
}

/** A new file is written when so many lines are gone, and half as many as there are left. */
const GONE_MIN = 10
const MODE = 0o640
const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND | constants.O_NOFOLLOW

export class IndexFile {
  private readonly directory: string
  private readonly head: string
  private readonly live = new Set<IndexEntry>()
  private fd: number
  private gone = 0

  /** `birth_s` and the process are how readers tell that everything began anew. */
  constructor(directory: string, pid: number, birth_s: number) {
    this.directory = directory
    this.head = `# ${pid} ${birth_s}\n`
    this.fd = create(join(directory, INDEX), this.head)
  }

  /** Its file is complete. Throws when there is no room for the line: then it is not there. */
  add(entry: IndexEntry): void {
    assert(this.live.size > 0 || entry.kind !== '', 'no index begins with a cluster')
    append(this.fd, line('+', entry))
    this.live.add(entry)
  }

  /** A cluster after its members. */
  remove(entry: IndexEntry): void {
    assert(this.live.delete(entry), 'what is removed was there')
    append(this.fd, line('-', entry))
    this.gone++
    if (this.gone >= GONE_MIN && this.gone * 2 >= this.live.size) this.renew()
  }

  close(): void {
    closeSync(this.fd)
  }

  private renew(): void {
    const temporary = join(this.directory, `${INDEX}.new`)
    try {
      const fd = create(temporary, this.head + [...this.live].map((entry) => line('+', entry)).join(''))
      renameSync(temporary, join(this.directory, INDEX))
      closeSync(this.fd)
      this.fd = fd
      this.gone = 0
    } catch {
      // The old one is right, too, only longer.
      unlinkQuietly(temporary)
    }
  }
}

function line(sign: '+' | '-', { file, offset, length, kind, ident }: IndexEntry): string {
  return `${sign} ${file} ${offset} ${length} ${kind} ${ident}\n`
}

function create(path: string, text: string): number {
  const fd = openSync(path, APPEND, MODE)
  try {
    fchmodSync(fd, MODE)
    append(fd, text)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** All of it or, on a full disk, nothing. */
function append(fd: number, text: string): void {
  const before = fstatSync(fd).size
  const bytes = Buffer.from(text, 'latin1')
  try {
    let done = writeSync(fd, bytes)
    while (done < bytes.length) done += writeSync(fd, bytes, done)
  } catch (error) {
    ftruncateSync(fd, before)
    throw error
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It was never made.
  }
}
