import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { MessageReader, type Received } from './message-reader.ts'
import type { Signal } from './patience.ts'

/** Both ends of conversations that are generated, thousands a minute: no transcript, nothing expected, messages whole. */

/** An origin; each request goes to `answer`, on whatever connection it came. */
export class LeanOrigin {
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private readonly answer: (socket: Socket, request: Received) => void

  constructor(answer: (socket: Socket, request: Received) => void) {
    this.answer = answer
    this.server = createServer((socket) => this.accepted(socket))
  }

  /** On a free port. */
  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return (this.server.address() as AddressInfo).port
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
  }

  private accepted(socket: Socket): void {
    const reader = new MessageReader()
    this.sockets.add(socket)
    socket.on('error', () => {}).on('close', () => this.sockets.delete(socket))
    socket.on('data', (data: Buffer) => {
      reader.push(data)
      for (let message = reader.next(); message !== undefined; message = reader.next()) this.answer(socket, message)
    })
  }
}

type Lines = readonly (readonly [name: string, value: string | number])[]

/** One connection of a client; `signal` fires whenever there is more to read, or no more to come. */
export class LeanClient {
  readonly reader = new MessageReader()
  private readonly socket: Socket
  private readonly signal: Signal

  private constructor(port: number, signal: Signal) {
    this.signal = signal
    this.socket = connect(port, '127.0.0.1')
    const ended = (): void => {
      this.reader.ended = true
      signal.fire()
    }
    this.socket.on('data', (data: Buffer) => {
      this.reader.push(data)
      signal.fire()
    })
    this.socket.on('end', ended).on('close', ended).on('error', ended)
  }

  static async open(port: number, signal: Signal): Promise<LeanClient> {
    const client = new LeanClient(port, signal)
    await once(client.socket, 'connect')
    return client
  }

  /** undefined when the connection ended without an answer. */
  async ask(method: string, target: string, lines: Lines, body = ''): Promise<Received | undefined> {
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`)
    this.socket.write(`${method} ${target} HTTP/1.1\r\n${head.join('')}\r\n${body}`)
    let message: Received | undefined
    await this.signal.until(
      () => `an answer to ${method} ${target}`,
      () => (message = this.final(method === 'HEAD')) !== undefined || this.reader.ended,
    )
    return message
  }

  close(): void {
    this.socket.destroy()
  }

  /** The next response that is not an interim one. */
  private final(bodyless: boolean): Received | undefined {
    let message = this.reader.next(bodyless)
    while (message?.start.startsWith('HTTP/1.1 1')) message = this.reader.next(bodyless)
    return message
  }
}
