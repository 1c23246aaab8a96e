import type { Latin1Buffer } from '../base/digits.ts'
import type { BodyFraming } from '../flow/client.ts'
import { CHUNK_END } from '../http/chunked.ts'
import type { StoredHead } from '../http/stored-head.ts'
import type { SendRing } from '../shm/send-ring.ts'
import { type Cargo, type Departing, Departures } from './departures.ts'
import type { Transport } from './transport.ts'

/** Room for TOGETHER_MAX small answers, or a dozen of 10 KiB, and still within a core's own cache. */
export const SCRATCH_BYTES = 128 * 1024
/** Up to here copying a body behind its head is cheaper than a second part in the write (docs/decisions/0003). */
const COPY_MAX_BYTES = 16 * 1024

const LAST_CHUNK_TEXT = '0\r\n\r\n'

/** The buffer that a worker's responses are put together in; never held by two writers at once. */
export class Scratch {
  readonly departures: Departures
  bytes = Buffer.allocUnsafeSlow(SCRATCH_BYTES) as Latin1Buffer
  /** Where the holder's bytes begin: before them lies what departs at the end of this turn. */
  begun = 0
  used = 0
  holder: ResponseWriter | undefined = undefined
  private readonly ring: SendRing | undefined

  /** `ring`: where answers that leave together leave in one system call. */
  constructor(ring?: SendRing) {
    this.ring = ring
    this.departures = new Departures(() => this.reset(), ring)
    ring?.use(this.bytes)
  }

  /** What lies in it, and is not with the kernel yet, keeps its memory. */
  renew(): void {
    this.holder?.flush()
    this.bytes = Buffer.allocUnsafeSlow(SCRATCH_BYTES) as Latin1Buffer
    this.ring?.use(this.bytes)
    this.reset()
  }

  private reset(): void {
    if (this.holder === undefined) this.begun = this.used = 0
  }
}

/**
 * Bytes out of one connection. Everything small is copied into the scratch buffer and leaves in one write: at once, or while
 * `deferring` when the connection has looked at all it received, so that pipelined answers share a write; or together with those of
 * others, when it is sealed. Bytes the kernel did not take at once keep their memory: then a new scratch is made.
 */
export class ResponseWriter implements Cargo {
  /** A response has begun: its head is written or waits for its first body bytes. */
  started = false
  deferring = false
  sent_bytes = 0
  framing: BodyFraming = 'none'
  private readonly transport: Transport
  private readonly scratch: Scratch
  /** Head of a streamed response until its first bytes. */
  private head = ''
  /** What is sealed lies there; undefined: nothing. */
  private sealed: Buffer | undefined = undefined
  private sealed_from = 0
  private sealed_to = 0
  /** What is sealed is on its way; `staged` says how far it came. */
  private aboard = false

  constructor(transport: Transport, scratch: Scratch) {
    this.transport = transport
    this.scratch = scratch
  }

  /** A response as a whole. True: the memory of `body` is free for reuse. */
  respond(head: string, body: Buffer | undefined): boolean {
    this.started = true
    return this.put(head, body, false)
  }

  /** The same for a head that is put together in place. */
  respondStored(head: StoredHead, body: Buffer | undefined): boolean {
    this.started = true
    const { size_bytes } = head
    const body_bytes = body === undefined ? 0 : body.length
    this.sent_bytes += size_bytes + body_bytes
    if (body_bytes > COPY_MAX_BYTES || size_bytes + body_bytes > SCRATCH_BYTES) {
      const bytes = Buffer.allocUnsafe(size_bytes) as Latin1Buffer
      head.put(bytes, 0)
      return this.putParts(bytes, body, false)
    }
    const scratch = this.room(size_bytes + body_bytes)
    const at = head.put(scratch.bytes, scratch.used)
    // Buffer.copy is a memmove. TypedArray's set goes word by word where a side is shared memory: 2.5 us for 10 KiB instead of 0.2.
    if (body !== undefined) body.copy(scratch.bytes, at)
    scratch.used = at + body_bytes
    if (!this.deferring) this.flush()
    return true
  }

  start(head: string, framing: BodyFraming): void {
    this.started = true
    this.head = head
    this.framing = framing
  }

  /** The head without any bytes of the body. */
  flushHead(): void {
    const { head } = this
    this.head = ''
    if (head !== '') this.put(head, undefined, false)
  }

  /** True: the memory of `chunk` is free for reuse. */
  write(chunk: Buffer): boolean {
    if (chunk.length === 0 || this.framing === 'none') return this.flushed
    const chunked = this.framing === 'chunked'
    const prefix = chunked ? this.head + chunk.length.toString(16) + '\r\n' : this.head
    this.head = ''
    this.put(prefix, chunk, chunked)
    return this.flushed
  }

  /** False: it is `deferring` already. */
  cork(): boolean {
    if (this.deferring) return false
    this.deferring = true
    return true
  }

  uncork(): void {
    this.deferring = false
    this.flush()
  }

  /** The end of a streamed response. */
  end(): void {
    const rest = this.framing === 'chunked' ? this.head + LAST_CHUNK_TEXT : this.head
    this.head = ''
    if (rest !== '') this.put(rest, undefined, false)
  }

  /** Text outside of a final response: 1xx. */
  interim(text: string): void {
    this.put(text, undefined, false)
  }

  get open(): boolean {
    return !this.transport.destroyed
  }

  /** All is with the kernel. */
  get flushed(): boolean {
    return this.sealed === undefined && this.transport.flushed
  }

  /** The client has not left anything waiting. */
  get taken(): boolean {
    return this.transport.flushed
  }

  /** What waits in the scratch buffer is complete, and stays there until `flush`. False: there is nothing, or it must not wait. */
  seal(): boolean {
    const { scratch } = this
    scratch.departures.makeRoom()
    if (scratch.holder !== this || scratch.used === scratch.begun || !this.flushed) return false
    this.sealed = scratch.bytes
    this.sealed_from = scratch.begun
    this.sealed_to = scratch.begun = scratch.used
    scratch.holder = undefined
    return true
  }

  /** What is sealed leaves when others leave; `who` is told then. False: nothing is, and what waits is to be sent at once. */
  joins(who: Departing): boolean {
    const { departures } = this.scratch
    if (!departures.ask() || !this.seal()) return false
    this.deferring = false
    departures.add(who, this)
    return true
  }

  /** Of what is sealed; see Cargo. */
  stage(ring: SendRing): boolean {
    const { sealed } = this
    if (sealed === undefined || this.aboard || !ring.holds(sealed)) return false
    const fd = this.transport.free_fd
    if (fd < 0) return false
    ring.add(fd, this.sealed_from, this.sealed_to)
    this.aboard = true
    return true
  }

  staged(taken_bytes: number): void {
    this.aboard = false
    if (taken_bytes > 0) this.sealed_from += taken_bytes
    if (this.sealed_from === this.sealed_to) this.sealed = undefined
  }

  /** Sends what waits in the scratch buffer. */
  flush(): void {
    const { scratch, sealed } = this
    if (sealed !== undefined) {
      this.sealed = undefined
      this.send(sealed, this.sealed_from, this.sealed_to)
    }
    if (scratch.holder !== this) return
    const { bytes, begun, used } = scratch
    scratch.holder = undefined
    scratch.used = begun
    if (used > begun) this.send(bytes, begun, used)
  }

  private send(bytes: Buffer, from: number, to: number): void {
    const { transport, scratch } = this
    // Behind a queue a copy of the right size waits, not the whole scratch.
    if (!transport.flushed) return transport.write(Buffer.from(bytes.subarray(from, to)))
    transport.write(bytes.subarray(from, to))
    if (!transport.flushed && scratch.bytes === bytes) scratch.renew()
  }

  /** True: `chunk` was copied, or is with the kernel. */
  private put(prefix: string, chunk: Buffer | undefined, crlf: boolean): boolean {
    const chunk_bytes = chunk === undefined ? 0 : chunk.length
    this.sent_bytes += prefix.length + chunk_bytes + (crlf ? 2 : 0)
    if (chunk_bytes > COPY_MAX_BYTES || prefix.length + chunk_bytes + 2 > SCRATCH_BYTES) {
      return this.putParts(Buffer.from(prefix, 'latin1'), chunk, crlf)
    }
    const scratch = this.room(prefix.length + chunk_bytes + 2)
    const bytes = scratch.bytes
    let at = scratch.used
    at += bytes.latin1Write(prefix, at, prefix.length)
    if (chunk !== undefined) {
      chunk.copy(bytes, at)
      at += chunk_bytes
    }
    if (crlf) at += CHUNK_END.copy(bytes, at)
    scratch.used = at
    if (!this.deferring) this.flush()
    return true
  }

  /** The scratch buffer in our hands with that much room. */
  private room(needed_bytes: number): Scratch {
    const scratch = this.scratch
    // Another connection may be in the middle of its pipeline: a request of its may have woken ours.
    if (scratch.holder !== this) scratch.holder?.flush()
    if (scratch.used + needed_bytes > SCRATCH_BYTES) {
      this.flush()
      scratch.departures.leave()
      // Whom a departure has given an answer holds it now, and what lies there is his.
      if (scratch.holder !== undefined) scratch.renew()
    }
    scratch.holder = this
    return scratch
  }

  /**
   * A large body goes out where it lies, in one writev with its head. The head has its own small buffer, not the scratch: a body
   * of this size often waits for the client, and would keep the whole scratch waiting with it.
   */
  private putParts(prefix: Buffer, chunk: Buffer | undefined, crlf: boolean): boolean {
    this.flush()
    const parts: Buffer[] = []
    if (prefix.length > 0) parts.push(prefix)
    if (chunk !== undefined) parts.push(chunk)
    if (crlf) parts.push(CHUNK_END)
    this.transport.writev(parts)
    return this.flushed
  }
}
