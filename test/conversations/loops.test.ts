import { createServer, type AddressInfo } from 'node:net'
import { expect, describe } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

describe('rules that never come to an end', () => {
  vtc('restart from vcl_synth, always: 503, and the worker goes on', async (t) => {
    const vcl = `
      sub vcl_recv { if (req.url == "/loop") { return (synth(700)); } }
      sub vcl_synth { if (req.url == "/loop") { return (restart); } }`
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/loop', { status: 503 })
    await c1.rxClosed()
    const c2 = await t.connect('c2', v1)
    await c2.ask('/', { status: 200 })
  })

  vtc('retry from vcl_backend_error, always: bounded by max_retries', async (t) => {
    const vcl = 'sub vcl_backend_fetch { return (error(503)); } sub vcl_backend_error { return (retry); }'
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 503 })
    await c1.ask('/', { status: 503 })
  })

  vtc('retry of a request whose body has gone to the origin already: 503, not for ever', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ body: 'body' })
      s.raw('nonsense\r\n\r\n')
      s.close()
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_backend_error { return (retry); }' }))
    const c1 = await t.connect('c1', v1)
    c1.request('POST', '/', 'Content-Length: 4')
    c1.txbody('body')
    await c1.rx({ status: 503 })
    expect(s1.seen).toEqual(['POST / HTTP/1.1'])
  })

  for (const framing of ['Content-Length: 4', 'Transfer-Encoding: chunked']) {
    vtc(`restart of a request whose body has gone (${framing}): 503, never a request with half a body`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx({ body: 'body' })
        s.answer('first')
      })
      const vcl = 'sub vcl_deliver { if (req.restarts == 0) { return (restart); } }'
      const v1 = t.cache(await startCache({ origin: s1, vcl }))
      const c1 = await t.connect('c1', v1)
      c1.request('POST', '/', framing)
      if (framing.startsWith('C')) c1.txbody('body')
      else {
        c1.txchunk('body')
        c1.txlast()
      }
      await c1.rx({ status: 503 })
      expect(s1.seen).toEqual(['POST / HTTP/1.1'])
    })
  }
})

describe('a restart begins from scratch', () => {
  vtc('after a pass the object from the store is a hit, with its age, ranges and conditions', async (t) => {
    const s1 = await numbered(t, 'Cache-Control: max-age=100', 'ETag: "1"')
    const vcl = `
      sub vcl_recv { if (req.restarts == 0 && req.http.X-Restart) { return (pass); } }
      sub vcl_deliver { if (req.restarts == 0 && req.http.X-Restart) { return (restart); } }`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(5000)
    await c1.ask('/', { body: '1', fields: { Age: '5', 'Cache-Status': /hit/ } }, 'X-Restart: 1')
    await c1.ask('/', { status: 304 }, 'X-Restart: 1', 'If-None-Match: "1"')
  })
})

describe('requests that are forwarded too often', () => {
  for (const method of ['GET', 'POST']) {
    vtc(`${method} to a cache that is its own origin: 508 after a few rounds`, async (t) => {
      // A free port, for a backend that must be known before the cache listens.
      const probe = createServer().listen(0, '127.0.0.1')
      await t.until('a port is known', () => probe.listening)
      const { port } = probe.address() as AddressInfo
      probe.close()
      await t.until('it is free', () => !probe.listening)
      const vcl = `vcl 4.1; backend self { .host = "127.0.0.1"; .port = "${port}"; } sub vcl_recv { set req.url = req.url + "x"; }`
      const v1 = t.cache(await startCache({ vcl, listen: `127.0.0.1:${port}` }))
      const c1 = await t.connect('c1', v1)
      c1.request(method, '/')
      await c1.rx({ status: 508 })
      expect(v1.counters().client_req).toBe(11)
    })
  }

  vtc('Max-Forwards of OPTIONS and TRACE is counted down, and heeded', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'OPTIONS / HTTP/1.1', fields: { 'Max-Forwards': '2' } })
      s.answer('options')
      await s.rx({ start: 'GET / HTTP/1.1', fields: { 'Max-Forwards': '0' } })
      s.answer('get')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    c1.request('OPTIONS', '/', 'Max-Forwards: 3')
    await c1.rx({ body: 'options' })
    c1.request('OPTIONS', '/', 'Max-Forwards: 0')
    await c1.rx({ status: 200, body: /./ })
    c1.request('TRACE', '/', 'Max-Forwards: 0')
    await c1.rx({ status: 405, fields: { Allow: /GET/ } })
    await c1.ask('/', { body: 'get' }, 'Max-Forwards: 0')
  })

  vtc('Via names the version that the client speaks (RFC 9110 section 7.6.3)', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Via: '1.0 lacquer (Lacquer)' } })
      s.answer('old')
      await s.rx({ fields: { Via: '1.1 far, 1.1 lacquer (Lacquer)' } })
      s.answer('new')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.tx('GET / HTTP/1.0', 'Host: example.com')
    await c1.rx({ body: 'old' })
    const c2 = await t.connect('c2', v1)
    await c2.ask('/', { body: 'new' }, 'Via: 1.1 far')
  })
})
