import { Readable } from 'node:stream'
import type { OutgoingBody } from './contract.ts'
import { FailureError } from './failure.ts'

/** Tells whose turn it is while a request body goes out. */
export interface UploadWatch {
  /** The origin does not take more: between_bytes_timeout runs. */
  waitsForOrigin(): void
  /** The client has not sent more: the front's timeouts run, not ours. */
  waitsForClient(): void
}

/** "0", and two line ends. */
const LAST_CHUNK_BYTES = 5
const QUEUED_BYTES = 64 * 1024

/** The client's body as the stream undici reads; one chunk beyond the mark at most is held. */
export class BodyStream extends Readable {
  private readonly source: OutgoingBody
  private readonly watch: UploadWatch
  private begun = false
  /** Bytes handed to undici, and what it puts around them when the length is not known. */
  sent_bytes = 0
  framing_bytes = 0

  constructor(source: OutgoingBody, watch: UploadWatch) {
    super({ highWaterMark: QUEUED_BYTES })
    this.source = source
    this.watch = watch
    // undici stops listening when the response came first; a client that then breaks off is no news.
    this.on('error', () => {})
  }

  override _read(): void {
    if (this.begun) return this.source.resume()
    this.begun = true
    this.source.start(this)
  }

  onData(chunk: Buffer): void {
    // The chunk is the connection's read buffer; undici's write may outlive this call.
    if (this.destroyed) return
    this.sent_bytes += chunk.length
    if (this.source.length_bytes < 0) this.framing_bytes += chunk.length.toString(16).length + 4
    if (!this.push(Buffer.from(chunk))) this.source.pause()
  }

  onEnd(): void {
    if (this.destroyed) return
    if (this.source.length_bytes < 0) this.framing_bytes += LAST_CHUNK_BYTES
    this.push(null)
  }

  onError(error: Error): void {
    this.destroy(new FailureError('request_body', error.message))
  }

  override pause(): this {
    this.watch.waitsForOrigin()
    return super.pause()
  }

  override resume(): this {
    this.watch.waitsForClient()
    return super.resume()
  }
}
