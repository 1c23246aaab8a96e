import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { randomFrom } from '../../fuzz/generate.ts'

/**
 * Sites of pages that include one another, in every mixture of gzip and not, looked through and not, stored and passed; and what clients are
 * given of them. Both caches get the same.
 */

const SEED = 7301
const SITES = 60
const PAGES = 7

/** What rules do with a page is in its path. */
export interface SitePage {
  readonly path: string
  readonly body: Buffer
  readonly gzip: boolean
  /** There is ESI in it. */
  readonly esi: boolean
  readonly status: number
}

type Chance = () => number

function text(chance: Chance): string {
  const words = chance() < 0.1 ? 3000 : Math.floor(chance() * 40)
  return Array.from({ length: words }, () => `w${Math.floor(chance() * 1000)}`).join(chance() < 0.5 ? ' ' : '\n')
}

/** e: ESI; z: do_gzip; u: do_gunzip; p: passed; g: stale after a moment; r: restarted once, as part of another; n: not streamed. */
function letters(chance: Chance): string {
  const some = 'zupgrn'
    .split('')
    .filter(() => chance() < 0.22)
    .join('')
  return `${chance() < 0.6 ? 'e' : ''}${some}_`
}

function page(i: number, site: number, later: readonly string[], chance: Chance): SitePage {
  const parts = [`<html>${i} `]
  for (let n = Math.floor(chance() * 5); n > 0; n--) {
    parts.push(text(chance))
    const to = later[Math.floor(chance() * later.length)]
    if (to !== undefined) parts.push(`<esi:include src="${to}"${chance() < 0.3 ? ' onerror="continue"' : ''}/>`)
    if (chance() < 0.2) parts.push('<esi:remove>gone</esi:remove>')
    if (chance() < 0.2) parts.push('<!--esi here -->')
  }
  const gzip = chance() < 0.4
  const plain = Buffer.from(i > PAGES - 3 && chance() < 0.2 ? '' : parts.join('') + text(chance))
  const body = gzip ? gzipSync(plain, { level: Math.floor(chance() * 10) }) : plain
  return {
    path: `/${letters(chance)}/${site}/${i}`,
    body,
    gzip,
    esi: /<esi:|<!--esi/.test(String(plain)),
    status: chance() < 0.1 ? 404 : 200,
  }
}

/** The last page is made first: pages include only later ones. */
export function sites(seed = SEED, count = SITES): SitePage[] {
  const chance = randomFrom(seed)
  const all: SitePage[] = []
  for (let site = 0; site < count; site++) {
    const made: SitePage[] = []
    for (let i = PAGES - 1; i >= 0; i--)
      made.push(
        page(
          i,
          site,
          made.slice(-3).map(({ path }) => path),
          chance,
        ),
      )
    all.push(...made.toReversed())
  }
  return all
}

export function rulesFor(port: number): string {
  return `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${port}"; }
sub vcl_recv { if (req.url ~ "^/[a-z]*p[a-z]*_/") { return (pass); } return (hash); }
sub vcl_backend_response {
  set beresp.ttl = 1h;
  if (bereq.url ~ "^/[a-z]*g[a-z]*_/") { set beresp.ttl = 1ms; set beresp.grace = 1h; }
  set beresp.do_esi = bereq.url ~ "^/[a-z]*e[a-z]*_/";
  set beresp.do_gzip = bereq.url ~ "^/[a-z]*z[a-z]*_/";
  set beresp.do_gunzip = bereq.url ~ "^/[a-z]*u[a-z]*_/";
  set beresp.do_stream = bereq.url !~ "^/[a-z]*n[a-z]*_/";
  set beresp.http.X-Fetch = "[" + beresp.filters + "]";
}
sub vcl_deliver {
  if (req.url ~ "^/[a-z]*r[a-z]*_/" && req.esi_level > 0 && req.restarts == 0) { return (restart); }
  set resp.http.X-Deliver = "[" + resp.filters + "]";
  return (deliver);
}`
}

/** Status, head, and what the body comes to. */
export type Given = readonly [status: number, head: string, body: string]

const NAMES = ['content-encoding', 'etag', 'vary', 'x-fetch', 'x-deliver']
const ASKS: readonly Record<string, string>[] = [{ 'Accept-Encoding': 'gzip' }, {}, { 'Accept-Encoding': 'gzip' }, {}]

/** The origin of the sites, and a client of a cache before it. */
export class SitePlayer {
  private readonly origin: Server
  private readonly pages: readonly SitePage[]

  constructor(pages: readonly SitePage[]) {
    this.pages = pages
    const byPath = new Map(pages.map((one) => [one.path, one]))
    this.origin = createServer((req, res) => {
      const one = byPath.get(req.url ?? '')
      if (one === undefined) return res.writeHead(404).end()
      res.statusCode = one.status
      if (one.gzip) res.setHeader('Content-Encoding', 'gzip')
      return res.setHeader('ETag', '"v1"').setHeader('Content-Length', one.body.length).end(one.body)
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

  /** By page and ask. */
  async play(port: number): Promise<Given[][]> {
    const given: Given[][] = []
    for (const { path } of this.pages) {
      const asked: Given[] = []
      for (const headers of ASKS) asked.push(await ask(port, path, headers))
      given.push(asked)
    }
    return given
  }
}

function ask(port: number, path: string, headers: Record<string, string>): Promise<Given> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, headers: { ...headers, Connection: 'close' } }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('end', () => resolve(givenOf(response, Buffer.concat(pieces)))).on('error', reject)
    })
    sent.on('error', reject).end()
  })
}

function givenOf({ statusCode = 0, headers }: IncomingMessage, body: Buffer): Given {
  const head = NAMES.filter((name) => headers[name] !== undefined).map((name) => `${name}: ${String(headers[name])}`)
  return [statusCode, head.join('; '), digest(body, headers['content-encoding'] === 'gzip')]
}

function digest(body: Buffer, packed: boolean): string {
  if (body.length === 0) return 'nothing'
  const { plain, rest } = packed ? unpacked(body) : { plain: body, rest: 0 }
  return `${plain.length} ${createHash('sha256').update(plain).digest('hex').slice(0, 16)}${rest > 0 ? ' and more' : ''}`
}

const OPTIONS: object = { info: true }

function unpacked(body: Buffer): { plain: Buffer; rest: number } {
  try {
    const { buffer, engine } = gunzipSync(body, OPTIONS) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
    return { plain: buffer, rest: body.length - engine.bytesWritten }
  } catch (error) {
    return { plain: Buffer.from(`no gzip: ${String(error)}`), rest: 0 }
  }
}
