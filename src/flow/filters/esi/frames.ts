import type { EsiInclude } from './include.ts'

/**
 * How the body of a page with ESI is stored: frames, so that nothing is parsed when it is delivered, and that it can be delivered while it
 * comes. A frame is its kind (one byte), its length (four, little endian) and its bytes. In a page that is stored as gzip the bytes of the
 * page are in sections, each packed by itself, so that they can stand before and behind anything.
 */
export const FRAME = {
  /** Bytes of the page. */
  verbatim: 0,
  /** Bytes that only who wants the page unprocessed is to have. */
  skipped: 1,
  /** What is to be included: "+" or "-" for goes_on, host, line feed, URL. */
  include: 2,
  /** Bytes of the page, packed: their CRC-32 and their number (four each, little endian), and blocks of deflate that end with a byte. */
  section: 3,
} as const
export type FrameKind = (typeof FRAME)[keyof typeof FRAME]

export const FRAME_HEAD_BYTES = 5
/** Of frames that have to be whole: longer tags are none, and longer sections nobody writes. */
const WHOLE_MAX_BYTES = 64 * 1024
/** What is packed in one section, which is had at once: as far as deflate looks back. */
export const SECTION_MAX_BYTES = 32 * 1024
const SECTION_HEAD_BYTES = 8

export function frameHead(kind: FrameKind, length_bytes: number): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES)
  head[0] = kind
  head.writeUInt32LE(length_bytes, 1)
  return head
}

export function includeFrame({ url, host, goes_on }: EsiInclude): Buffer {
  const text = Buffer.from(`${goes_on ? '+' : '-'}${host ?? ''}\n${url}`, 'latin1')
  return Buffer.concat([frameHead(FRAME.include, text.length), text])
}

export function sectionFrame(packed: Buffer, crc: number, plain_bytes: number): Buffer {
  const head = Buffer.allocUnsafe(SECTION_HEAD_BYTES)
  head.writeUInt32LE(crc, 0)
  head.writeUInt32LE(plain_bytes, 4)
  return Buffer.concat([frameHead(FRAME.section, SECTION_HEAD_BYTES + packed.length), head, packed])
}

function includeFrom(text: string): EsiInclude {
  const line = text.indexOf('\n')
  const host = text.slice(1, line)
  return { goes_on: text.startsWith('+'), host: host === '' ? undefined : host, url: text.slice(line + 1) }
}

const UNREAD: EsiInclude = { goes_on: false, host: undefined, url: '' }

/** What a decoder has come upon: bytes of a verbatim or skipped frame, maybe not all of it, a section, or an include. */
export interface Found {
  kind: FrameKind
  bytes: Buffer | undefined
  include: EsiInclude | undefined
  /** Of what is packed in a section. */
  crc: number
  plain_bytes: number
}

/** Takes frames apart as they come. What it finds it shows in one object, until the next. */
export class FrameDecoder {
  private chunk: Buffer | undefined = undefined
  private at = 0
  private readonly head = Buffer.alloc(FRAME_HEAD_BYTES)
  private head_bytes = 0
  private left_bytes = 0
  /** Of a frame that has to be whole, what came in earlier chunks. */
  private parts: Buffer[] = []
  private readonly readsIncludes: boolean
  private readonly found: Found = { kind: FRAME.verbatim, bytes: undefined, include: undefined, crc: 0, plain_bytes: 0 }

  /** `readsIncludes`: what they are is told, not only that they are there. */
  constructor(readsIncludes = true) {
    this.readsIncludes = readsIncludes
  }

  /** Call it when `next` has nothing more of what was given before. */
  feed(chunk: Buffer): void {
    this.chunk = chunk
    this.at = 0
  }

  /** Undefined: feed it. Throws on what no writer of ours has written. */
  next(): Found | undefined {
    const { chunk } = this
    if (chunk === undefined) return undefined
    while (this.at < chunk.length) {
      if (this.left_bytes === 0 && !this.readHead(chunk)) return undefined
      const found = this.readBytes(chunk)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** In the middle of something? */
  get unfinished(): boolean {
    return this.left_bytes > 0 || this.head_bytes > 0
  }

  private readHead(chunk: Buffer): boolean {
    const bytes = Math.min(FRAME_HEAD_BYTES - this.head_bytes, chunk.length - this.at)
    chunk.copy(this.head, this.head_bytes, this.at, this.at + bytes)
    this.at += bytes
    this.head_bytes += bytes
    if (this.head_bytes < FRAME_HEAD_BYTES) return false
    const [kind] = this.head
    this.left_bytes = this.head.readUInt32LE(1)
    if (!isWritten(kind, this.left_bytes)) throw new Error('a stored page with ESI has frames that nobody writes')
    this.found.kind = kind as FrameKind
    this.head_bytes = 0
    return true
  }

  private readBytes(chunk: Buffer): Found | undefined {
    const to = Math.min(chunk.length, this.at + this.left_bytes)
    const bytes = chunk.subarray(this.at, to)
    this.left_bytes -= bytes.length
    this.at = to
    if (bytes.length === 0) return undefined
    const { found } = this
    if (found.kind === FRAME.verbatim || found.kind === FRAME.skipped) {
      found.bytes = bytes
      found.include = undefined
      return found
    }
    if (this.left_bytes > 0) {
      // The chunk may not be there any more when the rest comes.
      this.parts.push(Buffer.from(bytes))
      return undefined
    }
    return this.readWhole(bytes)
  }

  private readWhole(last: Buffer): Found {
    const { found, parts } = this
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last])
    if (parts.length > 0) this.parts = []
    if (found.kind === FRAME.include) {
      found.bytes = undefined
      found.include = this.readsIncludes ? includeFrom(bytes.toString('latin1')) : UNREAD
      return found
    }
    found.crc = bytes.readUInt32LE(0)
    found.plain_bytes = bytes.readUInt32LE(4)
    found.bytes = bytes.subarray(SECTION_HEAD_BYTES)
    found.include = undefined
    return found
  }
}

function isWritten(kind: number, length_bytes: number): boolean {
  if (kind > FRAME.section || length_bytes === 0) return false
  if (kind === FRAME.section && length_bytes <= SECTION_HEAD_BYTES) return false
  return kind < FRAME.include || length_bytes <= WHOLE_MAX_BYTES
}
