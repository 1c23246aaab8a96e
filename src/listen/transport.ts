import type { Duplex } from 'node:stream'

/** Who reads from and writes to a transport. All calls come synchronously from the event loop. */
export interface TransportOwner {
  /** Bytes are only valid during the call. */
  received(buffer: Buffer, start: number, end: number): void
  /** The client sends nothing more (half-closed). */
  inputEnded(): void
  /** All that was written is with the kernel, and was not at once. */
  drained(): void
  /** The socket is gone; also after `detach`. */
  gone(error: Error | undefined): void
}

/** As net.Socket names them; undefined for unix sockets, and where the peer has left already. */
export interface SocketAddresses {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
}

/** An accepted socket, TCP or unix: as a libuv handle (raw-transport.ts) or as a net.Socket (socket-transport.ts). */
export interface Transport {
  owner: TransportOwner | undefined
  /** Asked once, while it is new. */
  addresses(): SocketAddresses

  pauseReading(): void
  resumeReading(): void

  /** Bytes are not copied; see `flushed`. */
  write(chunk: Buffer): void
  /** Several parts in one system call. Neither they nor the array are copied. */
  writev(chunks: Buffer[]): void
  /** Written bytes would be sent: it is neither ended nor closed. */
  readonly writable: boolean
  readonly destroyed: boolean
  /** Of the socket, for its options; -1 when it is closed. */
  readonly fd: number
  /** The same, while others may send through it at once: nothing that was written waits, and it is neither ended nor closed; else -1. */
  readonly free_fd: number
  /**
   * All that was written is with the kernel and its memory free for reuse. Looked at behind a write it tells whether that one left at
   * once; otherwise the memory must stay as it is until `drained` or `gone`.
   */
  readonly flushed: boolean
  /** Bytes the kernel has not taken. Falls while a slow client reads. */
  readonly unsent_bytes: number

  /** No more writes: the client sees the end after what is queued. Reading goes on. */
  end(): void
  /** Closes once what is queued is sent. */
  close(): void
  /** Closes so that the client sees a broken connection, not an end: RST where there is TCP. */
  reset(): void
  /** Gives the socket away, paused, with `unread` first in its stream. `gone` is still called, for the accounts. */
  detach(unread: Buffer): Duplex
}
