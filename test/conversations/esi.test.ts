import { gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { Message } from '../kit/message.ts'
import type { Exchange, TestOrigin } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

/** Pages are looked through; what they include is not. */
const RULES = 'sub vcl_backend_response { set beresp.do_esi = bereq.url ~ "^/page"; }'
const KEPT = 'Cache-Control: max-age=100'

type Answers = Readonly<Record<string, string | readonly [body: string, ...lines: string[]]>>

/** Answers each URL with what is said of it; `heard` has the requests, in order. */
function site(t: Conversation, answers: Answers, heard: Message[] = []): Promise<TestOrigin> {
  return served(t, (asked, url) => {
    heard.push(asked.request)
    const [body, ...lines] = [answers[url] ?? 'nothing'].flat()
    asked.answer(body, ...(lines.length > 0 ? lines : [KEPT]))
  })
}

/** An origin that takes each request by itself, many at once. */
function served(t: Conversation, serve: (asked: Exchange, url: string) => void): Promise<TestOrigin> {
  return t.origin('s1', (s) =>
    s.forever(async () => {
      const asked = await s.rx()
      serve(asked, asked.request.start.split(' ')[1])
    }),
  )
}

describe('what a page includes', () => {
  vtc('comes in its place, each by its own life', async (t) => {
    const s1 = await site(t, {
      '/page': '<p><esi:include src="/a"/>-<esi:include src="/b"/></p>',
      '/a': 'AAA',
      '/b': ['BBB', 'Cache-Control: max-age=5'],
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { status: 200, body: '<p>AAA-BBB</p>' })
    await c1.ask('/page', { body: '<p>AAA-BBB</p>' })
    expect(v1.counters()).toMatchObject({ client_req: 2, esi_req: 4, s_fetch: 3 })
    v1.advance(6000)
    await c1.ask('/page', { body: '<p>AAA-BBB</p>' })
    expect(v1.counters()).toMatchObject({ s_fetch: 4 })
  })

  vtc('is asked for all at once', async (t) => {
    const page = Array.from({ length: 10 }, (_, i) => `<esi:include src="/${i}"/>`).join('')
    const waiting: [Exchange, string][] = []
    const s1 = await served(t, (asked, url) => {
      if (url === '/page') return asked.answer(page, KEPT)
      waiting.push([asked, url.slice(1)])
      // The last first: none waits for another.
      if (waiting.length === 10) for (const [one, name] of waiting.toReversed()) one.answer(name, KEPT)
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: '0123456789' })
  })

  vtc('while the page itself is still coming', async (t) => {
    let page: Exchange | undefined
    const s1 = await served(t, (asked, url) => {
      if (url === '/page') {
        page = asked
        asked.tx('HTTP/1.1 200 OK', KEPT, 'Transfer-Encoding: chunked')
        return asked.txchunk('<p><esi:include src="/a"/>')
      }
      asked.answer('AAA', KEPT)
      page?.txchunk('</p>')
      page?.txlast()
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: '<p>AAA</p>' })
  })

  vtc('of a page that is not stored, and of one that nobody may share', async (t) => {
    const s1 = await site(t, {
      '/page': ['<p><esi:include src="/a"/></p>', 'Cache-Control: private'],
      '/a': ['mine', 'Cache-Control: no-store'],
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: '<p>mine</p>' })
    await c1.ask('/page', { body: '<p>mine</p>' })
    expect(v1.counters()).toMatchObject({ s_fetch: 4 })
  })

  vtc('includes in its turn, down to a depth', async (t) => {
    const s1 = await site(t, { '/page': '<a><esi:include src="/page"/></a>' })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, params: { max_esi_depth: '3' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: '<a><a><a><a></a></a></a></a>' })
    expect(
      v1
        .log()
        .filter(({ tag }) => tag === 'VCL_Error')
        .map(({ text }) => text),
    ).toEqual(['ESI depth limit reached (param max_esi_depth = 3)'])
  })

  vtc('is bounded in number, whoever includes it', async (t) => {
    const many = '<esi:include src="/page/b"/>'.repeat(20)
    const s1 = await site(t, { '/page': `<${many}>`, '/page/b': '<b><esi:include src="/c"/>', '/c': 'c' })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, params: { max_esi_includes: '10' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { status: 200 })
    expect(v1.counters()).toMatchObject({ esi_req: 10 })
    // Once for each page, however many of its includes are left out.
    const told = v1.log().filter(({ tag, text }) => tag === 'VCL_Error' && text.startsWith('ESI include limit'))
    expect(new Set(told.map(({ xid }) => xid)).size).toBe(told.length)
    expect(told.length).toBeGreaterThan(0)
  })

  vtc('is gzip all the same, and nobody may store it', async (t) => {
    const packed = gzipSync('AAA').toString('latin1')
    const s1 = await site(t, {
      '/page': '<p><esi:include src="/a"/></p>',
      '/a': [packed, 'Cache-Control: no-store', 'Content-Encoding: gzip'],
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: `${RULES} sub vcl_recv { if (req.url ~ "pass") { return (pass); } }` }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: '<p>AAA</p>' })
    await c1.ask('/page', { body: '<p>AAA</p>' }, 'Accept-Encoding: gzip')
  })

  vtc('breaks off, and the page goes on', async (t) => {
    const s1 = await served(t, (asked, url) => {
      if (url === '/page') return asked.answer('<p><esi:include src="/a"/></p>', KEPT)
      asked.tx('HTTP/1.1 200 OK', 'Content-Length: 10', 'Cache-Control: no-store')
      asked.raw('half-')
      asked.close()
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { status: 200, body: '<p>half-</p>' })
  })

  vtc('fails, and the page with it where that is wanted, unless the tag says otherwise', async (t) => {
    const s1 = await site(t, {
      '/page': '<p><esi:include src="/gone"/></p>',
      '/page/all-the-same': '<p><esi:include src="/gone" onerror="continue"/></p>',
    })
    const vcl = `${RULES} sub vcl_recv { if (req.url == "/gone") { return (synth(404)); } } sub vcl_synth { set resp.body = "gone"; return (deliver); }`
    const v1 = t.cache(await startCache({ origin: s1, vcl, params: { feature: '+esi_include_onerror' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page/all-the-same', { body: '<p>gone</p>' })
    c1.get('/page')
    await c1.rxBroken()
    const v2 = t.cache(await startCache({ origin: s1, vcl }))
    const c2 = await t.connect('c2', v2)
    await c2.ask('/page', { body: '<p>gone</p>' })
  })
})

describe('bodies of all sizes', () => {
  const LARGE = 'large '.repeat(500_000)

  vtc('come whole, stored or not, to clients that are slow', async (t) => {
    const middle = 'middle '.repeat(30_000)
    const page = `<p>${'<esi:include src="/large"/>-<esi:include src="/passed"/>-<esi:include src="/middle"/>'.repeat(2)}</p>`
    const s1 = await site(t, { '/page': page, '/large': LARGE, '/middle': middle, '/passed': [LARGE, 'Cache-Control: private'] })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, params: { transit_buffer: '64k' }, store_bytes: 64 * 1024 * 1024 }))
    const one = `${LARGE}-${LARGE}-${middle}`
    const [c1, c2] = [await t.connect('c1', v1), await t.connect('c2', v1)]
    c1.get('/page')
    c2.get('/page')
    for (const client of [c2, c1, c2]) {
      if (client === c2) c2.get('/page')
      const { body } = await client.rx({ status: 200 })
      expect(body.length).toBe(one.length * 2 + 7)
      expect(body === `<p>${one}${one}</p>`).toBe(true)
    }
  })

  vtc('of pages, too: what is long is looked through as it comes', async (t) => {
    const piece = `<p>${'x'.repeat(3000)}<esi:include src="/a"/></p>`
    const s1 = await site(t, { '/page': piece.repeat(200), '/a': 'A' })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const [c1, c2] = [await t.connect('c1', v1), await t.connect('c2', v1)]
    c1.get('/page')
    c2.get('/page')
    const expected = `<p>${'x'.repeat(3000)}A</p>`.repeat(200)
    for (const client of [c1, c2]) expect((await client.rx({ status: 200 })).body === expected).toBe(true)
    expect(v1.counters()).toMatchObject({ s_fetch: 2 })
  })
})

describe('the request for what is included', () => {
  vtc('is the client’s, for another URL, without what was meant for the page', async (t) => {
    const heard: Message[] = []
    const s1 = await site(t, { '/page': '<esi:include src="http://other/a?b"/>', '/a?b': 'A' }, heard)
    // What rules have made of the page's request is not what it came as.
    const vcl = `${RULES} sub vcl_recv { if (req.esi_level == 0) { unset req.http.Cookie; } }`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    c1.get('/page', 'Cookie: me', 'If-None-Match: "x"', 'Range: bytes=0-1', 'Accept-Encoding: br')
    await c1.rx({ status: 200, body: 'A' })
    const [, request] = heard
    expect(request.start).toBe('GET /a?b HTTP/1.1')
    expect(request.field('host')).toBe('other')
    expect(request.field('cookie')).toBe('me')
    expect(request.field('x-forwarded-for')).toBe('127.0.0.1')
    for (const name of ['if-none-match', 'range']) expect(request.field(name), name).toBeUndefined()
  })

  vtc('goes through all rules, which know where they are', async (t) => {
    const heard: Message[] = []
    const s1 = await site(t, { '/page?x': '<esi:include src="/a"/>', '/a': 'A' }, heard)
    const vcl = `${RULES}
      sub vcl_recv { if (req.esi_level > 0) { set req.http.Top = req_top.method + " " + req_top.url + " " + req.esi_level; return (pass); } }
      sub vcl_deliver { set resp.http.Can = obj.can_esi; set resp.http.Does = resp.do_esi; }`
    const v1 = t.cache(await startCache({ origin: s1, vcl: vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page?x', { body: 'A', fields: { Can: 'true', Does: 'true' } })
    expect(heard[1].field('top')).toBe('GET /page?x 1')
    await c1.ask('/a', { fields: { Can: 'false', Does: 'false' } })
  })

  vtc('may be restarted, made up, and not piped', async (t) => {
    const s1 = await site(t, {
      '/page': '<esi:include src="/first"/><esi:include src="/made-up"/><esi:include src="/piped"/>',
      '/second': '2',
      '/piped': 'P',
    })
    const vcl = `${RULES}
      sub vcl_recv {
        if (req.url == "/made-up") { return (synth(200)); }
        if (req.url == "/piped") { return (pipe); }
      }
      sub vcl_deliver { if (req.url == "/first") { set req.url = "/second"; return (restart); } }
      sub vcl_synth { set resp.body = "M"; return (deliver); }`
    const v1 = t.cache(await startCache({ origin: s1, vcl: vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: '2MP' })
  })

  vtc('ends with its client', async (t) => {
    const waiting: Exchange[] = []
    const s1 = await served(t, (asked, url) => {
      if (url === '/page') asked.answer('<p><esi:include src="/a"/></p>', KEPT)
      else if (waiting.length > 0) asked.answer('A', 'Cache-Control: private')
      else waiting.push(asked)
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: `${RULES} sub vcl_recv { if (req.esi_level > 0) { return (pass); } }` }))
    const c1 = await t.connect('c1', v1)
    c1.get('/page')
    await t.until('it is asked for', () => waiting.length === 1)
    c1.reset()
    await waiting[0].rxClosed()
    const c2 = await t.connect('c2', v1)
    await c2.ask('/page', { body: '<p>A</p>' })
  })
})

describe('the page', () => {
  vtc('as it came, where rules say so', async (t) => {
    const page = '<p><esi:remove>x</esi:remove><esi:include src="/a"/></p>'
    const s1 = await site(t, { '/page': page, '/a': 'A' })
    const v1 = t.cache(await startCache({ origin: s1, vcl: `${RULES} sub vcl_deliver { set resp.do_esi = req.http.Raw != "1"; }` }))
    const c1 = await t.connect('c1', v1)
    c1.get('/page', 'Raw: 1')
    await c1.rx({ body: page })
    await c1.ask('/page', { body: '<p>A</p>' })
  })

  vtc('has a weak entity-tag, no length and no ranges, and answers conditions', async (t) => {
    const s1 = await site(t, { '/page': ['<p><esi:include src="/a"/></p>', KEPT, 'ETag: "x"'], '/a': 'A' })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: '<p>A</p>', fields: { ETag: 'W/"x"', 'Content-Length': undefined } })
    c1.get('/page', 'Range: bytes=0-1')
    await c1.rx({ status: 200, body: '<p>A</p>' })
    c1.get('/page', 'If-None-Match: W/"x"')
    await c1.rx({ status: 304, fields: { ETag: 'W/"x"' } })
    c1.request('HEAD', '/page')
    await c1.rxForHead({ status: 200, fields: { 'Content-Length': undefined } })
  })

  vtc('lives on under a new head when it is validated', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('<p><esi:include src="/a"/></p>', 'Cache-Control: max-age=10', 'ETag: "x"')
      await s.rx()
      s.answer('A', 'Cache-Control: max-age=1000')
      await s.rx({ fields: { 'If-None-Match': '"x"' } })
      s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: max-age=20', 'ETag: "x"')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: '<p>A</p>' })
    v1.advance(11_000)
    await c1.ask('/page', { body: '<p>A</p>' })
    await c1.ask('/page', { body: '<p>A</p>' })
    expect(v1.counters()).toMatchObject({ fetch_304: 1 })
  })

  vtc('without any ESI in it is what it was', async (t) => {
    const page = '<html>' + 'x'.repeat(100_000) + '</html>'
    const s1 = await site(t, { '/page': page })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: page })
    await c1.ask('/page', { body: page })
  })

  vtc('says in the log what is wrong with it', async (t) => {
    const s1 = await site(t, { '/page': '<p><esi:include/></p>' })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: '<p></p>' })
    expect(v1.log().find(({ tag }) => tag === 'ESI_xmlerror')?.text).toBe('ERR at 17 ESI 1.0 <esi:include> lacks src attr')
    expect(v1.counters()).toMatchObject({ esi_errors: 1, esi_warnings: 0 })
  })

  vtc('that comes as gzip is unpacked first, and stays so where rules say do_gunzip', async (t) => {
    const page = gzipSync('<p><esi:include src="/a"/></p>')
    const s1 = await served(t, (asked, url) => {
      if (url === '/a') return asked.answer('A', KEPT)
      asked.tx('HTTP/1.1 200 OK', KEPT, 'Content-Encoding: gzip', 'ETag: "x"', `Content-Length: ${page.length}`)
      asked.txbody(page)
    })
    const vcl = `${RULES} sub vcl_backend_response { set beresp.do_gunzip = true; }`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    for (let i = 0; i < 2; i++) {
      c1.get('/page', 'Accept-Encoding: gzip')
      await c1.rx({ body: '<p>A</p>', fields: { 'Content-Encoding': undefined, ETag: 'W/"x"' } })
    }
  })

  vtc('is plain, and so is what it includes, whatever the client takes and rules make of it', async (t) => {
    const part = gzipSync('A')
    const heard: (string | undefined)[] = []
    const s1 = await served(t, (asked, url) => {
      if (url === '/page') return asked.answer('<p><esi:include src="/a"/><esi:include src="/b"/></p>', KEPT)
      heard.push(asked.request.field('Accept-Encoding'))
      asked.tx('HTTP/1.1 200 OK', KEPT, 'Content-Encoding: gzip', `Content-Length: ${part.length}`)
      asked.txbody(part)
    })
    const vcl = `${RULES} sub vcl_recv { if (req.url == "/b") { set req.http.Accept-Encoding = "gzip"; } }`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    for (let i = 0; i < 2; i++) {
      c1.get('/page', 'Accept-Encoding: gzip')
      await c1.rx({ body: '<p>AA</p>', fields: { 'Content-Encoding': undefined } })
    }
    await c1.ask('/page', { body: '<p>AA</p>' })
    expect(new Set(heard)).toEqual(new Set(['gzip', 'identity']))
  })

  vtc('by the filters that rules name', async (t) => {
    const page = '<p><esi:include src="/a"/></p>'
    const s1 = await site(t, { '/page': page, '/a': 'A', '/other': page })
    const vcl = `
      sub vcl_backend_response { if (bereq.url != "/a") { set beresp.filters = "esi"; } }
      sub vcl_deliver { set resp.http.Filters = resp.filters; if (req.http.Raw) { set resp.filters = ""; } }`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/page', { body: '<p>A</p>', fields: { Filters: 'esi', 'Accept-Ranges': undefined } })
    await c1.ask('/page', { body: page }, 'Raw: 1')
  })

  vtc('to a client of HTTP/1.0', async (t) => {
    const s1 = await site(t, { '/page': '<p><esi:include src="/a"/></p>', '/a': 'A' })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    c1.tx('GET /page HTTP/1.0', 'Host: h')
    await c1.rx({ status: 200, body: '<p>A</p>' })
  })
})
