import { describe } from 'vitest'
import { httpDate, startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

describe('HEAD', () => {
  vtc('a HEAD that is passed has the length that the origin announces, and none when it does not', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: /^HEAD/ })
      s.tx('HTTP/1.1 200 OK', 'Content-Length: 12345')
      await s.rx({ start: /^HEAD/ })
      s.tx('HTTP/1.1 200 OK')
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { return (pass); }' })))
    for (const length of ['12345', undefined]) {
      c1.request('HEAD', '/')
      await c1.rxForHead({ status: 200, fields: { 'Content-Length': length, 'Transfer-Encoding': undefined } })
    }
  })
})

describe('whether a body follows is what the client has asked for, not what rules make of it (RFC 9112 section 6.3)', () => {
  const CHANGES = `sub vcl_recv {
      if (req.http.To) { set req.method = req.http.To; }
      if (req.url == "/pass") { return (pass); }
      if (req.url == "/synth") { return (synth(200)); }
    }
    sub vcl_deliver { if (req.http.Late) { set req.method = req.http.Late; } }
    sub vcl_synth { set resp.body = "made"; return (deliver); }`
  for (const policy of ['rfc9111', 'varnish']) {
    vtc(`HEAD of which rules make GET, and GET of which they make HEAD, under ${policy}`, async (t) => {
      const s1 = await t.origin('s1', (s) =>
        s.forever(async () => {
          const { request } = await s.rx()
          if (request.start.startsWith('HEAD')) s.tx('HTTP/1.1 200 OK', 'Content-Length: 4')
          else s.answer('body', 'Cache-Control: max-age=10')
        }),
      )
      const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: CHANGES, params: { policy } })))
      for (const url of ['/miss', '/pass', '/synth']) {
        for (const change of ['To', 'Late']) {
          const fetchedAsAsked = url !== '/pass' || change === 'Late'
          c1.request('HEAD', url, `${change}: GET`)
          await c1.rxForHead({ status: 200, fields: { 'Content-Length': fetchedAsAsked ? '4' : undefined } })
          const body = !fetchedAsAsked ? '' : url === '/synth' ? 'made' : 'body'
          await c1.ask(url, { status: 200, body, fields: { 'Content-Length': String(body.length) } }, `${change}: HEAD`)
        }
      }
    })
  }
})

describe('a HEAD that goes around the store (RFC 9111 section 4.3.5)', () => {
  const STORED = ['Cache-Control: max-age=10', 'ETag: "1"', `Last-Modified: ${httpDate(-9)}`, 'X-Kept: yes', 'X-New: no']
  const vcl = 'sub vcl_recv { if (req.method == "HEAD") { return (pass); } }'

  const updates: [what: string, lines: string[]][] = [
    ['the same validators and length', ['ETag: "1"', `Last-Modified: ${httpDate(-9)}`, 'Content-Length: 4']],
    ['no validators', []],
  ]
  for (const [what, lines] of updates) {
    vtc(`${what}: what is stored is updated`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx({ start: /^GET/ })
        s.answer('body', ...STORED)
        await s.rx({ start: /^HEAD/ })
        s.tx('HTTP/1.1 200 OK', 'Cache-Control: max-age=100', 'X-New: yes', ...lines)
      })
      const v1 = t.cache(await startCache({ origin: s1, vcl }))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { body: 'body' })
      v1.advance(20_000)
      c1.request('HEAD', '/')
      await c1.rxForHead({ status: 200 })
      v1.advance(50_000)
      await c1.ask('/', { body: 'body', fields: { 'X-Kept': 'yes', 'X-New': 'yes', ETag: '"1"', Age: '50', 'Content-Length': '4' } })
    })
  }

  const leaves: [what: string, lines: string[]][] = [
    ['another entity-tag', ['ETag: "2"']],
    ['another date', [`Last-Modified: ${httpDate(-8)}`]],
    ['another length', ['ETag: "1"', 'Content-Length: 5']],
    ['it may not be stored any more', ['ETag: "1"', 'Cache-Control: private']],
    ['it differs by other fields', ['ETag: "1"', 'Vary: X-Kind']],
  ]
  for (const [what, lines] of leaves) {
    vtc(`${what}: what is stored leaves`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx({ start: /^GET/ })
        s.answer('old', ...STORED)
        await s.rx({ start: /^HEAD/ })
        s.tx('HTTP/1.1 200 OK', ...lines)
        await s.rx({ start: /^GET/, fields: { 'If-None-Match': undefined } })
        s.answer('new')
      })
      const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl })))
      await c1.ask('/', { body: 'old' })
      c1.request('HEAD', '/')
      await c1.rxForHead({ status: 200 })
      await c1.ask('/', { body: 'new' })
    })
  }

  const idle: [what: string, lines: string[], rules: string, params: Record<string, string>][] = [
    ['a 404', ['HTTP/1.1 404 No', 'ETag: "2"'], '', {}],
    [
      'for how long rules have said',
      ['HTTP/1.1 200 OK', 'ETag: "1"', 'Cache-Control: max-age=1'],
      'sub vcl_backend_response { set beresp.ttl = 61s; }',
      {},
    ],
    ['under policy=varnish', ['HTTP/1.1 200 OK', 'ETag: "2"'], '', { policy: 'varnish', default_grace: '100' }],
  ]
  for (const [what, lines, rules, params] of idle) {
    vtc(`${what}: it stays`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.answer('body', 'Cache-Control: max-age=60', 'ETag: "1"')
        await s.rx({ start: /^HEAD/ })
        s.tx(...lines)
      })
      const v1 = t.cache(await startCache({ origin: s1, vcl: vcl + rules, params }))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { body: 'body' })
      c1.request('HEAD', '/')
      await c1.rxForHead()
      v1.advance(30_000)
      await c1.ask('/', { body: 'body', fields: { ETag: '"1"', Age: '30' } })
    })
  }
})
