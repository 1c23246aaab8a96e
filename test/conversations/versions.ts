import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { partsOf } from '../kit/byteranges.ts'
import { bytesOf } from '../kit/known-bodies.ts'

interface Span {
  from: number
  to: number
}

/** What a client got of a URL: undefined when it broke off. */
export interface Got {
  readonly response: IncomingMessage
  readonly body: Buffer
}

/**
 * An origin whose every answer names its version, from which each of its bytes follows, and clients that know which bytes are right. Playful, it does what
 * origins do: it changes, ignores ranges, sends more than was asked for, and breaks off.
 */
export class Versions {
  asked = 0
  /** Requests of clients that have come to an end, good or bad. */
  ended = 0
  playful = true
  tagged = true
  private readonly sizes: readonly number[]
  private readonly random: () => number
  private readonly versions: number[]
  private next = 100
  private readonly server: Server

  /** Of each URL, "/0" and so on, how many bytes it has. */
  constructor(sizes: readonly number[], random: () => number) {
    this.sizes = sizes
    this.random = random
    this.versions = sizes.map((_, i) => i)
    this.server = createServer((request, response) => this.answer(request, response))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    return (this.server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  /** One URL and range after the other. Yields how many answers were whole. */
  async converse(port: number, rounds: number): Promise<number> {
    let answered = 0
    for (let round = 0; round < rounds; round++) {
      const url = this.below(this.sizes.length)
      const range = this.someRange(this.sizes[url])
      const got = await ask(port, url, range)
      this.ended++
      if (got === undefined || got.response.statusCode === 503) continue
      answered++
      this.check(url, range, got)
    }
    return answered
  }

  private below(n: number): number {
    return Math.floor(this.random() * n)
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    this.asked++
    const url = Number(request.url?.slice(1))
    const size = this.sizes[url]
    // Whoever looks which worker it has.
    if (size === undefined) return void response.end()
    if (this.playful && this.below(12) === 0) this.versions[url] = this.next++
    const version = this.versions[url]
    const tag = `"${version}"`
    response
      .setHeader('Cache-Control', 'max-age=1000')
      .setHeader('X-Version', version)
      .setHeader('Content-Type', 'application/octet-stream')
    if (this.tagged) response.setHeader('ETag', tag)
    const span = spanOf(request.headers.range, size)
    const condition = request.headers['if-range']
    const partial = span !== undefined && (condition === undefined || condition === tag) && !(this.playful && this.below(10) === 0)
    if (!partial) return this.send(response, version, { from: 0, to: size - 1 })
    if (span.from >= size) return void response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end()
    if (this.playful && this.below(8) === 0) span.from = this.below(span.from + 1)
    response.statusCode = 206
    response.setHeader('Content-Range', `bytes ${span.from}-${span.to}/${size}`)
    this.send(response, version, span)
  }

  private send(response: ServerResponse, version: number, { from, to }: Span): void {
    if (this.below(2) === 0) response.setHeader('Content-Length', to - from + 1)
    const half = from + this.below(to - from + 2)
    response.write(bytesOf(version, from, half))
    if (this.playful && this.below(15) === 0) return void setImmediate(() => response.destroy())
    response.end(bytesOf(version, half, to + 1))
  }

  private someRange(size: number): string | undefined {
    const kind = this.below(10)
    const from = this.below(size)
    if (kind === 0) return undefined
    if (kind === 1) return `bytes=-${1 + this.below(size)}`
    if (kind === 2) return `bytes=${from}-`
    if (kind === 3) return `bytes=${size + this.below(10)}-`
    const some = (): string => {
      const first = this.below(size)
      return `${first}-${first + this.below(size - first)}`
    }
    return kind === 4 ? `bytes=${some()},${some()}` : `bytes=${some()}`
  }

  private check(url: number, range: string | undefined, { response, body }: Got): void {
    const size = this.sizes[url]
    const version = Number(response.headers['x-version'])
    const { statusCode } = response
    if (statusCode === 416) return expect(spanOf(range, size)?.from).toBeGreaterThanOrEqual(size)
    if (statusCode === 200) return expect(body.equals(bytesOf(version, 0, size))).toBe(true)
    expect(statusCode).toBe(206)
    const type = response.headers['content-type']
    const got = type?.startsWith('multipart')
      ? checkParts(version, size, partsOf(type, body.toString('latin1')))
      : [checkPart(version, size, response.headers['content-range'], body)]
    for (const wanted of spansOf(range, size)) expect(got.some(({ from, to }) => from <= wanted.from && to >= wanted.to)).toBe(true)
    const wanted = spanOf(range, size)
    if (wanted !== undefined) expect(got.map(({ to }) => to)).toEqual([wanted.to])
  }
}

export function spanOf(range: string | undefined, size: number): Span | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(range ?? '')
  if (found === null) return undefined
  const [, first, last] = found
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  return { from, to: first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

/** Of a field with several ranges: each of them. */
function spansOf(range: string | undefined, size: number): Span[] {
  const ranges = range?.slice('bytes='.length).split(',') ?? []
  return ranges.map((one) => spanOf(`bytes=${one}`, size)).filter((span) => span !== undefined)
}

export async function ask(port: number, url: number, range: string | undefined): Promise<Got | undefined> {
  const headers = range === undefined ? { Host: 'a' } : { Host: 'a', Range: range }
  const request = get({ host: '127.0.0.1', port, path: `/${url}`, headers, agent: false })
  // It may break off behind the head, too.
  request.on('error', () => {})
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { response, body: Buffer.concat(chunks) }
  } catch {
    return undefined
  }
}

/** Is each byte that version's, and in the place that it says? */
function checkPart(version: number, size: number, contentRange: string | undefined, bytes: Buffer): Span {
  const found = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '')
  if (found === null) throw new Error(`Content-Range: ${contentRange}`)
  const [from, to, length] = found.slice(1).map(Number)
  expect(length).toBe(size)
  expect(bytes.equals(bytesOf(version, from, to + 1))).toBe(true)
  return { from, to }
}

function checkParts(version: number, size: number, parts: ReturnType<typeof partsOf>): Span[] {
  return parts.map(({ lines, bytes }) =>
    checkPart(version, size, lines.at(-1)?.slice('Content-Range: '.length), Buffer.from(bytes, 'latin1')),
  )
}
