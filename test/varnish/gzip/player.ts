import { createHash } from 'node:crypto'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { ASKS, type Ask, PAGES, RULES } from './cases.ts'

/** What a client got, and what the origin was asked for it. The bytes of gzip are those of one library: what they come to is compared. */
export type Outcome = readonly [status: number, head: string, body: string]

/** By rule and page: ask by ask. */
export type Outcomes = Readonly<Record<string, readonly Outcome[]>>

/** The origin that both caches have, and a client that plays the cases to one of them. */
export class Player {
  private readonly origin: Server
  private asked: string[] = []

  constructor() {
    this.origin = createServer((req, res) => {
      const [, , number] = (req.url ?? '').split('/')
      this.asked.push(req.headers['accept-encoding'] ?? 'none')
      const { body, lines } = PAGES[Number(number)]
      for (const [name, value] of lines) res.setHeader(name, value)
      res.setHeader('Content-Length', body.length).setHeader('Cache-Control', 'max-age=1000')
      res.end(body)
    })
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => void this.origin.listen(0, '127.0.0.1', resolve))
    return (this.origin.address() as AddressInfo).port
  }

  close(): void {
    this.origin.close()
    this.origin.closeAllConnections()
  }

  async play(port: number): Promise<Outcomes> {
    const found: Record<string, Outcome[]> = {}
    for (const rule of Object.keys(RULES)) {
      for (const [i, { name }] of PAGES.entries()) {
        const outcomes: Outcome[] = (found[`${rule}: ${name}`] = [])
        for (const ask of ASKS) outcomes.push(await this.ask(port, `/${rule}/${i}`, ask))
      }
    }
    return found
  }

  private ask(port: number, path: string, { method, headers }: Ask): Promise<Outcome> {
    this.asked = []
    return new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', path, method, headers: { ...headers, Connection: 'close' } }, (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('end', () => resolve(outcomeOf(response, Buffer.concat(pieces), this.asked))).on('error', reject)
      })
      sent.on('error', reject).end()
    })
  }
}

const NAMES = ['content-encoding', 'etag', 'vary', 'content-range', 'x-fetch', 'x-deliver', 'x-can']

function outcomeOf({ statusCode = 0, headers }: IncomingMessage, body: Buffer, asked: readonly string[]): Outcome {
  if (statusCode === 503) return [503, `asked ${asked.join()}`, '']
  const packed = headers['content-encoding']?.toString().toLowerCase() === 'gzip'
  const length = headers['content-length']
  const told = NAMES.map((name) => [name, headers[name]] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${packed && name === 'content-range' ? String(value).replace(/\/\d+$/, '/*') : String(value)}`)
  const framed = length === undefined ? 'chunked' : packed ? 'length' : `length ${length}`
  return [statusCode, [...told, framed, `asked ${asked.join()}`].join('; '), digest(body, packed && statusCode === 200)]
}

function digest(body: Buffer, packed: boolean): string {
  if (body.length === 0) return ''
  try {
    return createHash('sha256')
      .update(packed ? gunzipSync(body) : body)
      .digest('hex')
      .slice(0, 16)
  } catch {
    return `no gzip: ${createHash('sha256').update(body).digest('hex').slice(0, 16)}`
  }
}
