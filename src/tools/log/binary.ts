import { closeSync, openSync, readSync } from 'node:fs'
import { OperatorError } from '../../base/errors.ts'
import type { LogFormat } from '../../log/format.ts'
import { FILE_HEAD } from '../../log/read/file-source.ts'
import { recordFormat } from '../../log/read/format.ts'
import type { RecordCursor } from '../../log/read/record-cursor.ts'
import type { Output } from './output.ts'

const [CLIENT, BACKEND] = [0x40000000, 0x80000000]
const SIDES = { client: CLIENT, backend: BACKEND, none: 0 } as const

/**
 * Records as they are, for -r. All of a file are of one format, since nothing else tells where the next one begins: that of its first record. A
 * server that is started anew with another vsl_version, or a file that is appended to, may have had another.
 */
export class BinaryFile {
  private readonly output: Output
  private readonly path: string | undefined
  private format: LogFormat | undefined

  /** `path`: undefined for standard output. Throws an OperatorError when what is appended to is no such file. */
  constructor(output: Output, path: string | undefined) {
    this.output = output
    this.path = path
    this.begin()
  }

  /** The output is another file now. */
  begin(): void {
    this.format = undefined
    if (this.output.isEmpty) this.output.bytes(FILE_HEAD)
    else if (this.path !== undefined) this.format = formatIn(this.path)
  }

  write(record: RecordCursor): void {
    this.format ??= record.format
    this.output.bytes(record.format === this.format ? record.record : converted(record, this.format))
  }
}

/** Of the records that are in the file; undefined: there are none. */
function formatIn(path: string): LogFormat | undefined {
  const bytes = Buffer.alloc(FILE_HEAD.length + 4)
  const fd = openSync(path, 'r')
  const got = readSync(fd, bytes, 0, bytes.length, 0)
  closeSync(fd)
  if (!bytes.subarray(0, FILE_HEAD.length).equals(FILE_HEAD))
    throw new OperatorError(`-a ${path}: what is in it is no log, which begins with VSL; give another name, or -A to append text`)
  return got < bytes.length ? undefined : recordFormat(bytes.readUInt32LE(FILE_HEAD.length))
}

function converted(record: RecordCursor, format: LogFormat): Buffer {
  const { payload, vxid, side, tag } = record
  const head = format.header_words * 4
  const bytes = Buffer.alloc(head + ((payload.length + 3) & ~3))
  bytes.writeUInt32LE((format.firsts[tag] | payload.length) >>> 0, 0)
  bytes.writeUInt32LE((format.header_words === 2 ? vxid & 0x3fffffff : vxid) >>> 0, 4)
  if (format.header_words === 3) bytes.writeUInt32LE(Math.floor(vxid / 2 ** 32), 8)
  bytes.writeUInt32LE((bytes.readUInt32LE(head - 4) | SIDES[side]) >>> 0, head - 4)
  bytes.set(payload, head)
  return bytes
}
