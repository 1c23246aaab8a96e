import { describe, expect } from 'vitest'
import { httpDate, startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

describe('invalidation', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'FROB']) {
    vtc(`a ${method} that succeeds takes the stored answer out`, async (t) => {
      const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=100'))))
      await c1.ask('/', { body: '1' })
      c1.request(method, '/', 'Content-Length: 0')
      await c1.rx({ status: 200, body: '2' })
      await c1.ask('/', { body: '3' })
    })
  }

  vtc('one that fails does not', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('page', 'Cache-Control: max-age=100')
      await s.rx({ start: /^POST/ })
      s.answer('no', 'HTTP/1.1 500 No')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body: 'page' })
    c1.request('POST', '/', 'Content-Length: 0')
    await c1.rx({ status: 500 })
    await c1.ask('/', { body: 'page' })
  })

  vtc('what Location and Content-Location name goes, too, on the same host only', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      for (const path of ['/a', '/b', '/c']) {
        await s.rx({ start: `GET ${path} HTTP/1.1` })
        s.answer('old', 'Cache-Control: max-age=100')
      }
      await s.rx({ start: /^POST/ })
      s.answer('done', 'HTTP/1.1 303 See Other', 'Location: /a', 'Content-Location: b')
      await s.rx({ start: /^PUT/ })
      s.answer('done', 'HTTP/1.1 303 See Other', 'Location: http://other.example/c')
      for (const path of ['/a', '/b']) {
        await s.rx({ start: `GET ${path} HTTP/1.1` })
        s.answer('new', 'Cache-Control: max-age=100')
      }
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    for (const path of ['/a', '/b', '/c']) await c1.ask(path, { body: 'old' })
    for (const method of ['POST', 'PUT']) {
      c1.request(method, '/form', 'Content-Length: 0')
      await c1.rx({ status: 303 })
    }
    expect(v1.counters().n_invalidated).toBe(2)
    await c1.ask('/a', { body: 'new' })
    await c1.ask('/b', { body: 'new' })
    await c1.ask('/c', { body: 'old' })
  })

  vtc('when the head of the answer is there, and not when its body has ended', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', 'Cache-Control: max-age=100')
      const post = await s.rx({ start: /^POST/ })
      post.tx('HTTP/1.1 200 OK', 'Content-Length: 4')
      await s.rx({ start: /^GET/ })
      s.answer('new', 'Cache-Control: max-age=100')
      post.txbody('done')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    await c1.ask('/', { body: 'old' })
    c1.request('POST', '/', 'Content-Length: 0')
    await t.until('it is invalidated', () => v1.counters().n_invalidated === 1)
    await c2.ask('/', { body: 'new' })
    await c1.rx({ body: 'done' })
  })

  vtc('return (purge) takes out all variants of a URL', async (t) => {
    const s1 = await numbered(t, 'Cache-Control: max-age=100', 'Vary: X-Kind')
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }' }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' }, 'X-Kind: a')
    await c1.ask('/', { body: '2' }, 'X-Kind: b')
    await c1.ask('/other', { body: '3' })
    c1.request('PURGE', '/')
    await c1.rx({ start: 'HTTP/1.1 200 Purged' })
    await c1.ask('/', { body: '4' }, 'X-Kind: a')
    await c1.ask('/', { body: '5' }, 'X-Kind: b')
    await c1.ask('/other', { body: '3' })
    expect(v1.counters().n_obj_purged).toBe(2)
  })

  vtc('a purge of what is not there is no error', async (t) => {
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl: 'sub vcl_recv { return (purge); }' }))
    const c1 = await t.connect('c1', v1)
    c1.request('PURGE', '/')
    await c1.rx({ status: 200 })
    expect(v1.counters().n_purges).toBe(1)
  })
})

describe('the answer to a POST that says what its URL has become (RFC 9110 section 9.3.3)', () => {
  const fresh: [what: string, line: string][] = [
    ['max-age', 'Cache-Control: max-age=100'],
    ['s-maxage', 'Cache-Control: s-maxage=100'],
    ['Expires', `Expires: ${httpDate(100)}`],
  ]
  for (const [what, line] of fresh) {
    vtc(`${what}: it is stored in place of what was there, for GET and HEAD, and no POST is answered from it`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx({ start: /^GET/ })
        s.answer('old', 'Cache-Control: max-age=100', 'Vary: X-Kind')
        for (const body of ['new', 'newer']) {
          await s.rx({ start: 'POST /page?1 HTTP/1.1', body: 'text' })
          s.answer(body, line, 'Content-Location: http://example.com/page?1')
        }
      })
      const v1 = t.cache(await startCache(s1))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/page?1', { body: 'old' })
      for (const body of ['new', 'newer']) {
        c1.request('POST', '/page?1', 'Content-Length: 4')
        c1.txbody('text')
        await c1.rx({ body, fields: { 'Cache-Status': /fwd/ } })
        await c1.ask('/page?1', { body, fields: { 'Cache-Status': /hit/ } })
      }
      c1.request('HEAD', '/page?1')
      await c1.rxForHead({ status: 200, fields: { 'Content-Length': '5' } })
    })
  }

  const FRESH = 'Cache-Control: max-age=100'
  const HERE = 'Content-Location: /'
  const refused: [what: string, method: string, lines: string[]][] = [
    ['no lifetime', 'POST', [HERE, `Last-Modified: ${httpDate(-9999)}`]],
    ['no Content-Location', 'POST', [FRESH]],
    ['the Content-Location of another', 'POST', [FRESH, 'Content-Location: /other']],
    ['another host', 'POST', [FRESH, 'Content-Location: http://other.example/']],
    ['no-store', 'POST', ['Cache-Control: max-age=100, no-store', HERE]],
    ['private', 'POST', ['Cache-Control: max-age=100, private', HERE]],
    ['a 201', 'POST', ['HTTP/1.1 201 Created', FRESH, HERE]],
    ['another method', 'PUT', [FRESH, HERE]],
  ]
  for (const [what, method, lines] of refused) {
    vtc(`${what}: it is not stored`, async (t) => {
      const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t, ...lines))))
      c1.request(method, '/', 'Content-Length: 0')
      await c1.rx({ body: '1' })
      await c1.ask('/', { body: '2' })
    })
  }

  vtc('an authorised one is not stored, nor one that rules pass or give no ttl', async (t) => {
    const vcl = `
      sub vcl_recv { if (req.url == "/passed") { return (pass); } }
      sub vcl_backend_response { if (bereq.url == "/short") { set beresp.ttl = 0s; } }`
    const s1 = await t.origin('s1', (s) =>
      s.forever(async () => {
        const { request } = await s.rx()
        s.answer(request.start.slice(0, 4), FRESH, 'Content-Location:')
      }),
    )
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    for (const [path, line] of [
      ['/passed', 'X: y'],
      ['/short', 'X: y'],
      ['/own', 'Authorization: Basic x'],
      ['/', 'X: y'],
    ]) {
      c1.request('POST', path, 'Content-Length: 0', line)
      await c1.rx({ body: 'POST' })
      await c1.ask(path, { body: path === '/' ? 'POST' : 'GET ' })
    }
  })

  vtc('purged while it was under way it is not stored', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const post = await s.rx({ start: /^POST/ })
      await t.until('it is purged', () => v1.counters().n_purges === 1)
      post.answer('old', FRESH, HERE)
      await s.rx({ start: /^GET/ })
      s.answer('new')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }' }))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    c1.request('POST', '/', 'Content-Length: 0')
    await t.until('the origin has it', () => s1.seen.length === 1)
    c2.request('PURGE', '/')
    await c2.rx({ status: 200 })
    await c1.rx({ body: 'old' })
    await c2.ask('/', { body: 'new' })
  })

  vtc('its client leaves: it is stored to the end all the same; broken off it is not stored', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const post = await s.rx({ start: /^POST/ })
      post.tx('HTTP/1.1 200 OK', 'Content-Length: 10', FRESH, HERE)
      post.txbody('01234')
      await t.until('the client is gone', () => v1.counters().sess_closed + v1.counters().sess_closed_err > 0)
      post.txbody('56789')
      const broken = await s.rx({ start: /^POST/ })
      broken.tx('HTTP/1.1 200 OK', 'Content-Length: 10', FRESH, HERE)
      broken.txbody('half')
      broken.close()
      await s.rx({ start: /^GET/ })
      s.answer('whole')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.request('POST', '/', 'Content-Length: 0')
    await c1.rxHead({ status: 200 })
    c1.reset()
    const c2 = await t.connect('c2', v1)
    await c2.ask('/', { body: '0123456789' })
    c2.request('POST', '/', 'Content-Length: 0')
    await c2.rxBroken()
    const c3 = await t.connect('c3', v1)
    await c3.ask('/', { body: 'whole' })
  })

  vtc('under policy=varnish it is not stored', async (t) => {
    const v1 = t.cache(await startCache({ origin: await numbered(t, FRESH, HERE), params: { policy: 'varnish' } }))
    const c1 = await t.connect('c1', v1)
    c1.request('POST', '/', 'Content-Length: 0')
    await c1.rx({ body: '1' })
    await c1.ask('/', { body: '2' })
  })
})
