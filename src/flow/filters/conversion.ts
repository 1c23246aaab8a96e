import zlib from 'node:zlib'
import { Engine, isDrivable, type EngineOwner } from './engine.ts'
import { StreamConversion } from './stream-conversion.ts'
import { bounds, gzipOptions, underWay, type ZlibParams } from './zlib.ts'

/** Whoever has a body converted on the thread pool. */
export interface ConversionOwner {
  /** A piece of what comes out: whoever has no use for its memory any more gives it back by `recycle`. */
  converted(piece: Buffer): void
  /** It takes more, after it has said that it has enough. */
  drained(): void
  /** All is out. */
  cameToEnd(): void
  broke(error: Error): void
}

/** A body through zlib, piece by piece, both sides bounded. It calls nobody once it was closed. */
export interface Conversion {
  /** Copied: the thread works on it for longer than the caller has it. False: that is enough for now. */
  write(chunk: Buffer): boolean
  end(): void
  /** Nothing more comes out until `resume`. */
  pause(): void
  resume(): void
  readonly paused: boolean
  recycle(piece: Buffer): void
  close(): void
  /** It has said that it has enough, and has not drained since. */
  readonly full: boolean
  /** Of what was written. */
  readonly consumed_bytes: number
}

export function gzipConversion(params: ZlibParams, owner: ConversionOwner): Conversion {
  const small = zlib.createGzip({ ...gzipOptions(params), chunkSize: LEAST_CHUNK_BYTES })
  if (isDrivable(small)) return new PooledConversion(small, params, owner)
  small.close()
  return new StreamConversion(zlib.createGzip({ ...gzipOptions(params), ...bounds(params) }), owner)
}

export function gunzipConversion(params: ZlibParams, owner: ConversionOwner): Conversion {
  const small = zlib.createGunzip({ chunkSize: LEAST_CHUNK_BYTES })
  if (isDrivable(small)) return new PooledConversion(small, params, owner)
  small.close()
  return new StreamConversion(zlib.createGunzip(bounds(params)), owner)
}

/** Of a stream whose own buffer nobody uses. */
const LEAST_CHUNK_BYTES = 64
/** Bytes that wait before it asks for a pause. */
export const QUEUED_BYTES = 64 * 1024
/** As much as a socket's read brings. */
const SLAB_BYTES = 64 * 1024
/** What a thread of the pool works on before it looks whether somebody else has a use for its core: some 200 us of compression. */
const TURN_BYTES = 16 * 1024
/** Of each side, for what comes next. */
const SPARE_PIECES = 4
const NOTHING = Buffer.alloc(0)

/** Bytes that wait, or are worked on, from `taken` to `filled`. */
interface Slab {
  readonly bytes: Buffer
  taken: number
  filled: number
}

const { Z_NO_FLUSH, Z_FINISH } = zlib.constants

export class PooledConversion implements Conversion, EngineOwner {
  private readonly engine: Engine
  private readonly owner: ConversionOwner
  private readonly out_bytes: number
  private readonly slabs: Slab[] = []
  private readonly spareSlabs: Slab[] = []
  private readonly spareOut: Buffer[] = []
  private waiting_bytes = 0
  /** Of the turn under way; 0 and undefined between turns. */
  private turn_bytes = 0
  private out: Buffer | undefined = undefined
  /** More comes out of what it has taken in already. */
  private overflowing = false
  private finishing = false
  private ending = false
  /** A turn has ended while nothing was to come out. */
  private waits = false
  /** Nothing more comes out. */
  private exhausted = false
  private over = false
  full = false
  paused = false
  consumed_bytes = 0

  constructor(stream: zlib.Gzip | zlib.Gunzip, params: ZlibParams, owner: ConversionOwner) {
    this.engine = new Engine(stream, this)
    this.owner = owner
    this.out_bytes = params.gzip_buffer
    underWay.conversions++
  }

  write(chunk: Buffer): boolean {
    if (this.over) return true
    for (let at = 0; at < chunk.length;) at += this.put(chunk, at)
    this.waiting_bytes += chunk.length
    this.full = this.waiting_bytes >= QUEUED_BYTES
    this.work()
    return !this.full
  }

  end(): void {
    this.ending = true
    this.work()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    if (this.over) return
    if (this.waits) this.deliver()
    else this.work()
  }

  recycle(piece: Buffer): void {
    if (this.spareOut.length < SPARE_PIECES) this.spareOut.push(piece.length === this.out_bytes ? piece : Buffer.from(piece.buffer))
  }

  close(): void {
    if (this.over) return
    this.over = true
    underWay.conversions--
    this.engine.close()
  }

  // EngineOwner.

  turned(): void {
    if (this.paused) this.waits = true
    else this.deliver()
  }

  failed(error: Error): void {
    this.close()
    this.owner.broke(error)
  }

  /** The thread goes on while what it has made is handed on. */
  private deliver(): void {
    const { engine, out, turn_bytes } = this
    this.waits = false
    if (out === undefined) return
    const left_bytes = engine.in_left_bytes
    const made_bytes = out.length - engine.out_left_bytes
    this.took(turn_bytes - left_bytes)
    this.out = undefined
    this.overflowing = engine.out_left_bytes === 0
    // It takes no more although there is room: what it reads has ended, and something is behind it.
    this.exhausted = !this.overflowing && (this.finishing || left_bytes > 0)
    if (!this.exhausted) this.work()
    if (made_bytes === 0) this.recycle(out)
    else this.owner.converted(out.subarray(0, made_bytes))
    if (this.exhausted) this.work()
    else this.drain()
  }

  private drain(): void {
    if (this.over || !this.full || this.waiting_bytes >= QUEUED_BYTES) return
    this.full = false
    this.owner.drained()
  }

  private finish(): void {
    this.close()
    this.owner.cameToEnd()
  }

  private work(): void {
    if (this.out !== undefined || this.paused || this.over) return
    if (this.exhausted) return this.finish()
    const slab = this.slabs[0] as Slab | undefined
    if (slab === undefined && !this.overflowing && !this.ending) return
    const length = (this.turn_bytes = slab === undefined ? 0 : Math.min(TURN_BYTES, slab.filled - slab.taken))
    this.finishing = this.ending && length === this.waiting_bytes
    const out = (this.out = this.spareOut.pop() ?? Buffer.allocUnsafeSlow(this.out_bytes))
    this.engine.turn(this.finishing ? Z_FINISH : Z_NO_FLUSH, slab?.bytes ?? NOTHING, slab?.taken ?? 0, length, out, 0, out.length)
  }

  /** Behind what the thread is told to work on there may be more in a slab. */
  private put(chunk: Buffer, from: number): number {
    let last = this.slabs.at(-1)
    if (last === undefined || last.filled === SLAB_BYTES) {
      last = this.spareSlabs.pop() ?? { bytes: Buffer.allocUnsafeSlow(SLAB_BYTES), taken: 0, filled: 0 }
      this.slabs.push(last)
    }
    const count = chunk.copy(last.bytes, last.filled, from)
    last.filled += count
    return count
  }

  private took(bytes: number): void {
    const slab = this.slabs[0] as Slab | undefined
    this.turn_bytes = 0
    if (slab === undefined) return
    this.consumed_bytes += bytes
    this.waiting_bytes -= bytes
    slab.taken += bytes
    if (slab.taken < slab.filled) return
    slab.taken = slab.filled = 0
    this.slabs.shift()
    if (this.spareSlabs.length < SPARE_PIECES) this.spareSlabs.push(slab)
  }
}
