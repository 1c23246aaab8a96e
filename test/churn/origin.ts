import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { habitOf, pieceOf, sizeOf } from './objects.ts'
import { randomFrom } from '../kit/random.ts'

/** Of so many whole responses one breaks off half-way, and says in its head that it will. */
const BREAKS_ONE_OF = 200

/** Each whole response has a new version; a version is what `Churner` may be served until a purge. */
export class Origin {
  requests = 0
  /** By object: responses that broke off. */
  private readonly breaks: number[]
  private readonly versions: number[]
  private readonly server: Server
  private readonly random = randomFrom(7)

  constructor(objects: number) {
    this.versions = Array.from({ length: objects }, () => 0)
    this.breaks = Array.from({ length: objects }, () => 0)
    this.server = createServer((request, response) => this.answer(request, response))
    this.server.keepAliveTimeout = 120_000
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve))
    return (this.server.address() as AddressInfo).port
  }

  close(): void {
    this.server.closeAllConnections()
    this.server.close()
  }

  breaksOf(object: number): number {
    return this.breaks[object]
  }

  /** The last version given to anybody. */
  versionOf(object: number): number {
    return this.versions[object]
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests++
    const object = Number(request.url?.slice(1))
    const { chunked, no_store, max_age, grace, varies } = habitOf(object)
    const size = sizeOf(object)
    response.setHeader('Cache-Control', no_store ? 'no-store' : `max-age=${max_age}${grace ? ', stale-while-revalidate=600' : ''}`)
    if (varies) response.setHeader('Vary', 'X-Variant').setHeader('X-For', String(request.headers['x-variant']))
    const etag = `"${this.versions[object]}"`
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, { ETag: etag }).end()
      return
    }
    const version = ++this.versions[object]
    const breaks = this.random(BREAKS_ONE_OF) === 0
    response.setHeader('ETag', `"${version}"`).setHeader('X-Version', version)
    if (breaks) response.setHeader('X-Breaks', 'yes')
    if (!chunked) response.setHeader('Content-Length', size)
    if (breaks) this.breaks[object]++
    this.send(response, object, version, breaks ? Math.floor(size / 2) : size, breaks)
  }

  /** Counted twice, as it begins and here: whoever asks between the two is to see it, too. */
  private breakOff(response: ServerResponse, object: number): void {
    this.breaks[object]++
    response.destroy()
  }

  private send(response: ServerResponse, object: number, version: number, end: number, breaks: boolean): void {
    let at = 0
    const more = (): void => {
      while (at < end) {
        const piece = pieceOf(object, version, at, end - at)
        at += piece.length
        if (!response.write(piece) && at < end) return void response.once('drain', more)
      }
      if (breaks) response.write('', () => this.breakOff(response, object))
      else response.end()
    }
    more()
  }
}
