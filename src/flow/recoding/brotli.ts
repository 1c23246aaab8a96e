import zlib, { type BrotliOptions } from 'node:zlib'
import { isDrivable } from '../filters/engine.ts'

/** What Node has below its stream of brotli, as lib/zlib.js of Node 26 uses it for what is compressed at once. */
interface SyncHandle {
  onerror: (message: string) => void
  writeSync(flush: number, input: Uint8Array, from: number, length: number, out: Uint8Array, out_from: number, out_length: number): void
  close(): void
}

interface Internals {
  _handle: SyncHandle
  /** Room left for output, and input that is left. */
  _writeState: Uint32Array
}

const PIECE_BYTES = 64 * 1024
const { BROTLI_OPERATION_PROCESS, BROTLI_OPERATION_FINISH } = zlib.constants

/**
 * As brotliCompressSync, from level 2 on byte for byte, a piece at a time. A thread can only be ended between two calls, and the worker that it belongs to
 * is replaced when both have ended: a megabyte at level 11 is 2 s in one call, and half a second in the longest of these (8 MB: 18 s, and 1.2).
 */
export function brotliSync(plain: Uint8Array, options: BrotliOptions): Buffer {
  const stream = zlib.createBrotliCompress(options)
  const { _handle: handle, _writeState: state } = stream as unknown as Internals
  if (!isDrivable(stream) || typeof handle.writeSync !== 'function') {
    stream.close()
    return zlib.brotliCompressSync(plain, { ...options, chunkSize: PIECE_BYTES })
  }
  try {
    return compressed(plain, handle, state)
  } finally {
    handle.close()
  }
}

function compressed(plain: Uint8Array, handle: SyncHandle, state: Uint32Array): Buffer {
  const made: Buffer[] = []
  const out = Buffer.allocUnsafe(PIECE_BYTES)
  let broken: string | undefined
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- it is no event target
  handle.onerror = (message) => (broken = message)
  for (let at = 0, more = true; more;) {
    const end = Math.min(at + PIECE_BYTES, plain.length)
    handle.writeSync(end < plain.length ? BROTLI_OPERATION_PROCESS : BROTLI_OPERATION_FINISH, plain, at, end - at, out, 0, out.length)
    if (broken !== undefined) throw new Error(broken)
    const [room, left] = state
    made.push(Buffer.from(out.subarray(0, out.length - room)))
    at = end - left
    // Without room it has more to say.
    more = room === 0 || at < plain.length
  }
  return Buffer.concat(made)
}
