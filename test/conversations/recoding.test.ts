import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { startCache, type TestCache } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { TestOrigin } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

/** Popular objects are kept in other codings, and each client gets the one that it likes best. */
const TEXT = Array.from({ length: 300 }, (_, i) => `<li>${Math.imul(i, 2654435761) >>> 0} of the list</li>\n`).join('')
const TYPE = 'Content-Type: text/html'
const FRESH = 'Cache-Control: max-age=100'
const ALL = 'Accept-Encoding: gzip, deflate, br, zstd'
const ON = { recode_br: 'on', recode_zstd: 'on', recode_hits: '2' }
const POLICIES = ['rfc9111', 'varnish'] as const

function plain(coding: string, body: string): string {
  const bytes = Buffer.from(body, 'latin1')
  const read = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync }[coding]
  return read === undefined ? body : read(bytes).toString('latin1')
}

function always(t: Conversation, body: string, ...lines: string[]): Promise<TestOrigin> {
  return t.origin('s1', (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      if (request.field('if-none-match') === '"v1"') s.tx('HTTP/1.1 304 Not Modified', FRESH, 'ETag: "v1"', 'X-Round: 2')
      else s.answer(body, ...lines)
    }),
  )
}

/** Hits until the copies are there. */
async function popular(t: Conversation, v1: TestCache, c1: Client, url = '/', copies = 2): Promise<void> {
  for (let i = 0; i < 4; i++) await c1.ask(url, { status: 200 }, 'Accept-Encoding: gzip')
  await t.until('the copies are made, and told of', () => {
    const ended = new Set(v1.log().flatMap(({ tag, xid }) => (tag === 'End' ? [xid] : [])))
    const jobs = v1.log().filter(({ tag, text, xid }) => tag === 'Begin' && text.endsWith(' recode') && ended.has(xid))
    return jobs.length * 2 >= copies
  })
}

async function coded(c1: Client, coding: string | undefined, ...lines: string[]): Promise<string> {
  const { body } = await c1.ask('/', { status: 200, fields: { 'Content-Encoding': coding, Vary: 'Accept-Encoding' } }, ...lines)
  expect(plain(coding ?? '', body)).toBe(TEXT)
  return body
}

for (const policy of POLICIES) {
  describe(`policy=${policy}`, () => {
    vtc('"*" is any coding (RFC 9110 section 12.5.3), of all that there are; to Varnish it says nothing', async (t) => {
      const s1 = await always(t, gzipSync(TEXT).toString('latin1'), FRESH, 'Content-Encoding: gzip')
      const v1 = t.cache(await startCache({ origin: s1, params: { ...ON, policy } }))
      const c1 = await t.connect('c1', v1)
      const rfc = policy === 'rfc9111'
      const all = ['Accept-Encoding: *', 'Accept-Encoding: *;q=1', 'Accept-Encoding: deflate, *;q=0.5']
      await coded(c1, rfc ? 'gzip' : undefined, all[0])
      await popular(t, v1, c1)
      for (const line of all) await coded(c1, rfc ? 'br' : undefined, line)
      await coded(c1, rfc ? 'gzip' : undefined, 'Accept-Encoding: br;q=0, zstd;q=0, *')
      await coded(c1, undefined, 'Accept-Encoding: *;q=0')
      await coded(c1, 'zstd', 'Accept-Encoding: zstd, *;q=0')
    })

    for (const [what, body, ...lines] of [
      ['gzip', gzipSync(TEXT).toString('latin1'), 'Content-Encoding: gzip'],
      ['text', TEXT, TYPE],
    ]) {
      vtc(`what is stored as ${what} is had in the coding that the client likes best`, async (t) => {
        const s1 = await always(t, body, FRESH, 'ETag: "v1"', ...lines)
        const v1 = t.cache(await startCache({ origin: s1, params: { ...ON, policy } }))
        const c1 = await t.connect('c1', v1)
        await popular(t, v1, c1)
        const stored = what === 'gzip' ? 'gzip' : undefined
        const br = await coded(c1, 'br', ALL)
        await coded(c1, 'br', 'Accept-Encoding: br')
        await coded(c1, 'zstd', 'Accept-Encoding: br;q=0.5, zstd')
        await coded(c1, 'zstd', 'Accept-Encoding: zstd')
        await coded(c1, stored, 'Accept-Encoding: gzip')
        await coded(c1, what === 'gzip' ? 'gzip' : 'br', 'Accept-Encoding: gzip, br;q=0.9')
        await coded(c1, undefined, 'Accept-Encoding: identity, br;q=0.1')
        await coded(c1, stored === 'gzip' ? 'gzip' : undefined, 'Accept-Encoding: br;q=0, zstd;q=0, gzip')
        // Parts, conditions and HEAD are those of what would be sent.
        await c1.ask(
          '/',
          { status: 206, body: br.slice(5, 10), fields: { 'Content-Range': `bytes 5-9/${br.length}` } },
          ALL,
          'Range: bytes=5-9',
        )
        await c1.ask('/', { status: 200 }, ALL, 'Range: bytes=5-9', 'If-Range: "v1"')
        await c1.ask('/', { status: 304, fields: { ETag: 'W/"v1"' } }, ALL, 'If-None-Match: "v1"')
        c1.request('HEAD', '/', ALL)
        await c1.rxForHead({ fields: { 'Content-Encoding': 'br', 'Content-Length': String(br.length), ETag: 'W/"v1"' } })
        expect(v1.counters()).toMatchObject({ s_fetch: 1, n_brotli: 1, n_zstd: 1, recode_dropped: 0, n_object: 1 })
        expect(v1.counters().recode_hit).toBeGreaterThan(5)
      })
    }

    vtc('a validated object keeps its copies, under its new head', async (t) => {
      const s1 = await always(t, TEXT, 'Cache-Control: max-age=10', 'ETag: "v1"', TYPE, 'X-Round: 1')
      const params = { ...ON, policy, default_keep: '1000', default_grace: '0' }
      const v1 = t.cache(await startCache({ origin: s1, params }))
      const c1 = await t.connect('c1', v1)
      await popular(t, v1, c1)
      await c1.ask('/', { fields: { 'X-Round': '1', 'Content-Encoding': 'br' } }, ALL)
      v1.advance(11_000)
      await c1.ask('/', { status: 200 }, ALL)
      await c1.ask('/', { fields: { 'X-Round': '2', 'Content-Encoding': 'br', Age: '0' } }, ALL)
      expect(v1.counters()).toMatchObject({ fetch_304: 1, n_brotli: 1 })
    })

    vtc('what was replaced, purged or banned takes its copies along', async (t) => {
      let version = 0
      const s1 = await t.origin('s1', (s) =>
        s.forever(async () => {
          await s.rx()
          s.answer(`${++version} ${TEXT}`, 'Cache-Control: max-age=10', TYPE)
        }),
      )
      const vcl = `import std; sub vcl_recv {
        if (req.method == "PURGE") { return (purge); }
        if (req.method == "BAN") { if (std.ban("req.url == /")) { return (synth(200)); } }
      }`
      const params = { ...ON, policy, default_grace: '0', default_keep: '0' }
      const v1 = t.cache(await startCache({ origin: s1, vcl, params }))
      const c1 = await t.connect('c1', v1)
      const leaves: (() => Promise<void> | void)[] = [
        () => v1.advance(11_000),
        async () => {
          c1.request('PURGE', '/')
          await c1.rx({ status: 200 })
        },
        async () => {
          c1.request('BAN', '/')
          await c1.rx({ status: 200 })
        },
      ]
      for (const [i, leave] of leaves.entries()) {
        await popular(t, v1, c1, '/', 2 * (i + 1))
        const { body } = await c1.ask('/', { fields: { 'Content-Encoding': 'br' } }, ALL)
        expect(plain('br', body).startsWith(`${i + 1} `)).toBe(true)
        await leave()
        const next = await c1.ask('/', { fields: { 'Content-Encoding': undefined } }, ALL)
        expect(next.body.startsWith(`${i + 2} `)).toBe(true)
        await c1.ask('/', { fields: { 'Content-Encoding': undefined } }, ALL)
      }
    })
  })
}

describe('a validated object loses its copies', () => {
  async function loses(t: Conversation, vcl: string, ...confirmed: string[]): Promise<void> {
    const s1 = await t.origin('s1', (s) =>
      s.forever(async () => {
        const { request } = await s.rx()
        if (request.field('if-none-match') === '"v1"') s.tx('HTTP/1.1 304 Not Modified', 'ETag: "v1"', ...confirmed)
        else s.answer(TEXT, 'Cache-Control: max-age=10', 'ETag: "v1"', TYPE)
      }),
    )
    const params = { ...ON, policy: 'rfc9111', default_keep: '1000', default_grace: '0' }
    const v1 = t.cache(await startCache({ origin: s1, vcl, params }))
    const c1 = await t.connect('c1', v1)
    await popular(t, v1, c1)
    await coded(c1, 'br', ALL)
    const { recode_hit } = v1.counters()
    v1.advance(11_000)
    await coded(c1, undefined, ALL)
    for (let i = 0; i < 4; i++) await coded(c1, undefined, ALL)
    expect(v1.counters()).toMatchObject({ fetch_304: 1, n_brotli: 1, n_zstd: 1, recode_hit })
  }

  vtc('when nobody may change it any more', (t) => loses(t, '', `${FRESH}, no-transform`))
  vtc('when rules do not want them any more', (t) =>
    loses(t, 'sub vcl_backend_response { if (beresp.was_304) { set beresp.do_recode = false; } }', FRESH),
  )
})

describe('no copies are made', () => {
  async function none(t: Conversation, params: Record<string, string>, vcl: string, body: string, ...lines: string[]): Promise<void> {
    const s1 = await always(t, body, FRESH, ...lines)
    const v1 = t.cache(await startCache({ origin: s1, vcl, params }))
    const c1 = await t.connect('c1', v1)
    for (let i = 0; i < 6; i++) await c1.ask('/', { status: 200 }, ALL)
    const { n_brotli, n_zstd, recode_hit } = v1.counters()
    expect([n_brotli, n_zstd, recode_hit]).toEqual([0, 0, 0])
  }

  vtc('by default', (t) => none(t, { recode_hits: '2' }, '', TEXT, TYPE))
  vtc('where rules do not want them', (t) => none(t, ON, 'sub vcl_backend_response { set beresp.do_recode = false; }', TEXT, TYPE))
  vtc('of pictures', (t) => none(t, ON, '', TEXT, 'Content-Type: image/png'))
  vtc('of what nobody may change', (t) => none(t, ON, '', TEXT, TYPE, 'Cache-Control: no-transform'))
  vtc('of what is too large', (t) => none(t, { ...ON, recode_max_size: '2k' }, '', TEXT, TYPE))
  vtc('of a page that is put together', (t) => none(t, ON, 'sub vcl_backend_response { set beresp.do_esi = true; }', TEXT, TYPE))
  vtc('of what few ask for', (t) => none(t, { ...ON, recode_hits: '100' }, '', TEXT, TYPE))
})
