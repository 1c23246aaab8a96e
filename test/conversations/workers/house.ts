import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Crew, newCrew } from '../../kit/crew.ts'

export type Kind = 'tcp' | 'unix'

const KEYS = 40

export function bodyOf(key: number): string {
  return `${key} `.repeat(1 + key * 50)
}

export const descriptors = (): number => readdirSync('/proc/self/fd').length

/** One connection, one request. */
export class Visitor {
  /** The kernel has taken him in: somebody accepts him, or will. */
  connected = false
  end: 'right' | 'wrong' | 'cut' | 'reset' | 'refused' | undefined
  private readonly socket: Socket
  private text = ''

  constructor(socket: Socket, key: number, then: (visitor: Visitor) => void) {
    this.socket = socket.setEncoding('latin1')
    this.socket.on('connect', () => {
      this.connected = true
      this.socket.write(`GET /${key} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    })
    this.socket.on('data', (chunk) => (this.text += String(chunk)))
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.end = this.outcome(key)
      then(this)
    })
  }

  leave(): void {
    this.socket.destroy()
  }

  private outcome(key: number): Visitor['end'] {
    if (!this.connected) return 'refused'
    if (this.text === '') return 'reset'
    const head = this.text.indexOf('\r\n\r\n') + 4
    if (head < 4 || this.text.length < head + bodyOf(key).length) return 'cut'
    return this.text.startsWith('HTTP/1.1 200 ') && this.text.slice(head) === bodyOf(key) ? 'right' : 'wrong'
  }
}

export const ended = (some: readonly Visitor[]): boolean => some.every(({ end }) => end !== undefined)
export const outcomes = (some: readonly Visitor[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { end } of some) counts[String(end)] = (counts[String(end)] ?? 0) + 1
  return counts
}

/** An origin, workers that listen on a port or a unix socket, and who visits them. */
export class House {
  readonly crew: Crew
  readonly visitors: Visitor[] = []
  private readonly origin: Server
  private readonly folder: string
  private readonly sockets: Socket[] = []

  constructor(crew: Crew, origin: Server, folder: string) {
    this.crew = crew
    this.origin = origin
    this.folder = folder
  }

  connect(): Socket {
    const { path, port } = this.crew.endpoints[0]
    const socket = connect(path === undefined ? { port, host: '127.0.0.1' } : { path })
    this.sockets.push(socket)
    return socket
  }

  /** One who comes after so many others. */
  visit(number: number, then: (visitor: Visitor) => void = () => {}): Visitor {
    const visitor = new Visitor(this.connect(), number % KEYS, then)
    this.visitors.push(visitor)
    return visitor
  }

  /** So many at once. */
  come(count: number): Visitor[] {
    return Array.from({ length: count }, (_, i) => this.visit(i))
  }

  /** Resolves when they have been served, all of them. */
  async served(some: readonly Visitor[]): Promise<void> {
    await this.crew.until('all are served', () => ended(some))
    const { right, ...others } = outcomes(some)
    if (right !== some.length) throw new Error(`${JSON.stringify(others)}\n${this.crew.state()}`)
  }

  /** Resolves when each is accepted by somebody, or will be. */
  async connected(some: readonly Visitor[]): Promise<void> {
    await this.crew.until('all are connected', () => some.every(({ connected }) => connected))
  }

  /** Nothing is left that listens. */
  async isShut(): Promise<void> {
    const late = this.visit(1)
    await this.crew.until('another is told', () => ended([late]))
    expect(late.end).toBe('refused')
    const { path } = this.crew.endpoints[0]
    expect(path !== undefined && existsSync(path)).toBe(false)
  }

  /** Started again all are served, and no more descriptors are open than `before`. */
  async opensAgain(before: number): Promise<void> {
    this.crew.held.clear()
    await this.crew.again()
    await this.served(this.come(24))
    await this.crew.until('no descriptor is left over', () => descriptors() <= before)
  }

  /** That worker dies, and its place stays empty until it is taken out of `crew.held`. */
  async die(slot = 0): Promise<void> {
    const { crew } = this
    const deaths = crew.buried.length
    crew.held.add(slot)
    await crew.kill(slot)
    await crew.until('the manager knows', () => crew.buried.length > deaths)
  }

  async close(): Promise<void> {
    this.crew.held.clear()
    for (const socket of this.sockets) socket.destroy()
    await this.crew.close()
    this.origin.closeAllConnections()
    this.origin.close()
    rmSync(this.folder, { recursive: true })
  }
}

export async function openHouse(workers: number, kind: Kind, more?: string): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'lacquer-house-'))
  const origin = createServer((request, response) => {
    // No connection of a worker's stays: descriptors are counted.
    response
      .setHeader('Connection', 'close')
      .setHeader('Cache-Control', 'max-age=1000')
      .end(bodyOf(Number(request.url?.slice(1))))
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const { port } = origin.address() as AddressInfo
  const listen = kind === 'unix' ? join(folder, 's') : '127.0.0.1:0'
  // However long others take, who has been served may come again.
  const crew = await newCrew(
    workers,
    `-a ${listen} -b 127.0.0.1:${port} -p timeout_idle=600${more === undefined ? '' : ` ${more}`}`,
  ).start()
  return new House(crew, origin, folder)
}
