import { Socket, type SocketConstructorOpts } from 'node:net'
import { createRequire } from 'node:module'

/** One buffer for the responses of a whole thread: what is read is parsed, and its body copied, before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)

/** undici's parser keeps field lines as views of what it was given until the head, or the trailer, is complete. */
interface ResponseParser {
  readonly headers: Buffer[]
}

const { kParser } = createRequire(import.meta.url)('undici/lib/core/symbols.js') as { kParser: symbol }

/**
 * The socket of a pooled connection, as undici's parser reads it: 'readable', read(), unshift(). Bytes come in one buffer that is
 * used again and again, where a stream's own would be 64 KiB from the allocator for each read, cut to size and left to the collector.
 * What undici gives back when it pauses is copied, and reading stops until it asks for more.
 */
export class ResponseSocket extends Socket {
  /** Of one that has paused: what it has given back lies there. */
  private own: Buffer | undefined = undefined
  /** Not yet taken. */
  private rest: Buffer | null = null
  private stopped = false
  /** undici has paused, and said so by giving back what it had left, if only nothing. */
  private givenBack = false

  constructor(settings: SocketConstructorOpts) {
    const onread = { buffer: READ_BUFFER, callback: (bytes: number): boolean => this.received(bytes) }
    super({ ...settings, onread })
  }

  override read(size?: number): Buffer | null {
    // Node's own way of saying: start reading, or notice the end.
    if (size !== undefined) return super.read(size) as Buffer | null
    const { rest } = this
    this.rest = null
    if (rest !== null) return rest
    this.givenBack = false
    if (this.stopped) this.readOn()
    return null
  }

  /** What the parser was given and had to leave, when it was paused. */
  override unshift(chunk: Buffer): void {
    this.givenBack = true
    if (chunk.length === 0) return
    this.own ??= Buffer.allocUnsafeSlow(READ_BUFFER.length)
    this.keepViews(this.own)
    this.rest = this.own.subarray(0, chunk.copy(this.own))
  }

  /** False: stop reading. */
  private received(bytes: number): boolean {
    const chunk = READ_BUFFER.subarray(0, bytes)
    this.givenBack = false
    this.rest = chunk
    this.emit('readable')
    this.keepViews(READ_BUFFER)
    if (this.rest === chunk) this.rest = Buffer.from(chunk)
    this.stopped = this.rest !== null || this.givenBack
    return !this.stopped
  }

  private readOn(): void {
    this.stopped = false
    if (!this.destroyed) this._read(0)
  }

  /** Half a head: something else will be put over what the parser holds. */
  private keepViews(memory: Buffer): void {
    const headers = (this as unknown as Record<symbol, ResponseParser | null | undefined>)[kParser]?.headers
    if (headers === undefined) return
    for (let i = 0; i < headers.length; i++) if (headers[i].buffer === memory.buffer) headers[i] = Buffer.from(headers[i])
  }
}
