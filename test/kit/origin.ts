import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Expected, Message } from './message.ts'
import { type Patience, Signal } from './patience.ts'
import { Speaker } from './speaker.ts'
import type { Transcript } from './transcript.ts'
import { Wire } from './wire.ts'

/** One request and the way back to whoever asked, for scripts that have several under way at once. */
export class Exchange extends Speaker {
  readonly request: Message
  protected readonly wire: Wire

  constructor(wire: Wire, request: Message) {
    super()
    this.wire = wire
    this.request = request
    this.message = request
  }

  /** A whole response with its Content-Length; "HTTP/1.1 200 OK" unless a status line is given. */
  answer(body: string, ...lines: string[]): void {
    const start = lines.length > 0 && lines[0].startsWith('HTTP/') ? [] : ['HTTP/1.1 200 OK']
    this.tx(...start, ...lines, `Content-Length: ${body.length}`)
    if (body !== '') this.txbody(body)
  }
}

/** What an origin's script speaks through: requests in the order of their arrival, on whatever connection; what it says goes to the last. */
export class OriginScript extends Speaker {
  /** It answers until the conversation is over. */
  endless = false
  private readonly origin: TestOrigin
  private current: Exchange | undefined
  private wireNow: Wire | undefined

  constructor(origin: TestOrigin) {
    super()
    this.origin = origin
  }

  /** The next request, with its body. */
  rx(expected: Expected = {}): Promise<Exchange> {
    return this.next(expected, false)
  }

  /** The next request's head; its body is read with rxbytes or rxchunk. */
  rxHead(expected: Expected = {}): Promise<Exchange> {
    return this.next(expected, true)
  }

  /** Takes turns until the conversation is over; nobody waits for that. */
  async forever(turn: () => Promise<void>): Promise<never> {
    this.endless = true
    for (;;) await turn()
  }

  answer(body: string, ...lines: string[]): void {
    if (this.current === undefined) throw new Error(`${this.origin.name}: nobody asked`)
    this.current.answer(body, ...lines)
  }

  protected get wire(): Wire {
    if (this.wireNow === undefined) throw new Error(`${this.origin.name}: nobody asked`)
    return this.wireNow
  }

  private async next(expected: Expected, headOnly: boolean): Promise<Exchange> {
    const wire = await this.origin.wireWithRequest(this.endless)
    this.wireNow = wire
    const request = await this.receive(expected, { bodyless: false, headOnly })
    this.origin.seen.push(request.start)
    const exchange = new Exchange(wire, request)
    this.current = exchange
    return exchange
  }
}

/** An application server of the test: a real listener whose one script answers whatever comes. */
export class TestOrigin {
  readonly name: string
  /** Start lines of the requests that the script has received. */
  readonly seen: string[] = []
  /** Connections accepted so far. */
  connections = 0
  port = 0
  private readonly server: Server
  private readonly wires: Wire[] = []
  private readonly signal: Signal
  private readonly patience: Patience
  private readonly transcript: Transcript

  constructor(name: string, patience: Patience, transcript: Transcript) {
    this.name = name
    this.patience = patience
    this.transcript = transcript
    this.signal = new Signal(patience)
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.accepted(socket))
  }

  listen(port = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(port, '127.0.0.1', () => {
        this.port = (this.server.address() as AddressInfo).port
        resolve()
      })
    })
  }

  /** Connections refused from now on, those open are reset. */
  async down(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    for (const wire of this.wires) wire.socket.resetAndDestroy()
    await closed
  }

  async close(): Promise<void> {
    for (const wire of this.wires) wire.socket.destroy()
    if (this.server.listening) await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }

  /** Is a request there that the script has not received? */
  get asked(): boolean {
    return this.withRequest() !== undefined
  }

  async wireWithRequest(forever: boolean): Promise<Wire> {
    let found: Wire | undefined
    await this.signal.until(
      () => `${this.name} waits for a request`,
      () => (found = this.withRequest()) !== undefined,
      forever,
    )
    if (found === undefined) throw new Error('a wait that succeeds has found it')
    return found
  }

  private withRequest(): Wire | undefined {
    return this.wires.find((wire) => wire.arrived.indexOf('\r\n\r\n') > 0)
  }

  private accepted(socket: Socket): void {
    this.connections++
    const wire = new Wire(socket, this.name, this.patience, this.transcript)
    this.wires.push(wire)
    socket.on('close', () => this.wires.splice(this.wires.indexOf(wire), 1))
    wire.onChange = () => this.signal.fire()
    this.signal.fire()
  }
}
