import { join } from 'node:path'
import { codeOf } from '../../base/errors.ts'
import { SegmentFile } from './attach.ts'
import { MGT, SOCKET } from './places.ts'
import { IndexReader, type Segment } from './reader-index.ts'

/** What a running Lacquer, or a varnishd, says of how it can be reached. */
export interface Reach {
  /** -T: host and port of each address. */
  readonly admin: readonly (readonly [host: string, port: number])[]
  /** -S: the file of the secret. */
  readonly secret: string | undefined
  /** Ours alone: no secret is asked for. */
  readonly socket: string
}

/** Of an argument: no server has more addresses. */
const TEXT_MAX = 64 * 1024

/** Undefined when nobody runs there who tells; a directory that we may not read throws. */
export function readReach(directory: string): Reach | undefined {
  // The manager's alone: the workers' segments are not everybody's to read.
  const index = new IndexReader(join(directory, MGT))
  try {
    index.poll()
    if (index.head === undefined) return undefined
    const text = (option: string): string | undefined => {
      const found = [...index.segments.values()].find(({ kind, ident }) => kind === 'Arg' && ident === option)
      return found && textOf(found)
    }
    const admin = (text('-T') ?? '').split('\n').filter((line) => line !== '')
    return {
      admin: admin.map((line) => line.split(' ')).map(([host, port]) => [host, Number(port)] as const),
      secret: text('-S'),
      socket: join(directory, SOCKET),
    }
  } finally {
    index.close()
  }
}

/** Up to its NUL; undefined when it has just gone. */
function textOf(segment: Segment): string | undefined {
  let file: SegmentFile
  try {
    file = new SegmentFile(segment)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  const bytes = Buffer.alloc(Math.min(segment.length, TEXT_MAX))
  const read = bytes.toString('latin1', 0, file.read(bytes, 0, bytes.length))
  file.close()
  return read.split('\0', 1)[0]
}
