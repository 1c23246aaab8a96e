import type { FairTurns, InTurn } from '../base/fair-turns.ts'
import type { Body, BodyReader } from '../store/contract.ts'
import type { ClientConnection } from './client.ts'

/** What a client may be given at once, if it takes that: half a millisecond's copying. One that takes all would have the worker to itself for the whole of a body. */
const SHARE_BYTES = 512 * 1024

/** Whose response it is. */
export interface PumpHost {
  readonly connection: ClientConnection
  body_tx_bytes: number
  body_tx_pieces: number
  /** The client, or the body, keeps it waiting. */
  slow(): void
  /** Nothing more will be written: all of it has been, or it broke off. */
  streamed(whole: boolean): void
  broke(error: unknown): void
}

/** Writes a body to its client, as fast as that takes it and as it fills, a share at a time. */
export class BodyPump implements InTurn {
  private readonly host: PumpHost
  private readonly turns: FairTurns
  private reader: BodyReader | undefined
  private remaining_bytes = -1
  private pumping = false
  /** It has had its share. */
  private waiting = false

  constructor(host: PumpHost, turns: FairTurns) {
    this.host = host
    this.turns = turns
  }

  /** Keeps the first byte until it is sent. */
  hold(body: Body): void {
    this.release()
    this.reader = body.read(0)
  }

  /** If it keeps a body, another from now on. */
  exchange(body: Body): void {
    if (this.reader !== undefined) this.hold(body)
  }

  /** Calls back once when there is something to be sent, or nothing more to come. */
  awaitFirst(body: Body, come: () => void): void {
    const reader = (this.reader ??= body.read(0))
    const first = (): void => {
      if (reader.onMore !== first) return
      reader.onMore = undefined
      come()
    }
    reader.onMore = first
    // Another worker's fetch may be found to have gone on, or ended, while the reader is made: nobody tells it of that again.
    if (body.state !== 'filling' || body.size_bytes > 0) process.nextTick(first)
  }

  /** `length_bytes`: -1 while unknown. */
  send(body: Body, length_bytes: number): void {
    this.reader ??= body.read(0)
    this.remaining_bytes = length_bytes
    this.pump()
  }

  /** The same of what is made of a body. */
  sendFrom(reader: BodyReader, length_bytes: number): void {
    // The new one is there already: a body without readers may be given up.
    this.release()
    this.reader = reader
    this.remaining_bytes = length_bytes
    this.pump()
  }

  release(): void {
    const { reader } = this
    this.waiting = false
    if (reader === undefined) return
    this.reader = undefined
    reader.onMore = undefined
    reader.release()
  }

  /** Its next share, unless it has been released meanwhile. */
  goOn(): void {
    if (!this.waiting) return
    this.waiting = false
    this.pump()
  }

  private readonly pump = (): void => {
    if (this.pumping) return
    this.pumping = true
    try {
      this.pumpAll()
    } catch (error) {
      this.host.broke(error)
    } finally {
      this.pumping = false
    }
  }

  private pumpAll(): void {
    const { connection } = this.host
    connection.onDrain = undefined
    // A page with ESI comes in many small pieces: a write for each would be most of the work, and a packet for each most of the traffic.
    const corked = connection.cork()
    let dry: BodyReader | undefined
    try {
      dry = this.writeAll()
    } finally {
      if (corked) connection.uncork()
    }
    if (dry !== undefined) this.pause(dry)
  }

  /** The reader, when it has nothing more at hand. */
  private writeAll(): BodyReader | undefined {
    const { connection } = this.host
    let share_bytes = SHARE_BYTES
    for (let reader = this.reader; reader !== undefined; reader = this.reader) {
      if (share_bytes <= 0) return this.wait(reader)
      const chunk = this.remaining_bytes === 0 ? undefined : this.cut(reader.next())
      if (chunk === undefined) return reader
      this.host.body_tx_pieces++
      this.host.body_tx_bytes += chunk.length
      share_bytes -= chunk.length
      if (!connection.write(chunk)) {
        connection.onDrain = this.pump
        reader.onMore = undefined
        this.host.slow()
        return undefined
      }
    }
    return undefined
  }

  private wait(reader: BodyReader): undefined {
    reader.onMore = undefined
    this.waiting = true
    this.turns.add(this)
    this.host.slow()
  }

  private cut(chunk: Buffer | undefined): Buffer | undefined {
    if (chunk === undefined || this.remaining_bytes < 0) return chunk
    const part = chunk.length > this.remaining_bytes ? chunk.subarray(0, this.remaining_bytes) : chunk
    this.remaining_bytes -= part.length
    return part
  }

  private pause(reader: BodyReader): void {
    const { host, remaining_bytes } = this
    // First: the worker that has filled all of it may have died before it said so, and who has what the head has promised has his answer.
    if (remaining_bytes === 0) return host.streamed(true)
    if (reader.failed || (reader.done && remaining_bytes > 0)) return host.streamed(false)
    if (reader.done) return host.streamed(true)
    reader.onMore = this.pump
    if (host.body_tx_bytes === 0) host.connection.headFirst()
    host.slow()
  }
}
