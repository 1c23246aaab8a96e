import { describe, expect, test } from 'vitest'
import { rulesFor } from '../../kit/cache.ts'
import { Conversation } from '../../kit/conversation.ts'
import { vtc } from '../../kit/vtc.ts'
import { startRelay } from './relay.ts'

describe('through a relay', () => {
  vtc('one request and one response, each in its own script', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'GET /foo HTTP/1.1', fields: { Host: 'a', Cookie: undefined }, body: '' })
      s.tx('HTTP/1.1 200 OK', 'Content-Length: 12')
      s.txbody('line1\nline2\n')
    })
    const v1 = t.cache(await startRelay(s1))
    const c1 = t.client('c1', v1, async (c) => {
      c.tx('GET /foo HTTP/1.1', 'Host: a')
      await c.rx({ start: 'HTTP/1.1 200 OK', status: 200, fields: { 'content-length': '12' }, body: 'line1\nline2\n' })
    })
    await c1.end()
    expect(s1.seen).toEqual(['GET /foo HTTP/1.1'])
    expect(s1.connections).toBe(1)
  })

  vtc('several requests on one connection, and bodies in all framings', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: /^POST/, body: 'sized' })
      s.answer('first', 'X-Kind: length')
      await s.rx({ body: 'in chunks' })
      s.tx('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
      s.txchunk('sec')
      s.txchunk('ond')
      s.txlast('X-Trailer: 1')
      await s.rx()
      s.tx('HTTP/1.1 200 OK')
      s.txbody('until the end')
      s.close()
    })
    const c1 = await t.connect('c1', t.cache(await startRelay(s1)))
    c1.request('POST', '/', 'Content-Length: 5')
    c1.txbody('sized')
    await c1.rx({ body: 'first', fields: { 'x-kind': /^len/ } })
    c1.request('POST', '/', 'Transfer-Encoding: chunked')
    c1.txchunk('in ')
    c1.txchunk('chunks')
    c1.txlast()
    const second = await c1.rx({ body: 'second' })
    expect(second.trailers).toEqual(['X-Trailer: 1'])
    c1.get('/')
    await c1.rx({ body: 'until the end', body_bytes: 13 })
    expect(await c1.rxClosed()).toBe('closed')
  })

  vtc('responses without a body, whatever their head says', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: /^HEAD/ })
      s.tx('HTTP/1.1 200 OK', 'Content-Length: 100')
      await s.rx()
      s.tx('HTTP/1.1 304 Not Modified', 'Content-Length: 100')
      await s.rx()
      s.tx('HTTP/1.1 103 Early Hints')
      s.tx('HTTP/1.1 204 No Content')
    })
    const c1 = await t.connect('c1', t.cache(await startRelay(s1)))
    c1.request('HEAD', '/')
    await c1.rxForHead({ status: 200, body: '' })
    c1.get('/')
    await c1.rx({ status: 304, body: '' })
    c1.get('/')
    await c1.rx({ status: 103 })
    await c1.rx({ status: 204 })
  })

  vtc('a head may be read before its body, and a body in pieces', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rxHead({ start: /^PUT/ })
      expect(await s.rxbytes(3)).toBe('abc')
      s.tx('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
      s.txchunk('one')
      expect(await s.rxbytes(3)).toBe('def')
      s.txchunk('two')
      s.txlast()
    })
    const c1 = await t.connect('c1', t.cache(await startRelay(s1)))
    c1.request('PUT', '/', 'Content-Length: 6')
    c1.txbody('abc')
    await c1.rxHead({ status: 200 })
    expect(await c1.rxchunk()).toBe('one')
    c1.txbody('def')
    expect([await c1.rxchunk(), await c1.rxchunk()]).toEqual(['two', ''])
  })

  vtc('an origin may have several requests under way and answer in any order', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx({ start: /first/ })
      const second = await s.rx({ start: /second/ })
      second.answer('2')
      first.answer('1')
    })
    const v1 = t.cache(await startRelay(s1))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    c1.get('/first')
    await t.until('the first has arrived', () => s1.seen.length === 1)
    c2.get('/second')
    await c2.rx({ body: '2' })
    await c1.rx({ body: '1' })
  })

  vtc('a broken response is recognised by its framing', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Content-Length: 10')
      s.txbody('half')
      s.close()
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
      s.txchunk('half')
      s.close()
    })
    const v1 = t.cache(await startRelay(s1))
    for (const name of ['c1', 'c2']) {
      const c = await t.connect(name, v1)
      c.get('/')
      expect(await c.rxBroken({ status: 200 })).toContain('half')
    }
  })

  vtc('an origin may answer for ever', async (t) => {
    const s1 = await t.origin('s1', (s) =>
      s.forever(async () => {
        const { request } = await s.rx()
        s.answer(request.start)
      }),
    )
    const c1 = await t.connect('c1', t.cache(await startRelay(s1)))
    for (const path of ['/a', '/b', '/c']) {
      c1.get(path)
      await c1.rx({ body: `GET ${path} HTTP/1.1` })
    }
  })
})

describe('a conversation that fails', () => {
  const fails = async (script: (t: Conversation) => Promise<void>): Promise<string> => {
    const error: unknown = await new Conversation(50).converse(script).catch((thrown: unknown) => thrown)
    if (!(error instanceof Error)) throw new Error('it did not fail')
    return error.message
  }
  const answering = (t: Conversation) =>
    t.origin('s1', async (s) => {
      await s.rx()
      s.answer('hello')
    })

  test('tells what was wrong, and all that was said', async () => {
    const message = await fails(async (t) => {
      const c1 = await t.connect('c1', t.cache(await startRelay(await answering(t))))
      c1.get('/foo')
      await c1.rx({ status: 404, fields: { 'X-Not': 'there', 'Content-Length': undefined }, body: /^bye/, body_bytes: 1 })
    })
    expect(message).toContain(
      'c1: status: expected "404", got "200"; X-Not: expected "there", got none; Content-Length: expected none, got "5"',
    )
    expect(message).toContain('body: expected /^bye/, got "hello"; body length: expected "1", got "5"')
    expect(message).toMatch(/\d ms {2}c1 {5}-> GET \/foo HTTP\/1\.1\\r\\n\n/)
    expect(message).toMatch(/\d ms {2}s1 {5}<- GET \/foo HTTP\/1\.1/)
    expect(message).toMatch(/\d ms {2}c1 {5}<- hello/)
  })

  test('names the fact that did not come true', async () => {
    expect(await fails((t) => t.until('pigs fly', () => false))).toContain('waited 50 ms in vain: pigs fly')
  })

  test('names who waits for what', async () => {
    const origin = await fails(async (t) => {
      await t.origin('s1', async (s) => void (await s.rx()))
    })
    expect(origin).toContain('in vain: s1 waits for a request')
    const client = await fails(async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.tx('HTTP/1.1 200 OK', 'Content-Length: 10')
        s.txbody('1234')
      })
      const c1 = await t.connect('c1', t.cache(await startRelay(s1)))
      c1.get('/')
      await c1.rx()
    })
    expect(client).toContain('in vain: c1 waits for the body (6 of 10 bytes missing)')
  })

  test('fails when a script beside the main line does, even if nobody waits for it', async () => {
    const beside = await fails(async (t) => {
      const s1 = await answering(t)
      t.client('c1', s1, async (c) => {
        c.get('/')
        await c.rx({ status: 500 })
      })
    })
    expect(beside).toContain('c1: status: expected "500", got "200"')
    const origin = await fails(async (t) => {
      const s1 = await t.origin('s1', async (s) => void (await s.rx({ start: 'GET /a HTTP/1.1' })))
      const c1 = await t.connect('c1', s1)
      c1.get('/b')
      await c1.rx()
    })
    expect(origin).toContain('s1: start line: expected "GET /a HTTP/1.1", got "GET /b HTTP/1.1"')
  })

  test('a script that nobody talks to fails the conversation at its end', async () => {
    expect(await fails(async (t) => void (await answering(t)))).toContain('s1 waits for a request')
  })

  test('says so when the connection ends too early, or not at all', async () => {
    const early = await fails(async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.reset()
      })
      const c1 = await t.connect('c1', s1)
      c1.get('/')
      await c1.rx()
    })
    expect(early).toContain('c1: the connection was reset before a message head')
    const late = await fails(async (t) => {
      const c1 = await t.connect('c1', await answering(t))
      c1.get('/')
      await c1.rxClosed()
    })
    expect(late).toContain('c1')
    const whole = await fails(async (t) => {
      const c1 = await t.connect('c1', await answering(t))
      c1.get('/')
      c1.halfClose()
      await c1.rxBroken()
    })
    expect(whole).toContain('c1')
  })

  test('refuses what is no chunk', async () => {
    const message = await fails(async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.tx('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
        s.raw('zz\r\n')
      })
      const c1 = await t.connect('c1', s1)
      c1.get('/')
      await c1.rx()
    })
    expect(message).toContain('c1: not a chunk size: "zz\\r\\n"')
  })

  test('closes everything all the same', async () => {
    let closed = 0
    await fails(async (t) => {
      t.cache({ close: () => void closed++ })
      await t.until('never', () => false)
    })
    expect(closed).toBe(1)
  })
})

describe('rules for a cache under test', () => {
  const rows: [string, Parameters<typeof rulesFor>[0], string][] = [
    ['nothing given: no backend', {}, 'vcl 4.1;\nbackend default none;\n\n'],
    ['a text that is complete stays as it is', { vcl: 'vcl 4.0;\nbackend b none;' }, 'vcl 4.0;\nbackend b none;'],
    ['subs follow the version', { vcl: 'sub vcl_recv {}' }, 'vcl 4.1;\nbackend default none;\nsub vcl_recv {}\n'],
  ]
  test.each(rows)('%s', (_, options, text) => {
    expect(rulesFor(options)).toBe(text)
  })

  vtc('one backend per origin, the first called default', async (t) => {
    const [s1, s2] = [await t.origin('s1', async () => {}), await t.origin('s2', async () => {})]
    const text = rulesFor({ origin: s1, origins: { other: s2 } })
    expect(text).toContain(`backend default { .host = "127.0.0.1"; .port = "${s1.port}"; }\nbackend other {`)
  })
})
