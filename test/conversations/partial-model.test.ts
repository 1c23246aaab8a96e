import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { randomFrom } from '../fuzz/generate.ts'
import { partsOf } from '../kit/byteranges.ts'
import { startCache, type TestCache } from '../kit/cache.ts'
import { bytesOf } from '../kit/known-bodies.ts'

/**
 * Any sequence of requests for ranges, and for the whole, of a few URLs whose origin does what origins do. Each answer names its version, from which
 * each of its bytes follows: no byte may be another's, whatever parts were stored, combined, replaced, evicted or broken off before.
 * LACQUER_PARTIAL_ROUNDS and LACQUER_PARTIAL_SEED for more.
 */
const ROUNDS = Number(process.env['LACQUER_PARTIAL_ROUNDS'] ?? 700)
const SEED = Number(process.env['LACQUER_PARTIAL_SEED'] ?? 20261125)
const SIZES = [1, 10, 3000, 70_000]
/** More than a store of a mebibyte has room for. */
const LARGE = Array.from({ length: 9 }, (_, i) => 200_000 + i)

let server: Server
let cache: TestCache
let random: () => number
let asked = 0
/** Of each URL. */
const versions = LARGE.map((_, i) => i)
let sizes = SIZES
let next = 100
/** What the origin does besides. */
let tagged = true
let playful = true

const below = (n: number): number => Math.floor(random() * n)

interface Span {
  from: number
  to: number
}

function spanOf(range: string | undefined, size: number): Span | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(range ?? '')
  if (found === null) return undefined
  const [, first, last] = found
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  return { from, to: first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  asked++
  const url = Number(request.url?.slice(1))
  const size = sizes[url]
  if (playful && below(12) === 0) versions[url] = next++
  const version = versions[url]
  const tag = `"${version}"`
  response.setHeader('Cache-Control', 'max-age=1000').setHeader('X-Version', version).setHeader('Content-Type', 'application/octet-stream')
  if (tagged) response.setHeader('ETag', tag)
  const span = spanOf(request.headers.range, size)
  const condition = request.headers['if-range']
  const partial = span !== undefined && (condition === undefined || condition === tag) && !(playful && below(10) === 0)
  if (!partial) return send(response, version, { from: 0, to: size - 1 })
  if (span.from >= size) return void response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end()
  // More than was asked for, now and then.
  if (playful && below(8) === 0) span.from = below(span.from + 1)
  response.statusCode = 206
  response.setHeader('Content-Range', `bytes ${span.from}-${span.to}/${size}`)
  send(response, version, span)
}

function send(response: ServerResponse, version: number, { from, to }: Span): void {
  if (below(2) === 0) response.setHeader('Content-Length', to - from + 1)
  const half = from + below(to - from + 2)
  response.write(bytesOf(version, from, half))
  if (playful && below(15) === 0) return void setImmediate(() => response.destroy())
  response.end(bytesOf(version, half, to + 1))
}

beforeEach(async () => {
  random = randomFrom(SEED)
  asked = 0
  sizes = SIZES
  server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  await cache.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function begin(store_bytes: number): Promise<TestCache> {
  const { port } = server.address() as AddressInfo
  const vcl = `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${port}"; }`
  return startCache({ vcl, store_bytes, params: { range_offset_limit: '0' } })
}

/** Undefined: it broke off. */
async function ask(url: number, range: string | undefined): Promise<{ response: IncomingMessage; body: Buffer } | undefined> {
  const headers = range === undefined ? { Host: 'a' } : { Host: 'a', Range: range }
  const request = get({ host: '127.0.0.1', port: cache.port, path: `/${url}`, headers, agent: false })
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

function someRange(size: number): string | undefined {
  const kind = below(10)
  const from = below(size)
  if (kind === 0) return undefined
  if (kind === 1) return `bytes=-${1 + below(size)}`
  if (kind === 2) return `bytes=${from}-`
  if (kind === 3) return `bytes=${size + below(10)}-`
  const some = (): string => {
    const first = below(size)
    return `${first}-${first + below(size - first)}`
  }
  return kind === 4 ? `bytes=${some()},${some()}` : `bytes=${some()}`
}

/** Is each byte of a 206, or of each of its parts, that version's, and in the place that it says? */
function checkPart(version: number, size: number, contentRange: string | undefined, bytes: Buffer): Span {
  const found = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '')
  if (found === null) throw new Error(`Content-Range: ${contentRange}`)
  const [from, to, length] = found.slice(1).map(Number)
  expect(length).toBe(size)
  expect(bytes.equals(bytesOf(version, from, to + 1))).toBe(true)
  return { from, to }
}

function check(url: number, range: string | undefined, response: IncomingMessage, body: Buffer): void {
  const size = sizes[url]
  const version = Number(response.headers['x-version'])
  const { statusCode } = response
  if (statusCode === 416) return expect(spanOf(range, size)?.from).toBeGreaterThanOrEqual(size)
  if (statusCode === 200) return expect(body.equals(bytesOf(version, 0, size))).toBe(true)
  expect(statusCode).toBe(206)
  const type = response.headers['content-type']
  if (type?.startsWith('multipart')) {
    for (const { lines, bytes } of partsOf(type, body.toString('latin1'))) {
      checkPart(version, size, lines.at(-1)?.slice('Content-Range: '.length), Buffer.from(bytes, 'latin1'))
    }
    return
  }
  const got = checkPart(version, size, response.headers['content-range'], body)
  const wanted = spanOf(range, size)
  if (wanted !== undefined) expect(got).toEqual(wanted)
}

/** Yields how many answers were whole. */
async function converse(): Promise<number> {
  let answered = 0
  for (let round = 0; round < ROUNDS; round++) {
    const url = below(sizes.length)
    const range = someRange(sizes[url])
    const got = await ask(url, range)
    if (got === undefined || got.response.statusCode === 503) continue
    answered++
    check(url, range, got.response, got.body)
  }
  return answered
}

describe('each byte is that of the version that the answer names', () => {
  test('an origin that changes, breaks off and sends what it likes', async () => {
    playful = tagged = true
    cache = await begin(4 * 2 ** 20)
    expect(await converse()).toBeGreaterThan(ROUNDS / 2)
    expect(asked).toBeLessThan(ROUNDS)
  })

  test('the same without validators', async () => {
    playful = true
    tagged = false
    cache = await begin(4 * 2 ** 20)
    expect(await converse()).toBeGreaterThan(ROUNDS / 2)
  })

  test('a store so small that parts are evicted', async () => {
    playful = tagged = true
    sizes = LARGE
    cache = await begin(2 ** 20)
    expect(await converse()).toBeGreaterThan(ROUNDS / 2)
    expect(cache.counters()['ARENA.s0.c_evicted_small']).toBeGreaterThan(0)
  })

  test('of an origin that never changes no byte is fetched when all are there', async () => {
    playful = false
    tagged = true
    cache = await begin(4 * 2 ** 20)
    await converse()
    for (let url = 0; url < sizes.length; url++) await ask(url, undefined)
    asked = 0
    expect(await converse()).toBe(ROUNDS)
    expect(asked).toBe(0)
  })
})
