import { check, type Expected, type Message, readBody, readChunk, readHead } from './message.ts'
import type { Wire } from './wire.ts'

/** The verbs of both sides. What is sent is sent as written: a client or an origin can lie. */
export abstract class Speaker {
  /** Where what is said next goes. */
  protected abstract readonly wire: Wire
  /** What was received last. */
  protected message: Message | undefined

  /** These lines, each ended by CRLF, and the empty line. */
  tx(...lines: string[]): void {
    this.raw(lines.join('\r\n') + '\r\n\r\n')
  }

  /** Exactly these bytes. */
  raw(bytes: string | Buffer): void {
    this.wire.send(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** (Part of) a body. */
  txbody(body: string | Buffer): void {
    this.raw(body)
  }

  txchunk(data: string): void {
    this.raw(`${data.length.toString(16)}\r\n${data}\r\n`)
  }

  /** The last chunk, with trailers if given. */
  txlast(...trailers: string[]): void {
    this.raw(`0\r\n${trailers.map((line) => line + '\r\n').join('')}\r\n`)
  }

  /** The next so many bytes, whatever they are. */
  async rxbytes(count: number): Promise<string> {
    const bytes = await this.wire.take(count, 'bytes')
    this.wire.heard(bytes)
    return bytes.toString('latin1')
  }

  async rxchunk(): Promise<string> {
    return (await readChunk(this.wire, this.message)).toString('latin1')
  }

  /** The peer ends the connection, and says nothing more before. */
  async rxClosed(): Promise<'closed' | 'reset'> {
    const rest = await this.wire.takeAll('the end of the connection')
    this.wire.heard(rest)
    if (rest.length > 0) throw new Error(`${this.wire.name}: ${rest.length} bytes more instead of the end of the connection`)
    return this.wire.ending === 'reset' ? 'reset' : 'closed'
  }

  /** Nothing more will be said; what comes can still be read. */
  halfClose(): void {
    this.wire.socket.end()
  }

  /** An orderly end. */
  close(): void {
    this.wire.socket.end(() => this.wire.socket.destroy())
  }

  /** RST: gone without a word. */
  reset(): void {
    this.wire.socket.resetAndDestroy()
  }

  protected async receive(expected: Expected, how: { bodyless: boolean; headOnly: boolean }): Promise<Message> {
    const message = await readHead(this.wire)
    this.message = message
    if (!how.headOnly) await readBody(this.wire, message, how.bodyless)
    check(this.wire.name, message, expected)
    return message
  }
}
