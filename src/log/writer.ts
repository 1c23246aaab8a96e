import { assert } from '../base/assert.ts'
import type { Latin1Buffer } from '../base/digits.ts'
import { Encoded } from './encoded.ts'
import { BACKEND, CLIENT, type LogFormat, XID_MASK } from './format.ts'
import { Journal } from './journal.ts'
import { JournaledTransaction } from './journaled.ts'
import { type RingSeat, RingWriter } from './ring-writer.ts'
import type { TagMask } from './tags.ts'
import { TALLY } from './tally.ts'
import { Templates } from './templates.ts'
import type { Transaction } from './transaction.ts'

export type { Transaction } from './transaction.ts'

/** Whose transaction: sessions and requests are the client's, fetches the backend's. */
export type Side = 'client' | 'backend' | 'none'

const SIDE_BITS: Record<Side, number> = { none: 0, client: CLIENT, backend: BACKEND }

/** Ids that a worker takes at a time from the counter that all share. */
export const XID_CHUNK = 32_768

/** Records of one transaction are kept until it ends, up to this many idle buffers. */
const FREE_MAX = 256

export interface LogOptions {
  /** vsl_reclen: longest payload with its NUL. */
  readonly reclen_bytes: number
  /** vsl_buffer: a transaction's records are written in batches of at most this size. */
  readonly buffer_bytes: number
  /** From parseMask. */
  readonly mask: TagMask
  /** One cell that all workers share: the next id to hand out. Without it ids are this writer's own. */
  readonly xids?: Int32Array
  /** shm_records, shm_writes, shm_flushes, shm_cont, shm_cycles, shm_lost: that slice of a counter block. */
  readonly tally?: Float64Array
}

/** Memory to collect records in, as bytes and as words. */
export interface LogBuffer {
  readonly bytes: Latin1Buffer
  readonly words: Uint32Array
}

export class LogWriter {
  /** One byte per tag, 1 = suppressed; shared with every transaction. */
  readonly mask: TagMask = new Uint8Array(256)
  readonly tally: Float64Array
  /** Longest text of a record, without its NUL. */
  text_max = 0
  buffer_bytes = 0
  /** Of all so far: whoever has begun with longer records goes on. */
  private reclen_max = 0
  readonly encoded = new Encoded()
  readonly journal = new Journal()
  readonly templates = new Templates()
  /** Whose journal it is. */
  journaling: Transaction | undefined = undefined
  /** debug=+syncvsl: for transactions that are opened from then on. */
  sync = false
  readonly format: LogFormat
  private readonly ring: RingWriter
  /** As they were when a writer before us, who lives no longer, had counted. */
  private readonly cycles_before: number
  private readonly cont_before: number
  private readonly lost_before: number
  private readonly xids: Int32Array
  private readonly freeTransactions: Transaction[] = []
  private readonly freeBuffers: LogBuffer[] = []
  private nextInChunk = 0
  private chunkEnd = 0

  constructor(seat: RingSeat, options: LogOptions) {
    this.ring = new RingWriter(seat)
    this.format = this.ring.format
    this.mask.set(options.mask)
    this.tally = options.tally ?? new Float64Array(Object.keys(TALLY).length)
    this.cycles_before = this.tally[TALLY.cycles]
    this.cont_before = this.tally[TALLY.cont]
    this.lost_before = this.tally[TALLY.lost]
    this.xids = options.xids ?? new Int32Array(1)
    this.setSizes(options)
  }

  /** vsl_reclen or vsl_buffer changed: for transactions that are opened from then on. */
  setSizes({ reclen_bytes, buffer_bytes }: Pick<LogOptions, 'reclen_bytes' | 'buffer_bytes'>): void {
    this.unfold()
    this.text_max = reclen_bytes - 1
    this.reclen_max = Math.max(this.reclen_max, reclen_bytes)
    // A record of the largest size always fits, and a buffer always fits a segment.
    this.buffer_bytes = Math.max(buffer_bytes, this.reclen_max + 256) & ~3
    assert(
      this.buffer_bytes + this.format.header_words * 4 < this.ring.block_bytes_max,
      'a batch of vsl_buffer fits a segment of vsl_space',
    )
    this.freeBuffers.length = 0
    this.forget()
  }

  /** vsl_mask changed: takes effect with the next record. */
  setMask(mask: TagMask): void {
    this.unfold()
    this.mask.set(mask)
    this.forget()
  }

  /** What has been noted only is written: as things are now, and before whatever follows. */
  unfold(): void {
    this.journaling?.unfold()
  }

  private forget(): void {
    this.encoded.forget()
    this.templates.forget()
  }

  /** A transaction id that no other session, request or fetch has now. Never 0. */
  nextXid(): number {
    if (this.nextInChunk === this.chunkEnd) {
      this.nextInChunk = Atomics.add(this.xids, 0, XID_CHUNK) & XID_MASK
      this.chunkEnd = this.nextInChunk + XID_CHUNK
    }
    return this.nextInChunk++ || this.nextXid()
  }

  /** The next one comes from what all share, as it is now. */
  giveBackXids(): void {
    this.nextInChunk = this.chunkEnd = 0
  }

  /** Opens a transaction; its holder calls `end` exactly once and forgets it then. */
  open(xid: number, side: Side): Transaction {
    const transaction = this.freeTransactions.pop() ?? new JournaledTransaction(this)
    transaction.start(xid, SIDE_BITS[side])
    return transaction
  }

  /**
   * A transaction whose records are written one by one, as they come: that of a session, which says little and lives long, and
   * is opened for each thing it says. Its holder calls `close`, or `end` for the last one.
   */
  reopen(xid: number, side: Side): Transaction {
    const transaction = this.open(xid, side)
    transaction.direct = true
    return transaction
  }

  /** A record outside any transaction. */
  event(tag: number, text: string): void {
    const transaction = this.reopen(0, 'none')
    transaction.record(tag, text)
    transaction.close()
  }

  /** For transactions. The one used last comes first: it is still in the CPU's cache. */
  takeBuffer(): LogBuffer {
    return this.freeBuffers.pop() ?? this.newBuffer()
  }

  giveBuffer(buffer: LogBuffer): void {
    if (this.freeBuffers.length < FREE_MAX && buffer.bytes.length === this.buffer_bytes) this.freeBuffers.push(buffer)
  }

  giveTransaction(transaction: Transaction): void {
    if (this.freeTransactions.length < FREE_MAX) this.freeTransactions.push(transaction)
  }

  writeBatch(records: Buffer, size_bytes: number): void {
    this.ring.batch(records, size_bytes)
    this.count()
  }

  writeSingle(record: Buffer, size_bytes: number, firstWord: number): void {
    this.ring.single(record, size_bytes, firstWord)
    this.count()
  }

  /** One block of two pieces: RingWriter.two. */
  writeTwo(first: Uint32Array, second: Uint32Array, ids: Int32Array, id: number, firstWord: number): void {
    this.ring.two(first, second, ids, id, firstWord)
    this.count()
  }

  /** For the manager, when the thread of that worker has ended. */
  releaseAllOf(thread: number): void {
    this.ring.releaseAllOf(thread)
  }

  private count(): void {
    const { tally, ring } = this
    tally[TALLY.writes]++
    tally[TALLY.cycles] = this.cycles_before + ring.claims.laps
    tally[TALLY.cont] = this.cont_before + ring.claims.waits
    tally[TALLY.lost] = this.lost_before + ring.lost
  }

  private newBuffer(): LogBuffer {
    const memory = new ArrayBuffer(this.buffer_bytes)
    return { bytes: Buffer.from(memory) as Latin1Buffer, words: new Uint32Array(memory) }
  }
}
