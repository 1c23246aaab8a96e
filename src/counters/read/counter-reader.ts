import type { AttachedDirectory } from '../../shm/vsm/attach.ts'
import { SegmentFile } from '../../shm/vsm/attach.ts'
import type { Segment } from '../../shm/vsm/reader-index.ts'
import { HEAD_BYTES, READY } from '../vsc/stat-doc.ts'
import { type CounterDoc, oneLine, readDoc } from './doc.ts'

/** A counter of a running server. */
export interface Point {
  /** `MAIN.client_req`, `VBE.boot.default.req` */
  readonly name: string
  readonly doc: CounterDoc
  /** As it was when the segments were read last; 64 bits without a sign. */
  readonly value: bigint
}

interface MutablePoint extends Point {
  value: bigint
}

interface OpenSegment {
  readonly file: SegmentFile
  readonly bytes: Buffer
  readonly body: number
  readonly points: readonly MutablePoint[]
}

interface ClassDoc {
  /** Stat segments name it. */
  readonly id: bigint
  readonly docs: readonly CounterDoc[]
}

/** Largest segment that is read: a class has some kilobytes. */
const SEGMENT_BYTES_MAX = 1 << 20

/** The counters of a work directory, by copying: a segment that is cut short, or goes, or is no segment, is one with nothing in it. */
export class CounterReader {
  private readonly directory: AttachedDirectory
  private readonly docs = new Map<Segment, ClassDoc>()
  private readonly open = new Map<Segment, OpenSegment>()

  constructor(directory: AttachedDirectory) {
    this.directory = directory
  }

  /** All counters as they are now, in the order in which the server has them. The same objects as long as they are there. */
  read(): readonly Point[] {
    this.directory.poll()
    this.forget()
    const documents = this.documents()
    const points: Point[] = []
    for (const segment of this.directory.segments()) {
      if (segment.kind !== 'Stat') continue
      const opened = this.open.get(segment) ?? this.start(segment, documents)
      if (opened === undefined || !fill(opened)) continue
      points.push(...opened.points)
    }
    return points
  }

  close(): void {
    for (const { file } of this.open.values()) file.close()
    this.open.clear()
  }

  private forget(): void {
    for (const [segment, { file }] of this.open) {
      if (!segment.is_gone) continue
      file.close()
      this.open.delete(segment)
    }
    for (const segment of this.docs.keys()) if (segment.is_gone) this.docs.delete(segment)
  }

  /** By their numbers. */
  private documents(): Map<bigint, readonly CounterDoc[]> {
    const found = new Map<bigint, readonly CounterDoc[]>()
    for (const segment of this.directory.segments()) {
      if (segment.kind !== 'StatDoc') continue
      const doc = this.docs.get(segment) ?? classDoc(segment)
      if (doc === undefined) continue
      this.docs.set(segment, doc)
      found.set(doc.id, doc.docs)
    }
    return found
  }

  private start(segment: Segment, documents: ReadonlyMap<bigint, readonly CounterDoc[]>): OpenSegment | undefined {
    if (segment.length < HEAD_BYTES || segment.length > SEGMENT_BYTES_MAX) return undefined
    const file = tryOpen(segment)
    if (file === undefined) return undefined
    const bytes = Buffer.alloc(segment.length)
    const docs = read(file, bytes) ? documents.get(bytes.readBigUInt64LE(16)) : undefined
    const body = Number(bytes.readBigUInt64LE(8))
    if (docs === undefined || body < HEAD_BYTES || body > bytes.length) {
      file.close()
      return undefined
    }
    const points = docs
      .filter(({ index }) => body + index + 8 <= bytes.length)
      .map((doc) => ({ name: `${oneLine(segment.ident)}.${doc.name}`, doc, value: 0n }))
    const opened = { file, bytes, body, points }
    this.open.set(segment, opened)
    return opened
  }
}

/** False: it is hidden, or cannot be read. */
function fill({ file, bytes, body, points }: OpenSegment): boolean {
  if (!read(file, bytes) || bytes.readInt32LE(0) !== READY) return false
  for (const point of points) point.value = bytes.readBigUInt64LE(body + point.doc.index)
  return true
}

function read(file: SegmentFile, bytes: Buffer): boolean {
  try {
    return file.read(bytes, 0, bytes.length) === bytes.length
  } catch {
    return false
  }
}

function classDoc(segment: Segment): ClassDoc | undefined {
  if (segment.length < HEAD_BYTES || segment.length > SEGMENT_BYTES_MAX) return undefined
  const file = tryOpen(segment)
  if (file === undefined) return undefined
  const bytes = Buffer.alloc(segment.length)
  const docs = read(file, bytes) ? readDoc(bytes) : undefined
  file.close()
  return docs && { id: bytes.readBigUInt64LE(16), docs }
}

function tryOpen(segment: Segment): SegmentFile | undefined {
  try {
    return new SegmentFile(segment)
  } catch {
    return undefined
  }
}
