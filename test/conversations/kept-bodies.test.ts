import { describe, expect } from 'vitest'
import { startCache, type TestCacheOptions } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import { vtc } from '../kit/vtc.ts'

/** An origin that answers 500 to what says so in its body or first, and else with the number of the request, its method and body. */
async function scene(t: Conversation, vcl: string, options: TestCacheOptions = {}) {
  const s1 = await t.origin('s1', (s) => {
    let number = 0
    return s.forever(async () => {
      const { request } = await s.rx()
      const body = `${++number} ${request.start.split(' ')[0]} ${request.body.slice(0, 20)} ${request.body.length}`
      if (number === 1) s.tx('HTTP/1.1 500 Sorry', `Content-Length: ${body.length}`)
      else s.tx('HTTP/1.1 200 OK', `Content-Length: ${body.length}`, 'Cache-Control: max-age=100')
      s.txbody(body)
    })
  })
  const v1 = t.cache(await startCache({ origin: s1, vcl: `import std; import bodyaccess; ${vcl}`, ...options }))
  return { s1, v1, c1: await t.connect('c1', v1) }
}

const KEEP = 'sub vcl_recv { set req.http.kept = std.cache_req_body(1KB); }'
const TELL = 'sub vcl_deliver { set resp.http.kept = req.http.kept; }'
const RETRY = 'sub vcl_backend_response { if (beresp.status == 500) { return (retry); } }'
const RESTART = 'sub vcl_deliver { if (resp.status == 500) { return (restart); } set resp.http.kept = req.http.kept; }'

describe('std.cache_req_body', () => {
  for (const [how, again] of [
    ['a retry', RETRY + TELL],
    ['a restart', RESTART],
  ] as const) {
    vtc(`${how} sends a body again that is kept`, async (t) => {
      const { c1, s1 } = await scene(t, KEEP + again)
      c1.request('POST', '/', 'Content-Length: 5')
      c1.txbody('hello')
      await c1.rx({ status: 200, body: '2 POST hello 5', fields: { kept: 'true' } })
      expect(s1.seen.length).toBe(2)
    })

    vtc(`${how} has nothing to send of one that is too large`, async (t) => {
      const { c1, s1 } = await scene(t, KEEP + again)
      c1.request('POST', '/', 'Content-Length: 1025')
      c1.txbody('x'.repeat(1025))
      await c1.rx({ status: 503 })
      expect(s1.seen.length).toBe(1)
    })
  }

  vtc('a body without a length is taken in whole, piece by piece', async (t) => {
    const { c1, v1 } = await scene(t, KEEP + RETRY + TELL)
    c1.request('POST', '/', 'Transfer-Encoding: chunked')
    c1.txchunk('hel')
    await t.until('the head is read', () => v1.counters().client_req === 1)
    c1.txchunk('lo')
    c1.txlast()
    await c1.rx({ status: 200, body: '2 POST hello 5', fields: { kept: 'true' } })
  })

  vtc('one that turns out to be too large goes on as it came', async (t) => {
    const { c1, s1 } = await scene(t, KEEP + TELL)
    c1.request('POST', '/', 'Transfer-Encoding: chunked')
    c1.txchunk('a'.repeat(1000))
    c1.txchunk('b'.repeat(1000))
    c1.txlast()
    await c1.rx({ status: 500, body: `1 POST ${'a'.repeat(20)} 2000`, fields: { kept: 'false' } })
    expect(s1.seen.length).toBe(1)
  })

  vtc('100 Continue is sent for it', async (t) => {
    const { c1 } = await scene(t, KEEP + RETRY)
    c1.request('POST', '/', 'Content-Length: 5', 'Expect: 100-continue')
    await c1.rx({ status: 100 })
    c1.txbody('hello')
    await c1.rx({ status: 200, body: '2 POST hello 5' })
  })

  vtc('what has no body has none to keep', async (t) => {
    const { c1 } = await scene(t, KEEP + TELL)
    await c1.ask('/', { status: 500, fields: { kept: 'true' } })
  })

  for (const name of ['cached_body_max', 'cached_bodies_max']) {
    vtc(`no more than ${name}`, async (t) => {
      const { c1 } = await scene(t, KEEP + TELL, { params: { [name]: '4b' } })
      c1.request('POST', '/', 'Content-Length: 5')
      c1.txbody('hello')
      await c1.rx({ status: 500, body: '1 POST hello 5', fields: { kept: 'false' } })
      c1.request('POST', '/', 'Content-Length: 4')
      c1.txbody('room')
      await c1.rx({ status: 200, fields: { kept: 'true' } })
    })
  }

  vtc('the room comes back when a request is over, also one whose client left', async (t) => {
    const { c1, v1 } = await scene(t, KEEP + TELL, { params: { cached_bodies_max: '5b' } })
    c1.request('POST', '/', 'Content-Length: 5')
    c1.txbody('hel')
    await t.until('the request is there', () => v1.counters().client_req === 1)
    c1.close()
    const c2 = await t.connect('c2', v1)
    await t.until('the client has left', () => v1.counters().sess_closed >= 1)
    for (let i = 0; i < 3; i++) {
      c2.request('POST', '/', 'Content-Length: 5')
      c2.txbody('hello')
      await c2.rx({ fields: { kept: 'true' } })
    }
  })

  vtc('a pipe sends what has been taken in', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rxHead({ start: 'POST / HTTP/1.1' })
      expect(await s.rxbytes(10)).toBe('helloafter')
      s.raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      s.close()
    })
    const vcl = 'import std; sub vcl_recv { if (std.cache_req_body(1KB)) { return (pipe); } }'
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl })))
    c1.raw('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloafter')
    await c1.rx({ status: 200, body: 'ok' })
  })
})

describe('bodyaccess', () => {
  const LOOK = `sub vcl_recv {
      if (std.cache_req_body(1KB)) {
        set req.http.len = bodyaccess.len_req_body();
        set req.http.match = bodyaccess.rematch_req_body("l+o$");
        set req.http.other = bodyaccess.rematch_req_body("^x");
        bodyaccess.log_req_body("said: ", 3);
      }
      set req.http.x-method = req.method;
      return (hash);
    }
    sub vcl_hash { bodyaccess.hash_req_body(); }
    sub vcl_backend_fetch { set bereq.method = bereq.http.x-method; return (fetch); }
    sub vcl_backend_response { set beresp.ttl = 100s; }
    sub vcl_deliver {
      set resp.http.len = req.http.len;
      set resp.http.match = req.http.match + req.http.other;
    }`

  vtc('a POST is answered by its body', async (t) => {
    const { c1, v1, s1 } = await scene(t, LOOK, { params: { policy: 'varnish' } })
    for (const [body, answer] of [
      ['hello', '1 POST hello 5'],
      ['world', '2 POST world 5'],
      ['hello', '1 POST hello 5'],
      ['world', '2 POST world 5'],
    ] as const) {
      c1.request('POST', '/', 'Content-Length: 5')
      c1.txbody(body)
      await c1.rx({ body: answer, fields: { len: '5', match: body === 'hello' ? '10' : '00' } })
    }
    expect(s1.seen.length).toBe(2)
    const said = v1.log().flatMap(({ tag, text }) => (tag === 'VCL_Log' ? [text] : []))
    expect(said.slice(0, 2)).toEqual(['said: hel', 'said: lo'])
  })

  vtc('of a body that is not kept it knows nothing', async (t) => {
    const { c1 } = await scene(
      t,
      'sub vcl_recv { set req.http.len = bodyaccess.len_req_body(); } sub vcl_deliver { set resp.http.len = req.http.len; }',
    )
    c1.request('POST', '/', 'Content-Length: 5')
    c1.txbody('hello')
    await c1.rx({ body: '1 POST hello 5', fields: { len: '-1' } })
  })
})
