import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { Patience } from './patience.ts'

const LIMIT_MS = 45_000

/** The body that belongs to a request: larger than one write, and different for each variant. */
export function bodyFor(variant: string): Buffer {
  return Buffer.alloc(20_000, `${variant}0123456789abcdef`)
}

export interface Asked {
  readonly method: string
  readonly target: string
  /** Value of X-Variant. */
  variant: string
  /** Number of the request, from 1. */
  number: number
  socket: Socket
  reply: (...lines: string[]) => void
}

/** Answers when told to, by a function per request. */
export class CrowdOrigin {
  readonly asked: Asked[] = []
  onAsked: (asked: Asked) => void = () => {}
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  constructor() {
    this.server = createServer({ noDelay: true }, (socket) => {
      this.sockets.add(socket)
      let text = ''
      socket.on('error', () => {}).on('close', () => this.sockets.delete(socket))
      socket.on('data', (data) => {
        text += data.toString('latin1')
        for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
          this.heard(socket, text.slice(0, end))
          text = text.slice(end + 4)
        }
      })
    })
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve))
    return (this.server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private heard(socket: Socket, head: string): void {
    const variant = /^x-variant: (.*)$/im.exec(head)?.[1] ?? ''
    const body = bodyFor(variant)
    const reply = (...lines: string[]) => {
      const start = lines.length > 0 && lines[0].startsWith('HTTP/') ? [] : ['HTTP/1.1 200 OK']
      socket.write([...start, ...lines, `Content-Length: ${body.length}`, '', ''].join('\r\n'))
      socket.write(body)
    }
    const [method, target] = head.split(' ')
    const asked = { method, target, variant, number: this.asked.length + 1, socket, reply }
    this.asked.push(asked)
    this.onAsked(asked)
  }
}

const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

function unchunked(body: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; ;) {
    const line_end = body.indexOf('\r\n', at)
    const length = Number.parseInt(body.toString('latin1', at, line_end), 16)
    if (line_end < 0 || !(length > 0)) return Buffer.concat(pieces)
    pieces.push(body.subarray(line_end + 2, line_end + 2 + length))
    at = line_end + 4 + length
  }
}

/** One of the crowd. */
export class Member {
  readonly socket: Socket
  readonly variant: string
  first_ms = Infinity
  done = false
  broken = false
  /** It asks for heads. */
  bodyless = false
  private chunked = false
  private readonly pieces: Buffer[] = []
  private have_bytes = 0
  private need_bytes = Infinity

  /** On a new connection to this port, or on one that there is. */
  constructor(to: number | Socket, variant: string) {
    this.variant = variant
    this.socket = typeof to === 'number' ? connect({ port: to, host: '127.0.0.1' }) : to
    this.socket.on('data', (data: Buffer) => this.heard(data))
    this.socket.on('error', () => {}).on('close', () => (this.broken = !this.done))
  }

  /** GET / unless the first line says otherwise. */
  ask(...lines: string[]): void {
    const start = lines.length > 0 && lines[0].endsWith(' HTTP/1.1') ? [] : ['GET / HTTP/1.1']
    const [first, ...others] = [...start, ...lines]
    const variant = this.variant === '' ? [] : [`X-Variant: ${this.variant}`]
    this.socket.write([first, 'Host: a', ...variant, ...others, '', ''].join('\r\n'))
  }

  get status(): number {
    return Number(this.text.slice(9, 12))
  }

  get body(): Buffer {
    const all = Buffer.concat(this.pieces)
    const body = all.subarray(all.indexOf('\r\n\r\n') + 4)
    return this.chunked ? unchunked(body) : body
  }

  /** A field of the response. */
  field(name: string): string | undefined {
    return new RegExp(`^${name}: (.*)$`, 'im').exec(this.text.slice(0, this.text.indexOf('\r\n\r\n')))?.[1]
  }

  get ended(): boolean {
    return this.done || this.broken
  }

  private get text(): string {
    return Buffer.concat(this.pieces).toString('latin1')
  }

  /** What came last. */
  private get end(): Buffer {
    return Buffer.concat(this.pieces.slice(-LAST_CHUNK.length)).subarray(-LAST_CHUNK.length)
  }

  private heard(data: Buffer): void {
    this.first_ms = Math.min(this.first_ms, performance.now())
    this.pieces.push(data)
    this.have_bytes += data.length
    if (this.need_bytes === Infinity) this.need_bytes = this.total()
    this.done = this.chunked ? LAST_CHUNK.equals(this.end) : this.have_bytes >= this.need_bytes
  }

  private total(): number {
    const head = /^[^]*?\r\n\r\n/.exec(this.text)?.[0]
    if (head === undefined) return Infinity
    this.chunked = /^transfer-encoding: chunked/im.test(head)
    if (this.bodyless || / (?:204|304) /.test(head.slice(0, 14))) return head.length
    return head.length + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Infinity)
  }
}

/** Waits for a fact; only at first on turns of the event loop, which take from the workers what it waits for. */
export function until(what: string, fact: () => boolean): Promise<void> {
  return new Patience(LIMIT_MS).until(what, fact)
}
