import type { Clock } from '../base/clock.ts'
import type { FairTurns, InTurn } from '../base/fair-turns.ts'
import { READ_BYTES } from './limits.ts'

/** Many enough that a write, and waking the client, are little beside them; of hits a quarter of a millisecond. */
export const SHARE_REQUESTS = 64
/** The same where answers are large. */
const SHARE_BYTES = 512 * 1024
/** The same where rules have much to do. */
const SHARE_MS = 0.5
/** While so many wait, who comes has half a share. */
const FEW = 4

/** Whose share it is. */
export interface Sharer {
  /** Of all its answers. */
  readonly sent_bytes: number
  /** Goes on with what it has received. */
  pump(): void
}

/**
 * How much of what a client has pipelined is answered before others have their turn. What is beyond that waits in the connection, for which nothing is read
 * meanwhile. Of who sends one request at a time it takes a count and a comparison.
 */
export class Share implements InTurn {
  /** It is used up: the connection goes on in a later turn of the event loop. */
  waits = false
  /** Requests begun since others had their turn for certain. */
  private begun = 0
  /** It has waited since it last began with nothing at hand. */
  private waited = false
  private most = SHARE_REQUESTS
  private bytes_end = 0
  private until_ms = 0
  private readonly sharer: Sharer
  private readonly turns: FairTurns
  private readonly clock: Clock

  constructor(sharer: Sharer, turns: FairTurns, clock: Clock) {
    this.sharer = sharer
    this.turns = turns
    this.clock = clock
  }

  /** The last that can be read in a turn does not fill the buffer: before it others had theirs. What fills it may be followed by more in the same turn. */
  received(size_bytes: number): void {
    if (size_bytes >= READ_BYTES) return
    this.begun = 0
    this.waited = false
  }

  /** In the same turn or another. */
  resumed(): void {
    this.until_ms = this.clock.mono_ms + SHARE_MS
  }

  requestBegins(): void {
    this.begun++
  }

  /** Is the next request to wait? */
  get over(): boolean {
    if (this.begun === 0) return false
    return this.waits || this.ends()
  }

  private ends(): boolean {
    const { sent_bytes } = this.sharer
    const { mono_ms } = this.clock
    if (this.begun === 1) this.measure(sent_bytes, mono_ms)
    if (this.begun < this.most && sent_bytes < this.bytes_end && mono_ms < this.until_ms) return false
    this.waits = true
    this.turns.add(this)
    return true
  }

  /** Of many who come in one turn each would have a share, however long the turn: who comes while others wait has the less the more they are, but one answer, as everybody has. */
  private measure(sent_bytes: number, mono_ms: number): void {
    const part = this.waited ? 1 : FEW / (FEW + this.turns.length)
    this.most = Math.ceil(SHARE_REQUESTS * part)
    this.bytes_end = sent_bytes + SHARE_BYTES * part
    this.until_ms = mono_ms + SHARE_MS * part
  }

  goOn(): void {
    if (!this.waits) return
    this.waits = false
    this.waited = true
    this.begun = 0
    this.sharer.pump()
  }

  /** All that waits, at once. */
  hurry(): void {
    while (this.waits) this.goOn()
  }
}
