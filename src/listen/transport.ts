import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Who reads from and writes to a transport. All calls come synchronously from the event loop. */
export interface TransportOwner {
  /** Bytes are only valid during the call. */
  received(buffer: Buffer, start: number, end: number): void
  /** The client sends nothing more (half-closed). */
  inputEnded(): void
  /** All that was written is with the kernel. */
  drained(): void
  /** The socket is gone; also after `detach`. */
  gone(error: Error | undefined): void
}

const CARRIED = Symbol('transport')

interface Carrier extends Socket {
  [CARRIED]: Transport
}

interface WithHandle {
  _handle?: { writeQueueSize?: number } | null
}

/**
 * An accepted socket, TCP or unix. How bytes come in is the read path's business (read-onread.ts, read-events.ts), which call
 * `deliver`; everything else is here. Listeners are shared functions, so that an idle connection carries no closures of its own.
 */
export class Transport {
  readonly socket: Socket
  owner: TransportOwner | undefined = undefined
  private paused = false
  private detached = false
  private error: Error | undefined = undefined

  constructor(socket: Socket) {
    this.socket = socket
    ;(socket as Carrier)[CARRIED] = this
    socket.on('end', onEnd).on('drain', onDrain).on('error', onError).on('close', onClose)
  }

  /** For the events read path: bytes come in 'data' events. */
  readEvents(): void {
    this.socket.on('data', onData)
  }

  /** From the read path. False: stop reading. */
  deliver(buffer: Buffer, start: number, end: number): boolean {
    if (this.detached) return this.socket.push(Buffer.from(buffer.subarray(start, end)))
    this.owner?.received(buffer, start, end)
    return !this.paused
  }

  pauseReading(): void {
    if (this.paused || this.socket.destroyed) return
    this.paused = true
    this.socket.pause()
  }

  resumeReading(): void {
    if (!this.paused || this.socket.destroyed) return
    this.paused = false
    this.socket.resume()
  }

  /** Bytes are not copied; see `flushed`. */
  write(chunk: Buffer): void {
    if (this.writable) this.socket.write(chunk)
  }

  cork(): void {
    this.socket.cork()
  }

  uncork(): void {
    this.socket.uncork()
  }

  get writable(): boolean {
    return !this.socket.destroyed && !this.socket.writableEnded
  }

  get destroyed(): boolean {
    return this.socket.destroyed
  }

  /** All that was written is with the kernel and its memory free for reuse. */
  get flushed(): boolean {
    return this.socket.writableLength === 0
  }

  /** Bytes the kernel has not taken. Falls while a slow client reads, unlike writableLength. */
  get unsent_bytes(): number {
    return (this.socket as WithHandle)._handle?.writeQueueSize ?? this.socket.writableLength
  }

  /** No more writes: the client sees the end after what is queued. Reading goes on. */
  end(): void {
    if (this.writable) this.socket.end()
  }

  /** Closes once what is queued is sent. */
  close(): void {
    if (this.socket.writableLength === 0) this.socket.destroy()
    else this.socket.destroySoon()
  }

  /** Closes so that the client sees a broken connection, not an end: RST where there is TCP. */
  reset(): void {
    const socket = this.socket
    // libuv refuses a reset while a shutdown is under way, and unix sockets have none.
    if (socket.destroyed || socket.writableEnded || socket.remoteAddress === undefined) socket.destroy()
    else socket.resetAndDestroy()
  }

  /** Gives the socket away, paused, with `unread` first in its stream. `gone` is still called, for the accounts. */
  detach(unread: Buffer): Duplex {
    const socket = this.socket
    this.detached = true
    socket.pause()
    socket.removeListener('data', onData)
    socket.removeListener('end', onEnd)
    socket.removeListener('drain', onDrain)
    if (unread.length > 0 && !socket.readableEnded) socket.unshift(unread)
    return socket
  }

  noteError(error: Error): void {
    this.error ??= error
  }

  gone(): void {
    this.owner?.gone(this.error)
  }
}

function onData(this: Socket, chunk: Buffer): void {
  ;(this as Carrier)[CARRIED].deliver(chunk, 0, chunk.length)
}

function onEnd(this: Socket): void {
  ;(this as Carrier)[CARRIED].owner?.inputEnded()
}

function onDrain(this: Socket): void {
  ;(this as Carrier)[CARRIED].owner?.drained()
}

function onError(this: Socket, error: Error): void {
  ;(this as Carrier)[CARRIED].noteError(error)
}

function onClose(this: Socket): void {
  ;(this as Carrier)[CARRIED].gone()
}
