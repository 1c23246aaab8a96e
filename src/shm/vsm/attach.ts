import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from './alive.ts'
import { CHILD, MGT } from './places.ts'
import { IndexReader, type Segment } from './reader-index.ts'

/**
 * The reading side of a work directory, for tools, of ours and of varnishd's. It only ever reads files: it maps nothing, so that no file that
 * somebody cuts short can end it, nothing of a server that has gone stays in memory, and no native code is needed; and it locks nothing, so
 * that no tool can be in a server's way.
 */
export class AttachedDirectory {
  readonly path: string
  private readonly manager: IndexReader
  private readonly child: IndexReader
  /** The manager's process was alive once: when it is not any more, it has gone. Of a directory that was left behind it never was. */
  private was_alive = false
  private is_alive = false
  private seen_head: string | undefined = undefined

  constructor(path: string) {
    this.path = path
    this.manager = new IndexReader(join(path, MGT))
    this.child = new IndexReader(join(path, CHILD))
  }

  /** Looks what has changed since. Throws an OperatorError when it may not be read. */
  poll(): void {
    this.manager.poll()
    this.child.poll()
    const { head, pid } = this.manager
    if (head !== this.seen_head) this.was_alive = false
    this.seen_head = head
    this.is_alive = head !== undefined && isAlive(pid)
    if (this.is_alive) this.was_alive = true
  }

  /** Is there a server, or what one has left behind? */
  get isThere(): boolean {
    return this.manager.head !== undefined && this.manager.segments.size > 0
  }

  /** The server's process was there, and was no more at the last look. */
  get hasDied(): boolean {
    return this.was_alive && !this.is_alive
  }

  /** The manager's segments before those of its workers. */
  *segments(): Generator<Segment> {
    yield* this.manager.segments.values()
    yield* this.child.segments.values()
  }

  find(kind: string, ident?: string): Segment | undefined {
    for (const segment of this.segments()) {
      if (segment.kind === kind && (ident === undefined || segment.ident === ident)) return segment
    }
    return undefined
  }

  close(): void {
    this.manager.close()
    this.child.close()
  }
}

const OPEN = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

/** An open segment. Its file may have been removed since: what was read is what was there last. */
export class SegmentFile {
  readonly segment: Segment
  private readonly fd: number

  /** Throws a system error when it cannot be opened, as when it has just gone. */
  constructor(segment: Segment) {
    this.segment = segment
    this.fd = openSync(segment.path, OPEN)
    if (!fstatSync(this.fd).isFile()) {
      closeSync(this.fd)
      throw new Error(`${segment.path}: is not a file`)
    }
  }

  /** Bytes from `offset` of the segment into the beginning of `into`; how many there were. */
  read(into: Uint8Array, offset: number, length: number): number {
    const wanted = Math.min(length, this.segment.length - offset)
    return wanted <= 0 ? 0 : readSync(this.fd, into, 0, wanted, this.segment.offset + offset)
  }

  close(): void {
    closeSync(this.fd)
  }
}
