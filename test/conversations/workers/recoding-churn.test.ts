import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomFrom } from '../../fuzz/generate.ts'
import { Scene } from './scene.ts'

/**
 * Two workers, a store that is too small, and objects that are popular, purged, banned, softly purged and validated at random, in whatever
 * coding a client takes: nobody gets what is not the URL's, nor what was there before a purge.
 */
const RULES = `
import std;
sub vcl_recv {
  if (req.method == "PURGE") { return (purge); }
  if (req.method == "BAN") { if (std.ban("req.url == " + req.url)) { return (synth(200)); } return (synth(500)); }
}
sub vcl_backend_response { set beresp.do_gzip = bereq.url ~ "[02468]$"; set beresp.keep = 1h; }`
const FLAGS = '-s memory,1M -p recode_br=on -p recode_zstd=on -p recode_hits=1 -p default_grace=0'
const OPERATIONS = 800
const URLS = 24
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 815)
const CODINGS = ['br', 'zstd', 'gzip', 'identity', 'gzip, br, zstd', 'zstd;q=0.5, br;q=0.4, gzip;q=0.3']

let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, RULES, FLAGS)
})

afterAll(async () => {
  await scene.close()
})

function plain(coding: string | undefined, body: Buffer): string {
  if (coding === 'br') return brotliDecompressSync(body).toString()
  if (coding === 'zstd') return zstdDecompressSync(body).toString()
  return (coding === 'gzip' ? gunzipSync(body) : body).toString()
}

test(`${OPERATIONS} operations`, { timeout: 120_000 }, async () => {
  const chance = randomFrom(SEED)
  const below = (limit: number): number => Math.floor(chance() * limit)
  const now: number[] = Array.from({ length: URLS }, () => 1)
  const least = now.slice()
  const filler = Array.from({ length: 12_000 }, (_, i) => String(Math.imul(i, 2654435761) >>> 0)).join(' ')
  const fetched = new Map<string, number>()
  scene.begin((request, response) => {
    const i = Number(request.url?.slice(2))
    // Some live only a moment, and are validated.
    response.setHeader('Cache-Control', i % 3 === 0 ? 'max-age=1' : 'max-age=1000').setHeader('ETag', `"${i}-${now[i]}"`)
    if (request.headers['if-none-match']?.includes(`"${i}-${now[i]}"`) === true) return response.writeHead(304).end()
    const version = `${i} ${now[i]}`
    if (i % 3 !== 0) fetched.set(version, (fetched.get(version) ?? 0) + 1)
    const body = `${request.url} ${now[i]} ${filler.slice(0, 500 + i * 4000)}`
    response.setHeader('Content-Type', 'text/plain')
    if (i % 4 === 1) return response.setHeader('Content-Encoding', 'gzip').end(gzipSync(body))
    return response.end(body)
  })
  const seen: Record<string, number> = {}
  for (let n = 0; n < OPERATIONS; n++) {
    // A few are asked for most.
    const i = Math.min(below(URLS), below(URLS), below(URLS))
    const target = `/u${i}`
    const what = below(40)
    if (what === 0) {
      now[i]++
      await scene.ask(below(2), `${below(2) === 0 ? 'PURGE' : 'BAN'} ${target}`)
      least[i] = now[i]
      continue
    }
    if (what === 1) now[i]++
    const member = await scene.ask(below(2), target, `Accept-Encoding: ${CODINGS[below(CODINGS.length)]}`)
    const coding = member.field('content-encoding')
    const [url, version] = plain(coding, member.body).split(' ')
    const told = `operation ${n} of seed ${SEED}: ${target} as ${coding}`
    expect(url, told).toBe(target)
    expect(Number(version), told).toBeGreaterThanOrEqual(least[i])
    expect(member.field('etag'), told).toContain(`"${i}-${version}"`)
    seen[coding ?? 'plain'] = (seen[coding ?? 'plain'] ?? 0) + 1
  }
  for (const coding of ['br', 'zstd', 'gzip', 'plain']) expect(seen[coding], coding).toBeGreaterThan(OPERATIONS / 50)
  // What lives long was fetched again: there was no room for all.
  expect(Math.max(...fetched.values())).toBeGreaterThan(1)
  expect(scene.sum('recode_hit')).toBe(seen['br'] + seen['zstd'])
})
