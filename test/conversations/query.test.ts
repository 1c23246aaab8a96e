import { describe, expect, vi } from 'vitest'
import { startCache, type TestCacheOptions } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { Expected } from '../kit/message.ts'
import { vtc } from '../kit/vtc.ts'

const ON = { query_body_max: '1k' }

/** An origin that answers with the number of the request, its method and its content. */
async function scene(t: Conversation, options: TestCacheOptions = {}, ...lines: string[]) {
  const s1 = await t.origin('s1', (s) => {
    let number = 0
    return s.forever(async () => {
      const { request } = await s.rx()
      s.answer(`${++number} ${request.start.split(' ')[0]} ${request.body.slice(0, 20)}`, ...lines)
    })
  })
  const v1 = t.cache(await startCache({ origin: s1, params: ON, ...options }))
  return { s1, v1, c1: await t.connect('c1', v1) }
}

function query(client: Client, content: string, expected: Expected, ...lines: string[]) {
  client.request('QUERY', '/', `Content-Length: ${content.length}`, ...lines)
  if (content !== '') client.txbody(content)
  return client.rx(expected)
}

const FRESH = 'Cache-Control: max-age=100'

describe('QUERY', () => {
  vtc('answered by its content, and by what is said of it', async (t) => {
    const { c1, s1 } = await scene(t, {}, FRESH)
    await query(c1, 'a', { body: '1 QUERY a', fields: { 'Cache-Status': 'lacquer; fwd=uri-miss; stored; ttl=100' } }, 'Content-Type: x/y')
    await query(c1, 'a', { body: '1 QUERY a', fields: { 'Cache-Status': 'lacquer; hit; ttl=100' } }, 'Content-Type: x/y')
    await query(c1, 'b', { body: '2 QUERY b' }, 'Content-Type: x/y')
    await query(c1, 'a', { body: '3 QUERY a' }, 'Content-Type: x/z')
    await query(c1, 'a', { body: '4 QUERY a' }, 'Content-Type: x/y', 'Content-Encoding: gzip')
    await query(c1, '', { body: '5 QUERY ' })
    await query(c1, '', { body: '5 QUERY ' })
    c1.request('QUERY', '/')
    await c1.rx({ body: '5 QUERY ' })
    expect(s1.seen.length).toBe(5)
  })

  vtc('in chunks, and a piece at a time, it is the same', async (t) => {
    const { c1, v1 } = await scene(t, {}, FRESH)
    await query(c1, 'abcd', { body: '1 QUERY abcd' })
    c1.request('QUERY', '/', 'Transfer-Encoding: chunked')
    c1.txchunk('ab')
    await t.until('the head is read', () => v1.counters().client_req === 2)
    c1.txchunk('cd')
    c1.txlast()
    await c1.rx({ body: '1 QUERY abcd' })
  })

  for (const [size, what] of [
    [1024, 'cached'],
    [1025, 'passed'],
  ] as const)
    vtc(`byte by byte, ${size} of them: ${what} whole, with little memory beside it`, async (t) => {
      const text = Array.from({ length: size }, (_, i) => String.fromCharCode(97 + ((i * 7) % 26))).join('')
      const s1 = await t.origin('s1', async (s) => {
        await s.rx({ start: 'QUERY / HTTP/1.1', body: text })
        s.answer('whole', FRESH)
      })
      const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, params: ON })))
      const made = vi.spyOn(Buffer, 'allocUnsafe')
      const copied = vi.spyOn(Buffer, 'from')
      c1.request('QUERY', '/', 'Transfer-Encoding: chunked')
      const chunks = Array.from(text, (byte) => `1\r\n${byte}\r\n`)
      c1.raw(`${chunks.join('')}0\r\n\r\n`)
      await c1.rx({ body: 'whole', fields: { 'Cache-Status': size > 1024 ? /fwd=method$/ : /stored/ } })
      expect(made.mock.calls.length + copied.mock.calls.length).toBeLessThan(size / 4)
      made.mockRestore()
      copied.mockRestore()
    })

  vtc('GET has its own answer', async (t) => {
    const { c1 } = await scene(t, {}, FRESH)
    await c1.ask('/', { body: '1 GET ' })
    await query(c1, '', { body: '2 QUERY ' })
    await c1.ask('/', { body: '1 GET ' })
  })

  vtc('who asks the same at the same time is answered by one', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx({ body: 'a' })
      await t.until('one waits', () => v1.counters().busy_sleep === 1)
      const other = await s.rx({ body: 'b' })
      other.answer('other', FRESH)
      first.answer('one', FRESH)
    })
    const v1 = t.cache(await startCache({ origin: s1, params: ON }))
    const clients = []
    for (const content of ['a', 'a', 'b']) {
      const client = await t.connect(`c${clients.length}`, v1)
      client.request('QUERY', '/', 'Content-Length: 1')
      client.txbody(content)
      clients.push(client)
      await t.until('it is asked for, or waits', () => v1.counters().cache_miss + v1.counters().busy_sleep === clients.length)
    }
    await clients[2].rx({ body: 'other' })
    await clients[0].rx({ body: 'one' })
    await clients[1].rx({ body: 'one' })
  })

  vtc('validated, with its content; and a client’s condition is answered from the store', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ body: 'a' })
      s.answer('one', 'ETag: "1"', 'Cache-Control: max-age=10')
      await s.rx({ start: 'QUERY / HTTP/1.1', body: 'a', fields: { 'If-None-Match': '"1"', Range: undefined } })
      s.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache({ origin: s1, params: ON }))
    const c1 = await t.connect('c1', v1)
    await query(c1, 'a', { body: 'one' }, 'Range: bytes=0-0')
    v1.advance(11_000)
    await query(c1, 'a', { status: 200, body: 'one' }, 'Range: bytes=0-0')
    await query(c1, 'a', { status: 304 }, 'If-None-Match: "1"')
  })

  vtc('refreshed in the background with its content', async (t) => {
    const { c1, v1, s1 } = await scene(t, {}, 'Cache-Control: max-age=10, stale-while-revalidate=100')
    await query(c1, 'a', { body: '1 QUERY a' })
    v1.advance(11_000)
    await query(c1, 'a', { body: '1 QUERY a' })
    await t.until('it is refreshed', () => s1.seen.length === 2)
    await query(c1, 'a', { body: '2 QUERY a' })
  })

  for (const how of ['announced', 'in chunks']) {
    vtc(`more than query_body_max, ${how}: passed whole`, async (t) => {
      const s1 = await t.origin('s1', (s) =>
        s.forever(async () => {
          const { request } = await s.rx()
          s.answer(String(request.body.length), FRESH)
        }),
      )
      const v1 = t.cache(await startCache({ origin: s1, params: ON }))
      const c1 = await t.connect('c1', v1)
      for (let times = 0; times < 2; times++) {
        c1.request('QUERY', '/', how === 'announced' ? 'Content-Length: 3000' : 'Transfer-Encoding: chunked')
        for (let piece = 0; piece < 3; piece++) {
          if (how === 'announced') c1.txbody('x'.repeat(1000))
          else c1.txchunk('x'.repeat(1000))
        }
        if (how !== 'announced') c1.txlast()
        await c1.rx({ body: '3000', fields: { 'Cache-Status': 'lacquer; fwd=method' } })
      }
      expect(s1.seen.length).toBe(2)
    })
  }

  vtc('exactly as much: answered', async (t) => {
    const { c1 } = await scene(t, {}, FRESH)
    await query(c1, 'x'.repeat(1024), { body: `1 QUERY ${'x'.repeat(20)}` })
    await query(c1, 'x'.repeat(1024), { body: `1 QUERY ${'x'.repeat(20)}` })
  })

  vtc('a restart keeps the content', async (t) => {
    const vcl = `
      sub vcl_recv { if (req.restarts == 1) { set req.http.X-Again = "1"; return (pass); } }
      sub vcl_deliver { if (req.restarts == 0 && req.http.X-Restart) { return (restart); } }`
    const { c1 } = await scene(t, { vcl }, FRESH)
    await query(c1, 'a', { body: '2 QUERY a' }, 'X-Restart: 1')
    await query(c1, 'a', { body: '1 QUERY a' })
  })

  vtc('never invalidates; what invalidates its URL, or purges it, takes all its answers', async (t) => {
    const vcl = 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }'
    const { c1, v1 } = await scene(t, { vcl }, FRESH)
    await c1.ask('/', { body: '1 GET ' })
    await query(c1, 'a', { body: '2 QUERY a' })
    await query(c1, 'b', { body: '3 QUERY b' })
    await c1.ask('/', { body: '1 GET ' })
    c1.request('POST', '/', 'Content-Length: 0')
    await c1.rx({ body: '4 POST ' })
    await query(c1, 'a', { body: '5 QUERY a' })
    await query(c1, 'b', { body: '6 QUERY b' })
    await c1.ask('/', { body: '7 GET ' })
    c1.request('PURGE', '/')
    await c1.rx({ status: 200 })
    expect(v1.counters()).toMatchObject({ n_purges: 1, n_obj_purged: 3 })
    await query(c1, 'a', { body: '8 QUERY a' })
    await c1.ask('/', { body: '9 GET ' })
  })

  vtc('the answer to a POST that says what its URL has become is kept all the same, and takes the answers to QUERY with it', async (t) => {
    const { c1 } = await scene(t, {}, FRESH, 'Content-Location: /')
    await query(c1, 'a', { body: '1 QUERY a' })
    for (const number of [2, 4]) {
      c1.request('POST', '/', 'Content-Length: 4')
      c1.txbody('text')
      await c1.rx({ body: `${number} POST text`, fields: { 'Cache-Status': /stored/ } })
      await c1.ask('/', { body: `${number} POST text`, fields: { 'Cache-Status': /hit/ } })
      await query(c1, 'a', { body: `${number + 1} QUERY a` })
    }
  })

  vtc('the answer to a POST is not kept when something was banned or purged by tag meanwhile', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: /^POST/ })
      await asking
      s.answer('old', FRESH, 'Content-Location: /', 'xkey: t')
      await s.rx({ start: /^GET/ })
      s.answer('new', FRESH)
    })
    let ask = () => {}
    const asking = new Promise<void>((resolve) => (ask = resolve))
    const vcl = 'import xkey; sub vcl_recv { if (req.method == "PURGE") { if (xkey.purge("t") >= 0) { return (synth(200)); } } }'
    const v1 = t.cache(await startCache({ origin: s1, params: ON, vcl }))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    c1.request('POST', '/', 'Content-Length: 0')
    await t.until('it is sent', () => s1.seen.length === 1)
    c2.request('PURGE', '/')
    await c2.rx({ status: 200 })
    ask()
    await c1.rx({ body: 'old' })
    await c1.ask('/', { body: 'new' })
  })

  vtc('content that breaks: 400, and the next is answered', async (t) => {
    const { c1, v1 } = await scene(t, {}, FRESH)
    c1.request('QUERY', '/', 'Transfer-Encoding: chunked')
    c1.raw('zz\r\n')
    await c1.rx({ status: 400 })
    const c2 = await t.connect('c2', v1)
    await query(c2, 'a', { body: '1 QUERY a' })
  })

  vtc('a client that leaves before its end: nobody waits', async (t) => {
    const { c1, v1 } = await scene(t, {}, FRESH)
    c1.request('QUERY', '/', 'Content-Length: 10')
    c1.txbody('a')
    await t.until('it is read', () => v1.counters().client_req === 1)
    c1.reset()
    await t.until('it is gone', () => v1.counters().sess_closed === 1)
    const c2 = await t.connect('c2', v1)
    await query(c2, 'a', { body: '1 QUERY a' })
  })

  vtc('private answers are nobody else’s, and a client may ask for none that is stored', async (t) => {
    const { c1 } = await scene(t, {}, 'Cache-Control: private, max-age=100')
    await query(c1, 'a', { body: '1 QUERY a' })
    await query(c1, 'a', { body: '2 QUERY a' })
    await query(c1, 'a', { status: 504 }, 'Cache-Control: only-if-cached')
  })

  vtc('off, which is the default: passed', async (t) => {
    const { c1 } = await scene(t, { params: {} }, FRESH)
    await query(c1, 'a', { body: '1 QUERY a', fields: { 'Cache-Status': 'lacquer; fwd=method' } })
    await query(c1, 'a', { body: '2 QUERY a' })
    await c1.ask('/', { body: '3 GET ' })
  })
})
