import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../cache/cache.ts'
import type { ParameterValues } from '../../config/parameters.ts'
import { MAIN } from '../../counters/counters.ts'
import { TAG } from '../../log/tags.ts'
import type { LogWriter, Transaction } from '../../log/writer.ts'
import { COPY_CODINGS, OBJ_BR, OBJ_COPIES, OBJ_GZIP, OBJ_ZSTD } from '../../policy/flags.ts'
import type { Body, ObjectHead, StoredObject } from '../../store/contract.ts'
import { logGzip } from '../fetch-log.ts'
import { underWay } from '../filters/zlib.ts'
import { makeCopies } from './maker.ts'

/** Objects that wait for their turn in this worker; those that come when there are so many are forgotten until their next hit. */
const QUEUE_MAX = 64
/** Less is not worth the trouble. */
const LEAST_BYTES = 256

export interface RecoderParts {
  readonly cache: Cache
  readonly params: ParameterValues
  readonly clock: Clock
  readonly counters: Float64Array
  readonly log: LogWriter
}

/** Which codings are to be had, as bits. */
export function wantedCopies(params: ParameterValues): number {
  if (!params.http_gzip_support) return 0
  return (params.recode_br ? OBJ_BR : 0) | (params.recode_zstd ? OBJ_ZSTD : 0)
}

interface Job {
  readonly object: StoredObject
  readonly head: ObjectHead
  readonly log: Transaction
}

/**
 * Has copies made of popular bodies in other codings, in the background: one at a time among all workers, by a thread of its own.
 * An object that has another head when its copies are ready has been replaced, or validated: they are dropped.
 */
export class Recoder {
  private readonly parts: RecoderParts
  private readonly queue: StoredObject[] = []
  /** Heads under which it has been asked for. */
  private readonly asked = new WeakSet<ObjectHead>()
  private claim: number | undefined = undefined
  /** There is something in the queue, or in hand. */
  private atWork = false

  constructor(parts: RecoderParts) {
    this.parts = parts
  }

  /** Once for each head: what came to nothing is not tried again with each hit. */
  want(object: StoredObject): void {
    if (this.asked.has(object.head) || this.queue.length >= QUEUE_MAX || object.body.state !== 'complete') return
    this.asked.add(object.head)
    this.queue.push(object)
    if (this.atWork) return
    this.atWork = true
    underWay.copies++
    setImmediate(this.start)
  }

  private readonly start = (): void => {
    this.claim = this.parts.cache.recodings.takeTurn(this.start)
    if (this.claim !== undefined) this.next()
  }

  private next(): void {
    const { cache } = this.parts
    const object = this.queue.shift()
    if (object !== undefined && this.begin(object)) return
    // Nothing is left, or this one came to nothing: others have their turn before the rest of ours.
    if (this.claim !== undefined) cache.recodings.endTurn(this.claim)
    this.claim = undefined
    if (this.queue.length > 0) return void setImmediate(this.start)
    this.atWork = false
    underWay.copies--
  }

  private begin(object: StoredObject): boolean {
    const { params, log } = this.parts
    const { head, body } = object
    const missing = wantedCopies(params) & ~(head.flags & OBJ_COPIES & this.there(object))
    if (missing === 0 || !object.live || body.state !== 'complete' || body.windowed || body.size_bytes < LEAST_BYTES) return false
    if (body.size_bytes > params.recode_max_size) return false
    const stored = bytesOf(body)
    if (stored === undefined) return false
    const codings = COPY_CODINGS.filter((coding) => (missing & coding) !== 0)
    const job = { object, head, log: log.open(log.nextXid(), 'backend') }
    this.open(job)
    makeCopies(stored, (head.flags & OBJ_GZIP) !== 0, codings, params, {
      made: (coding, packed, plain_bytes) => this.made(job, coding, packed, plain_bytes),
      over: () => this.finish(job),
    })
    return true
  }

  /** Those of its copies that are still there, if only on a disk. */
  private there(object: StoredObject): number {
    const { recodings } = this.parts.cache
    return COPY_CODINGS.reduce((all, coding) => all | (recodings.find(object, coding) === undefined && !recodings.isCold ? 0 : coding), 0)
  }

  private made(job: Job, coding: number, packed: Buffer | undefined, plain_bytes: number): void {
    const { counters } = this.parts
    counters[coding === OBJ_BR ? MAIN.n_brotli : MAIN.n_zstd]++
    if (packed !== undefined) logGzip(job.log, coding === OBJ_BR ? 'B S -' : 'Z S -', plain_bytes, packed.length)
    if (packed === undefined || !this.keep(job, coding, packed)) counters[MAIN.recode_dropped]++
  }

  private keep({ object, head }: Job, coding: number, packed: Buffer): boolean {
    if (!object.live || object.head !== head || packed.length >= object.body.size_bytes) return false
    return this.parts.cache.recodings.keep(object, coding, packed)
  }

  private finish(job: Job): void {
    const { object, head, log } = job
    const { cache } = this.parts
    if (object.live && object.head === head) cache.recodings.tell(object, this.there(object))
    log.number(TAG.Length, object.body.size_bytes)
    log.end()
    this.next()
  }

  private open({ object, log }: Job): void {
    const { clock } = this.parts
    clock.refresh()
    log.begin('bereq', object.head.xid, 'recode')
    log.timestamp('Start', clock.wall_ms, 0, 0)
    log.spaced(TAG.Storage, object.store?.kind ?? 'memory', object.store?.name ?? '')
    log.park()
  }
}

/** A copy of all of it: the memory is others' as soon as this turn is over. Undefined when some of it lies on a disk. */
function bytesOf(body: Body): Uint8Array<ArrayBuffer> | undefined {
  const bytes = Buffer.allocUnsafeSlow(body.size_bytes)
  const reader = body.read(0)
  let at = 0
  for (let piece = reader.next(); piece !== undefined; piece = reader.next()) at += piece.copy(bytes, at)
  reader.release()
  return at === bytes.length ? bytes : undefined
}
