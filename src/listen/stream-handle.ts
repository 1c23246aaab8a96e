/** What we use of an accepted libuv handle: Node's TCPWrap or PipeWrap. Undocumented; read-path.ts proves it before it is used. */
export interface StreamHandle {
  onread: ((this: StreamHandle) => void) | undefined
  readStart(): number
  readStop(): number
  /** What is read goes there, and `onread` is told how much in `stream_base_state`. */
  useUserBuffer(buffer: Uint8Array): void
  /** 0: with the kernel; less: an error; else a request that ends later. */
  writeBuffer(request: null, chunk: Uint8Array): number | WriteRequest
  writev(request: null, chunks: readonly Uint8Array[], all_buffers: true): number | WriteRequest
  readonly writeQueueSize: number
  readonly fd?: number
  shutdown(request: ShutdownRequest): number
  close(done?: (this: StreamHandle) => void): void
  /** TCP only, as are the next three. */
  reset?(done: (this: StreamHandle) => void): number
  setNoDelay?(on: boolean): unknown
  getpeername?(out: NamedAddress): number
  getsockname?(out: NamedAddress): number
}

/** A write that the kernel has not taken whole. */
export interface WriteRequest {
  oncomplete: ((this: WriteRequest, status: number) => void) | undefined
  /** Not null: it has ended already. */
  writeStatus: number | null
}

export interface ShutdownRequest {
  oncomplete: (status: number) => void
}

export interface NamedAddress {
  address?: string
  port?: number
}

export interface StreamWrap {
  readonly ShutdownWrap: new () => ShutdownRequest
  readonly streamBaseState: Int32Array
  readonly kReadBytesOrError: number
  readonly kLastWriteErr: number
}

/**
 * Node's binding of that name, or undefined: not there under --permission, and of another shape in another Node (before 26 a write was
 * given its request). Asking for it warns (DEP0111) where --pending-deprecation is set: an operator can do nothing about that.
 */
export function streamWrap(): StreamWrap | undefined {
  const was = process.noDeprecation
  process.noDeprecation = true
  try {
    const found = (process as unknown as { binding(name: string): StreamWrap }).binding('stream_wrap')
    const numbers = [found.kReadBytesOrError, found.kLastWriteErr, found.streamBaseState?.length]
    return numbers.every(Number.isInteger) && typeof found.ShutdownWrap === 'function' ? found : undefined
  } catch {
    return undefined
  } finally {
    process.noDeprecation = was
  }
}
