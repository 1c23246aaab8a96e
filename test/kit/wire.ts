import type { Socket } from 'node:net'
import { type Patience, Signal } from './patience.ts'
import type { Transcript } from './transcript.ts'

/**
 * One end of a connection as a test sees it: bytes out exactly as given, bytes in only when asked for, so that whoever does
 * not read exerts backpressure.
 */
export class Wire {
  readonly socket: Socket
  readonly name: string
  /** How the peer ended its side, once that is known. */
  ending: 'open' | 'closed' | 'reset' = 'open'
  /** The data of a chunk was taken, the CRLF behind it was not. */
  inChunk = false
  private pieces: Buffer[] = []
  private readonly transcript: Transcript
  private readonly signal: Signal

  constructor(socket: Socket, name: string, patience: Patience, transcript: Transcript) {
    this.socket = socket
    this.name = name
    this.transcript = transcript
    this.signal = new Signal(patience)
    socket.setNoDelay(true)
    socket.on('readable', () => this.signal.fire())
    socket.on('end', () => this.ended('closed'))
    socket.on('close', () => this.ended('closed'))
    socket.on('error', () => this.ended('reset'))
  }

  /** Called at each change, besides those who wait here. */
  set onChange(listener: () => void) {
    for (const event of ['readable', 'end', 'close', 'error']) this.socket.on(event, listener)
  }

  send(data: Buffer): void {
    this.transcript.bytes(this.name, '->', data)
    this.socket.write(data)
  }

  /** Bytes that have arrived and were not taken. */
  get arrived(): Buffer {
    this.pull()
    if (this.pieces.length !== 1) this.pieces = [Buffer.concat(this.pieces)]
    return this.pieces[0]
  }

  /** Everything up to and including `mark`. */
  async takeThrough(mark: string, what: string): Promise<Buffer> {
    let at = -1
    await this.until(what, () => (at = this.arrived.indexOf(mark, 0, 'latin1')) >= 0)
    return this.cut(at + mark.length)
  }

  /** Exactly so many bytes. */
  async take(count: number, what: string): Promise<Buffer> {
    const taken: Buffer[] = []
    for (let missing = count; missing > 0;) {
      await this.until(`${what} (${missing} of ${count} bytes missing)`, () => this.arrived.length > 0)
      const piece = this.cut(Math.min(missing, this.arrived.length))
      taken.push(piece)
      missing -= piece.length
    }
    return Buffer.concat(taken)
  }

  /** Everything until the peer ends its side. */
  async takeAll(what: string): Promise<Buffer> {
    const taken: Buffer[] = []
    for (;;) {
      await this.signal.until(
        () => `${this.name} waits for ${what}`,
        () => this.arrived.length > 0 || this.ending !== 'open',
      )
      if (this.arrived.length === 0) return Buffer.concat(taken)
      taken.push(this.cut(this.arrived.length))
    }
  }

  heard(data: Buffer): void {
    if (data.length > 0) this.transcript.bytes(this.name, '<-', data)
  }

  private async until(what: string, fact: () => boolean): Promise<void> {
    await this.signal.until(
      () => `${this.name} waits for ${what}`,
      () => {
        if (fact()) return true
        if (this.ending !== 'open') throw new Error(`${this.name}: the connection was ${this.ending} before ${what}`)
        return false
      },
    )
  }

  private pull(): void {
    for (let piece: unknown = this.socket.read(); piece instanceof Buffer; piece = this.socket.read()) this.pieces.push(piece)
  }

  private cut(count: number): Buffer {
    const all = this.arrived
    this.pieces = [all.subarray(count)]
    return all.subarray(0, count)
  }

  private ended(how: 'closed' | 'reset'): void {
    if (this.ending !== 'open') return
    this.ending = how
    this.transcript.note(this.name, `(peer ${how} the connection)`)
    this.signal.fire()
  }
}
