import { Socket, type SocketConstructorOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import { getSystemErrorName } from 'node:util'
import { SocketTransport } from './socket-transport.ts'
import type { NamedAddress, StreamHandle, StreamWrap, WriteRequest } from './stream-handle.ts'
import { READ_BUFFER } from './take-over.ts'
import type { SocketAddresses, Transport, TransportOwner } from './transport.ts'

const CARRIED = Symbol('transport')

interface Carrier extends StreamHandle {
  [CARRIED]: RawTransport
}

/** A write under way. It holds what is being written. */
interface PendingWrite extends WriteRequest {
  transport: RawTransport
  memory: Buffer | Buffer[]
}

/**
 * A transport over an accepted libuv handle, without net.Socket, which costs 2 us for each request and 50 us for each
 * connection. Callbacks are shared functions.
 */
export class RawTransport implements Transport {
  owner: TransportOwner | undefined = undefined
  destroyed = false
  private readonly wrap: StreamWrap
  private readonly handle: StreamHandle
  private reading = false
  private input_ended = false
  /** No more writes. */
  private output_ended = false
  private close_when_flushed = false
  private pending_writes = 0
  private error: Error | undefined = undefined
  /** What a pipe has the socket by. */
  private successor: SocketTransport | undefined = undefined
  /** The same as long as it is open. */
  private readonly descriptor: number

  constructor(wrap: StreamWrap, handle: StreamHandle) {
    this.wrap = wrap
    this.handle = handle
    this.descriptor = handle.fd ?? -1
    ;(handle as Carrier)[CARRIED] = this
    handle.useUserBuffer(READ_BUFFER)
    handle.onread = onRead
  }

  addresses(): SocketAddresses {
    const { handle } = this
    const remote: NamedAddress = {}
    const local: NamedAddress = {}
    handle.getpeername?.(remote)
    handle.getsockname?.(local)
    return { remoteAddress: remote.address, remotePort: remote.port, localAddress: local.address, localPort: local.port }
  }

  get fd(): number {
    return this.destroyed ? -1 : this.descriptor
  }

  get free_fd(): number {
    return this.writable && this.pending_writes === 0 && this.successor === undefined ? this.descriptor : -1
  }

  pauseReading(): void {
    if (!this.reading || this.destroyed) return
    this.reading = false
    this.handle.readStop()
  }

  resumeReading(): void {
    if (this.reading || this.input_ended || this.destroyed || this.successor !== undefined) return
    this.reading = true
    const status = this.handle.readStart()
    if (status !== 0) this.destroy(failure('read', status))
  }

  write(chunk: Buffer): void {
    if (this.writable) this.dispatched(this.handle.writeBuffer(null, chunk), chunk)
  }

  writev(chunks: Buffer[]): void {
    if (this.writable) this.dispatched(this.handle.writev(null, chunks, true), chunks)
  }

  get writable(): boolean {
    return !this.destroyed && !this.output_ended
  }

  get flushed(): boolean {
    return this.pending_writes === 0
  }

  get unsent_bytes(): number {
    return this.destroyed ? 0 : this.handle.writeQueueSize
  }

  end(): void {
    if (!this.writable) return
    this.output_ended = true
    const request = new this.wrap.ShutdownWrap()
    // Whoever has left by then is seen to be gone by reading.
    request.oncomplete = ignore
    this.handle.shutdown(request)
  }

  close(): void {
    if (this.flushed) return this.destroy(undefined)
    this.output_ended = true
    this.close_when_flushed = true
  }

  reset(): void {
    if (this.successor !== undefined) return this.successor.reset()
    if (this.destroyed) return
    const { handle } = this
    // libuv refuses a reset while a shutdown is under way, and unix sockets have none.
    const status = this.output_ended ? -1 : handle.reset?.(onClosed)
    if (status === 0) this.destroyed = true
    else this.destroy(undefined)
  }

  detach(unread: Buffer): Duplex {
    this.pauseReading()
    const socket = socketOf(this.handle)
    this.successor = new SocketTransport(socket)
    this.successor.owner = this.owner
    return this.successor.detach(unread)
  }

  /** From the handle: what has come, or why nothing more does. */
  readEvent(): void {
    const { wrap } = this
    const read_bytes = wrap.streamBaseState[wrap.kReadBytesOrError]
    if (read_bytes > 0) this.owner?.received(READ_BUFFER, 0, read_bytes)
    else if (read_bytes < 0) this.readEnded(read_bytes)
  }

  private readEnded(status: number): void {
    this.reading = false
    this.input_ended = true
    if (getSystemErrorName(status) === 'EOF') this.owner?.inputEnded()
    else this.destroy(failure('read', status))
  }

  /** `memory` is held until the kernel has taken all of it. */
  private dispatched(result: number | WriteRequest, memory: Buffer | Buffer[]): void {
    if (result === 0) return
    if (typeof result === 'number') return this.destroy(failure('write', result))
    const { wrap } = this
    const status = wrap.streamBaseState[wrap.kLastWriteErr] || (result.writeStatus ?? 0)
    if (status !== 0) return this.destroy(failure('write', status))
    if (result.writeStatus !== null) return
    const pending = result as PendingWrite
    pending.transport = this
    pending.memory = memory
    pending.oncomplete = onWritten
    this.pending_writes++
  }

  written(status: number): void {
    this.pending_writes--
    if (this.destroyed || this.successor !== undefined) return
    if (status < 0) return this.destroy(failure('write', status))
    if (this.pending_writes > 0) return
    if (this.close_when_flushed) this.destroy(undefined)
    else this.owner?.drained()
  }

  private destroy(error: Error | undefined): void {
    if (this.destroyed) return
    this.destroyed = true
    this.error = error
    this.handle.close(onClosed)
  }

  gone(): void {
    this.owner?.gone(this.error)
  }
}

/** For a pipe: it reads with pauses and wants a stream. Received bytes are copied out of the common buffer. */
function socketOf(handle: StreamHandle): Socket {
  const socket: Socket = new Socket({
    handle,
    allowHalfOpen: true,
    manualStart: true,
    onread: { buffer: READ_BUFFER, callback: (read_bytes: number) => socket.push(Buffer.from(READ_BUFFER.subarray(0, read_bytes))) },
  } as unknown as SocketConstructorOpts)
  return socket
}

function failure(call: string, status: number): Error {
  const code = getSystemErrorName(status)
  return Object.assign(new Error(`${call} ${code}`), { code })
}

function ignore(): void {}

function onRead(this: StreamHandle): void {
  ;(this as Carrier)[CARRIED].readEvent()
}

function onWritten(this: WriteRequest, status: number): void {
  ;(this as PendingWrite).transport.written(status)
}

function onClosed(this: StreamHandle): void {
  ;(this as Carrier)[CARRIED].gone()
}
