import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

describe('an origin that does not answer', () => {
  vtc('is down: 503 with Retry-After, and the connection stays', async (t) => {
    const s1 = await t.origin('s1', async () => {})
    const v1 = t.cache(await startCache(s1))
    await s1.down()
    const c1 = await t.connect('c1', v1)
    for (let i = 0; i < 2; i++) await c1.ask('/', { status: 503, fields: { 'Retry-After': /^\d+$/, Connection: undefined } })
    expect(v1.counters().fetch_failed).toBe(2)
  })

  vtc('is none at all', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache({ vcl: 'sub vcl_recv { return (pass); }' })))
    await c1.ask('/', { status: 503 })
  })

  vtc('closes without a word', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.close()
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    c1.request('POST', '/', 'Content-Length: 0')
    await c1.rx({ status: 503 })
    expect(s1.seen.length).toBe(1)
  })

  vtc('has closed a connection that was kept open: a safe request is sent again on another', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('first')
      await s.rx()
      s.reset()
      await s.rx()
      s.answer('second')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body: 'first' })
    await c1.ask('/', { body: 'second' })
  })

  vtc('takes longer than first_byte_timeout', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await s.rxClosed()
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.get('/')
    await t.until('the origin is asked', () => s1.seen.length === 1)
    v1.advance(61_000)
    await c1.rx({ status: 503 })
  })

  vtc('stops for longer than between_bytes_timeout: the client sees that it broke', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Content-Length: 100', 'Cache-Control: max-age=10')
      s.txbody('half')
      await s.rxClosed()
      await s.rx()
      s.answer('whole')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.get('/')
    await c1.rxHead({ status: 200 })
    expect(await c1.rxbytes(4)).toBe('half')
    v1.advance(61_000)
    await c1.rxClosed()
    const c2 = await t.connect('c2', v1)
    await c2.ask('/', { body: 'whole' })
  })
})

describe('an origin that breaks off', () => {
  const broken: [what: string, head: string[], part: string][] = [
    ['before its Content-Length', ['Content-Length: 100'], 'half'],
    ['before its last chunk', ['Transfer-Encoding: chunked'], '4\r\nhalf\r\n'],
    ['in the middle of a chunk', ['Transfer-Encoding: chunked'], '8\r\nhalf'],
    ['with something that is no chunk', ['Transfer-Encoding: chunked'], '4\r\nhalf\r\nxyz\r\n'],
  ]
  for (const [what, head, part] of broken) {
    vtc(`${what}: the client can tell, nothing is stored`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.tx('HTTP/1.1 200 OK', 'Cache-Control: max-age=10', ...head)
        s.raw(part)
        await t.until('the client has the head', () => begun)
        s.close()
        await s.rx()
        s.answer('whole')
      })
      let begun = false
      const v1 = t.cache(await startCache(s1))
      const c1 = t.client('c1', v1, async (c) => {
        c.get('/')
        await c.rxBroken({ status: 200 })
      })
      await t.until('the response has begun', () => v1.counters().cache_miss === 1 && s1.seen.length === 1)
      begun = true
      await c1.end()
      const c2 = await t.connect('c2', v1)
      await c2.ask('/', { status: 200, body: 'whole' })
    })
  }
})

describe('an origin that does not speak HTTP properly', () => {
  const lies: [what: string, bytes: string][] = [
    ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nab'],
    ['garbage', 'this is not HTTP\r\n\r\n'],
    ['two Content-Lengths that differ', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a Content-Length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\na'],
    ['Content-Length and Transfer-Encoding', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a transfer coding we do not know', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: br\r\n\r\nxyz'],
    ['a head that is too long', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['101 to a request that did not ask', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ]
  for (const [what, bytes] of lies) {
    vtc(`${what}: 503`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.raw(bytes)
        s.close()
      })
      const v1 = t.cache(await startCache(s1))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { status: 503 })
      expect(v1.counters().fetch_failed).toBe(1)
    })
  }

  vtc('bytes above 0x7f in its reason phrase are passed on as they are', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.raw('HTTP/1.1 200 Tr\xe8s bien \xff\r\nContent-Length: 0\r\n\r\n')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { start: 'HTTP/1.1 200 Tr\xe8s bien \xff' })
  })

  vtc('a second response that nobody asked for is given to nobody', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.raw('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
      await s.rx()
      s.answer('second')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body: 'first' })
    await c1.ask('/', { body: 'second' })
  })
})

describe('a client that leaves', () => {
  vtc('a pass is given up', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      leaver.reset()
      await s.rxClosed()
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { return (pass); }' }))
    const leaver = await t.connect('c1', v1)
    leaver.get('/')
  })

  vtc('in the middle of its body: the origin sees no end', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rxHead()
      expect(await s.rxbytes(4)).toBe('half')
      leaver.reset()
      await s.rxClosed()
    })
    const leaver = await t.connect('c1', t.cache(await startCache(s1)))
    leaver.request('POST', '/', 'Content-Length: 100')
    leaver.txbody('half')
  })
})

describe('rules for errors', () => {
  vtc('vcl_backend_error makes the answer', async (t) => {
    const s1 = await t.origin('s1', async () => {})
    const vcl = `
      sub vcl_backend_error {
        set beresp.status = 502; set beresp.http.X-Why = "down"; set beresp.body = "come back later"; return (deliver);
      }`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    await s1.down()
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 502, fields: { 'X-Why': 'down' }, body: 'come back later' })
  })

  vtc('an error with a ttl is stored', async (t) => {
    const s1 = await t.origin('s1', async () => {})
    const vcl = 'sub vcl_backend_error { set beresp.ttl = 10s; set beresp.body = "" + now; return (deliver); }'
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    await s1.down()
    const c1 = await t.connect('c1', v1)
    const { body } = await c1.ask('/', { status: 503 })
    v1.advance(5000)
    await c1.ask('/', { status: 503, body })
    expect(v1.counters()).toMatchObject({ cache_hit: 1, fetch_failed: 1 })
  })

  vtc('return (retry) asks again, elsewhere', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('broken', 'HTTP/1.1 500 Oops')
    })
    const s2 = await t.origin('s2', async (s) => {
      await s.rx({ start: 'GET /page HTTP/1.1' })
      s.answer('fine', 'Cache-Control: max-age=10')
    })
    const vcl = `
      sub vcl_backend_fetch { if (bereq.retries > 0) { set bereq.backend = other; } }
      sub vcl_backend_response { if (beresp.status >= 500) { return (retry); } }`
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, origins: { other: s2 }, vcl })))
    await c1.ask('/page', { status: 200, body: 'fine' })
    await c1.ask('/page', { status: 200, body: 'fine' })
  })

  vtc('retries are bounded by max_retries', async (t) => {
    const s1 = await numbered(t)
    const vcl = 'sub vcl_backend_response { return (retry); }'
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl, params: { max_retries: '2' } })))
    await c1.ask('/', { status: 503 })
    expect(s1.seen.length).toBe(3)
  })

  vtc('return (error) from vcl_backend_fetch asks nobody', async (t) => {
    const s1 = await numbered(t)
    const vcl = 'sub vcl_backend_fetch { return (error(504, "Not Today")); }'
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl })))
    await c1.ask('/', { start: 'HTTP/1.1 504 Not Today' })
    expect(s1.connections).toBe(0)
  })

  vtc('return (fail) is a 503, counted as vcl_fail', async (t) => {
    const s1 = await numbered(t)
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { return (fail); }' }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 503 })
    expect([s1.connections, v1.counters().vcl_fail]).toEqual([0, 1])
  })

  vtc('rules that fail end the connection, in whatever sub, and only rules that fail', async (t) => {
    const subs = ['recv', 'hash', 'miss', 'pass', 'deliver'] as const
    const failing = subs.map((sub) => `sub vcl_${sub} { if (req.url == "/${sub}") { return (fail); } }`)
    const s1 = await numbered(t)
    const rules = `sub vcl_recv { if (req.url ~ "pass") { return (pass); } if (req.url == "/synth") { return (synth(503)); } } ${failing.join(' ')}`
    const v1 = t.cache(await startCache({ origin: s1, vcl: rules }))
    for (const [i, sub] of subs.entries()) {
      const c1 = await t.connect(`c${i}`, v1)
      await c1.ask('/synth', { status: 503, fields: { Connection: undefined } })
      await c1.ask(`/${sub}`, { status: 503, fields: { Connection: 'close' } })
      await c1.rxClosed()
    }
    expect(v1.counters()).toMatchObject({ vcl_fail: subs.length, sc_vcl_failure: subs.length })
  })

  vtc('an error page is text, with a title', async (t) => {
    const s1 = await t.origin('s1', async () => {})
    const v1 = t.cache(await startCache(s1))
    await s1.down()
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 503, fields: { 'Content-Type': /^text\/html/ }, body: /503/ })
  })
})
