import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { html } from './demo-page.ts'

/**
 * The site that Lacquer stands in front of when it is started without -b and -f: one page for each thing a cache does, so
 * that whoever tries it sees the effect of every kind of response. It lives on the manager's thread and on loopback only.
 */
export interface DemoOrigin {
  readonly port: number
  readonly pages: readonly { readonly path: string; readonly what: string }[]
  /** Requests that reached it: what the cache did not answer. */
  requests(): number
  close(): Promise<void>
}

/** A request on its way through a page. */
interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Which request to the origin this is. */
  readonly number: number
  readonly slow_ms: number
}

interface Page {
  readonly path: string
  readonly title: string
  readonly what: string
  readonly headers: Readonly<Record<string, string>>
  /** Sends the answer; a plain page when absent. */
  readonly answer?: (page: Page, visit: Visit) => void | Promise<void>
}

const SLOW_MS = 2000
const LARGE_BYTES = 32 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024
const BROKEN_BYTES = 100_000
const LINES = 10
const VALIDATED_TAG = '"demo-1"'

const PAGES: readonly Page[] = [
  {
    path: '/',
    title: 'It works',
    what: 'this list; cacheable for a minute',
    headers: { 'Cache-Control': 'max-age=60' },
  },
  {
    path: '/cacheable',
    title: 'Cacheable',
    what: 'max-age=60: asked twice, the origin sees one request, and Age counts up',
    headers: { 'Cache-Control': 'max-age=60' },
  },
  {
    path: '/private',
    title: 'Private',
    what: 'Set-Cookie and private: never stored, every request reaches the origin',
    headers: { 'Cache-Control': 'private' },
    answer: (page, visit) => {
      visit.response.setHeader('Set-Cookie', `visit=${visit.number}; Path=/private; HttpOnly; SameSite=Lax`)
      sendPage(page, visit)
    },
  },
  {
    path: '/slow',
    title: 'Slow',
    what: 'takes 2 s to make: ask from several terminals at once, all wait for one fetch; after that it is instant',
    headers: { 'Cache-Control': 'max-age=30' },
    answer: async (page, visit) => {
      await pause(visit.slow_ms)
      sendPage(page, visit)
    },
  },
  {
    path: '/trickle',
    title: 'Trickle',
    what: 'a line every 200 ms: a second client joins while the first is being served, and gets it from the first line',
    headers: { 'Cache-Control': 'max-age=30', 'Content-Type': 'text/plain; charset=utf-8' },
    answer: trickle,
  },
  {
    path: '/large',
    title: 'Large',
    what: '32 MiB, streamed while it is fetched; try a range: curl -r 1000-1999',
    headers: {
      'Cache-Control': 'max-age=300',
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(LARGE_BYTES),
      ETag: '"large-1"',
    },
    answer: large,
  },
  {
    path: '/validated',
    title: 'Validated',
    what: 'ETag and max-age=5: when it has expired the origin is asked whether it changed, and says 304 without a body',
    headers: { 'Cache-Control': 'max-age=5', ETag: VALIDATED_TAG },
    answer: (page, visit) => {
      if (visit.request.headers['if-none-match'] === VALIDATED_TAG) visit.response.writeHead(304, page.headers).end()
      else sendPage(page, visit)
    },
  },
  {
    path: '/stale-while-revalidate',
    title: 'Stale while revalidate',
    what: 'max-age=5, stale-while-revalidate=60 and 2 s to make: the old page comes at once while a new one is fetched',
    headers: { 'Cache-Control': 'max-age=5, stale-while-revalidate=60' },
    answer: async (page, visit) => {
      await pause(visit.slow_ms)
      sendPage(page, visit)
    },
  },
  {
    path: '/language',
    title: 'Language',
    what: 'Vary: Accept-Language: one copy per language; try curl -H "Accept-Language: de"',
    headers: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' },
    answer: language,
  },
  {
    path: '/error',
    title: 'Error',
    what: 'always 500: passed on, not stored',
    headers: {},
    answer: (page, visit) => {
      visit.response.statusCode = 500
      sendPage(page, visit)
    },
  },
  {
    path: '/broken',
    title: 'Broken',
    what: 'breaks off half-way: the client sees a broken message, never a short page, and nothing is stored',
    headers: { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain', 'Content-Length': String(BROKEN_BYTES) },
    answer: ({ headers }, { response }) => {
      response.writeHead(200, headers)
      // Destroyed once the first half is on its way, so that the other side sees it arrive.
      response.write('x'.repeat(BROKEN_BYTES / 2), () => response.destroy())
    },
  },
]

const BY_PATH = new Map(PAGES.map((page) => [page.path, page]))

/** It keeps nothing from ending: who waited for the page has gone by then. */
function pause(pause_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pause_ms).unref())
}

function sendPage(page: Page, visit: Visit, greeting = ''): void {
  const { response, number } = visit
  for (const [name, value] of Object.entries(page.headers)) response.setHeader(name, value)
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  response.end(html({ title: page.title, what: greeting + page.what, number, made: new Date(), headers: page.headers, pages: PAGES }))
}

function language(page: Page, visit: Visit): void {
  const asked = (visit.request.headers['accept-language'] ?? '').toLowerCase()
  const [code, greeting] = asked.startsWith('de')
    ? ['de', 'Guten Tag! ']
    : asked.startsWith('fr')
      ? ['fr', 'Bonjour ! ']
      : ['en', 'Hello! ']
  visit.response.setHeader('Content-Language', code)
  sendPage(page, visit, greeting)
}

async function* linesOf({ slow_ms }: Visit): AsyncGenerator<string> {
  for (let line = 1; line <= LINES; line++) {
    yield `line ${line} of ${LINES}\n`
    await pause(slow_ms / LINES)
  }
}

async function trickle(page: Page, visit: Visit): Promise<void> {
  visit.response.writeHead(200, page.headers)
  await pipeline(Readable.from(linesOf(visit)), visit.response)
}

function* chunks(): Generator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES, 'Lacquer is a reverse-proxy HTTP cache. ')
  for (let sent = 0; sent < LARGE_BYTES; sent += CHUNK_BYTES) yield chunk
}

async function large(page: Page, visit: Visit): Promise<void> {
  visit.response.writeHead(200, page.headers)
  if (visit.request.method === 'HEAD') visit.response.end()
  else await pipeline(Readable.from(chunks()), visit.response)
}

async function answer(visit: Visit): Promise<void> {
  const { request, response } = visit
  // A body is of no interest here, but must be read for the connection to go on.
  request.resume()
  response.setHeader('X-Origin-Request', String(visit.number))
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD', 'Content-Type': 'text/plain' }).end('GET and HEAD only\n')
    return
  }
  const path = (request.url ?? '/').split('?', 1)[0]
  const page = BY_PATH.get(path)
  if (page?.answer) await page.answer(page, visit)
  else if (page) sendPage(page, visit)
  else response.writeHead(404, { 'Cache-Control': 'max-age=10', 'Content-Type': 'text/plain' }).end('No such page; see /\n')
}

/** `slow_ms` is how long the slow pages take. */
export async function startDemoOrigin(slow_ms: number = SLOW_MS): Promise<DemoOrigin> {
  let requests = 0
  const server = createServer((request, response) => {
    // Whoever leaves half-way ends a stream early: that is the client's affair.
    answer({ request, response, number: ++requests, slow_ms }).catch(() => response.destroy())
  })
  await listening(server)
  return {
    port: (server.address() as AddressInfo).port,
    pages: PAGES.map(({ path, what }) => ({ path, what })),
    requests: () => requests,
    close: () => closed(server),
  }
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
