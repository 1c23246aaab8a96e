import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { ManualClock } from '../../src/base/clock.ts'
import { startCache, type TestCache } from '../kit/cache.ts'
import { Patience, Signal } from '../kit/patience.ts'
import { MessageReader, type Received } from './messages.ts'
import type { Exchange } from './rfc9111/history.ts'
import type { Turn } from './rfc9111/judge.ts'
import type { Request, Response } from './rfc9111/message.ts'

/** What the origin does with a request. */
export interface Reaction {
  /** How long it thinks: the clock moves on by as much. */
  readonly delay_ms: number
  readonly outcome: Response | 'closed'
  /** The body breaks off. */
  readonly broken: boolean
}
export type Script = (request: Request, now_ms: number) => Reaction

/** Days pass, and connections stay; the log is read often. */
const PATIENT = { timeout_idle: '1000000000', backend_idle_timeout: '2000000', vsl_space: '1M' }

/** A proxy, an origin that does as it is told, and a client, in one process and on one clock that only `wait` moves. */
export class Rig {
  now_ms = new ManualClock().wall_ms
  private cache!: TestCache
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private client: { socket: Socket; reader: MessageReader } | undefined
  private exchanges: Exchange[] = []
  private script: Script = () => ({ delay_ms: 0, outcome: 'closed', broken: false })
  /** Fetches in the background, before the request. */
  private background = 0
  private readonly patience = new Patience(2000)
  private readonly signal = new Signal(this.patience)

  private constructor() {
    this.server = createServer((socket) => this.accepted(socket))
  }

  static async start(params: Record<string, string> = {}, vcl = ''): Promise<Rig> {
    const rig = new Rig()
    rig.server.listen(0, '127.0.0.1')
    await once(rig.server, 'listening')
    const { port } = rig.server.address() as AddressInfo
    const rules = `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${port}"; }\n${vcl}`
    rig.cache = await startCache({ vcl: rules, params: { ...PATIENT, ...params }, store_bytes: 64 * 2 ** 20 })
    return rig
  }

  async close(): Promise<void> {
    this.client?.socket.destroy()
    await this.cache.close()
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
  }

  /** Time passes, and what is due happens. */
  wait(ms: number): void {
    this.now_ms += ms
    this.cache.advance(ms)
  }

  /** One request, and everything that comes of it. */
  async ask(request: Request, host: string, script: Script): Promise<Turn> {
    this.script = script
    this.exchanges = []
    const begin_ms = this.now_ms
    this.background = this.cache.counters().s_bgfetch
    const received = await this.send(request, host)
    const end_ms = this.now_ms
    await this.idle()
    return { request, begin_ms, end_ms, exchanges: this.exchanges, answer: answerOf(received) }
  }

  /** Records of the log, for whoever has to explain a failure. */
  log(): string {
    return this.cache
      .log()
      .slice(-120)
      .map(({ tag, text }) => `${tag} ${text}`)
      .join('\n')
  }

  /** Until the log has the end of every fetch that was begun in the background. */
  private async idle(): Promise<void> {
    const begun = this.cache.counters().s_bgfetch - this.background
    if (begun === 0) return
    await this.patience.until('background fetches have ended', () => {
      const log = this.cache.log()
      const fetches = log.filter(({ tag, text }) => tag === 'Link' && text.endsWith(' bgfetch')).slice(-begun)
      return fetches.every(({ text }) => log.some(({ tag, xid }) => tag === 'End' && xid === Number(text.split(' ')[1])))
    })
  }

  private async send({ method, target, lines }: Request, host: string): Promise<Received> {
    const { socket, reader } = await this.connected()
    const body = method === 'POST' || method === 'PUT' ? 'x' : ''
    const framing = body === '' ? [] : [['Content-Length', String(body.length)]]
    const all = [['Host', host], ...lines, ...framing].map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`${method} ${target} HTTP/1.1\r\n${all.join('')}\r\n${body}`)
    let message: Received | undefined
    await this.signal.until(
      () => `an answer to ${method} ${target}`,
      () => (message = finalOf(reader, method === 'HEAD')) !== undefined || reader.ended,
    )
    if (message === undefined) throw new Error(`no answer to ${method} ${target}`)
    return message
  }

  private async connected(): Promise<{ socket: Socket; reader: MessageReader }> {
    if (this.client !== undefined && !this.client.reader.ended) return this.client
    this.client?.socket.destroy()
    const reader = new MessageReader()
    const socket = connect(this.cache.port, '127.0.0.1')
    const ended = (): void => {
      reader.ended = true
      this.signal.fire()
    }
    socket.on('data', (data: Buffer) => {
      reader.push(data)
      this.signal.fire()
    })
    socket.on('end', ended).on('close', ended).on('error', ended)
    await once(socket, 'connect')
    return (this.client = { socket, reader })
  }

  private accepted(socket: Socket): void {
    const reader = new MessageReader()
    this.sockets.add(socket)
    socket.on('error', () => {}).on('close', () => this.sockets.delete(socket))
    socket.on('data', (data: Buffer) => {
      reader.push(data)
      for (let message = reader.next(); message !== undefined; message = reader.next()) this.asked(socket, message)
    })
  }

  private asked(socket: Socket, { start, lines }: Received): void {
    const [method, target] = start.split(' ')
    const request = { method, target, lines }
    const requested_ms = this.now_ms
    const { delay_ms, outcome, broken } = this.script(request, requested_ms)
    if (delay_ms > 0) this.wait(delay_ms)
    this.exchanges.push({ request, requested_ms, received_ms: this.now_ms, outcome, broken })
    respond(socket, request, outcome, broken)
  }
}

/** The next final response. */
function finalOf(reader: MessageReader, bodyless: boolean): Received | undefined {
  let message = reader.next(bodyless)
  while (message?.start.startsWith('HTTP/1.1 1')) message = reader.next(bodyless)
  return message
}

function answerOf({ start, lines, body, broken }: Received): Turn['answer'] {
  return broken ? 'broken' : { status: Number(start.slice(9, 12)), lines, body }
}

function respond(socket: Socket, request: Request, outcome: Exchange['outcome'], broken: boolean): void {
  if (outcome === 'closed') return void socket.destroy()
  const { status, lines, body } = outcome
  const bodyless = request.method === 'HEAD' || status === 204 || status === 304
  const framing = status === 204 || status === 304 ? [] : [['Content-Length', String(broken ? body.length + 1 : body.length)]]
  const head = [...lines, ...framing].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`HTTP/1.1 ${status} Reason\r\n${head}\r\n${bodyless ? '' : body}`)
  if (broken) socket.end()
}
