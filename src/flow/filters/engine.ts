import type { BrotliCompress, Gunzip, Gzip, ZstdCompress } from 'node:zlib'

/** What Node has below its streams of zlib, brotli and zstd, as lib/zlib.js of Node 26 uses it. */
interface Handle {
  [key: symbol]: unknown
  onerror: (message: string, errno: number, code: string) => void
  /** Called on our thread when what `write` has begun is done. */
  cb: () => void
  /** Held while the pool works on them. */
  buffer: Uint8Array | null
  out: Uint8Array | null
  write(flush: number, input: Uint8Array, from: number, length: number, out: Uint8Array, out_from: number, out_length: number): void
  close(): void
}

interface Internals {
  _handle: Handle
  /** Room left of what it was given for output, and input that it has left. */
  _writeState: Uint32Array
}

export type ZlibStream = Gzip | Gunzip | BrotliCompress | ZstdCompress

/** Those whose insides have been read. On others the streams do the same work. */
const KNOWN_NODES = new Set(['26'])

/** Is there below such a stream what we know? */
export function isDrivable(stream: ZlibStream, node = process.versions.node): boolean {
  const { _handle: handle, _writeState: state } = stream as unknown as { _handle?: Handle | null; _writeState?: unknown }
  if (!KNOWN_NODES.has(node.split('.')[0]) || handle === undefined || handle === null || !(state instanceof Uint32Array)) return false
  return typeof handle.write === 'function' && typeof handle.close === 'function' && ownerKey(handle) !== undefined
}

function ownerKey(handle: Handle): symbol | undefined {
  return Object.getOwnPropertySymbols(handle).find((key) => key.description === 'owner_symbol')
}

export interface EngineOwner {
  /** What was begun is done. */
  turned(): void
  failed(error: Error): void
}

/**
 * Node's zlib without the stream around it: one piece at a time on the thread pool, from memory and into memory that the caller has for it and
 * uses again. A stream takes new memory for each piece that comes out, which counts with the heap: collecting it was most of what hits
 * waited for while a large body was compressed.
 */
export class Engine {
  private readonly handle: Handle
  private readonly state: Uint32Array
  private readonly owner: EngineOwner
  private closed = false

  /** Of a stream that `isDrivable`, and that nobody uses. */
  constructor(stream: ZlibStream, owner: EngineOwner) {
    const { _handle: handle, _writeState: state } = stream as unknown as Internals
    this.handle = handle
    this.state = state
    this.owner = owner
    // Node's own callback goes to whom that symbol names; of one who is destroyed it only calls `cb`.
    handle[ownerKey(handle) as symbol] = { destroyed: true, _writeState: state }
    handle.cb = () => this.done()
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- it is no event target
    handle.onerror = (message, errno, code) => this.broke(Object.assign(new Error(message), { errno, code }))
  }

  /** One at a time. */
  turn(flush: number, input: Uint8Array, from: number, length: number, out: Uint8Array, out_from: number, out_length: number): void {
    const { handle } = this
    handle.buffer = input
    handle.out = out
    handle.write(flush, input, from, length, out, out_from, out_length)
  }

  get out_left_bytes(): number {
    return this.state[0]
  }

  get in_left_bytes(): number {
    return this.state[1]
  }

  /** Also in the middle of a turn, the end of which nobody hears of. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.handle.close()
  }

  private done(): void {
    this.letGo()
    if (!this.closed) this.owner.turned()
  }

  private broke(error: Error): void {
    this.letGo()
    if (!this.closed) this.owner.failed(error)
  }

  private letGo(): void {
    this.handle.buffer = this.handle.out = null
  }
}
