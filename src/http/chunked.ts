import { BACKSLASH, CR, DQUOTE, EQUALS, HEX, LF, COLON, SEMICOLON, TCHAR, VALUE } from './bytes.ts'

/** Receives the data of a chunked body as spans of the buffer that is being decoded. */
export interface ChunkSink {
  onChunkData(buffer: Buffer, start: number, end: number): void
}

/** Hexadecimal digits of one chunk size: 52 bits, which a number holds exactly. */
const MAX_SIZE_DIGITS = 13
/** Bytes of chunk extensions in a whole body: enough for signatures, too few to burn CPU with. */
const MAX_EXTENSION_BYTES = 16 * 1024
/** Bytes and lines of the trailer section. */
const MAX_TRAILER_BYTES = 8 * 1024
const MAX_TRAILER_LINES = 64

const SIZE_START = 0
const SIZE = 1
const EXT_NAME_START = 2
const EXT_NAME = 3
const EXT_VALUE_START = 4
const EXT_VALUE = 5
const EXT_QUOTED = 6
const EXT_ESCAPE = 7
const EXT_QUOTED_END = 8
const SIZE_LF = 9
const DATA = 10
const DATA_CR = 11
const DATA_LF = 12
const TRAILER_START = 13
const TRAILER_NAME = 14
const TRAILER_VALUE = 15
const TRAILER_LF = 16
const LAST_LF = 17
const DONE = 18

/**
 * Chunked bodies, RFC 9112 section 7.1, in any pieces and strictly: line ends are CR LF, no whitespace around sizes (the BWS that the
 * grammar tolerates before ";" is refused, for others read it differently), extensions are checked and dropped, trailer
 * fields are checked and dropped (RFC 9110 section 6.5.1 allows it). Data is reported in place, never copied.
 */
export class ChunkedDecoder {
  done = false
  /** What was wrong; set once `decode` returned -1. */
  error: string | undefined = undefined

  private state = SIZE_START
  private remaining = 0
  private digits = 0
  private extension_bytes = 0
  private trailer_bytes = 0
  private trailer_lines = 0

  reset(): void {
    this.done = false
    this.error = undefined
    this.state = SIZE_START
    this.extension_bytes = 0
    this.trailer_bytes = 0
    this.trailer_lines = 0
  }

  /**
   * Decodes buffer[start, end) and returns the number of bytes consumed, or -1. It is less than all only if the body ended
   * inside: then `done` is true and the rest belongs to the next message.
   */
  decode(buffer: Buffer, start: number, end: number, sink: ChunkSink): number {
    if (this.error !== undefined) return -1
    let pos = start
    while (pos < end && this.state !== DONE) {
      if (this.state === DATA) {
        const span_end = Math.min(end, pos + this.remaining)
        this.remaining -= span_end - pos
        if (this.remaining === 0) this.state = DATA_CR
        sink.onChunkData(buffer, pos, span_end)
        pos = span_end
        continue
      }
      const state = this.step(buffer[pos++])
      if (state < 0) return -1
      this.state = state
    }
    this.done = this.state === DONE
    return pos - start
  }

  /** The state behind one byte that is not data, or -1. */
  private step(byte: number): number {
    const state = this.state
    if (state <= SIZE) return this.size(byte)
    if (state < SIZE_LF) return this.extension(byte)
    if (state >= TRAILER_START) return this.trailer(byte)
    if (state === SIZE_LF) return byte === LF ? this.sizeDone() : this.fail('Bare CR behind a chunk size')
    if (state === DATA_CR) return byte === CR ? DATA_LF : this.fail('Chunk longer than its size')
    return byte === LF ? SIZE_START : this.fail('Bare CR behind a chunk')
  }

  private size(byte: number): number {
    const digit = HEX[byte]
    if (this.state === SIZE_START) {
      this.remaining = 0
      this.digits = 0
      if (digit === 255) return this.fail('Chunk size expected')
    }
    if (digit !== 255) {
      if (++this.digits > MAX_SIZE_DIGITS) return this.fail('Chunk size too large')
      this.remaining = this.remaining * 16 + digit
      return SIZE
    }
    if (byte === CR) return SIZE_LF
    return byte === SEMICOLON ? EXT_NAME_START : this.fail('Forbidden byte in a chunk size')
  }

  private sizeDone(): number {
    return this.remaining === 0 ? TRAILER_START : DATA
  }

  /** chunk-ext without its bad whitespace (RFC 9112 section 7.1.1). */
  private extension(byte: number): number {
    if (++this.extension_bytes > MAX_EXTENSION_BYTES) return this.fail('Chunk extensions too large')
    switch (this.state) {
      case EXT_NAME_START:
        return TCHAR[byte] === 1 ? EXT_NAME : this.badExtension()
      case EXT_NAME:
        return TCHAR[byte] === 1 ? EXT_NAME : byte === EQUALS ? EXT_VALUE_START : this.extensionEnd(byte)
      case EXT_VALUE_START:
        return TCHAR[byte] === 1 ? EXT_VALUE : byte === DQUOTE ? EXT_QUOTED : this.badExtension()
      case EXT_VALUE:
        return TCHAR[byte] === 1 ? EXT_VALUE : this.extensionEnd(byte)
      case EXT_QUOTED:
        if (byte === DQUOTE) return EXT_QUOTED_END
        return VALUE[byte] === 0 ? this.badExtension() : byte === BACKSLASH ? EXT_ESCAPE : EXT_QUOTED
      case EXT_ESCAPE:
        return VALUE[byte] === 1 ? EXT_QUOTED : this.badExtension()
      default:
        return this.extensionEnd(byte)
    }
  }

  private extensionEnd(byte: number): number {
    if (byte === CR) return SIZE_LF
    return byte === SEMICOLON ? EXT_NAME_START : this.badExtension()
  }

  private badExtension(): number {
    return this.fail('Malformed chunk extension')
  }

  private trailer(byte: number): number {
    if (++this.trailer_bytes > MAX_TRAILER_BYTES) return this.fail('Trailer section too large')
    switch (this.state) {
      case TRAILER_START:
        if (byte === CR) return LAST_LF
        if (++this.trailer_lines > MAX_TRAILER_LINES) return this.fail('Too many trailer fields')
        return TCHAR[byte] === 1 ? TRAILER_NAME : this.fail('Malformed trailer field')
      case TRAILER_NAME:
        if (TCHAR[byte] === 1) return TRAILER_NAME
        return byte === COLON ? TRAILER_VALUE : this.fail('Malformed trailer field')
      case TRAILER_VALUE:
        if (byte === CR) return TRAILER_LF
        return VALUE[byte] === 1 ? TRAILER_VALUE : this.fail('Malformed trailer field')
      case TRAILER_LF:
        return byte === LF ? TRAILER_START : this.fail('Bare CR in a trailer field')
      default:
        return byte === LF ? DONE : this.fail('Bare CR behind the last chunk')
    }
  }

  private fail(error: string): -1 {
    this.error = error
    return -1
  }
}

/** Ends a chunked body without trailer fields. */
export const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1')
/** Follows the data of every chunk. */
export const CHUNK_END = Buffer.from('\r\n', 'latin1')
/** Room that `writeChunkHeader` may need. */
export const CHUNK_HEADER_MAX_BYTES = 16

/** What precedes `size_bytes` > 0 bytes of data; behind them goes CHUNK_END. */
export function chunkHeader(size_bytes: number): Buffer {
  return Buffer.from(size_bytes.toString(16) + '\r\n', 'latin1')
}

/** The same into `buffer` at `offset`; returns the offset behind it. */
export function writeChunkHeader(buffer: Buffer, offset: number, size_bytes: number): number {
  return offset + buffer.write(size_bytes.toString(16) + '\r\n', offset, 'latin1')
}
