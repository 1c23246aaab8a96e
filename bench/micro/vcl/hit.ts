import { readFileSync } from 'node:fs'
import { backendVcl } from '../../../src/vcl/load.ts'
import { ready, time } from '../in-process.ts'

/**
 * What rules cost: a hit on 1 KiB without its sockets, for a browser's request, with the 200 lines of shop.vcl and with none, in
 * turns in the same minute. First one request again and again, as a load generator sends it; then 40 browsers that ask for 100 pages each in an order of
 * their own, of which nearly none comes twice before a thousand others have.
 *
 *   node bench/micro/vcl/hit.ts [rules.vcl]
 */
const ROUNDS = 40
const HITS = 10_000
const BROWSERS = 40
const PAGES = 100

function head(page: number, browser: number): Buffer {
  const lines = [
    `GET /women/shoes/boots-${4711 + page}.html?utm_source=mail&colour=red&size=39 HTTP/1.1`,
    'Host: www.shop.example.org',
    `User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${143 - (browser % 5)}.0.0.0 Safari/537.36`,
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
    'Accept-Encoding: gzip, deflate, br, zstd',
    `Cookie: _ga=GA1.2.${1234567890 + 7919 * browser}.1700000000; consent=yes; currency=EUR`,
    'Connection: close',
    '\r\n',
  ]
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

/** Every browser's request for every page, scattered. */
function crowd(): Buffer[] {
  const all = Array.from({ length: BROWSERS * PAGES }, (_, i) => head(i % PAGES, Math.floor(i / PAGES)))
  return all.map((_, i) => all[(i * 1201) % all.length])
}

const path = process.argv[2] ?? new URL('shop.vcl', import.meta.url)
const shop = readFileSync(path, 'latin1')

async function compare(what: string, request: Buffer | readonly Buffer[]): Promise<void> {
  const bare = await ready({ rules: (port) => backendVcl(`127.0.0.1:${port}`), stores: 1, request })
  const ruled = await ready({ rules: (port) => shop.replaceAll('PORT', String(port)), stores: 1, request })
  const best = { without: Infinity, with: Infinity }
  for (let round = 0; round < ROUNDS; round++) {
    best.without = Math.min(best.without, time(bare, HITS))
    best.with = Math.min(best.with, time(ruled, HITS))
  }
  const added = (best.with - best.without).toFixed(0)
  console.log(
    `${what}: without rules ${best.without.toFixed(0)} ns, with ${best.with.toFixed(0)} ns: they add ${added} ns (best of ${ROUNDS} rounds)`,
  )
  await bare.stop()
  await ruled.stop()
}

await compare('one request', head(0, 0))
await compare('a crowd', crowd())
process.exit(0)
