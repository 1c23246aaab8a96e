import type { RequestBody, RequestBodySink } from '../flow/client.ts'
import { ChunkedDecoder, type ChunkSink } from '../http/chunked.ts'
import { DISCARD_MAX_BYTES } from './limits.ts'

/** What a body asks of its connection. */
export interface BodyHost {
  /** The flow wants bytes: send 100 Continue if the client waits for it, and go on reading. */
  bodyWanted(): void
}

/**
 * A request body. The connection feeds it what it received, as long as it is `wanting`; the body decodes the framing and hands
 * the data on without copying it.
 */
export class Http1Body implements RequestBody, ChunkSink {
  readonly length_bytes: number
  started = false
  pieces = 0
  content_bytes = 0
  /** Completely received. */
  done = false
  /** The framing broke, or the client went away: nothing more comes. */
  broken = false
  /** Bytes received, framing included. */
  received_bytes = 0
  private readonly host: BodyHost
  private readonly decoder: ChunkedDecoder | undefined
  private remaining_bytes: number
  private sink: RequestBodySink | undefined = undefined
  private paused = false
  private discarding = false

  /** `length_bytes` is -1 for chunked. */
  constructor(host: BodyHost, length_bytes: number) {
    this.host = host
    this.length_bytes = length_bytes
    this.remaining_bytes = length_bytes
    this.decoder = length_bytes < 0 ? new ChunkedDecoder() : undefined
  }

  start(sink: RequestBodySink): void {
    if (this.broken) return sink.onError(new Error('the request body is broken'))
    if (this.done) return sink.onEnd()
    this.sink = sink
    this.discarding = false
    this.host.bodyWanted()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    if (!this.done && !this.broken) this.host.bodyWanted()
  }

  discard(): void {
    this.sink = undefined
    this.paused = false
    if (this.done || this.broken || !this.cheapToDiscard) return
    this.discarding = true
    this.host.bodyWanted()
  }

  /** True: feed me. */
  get wanting(): boolean {
    return !this.done && !this.broken && !this.paused && (this.discarding || this.sink !== undefined)
  }

  /** Somebody reads it: a client that waits for 100 Continue must get it. */
  get claimed(): boolean {
    return this.sink !== undefined
  }

  /** Whether reading the rest for nothing is better than a new connection. */
  get cheapToDiscard(): boolean {
    if (this.broken) return false
    return this.length_bytes >= 0 ? this.remaining_bytes <= DISCARD_MAX_BYTES : this.received_bytes <= DISCARD_MAX_BYTES
  }

  /** Takes what belongs to the body from buffer[start, end) and returns the position behind it. */
  feed(buffer: Buffer, start: number, end: number): number {
    const at = this.decoder === undefined ? this.feedLength(buffer, start, end) : this.feedChunked(this.decoder, buffer, start, end)
    this.received_bytes += at - start
    if (this.discarding && !this.done && !this.cheapToDiscard) this.fail('the request body is too large to throw away')
    return at
  }

  /** Nothing more comes. */
  fail(why: string): void {
    if (this.done || this.broken) return
    this.broken = true
    const sink = this.sink
    this.sink = undefined
    sink?.onError(new Error(why))
  }

  /** Nobody is to be told anything any more. */
  cancel(): void {
    this.sink = undefined
    this.broken = !this.done
  }

  onChunkData(buffer: Buffer, start: number, end: number): void {
    if (this.sink === undefined) return
    this.started = true
    this.pieces++
    this.content_bytes += end - start
    this.sink.onData(buffer.subarray(start, end))
  }

  private feedLength(buffer: Buffer, start: number, end: number): number {
    const at = Math.min(end, start + this.remaining_bytes)
    this.remaining_bytes -= at - start
    this.onChunkData(buffer, start, at)
    if (this.remaining_bytes === 0) this.finish()
    return at
  }

  private feedChunked(decoder: ChunkedDecoder, buffer: Buffer, start: number, end: number): number {
    const consumed = decoder.decode(buffer, start, end, this)
    if (consumed < 0) {
      this.fail(`malformed request body: ${decoder.error}`)
      return end
    }
    if (decoder.done) this.finish()
    return start + consumed
  }

  private finish(): void {
    this.done = true
    const sink = this.sink
    this.sink = undefined
    sink?.onEnd()
  }
}
