import type { Socket } from 'node:net'
import { ManualClock } from '../../src/base/clock.ts'
import { startCache, type TestCache } from '../kit/cache.ts'
import { LeanClient, LeanOrigin } from '../kit/lean.ts'
import type { Received } from '../kit/message-reader.ts'
import { Patience, Signal } from '../kit/patience.ts'
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
  private readonly origin = new LeanOrigin((socket, message) => this.asked(socket, message))
  private client: LeanClient | undefined
  private exchanges: Exchange[] = []
  private script: Script = () => ({ delay_ms: 0, outcome: 'closed', broken: false })
  /** Fetches in the background, before the request. */
  private background = 0
  private readonly patience = new Patience()
  private readonly signal = new Signal(this.patience)

  static async start(params: Record<string, string> = {}, vcl = ''): Promise<Rig> {
    const rig = new Rig()
    const port = await rig.origin.listen()
    const rules = `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${port}"; }\n${vcl}`
    rig.cache = await startCache({ vcl: rules, params: { ...PATIENT, ...params }, store_bytes: 64 * 2 ** 20 })
    return rig
  }

  async close(): Promise<void> {
    this.client?.close()
    await this.cache.close()
    this.origin.close()
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
    if (this.client === undefined || this.client.reader.ended) {
      this.client?.close()
      this.client = await LeanClient.open(this.cache.port, this.signal)
    }
    const body = method === 'POST' || method === 'PUT' ? 'x' : ''
    const framing: [string, string][] = body === '' ? [] : [['Content-Length', String(body.length)]]
    const message = await this.client.ask(method, target, [['Host', host], ...lines, ...framing], body)
    if (message === undefined) throw new Error(`no answer to ${method} ${target}`)
    return message
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
