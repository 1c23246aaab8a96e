import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SocketAddresses, Transport, TransportOwner } from './transport.ts'

const CARRIED = Symbol('transport')

interface Carrier extends Socket {
  [CARRIED]: SocketTransport
}

interface WithHandle {
  _handle?: { writeQueueSize?: number; fd?: number } | null
}

/**
 * A transport over a net.Socket. How bytes come in is the read path's business (read-onread.ts, read-events.ts), which call
 * `deliver`; everything else is here. Listeners are shared functions, so that an idle connection carries no closures of its own.
 */
export class SocketTransport implements Transport {
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

  addresses(): SocketAddresses {
    return this.socket
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

  /** Streams keep accounts of what they write. */
  get free_fd(): number {
    return -1
  }

  get fd(): number {
    return (this.socket as WithHandle)._handle?.fd ?? -1
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

  write(chunk: Buffer): void {
    if (this.writable) this.socket.write(chunk)
  }

  writev(chunks: Buffer[]): void {
    if (!this.writable) return
    this.socket.cork()
    for (const chunk of chunks) this.socket.write(chunk)
    this.socket.uncork()
  }

  get writable(): boolean {
    return !this.socket.destroyed && !this.socket.writableEnded
  }

  get destroyed(): boolean {
    return this.socket.destroyed
  }

  get flushed(): boolean {
    return this.socket.writableLength === 0
  }

  /** Unlike writableLength the queue of the handle falls while a client reads. */
  get unsent_bytes(): number {
    return (this.socket as WithHandle)._handle?.writeQueueSize ?? this.socket.writableLength
  }

  end(): void {
    if (this.writable) this.socket.end()
  }

  close(): void {
    if (this.socket.writableLength === 0) this.socket.destroy()
    else this.socket.destroySoon()
  }

  reset(): void {
    const socket = this.socket
    // libuv refuses a reset while a shutdown is under way, and unix sockets have none.
    if (socket.destroyed || socket.writableEnded || socket.remoteAddress === undefined) socket.destroy()
    else socket.resetAndDestroy()
  }

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
