import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { codeOf, OperatorError, readFault } from '../../base/errors.ts'
import { TAG } from '../tags.ts'
import type { LogFormat } from '../format.ts'
import { recordFormat, vxidAt } from './format.ts'
import { type Block, blockOf } from './record-cursor.ts'
import type { LogSource, SourceState } from './source.ts'

/** What a file of records begins with. */
export const FILE_HEAD = Buffer.from('VSL\0', 'latin1')
/** Larger than any record, of which the largest has 64 KiB. */
const BLOCK_BYTES = 1 << 20
const STDIN = 0

/**
 * A file of records one after the other, as `-w` writes it. There is nothing in it that tells where a record begins but the record before it, so
 * what follows damage cannot be read; a number that is no tag is left for others to judge.
 */
export class FileSource implements LogSource {
  readonly format: LogFormat
  block: Block = blockOf(new ArrayBuffer(BLOCK_BYTES))
  from = 0
  to = 0
  fault = ''
  beforeReuse: () => void = () => {}
  /** Bytes that have been read, and how many there are if that is known. */
  read_bytes = 0
  readonly total_bytes: number | undefined
  private readonly name: string
  private readonly fd: number
  /** Bytes of the block that are filled, and where the next record begins. */
  private filled = 0
  private at = 0
  private is_over = false

  /** Each record is a unit. */
  private readonly is_single: boolean

  /** Throws an OperatorError. */
  constructor(name: string, is_single: boolean) {
    this.name = name
    this.is_single = is_single
    this.fd = open(name)
    const stat = fstatSync(this.fd)
    this.total_bytes = stat.isFile() ? stat.size : undefined
    this.readHead()
    this.fill()
    this.format = recordFormat(this.filled >= 4 ? this.block.words[0] : 0)
  }

  /**
   * A unit is one record with those of the same transaction that follow it, as long as that makes no difference to whoever takes them: Begin is
   * one on its own, Link and End are the last of theirs.
   */
  next(): SourceState {
    for (;;) {
      const end = this.recordEnd(this.at)
      if (end !== 0) return this.take(this.runEnd(end))
      const left = this.filled - this.at
      if (this.is_over) return this.ended(left)
      this.fill()
    }
  }

  close(): void {
    if (this.fd !== STDIN) closeSync(this.fd)
  }

  /** Where the record at byte `at` of the block ends; 0 when the block does not have all of it. */
  private recordEnd(at: number): number {
    const { header_words } = this.format
    if (at + header_words * 4 > this.filled) return 0
    const end = at + (header_words + (((this.block.words[at >> 2] & 0xffff) + 3) >> 2)) * 4
    return end <= this.filled ? end : 0
  }

  private runEnd(first_end: number): number {
    const { format, at } = this
    const { words } = this.block
    if (this.is_single || isAlone(format.tags[words[at >> 2] >>> 24])) return first_end
    const vxid = vxidAt(words, at >> 2, format)
    let end = first_end
    for (;;) {
      const next = this.recordEnd(end)
      if (next === 0 || vxidAt(words, end >> 2, format) !== vxid) return end
      const tag = format.tags[words[end >> 2] >>> 24]
      if (tag === TAG.Begin) return end
      end = next
      if (isAlone(tag)) return end
    }
  }

  private take(end: number): SourceState {
    this.from = this.at >> 2
    this.at = end
    this.to = end >> 2
    return 'some'
  }

  private ended(left: number): SourceState {
    if (left === 0) return 'end'
    this.fault = `${this.name}: ends in the middle of a record, at byte ${this.read_bytes - left}`
    this.at = this.filled
    return 'damaged'
  }

  private readHead(): void {
    const head = Buffer.alloc(FILE_HEAD.length)
    let got = 0
    while (got < head.length) {
      const more = this.read(head, got, head.length - got)
      if (more === 0) throw new OperatorError(`${this.name}: ${got === 0 ? 'is empty' : 'is too short'}; a log begins with VSL`)
      got += more
    }
    if (!head.equals(FILE_HEAD))
      throw new OperatorError(`${this.name}: is not a log file, which begins with VSL; write one with lacquer log -w`)
  }

  /** Moves what is left to the front, and reads as much as fits behind it. */
  private fill(): void {
    this.beforeReuse()
    const { bytes } = this.block
    bytes.copyWithin(0, this.at, this.filled)
    this.filled -= this.at
    this.at = 0
    const got = this.read(bytes, this.filled, bytes.length - this.filled)
    this.filled += got
    this.is_over = got === 0
  }

  private read(into: Buffer, at: number, length: number): number {
    for (;;) {
      try {
        const got = readSync(this.fd, into, at, length, null)
        this.read_bytes += got
        return got
      } catch (error) {
        // A terminal or pipe that somebody has set to not wait.
        if (codeOf(error) === 'EAGAIN') Atomics.wait(PAUSE, 0, 0, PAUSE_MS)
        else if (codeOf(error) === 'EOF') return 0
        else throw new OperatorError(`${this.name}: ${readFault(error)}`)
      }
    }
  }
}

/** These change what is open, or what is ready. */
function isAlone(tag: number): boolean {
  return tag === TAG.Begin || tag === TAG.Link || tag === TAG.End
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4))
const PAUSE_MS = 10

function open(name: string): number {
  if (name === '-') return STDIN
  try {
    return openSync(name, 'r')
  } catch (error) {
    throw new OperatorError(`-r ${name}: ${readFault(error)}`)
  }
}
