import { describe, expect, test } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { Conversation } from '../kit/conversation.ts'
import { numbered } from './origins.ts'

const PASS = 'sub vcl_recv { return (pass); }'

describe('connections', () => {
  vtc('keep-alive: one connection, many requests', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=10')))
    const c1 = await t.connect('c1', v1)
    for (const path of ['/a', '/b', '/a']) await c1.ask(path, { status: 200, fields: { Connection: undefined } })
    expect(v1.counters().sess_conn).toBe(1)
    expect(v1.counters().client_req).toBe(3)
  })

  vtc('Connection: close is honoured', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t))))
    await c1.ask('/', { fields: { Connection: 'close' }, body: '1' }, 'Connection: close')
    await c1.rxClosed()
  })

  vtc('pipelining: answers come in the order of the requests, however long the first takes', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'GET /quick HTTP/1.1' })
      s.answer('quick', 'Cache-Control: max-age=10')
      await s.rx({ start: 'GET /slow HTTP/1.1' })
      s.answer('slow')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/quick', { body: 'quick' })
    c1.raw('GET /slow HTTP/1.1\r\nHost: example.com\r\n\r\nGET /quick HTTP/1.1\r\nHost: example.com\r\n\r\n')
    await c1.rx({ body: 'slow' })
    await c1.rx({ body: 'quick' })
  })

  vtc('ten hits in one write get ten answers', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=10'))))
    await c1.ask('/', { body: '1' })
    c1.raw('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'.repeat(10))
    for (let i = 0; i < 10; i++) await c1.rx({ body: '1' })
  })

  vtc('hundreds in one write, hits, passes and answers of rules, do not keep others from their answer', async (t) => {
    const vcl = `sub vcl_recv { if (req.url ~ "^/pass") { return (pass); } if (req.url ~ "^/rules") { return (synth(200, req.url)); } }
      sub vcl_deliver { set resp.http.xid = req.xid; } sub vcl_synth { set resp.http.xid = req.xid; }`
    const origin = await numbered(t, 'Cache-Control: max-age=10')
    const v1 = t.cache(await startCache({ origin, vcl }))
    const [c1, c2] = [await t.connect('c1', v1), await t.connect('c2', v1)]
    await c1.ask('/hit', { body: '1' })
    await c2.ask('/hit', { body: '1' })
    const paths = Array.from({ length: 600 }, (_, i) => (i % 200 === 199 ? `/pass/${i}` : i % 3 === 0 ? `/rules/${i}` : '/hit'))
    c1.raw(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: example.com\r\n\r\n`).join(''))
    c1.halfClose()
    const steady = await c2.ask('/hit', { body: '1' })
    const xids: number[] = []
    for (const path of paths) {
      const pass = path.startsWith('/pass')
      const answer = await c1.rx(pass ? { body: String(2 + Math.floor(xids.length / 200)) } : { status: 200 })
      xids.push(Number(answer.field('xid')))
    }
    await c1.rxClosed()
    expect(xids).toEqual(xids.toSorted((a, b) => a - b))
    // Before the first that has to wait for an origin.
    expect(Number(steady.field('xid'))).toBeLessThan(xids[198])
  })

  vtc('HTTP/1.0 closes after the answer, unless it asks for keep-alive', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t)))
    const c1 = await t.connect('c1', v1)
    c1.tx('GET / HTTP/1.0', 'Connection: keep-alive')
    await c1.rx({ fields: { Connection: /keep-alive/i }, body: '1' })
    c1.tx('GET / HTTP/1.0')
    await c1.rx({ body: '2' })
    await c1.rxClosed()
  })

  vtc('an idle connection is closed after timeout_idle', async (t) => {
    const v1 = t.cache(await startCache({ origin: await numbered(t), params: { timeout_idle: '5' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(6000)
    await c1.rxClosed()
    expect(v1.counters().sc_rx_close_idle).toBe(1)
  })

  vtc('a head that drips in too slowly ends the connection', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t)))
    const c1 = await t.connect('c1', v1)
    c1.raw('GET / HTTP/1.1\r\nHo')
    await t.until('c1 is accepted', () => v1.counters().sess_conn === 1)
    v1.advance(3_700_000)
    await c1.rxClosed()
  })

  vtc('empty lines before a request are skipped', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t))))
    c1.raw('\r\n')
    await c1.ask('/', { body: '1' })
  })
})

describe('heads', () => {
  vtc('HEAD is answered from a stored GET: its length, no body', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=10')))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    c1.request('HEAD', '/')
    await c1.rxForHead({ status: 200, fields: { 'Content-Length': '1' } })
    await c1.ask('/', { body: '1' })
    expect(v1.counters().cache_hit).toBe(2)
  })

  vtc('a HEAD that misses fetches the whole, for the GET that follows', async (t) => {
    const s1 = await numbered(t, 'Cache-Control: max-age=10')
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    c1.request('HEAD', '/')
    await c1.rxForHead({ status: 200, fields: { 'Content-Length': '1' } })
    await c1.ask('/', { body: '1' })
    expect(s1.seen).toEqual(['GET / HTTP/1.1'])
  })

  vtc('absolute-form: the host in the target counts, the Host field does not', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'GET /path?q HTTP/1.1', fields: { Host: 'right.example' } })
      s.answer('ok')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('http://right.example/path?q', { body: 'ok' }, 'Host: wrong.example')
  })

  vtc('what belongs to the connection is not passed on', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { 'X-Mine': undefined, 'Keep-Alive': undefined, TE: undefined, 'X-Yours': 'stays', Via: /lacquer/i } })
      s.answer('ok', 'Connection: X-Origin', 'X-Origin: secret', 'Keep-Alive: timeout=5', 'X-Fine: stays')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    const lines = ['Connection: X-Mine', 'X-Mine: 1', 'Keep-Alive: 5', 'TE: trailers', 'X-Yours: stays']
    await c1.ask('/', { fields: { 'X-Origin': undefined, 'Keep-Alive': undefined, 'X-Fine': 'stays', Via: /lacquer/i } }, ...lines)
  })

  vtc('the client is appended to X-Forwarded-For', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { 'X-Forwarded-For': '192.0.2.1, 127.0.0.1' } })
      s.answer('ok')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body: 'ok' }, 'X-Forwarded-For: 192.0.2.1')
  })

  vtc('103 Early Hints reach an HTTP/1.1 client before the answer', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 103 Early Hints', 'Link: </style.css>; rel=preload')
      s.answer('page')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { status: 103, fields: { Link: '</style.css>; rel=preload' } })
    await c1.rx({ status: 200, body: 'page' })
  })

  vtc('but not an HTTP/1.0 client', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 103 Early Hints')
      s.answer('page')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    c1.tx('GET / HTTP/1.0')
    await c1.rx({ status: 200, body: 'page' })
  })
})

describe('refusals', () => {
  const long = 'x'.repeat(9000)
  const rows: [what: string, request: string, status: number][] = [
    ['garbage', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n', 400],
    ['no protocol version', 'GET /\r\n\r\n', 400],
    ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
    ['bare LF at the end of the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 400],
    ['bare LF at the end of a field line', 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n', 400],
    ['a folded field line', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n', 400],
    ['whitespace before the colon', 'GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n', 400],
    ['a control byte in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\x00z\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
    ['a Host that is none', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
    ['Content-Length and Transfer-Encoding', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['two Content-Lengths that differ', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n', 400],
    ['Content-Length with a sign', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n', 400],
    ['Content-Length beyond all bounds', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${'9'.repeat(30)}\r\n\r\n`, 413],
    ['a transfer coding we do not know', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: br, chunked\r\n\r\n', 501],
    ['Transfer-Encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['an expectation we do not know', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: a-miracle\r\n\r\n', 417],
    ['a target that is too long', `GET /${long.repeat(8)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ['a field line that is too long', `GET / HTTP/1.1\r\nHost: a\r\nX: ${long}\r\n\r\n`, 431],
    ['too many field lines', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(100)}\r\n`, 431],
  ]
  test.each(rows)('%s: refused, the connection is closed, the origin hears nothing', (_, request, status) =>
    new Conversation().converse(async (t) => {
      const s1 = await numbered(t)
      const c1 = await t.connect('c1', t.cache(await startCache(s1)))
      c1.raw(request)
      await c1.rx({ status, fields: { Connection: 'close' } })
      await c1.rxClosed()
      expect(s1.connections).toBe(0)
    }),
  )

  vtc('CONNECT is refused', async (t) => {
    const s1 = await numbered(t)
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    c1.tx('CONNECT example.com:443 HTTP/1.1', 'Host: example.com:443')
    await c1.rx({ start: /^HTTP\/1\.1 (400|405|501) / })
    expect(s1.connections).toBe(0)
  })
})

describe('request bodies', () => {
  for (const chunked of [false, true]) {
    vtc(`a body ${chunked ? 'in chunks' : 'of known length'} is passed on while it comes`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rxHead({ start: 'POST /up HTTP/1.1', fields: chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': '10' } })
        expect(chunked ? await s.rxchunk() : await s.rxbytes(5)).toBe('first')
        half = true
        expect(chunked ? await s.rxchunk() : await s.rxbytes(5)).toBe('again')
        if (chunked) expect(await s.rxchunk()).toBe('')
        s.answer('got it')
      })
      let half = false
      const c1 = await t.connect('c1', t.cache(await startCache(s1)))
      c1.request('POST', '/up', chunked ? 'Transfer-Encoding: chunked' : 'Content-Length: 10')
      const send = (text: string) => (chunked ? c1.txchunk(text) : c1.txbody(text))
      send('first')
      await t.until('the origin has half of it', () => half)
      send('again')
      if (chunked) c1.txlast()
      await c1.rx({ body: 'got it' })
    })
  }

  vtc('a megabyte in each direction arrives as it was sent', async (t) => {
    const body = 'abcdefghijklmnopqrstuvwxyz012345'.repeat(32 * 1024)
    const s1 = await t.origin('s1', async (s) => {
      const { request } = await s.rx({ body_bytes: body.length })
      s.answer(request.body)
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    c1.request('PUT', '/', `Content-Length: ${body.length}`)
    c1.txbody(body)
    await c1.rx({ body })
  })

  vtc('Expect: 100-continue is answered when the body is wanted', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Expect: undefined }, body: 'payload' })
      s.answer('thanks')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    c1.request('POST', '/', 'Content-Length: 7', 'Expect: 100-continue')
    await c1.rx({ status: 100 })
    c1.txbody('payload')
    await c1.rx({ status: 200, body: 'thanks' })
  })

  vtc('a body that nobody wants is not asked for', async (t) => {
    const s1 = await numbered(t)
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { return (synth(403, "No")); }' }))
    const c1 = await t.connect('c1', v1)
    c1.request('POST', '/', 'Content-Length: 7', 'Expect: 100-continue')
    await c1.rx({ start: 'HTTP/1.1 403 No' })
  })

  vtc('a broken chunk ends the request, and the origin sees no end of it', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rxHead()
      expect(await s.rxchunk()).toBe('good')
      await s.rxClosed()
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.request('POST', '/', 'Transfer-Encoding: chunked')
    c1.txchunk('good')
    await t.until('the origin is asked', () => s1.seen.length === 1)
    c1.raw('not a size\r\n')
    await c1.rx({ start: /^HTTP\/1\.1 400 / })
    await c1.rxClosed()
    // No fault of the origin's, and not counted as one.
    expect(v1.counters()).toMatchObject({ client_req_400: 1, fetch_failed: 0 })
  })
})

describe('response bodies', () => {
  vtc('chunks stay chunks for HTTP/1.1', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
      s.txchunk('one')
      s.txchunk('two')
      s.txlast()
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: PASS })))
    await c1.ask('/', { body: 'onetwo' })
  })

  vtc('chunks become a body up to the end of the connection for HTTP/1.0', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
      s.txchunk('one')
      await t.until('c1 has the first part', () => first)
      s.txchunk('two')
      s.txlast()
    })
    let first = false
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: PASS })))
    c1.tx('GET / HTTP/1.0', 'Connection: keep-alive')
    await c1.rxHead({ fields: { 'Transfer-Encoding': undefined, 'Content-Length': undefined, Connection: 'close' } })
    expect(await c1.rxbytes(3)).toBe('one')
    first = true
    expect(await c1.rxbytes(3)).toBe('two')
    await c1.rxClosed()
  })

  vtc('a body that ends with the origin connection is framed for the client, who may go on', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.0 200 OK')
      s.txbody('up to the end')
      s.close()
      await s.rx()
      s.answer('next')
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: PASS })))
    await c1.ask('/', { body: 'up to the end' })
    await c1.ask('/', { body: 'next' })
  })

  vtc('204 has no body, whatever the origin claims', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 204 No Content')
      await s.rx()
      s.answer('next')
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: PASS })))
    await c1.ask('/', { status: 204, fields: { 'Content-Length': undefined, 'Transfer-Encoding': undefined } })
    await c1.ask('/', { body: 'next' })
  })

  vtc('32 MiB pass through to a client that reads late', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', `Content-Length: ${SIZE}`)
      for (let sent = 0; sent < SIZE; sent += PIECE.length) s.txbody(PIECE)
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: PASS })))
    c1.get('/')
    await t.until('the origin is asked', () => s1.seen.length === 1)
    await c1.rx({ body_bytes: SIZE })
  })
})

const PIECE = 'p'.repeat(1024 * 1024)
const SIZE = 32 * PIECE.length
