import { expect, describe } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

describe('who waits is judged by its own request', () => {
  vtc('the variant is that of the request that was fetched, whatever its connection has asked for since', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'GET / HTTP/1.1' })
      s.answer('old', 'Cache-Control: max-age=1, stale-while-revalidate=100')
      const refresh = await s.rx({ fields: { 'Accept-Language': 'de' } })
      const other = await s.rx({ start: 'GET /other HTTP/1.1', fields: { 'Accept-Language': 'en' } })
      await t.until('c2 waits', () => v1.counters().busy_sleep === 1)
      refresh.answer('de', 'Cache-Control: max-age=100', 'Vary: Accept-Language')
      await s.rx({ start: 'GET / HTTP/1.1', fields: { 'Accept-Language': 'en' } })
      s.answer('en', 'Cache-Control: max-age=100', 'Vary: Accept-Language')
      other.answer('other')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'old' }, 'Accept-Language: de')
    v1.advance(5000)
    await c1.ask('/', { body: 'old' }, 'Accept-Language: de')
    await t.until('it is refreshed', () => s1.seen.length === 2)
    c1.get('/other', 'Accept-Language: en')
    await t.until('c1 asks for something else', () => s1.seen.length === 3)
    const c2 = await t.connect('c2', v1)
    await c2.ask('/', { body: 'en' }, 'Accept-Language: en', 'Cache-Control: no-cache')
    await c1.rx({ body: 'other' })
  })

  vtc('a stale object stands in for those who permit it only', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', 'Cache-Control: max-age=1, stale-if-error=100')
      const failing = await s.rx()
      await t.until('two wait', () => v1.counters().busy_sleep === 2)
      failing.answer('down', 'HTTP/1.1 503 Down')
      await s.rx({ fields: { 'Cache-Control': 'no-cache' } })
      s.answer('still down', 'HTTP/1.1 503 Down')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    const c3 = await t.connect('c3', v1)
    await c1.ask('/', { body: 'old' })
    v1.advance(5000)
    c1.get('/')
    await t.until('c1 asks again', () => s1.seen.length === 2)
    c2.get('/')
    c3.get('/', 'Cache-Control: no-cache')
    await c1.rx({ status: 200, body: 'old' })
    await c2.rx({ status: 200, body: 'old' })
    await c3.rx({ status: 503, body: 'still down' })
  })

  for (const [what, line] of [
    ['Set-Cookie', 'set beresp.http.Set-Cookie = "user=" + bereq.http.X-User;'],
    ['Cache-Control: private', 'set beresp.http.Cache-Control = "private";'],
    ['beresp.uncacheable', 'set beresp.uncacheable = true;'],
  ]) {
    vtc(`an error page with ${what} is for one client: the others fail for themselves, side by side`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        const first = await s.rx()
        await t.until('two wait', () => v1.counters().busy_sleep === 2)
        first.raw('nonsense\r\n\r\n')
        const others = [await s.rx(), await s.rx()]
        for (const other of others) other.raw('nonsense\r\n\r\n')
      })
      const vcl = `sub vcl_backend_error { ${line} set beresp.body = bereq.http.X-User; return (deliver); }`
      const v1 = t.cache(await startCache({ origin: s1, vcl }))
      const clients = []
      for (let i = 0; i < 3; i++) {
        const client = await t.connect(`c${i}`, v1)
        client.get('/', `X-User: u${i}`)
        await t.until(`c${i} is in`, () => v1.counters().client_req === i + 1)
        clients.push(client)
      }
      for (const [i, client] of clients.entries()) await client.rx({ status: 503, body: `u${i}` })
    })
  }

  vtc('who waited for busy_wait_timeout does not line up again behind the first of those who did', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const first = await s.rx()
      const others = [await s.rx(), await s.rx(), await s.rx()]
      for (const other of others) other.answer('own', 'Cache-Control: no-store')
      first.answer('late')
    })
    const v1 = t.cache(await startCache({ origin: s1, params: { busy_wait_timeout: '5' } }))
    const clients = []
    for (let i = 0; i < 4; i++) {
      const client = await t.connect(`c${i}`, v1)
      client.get('/')
      clients.push(client)
    }
    await t.until('three wait', () => v1.counters().busy_sleep === 3)
    v1.advance(6000)
    for (const client of clients) await client.rx({ status: 200 })
  })
})

describe('nobody lines up for what cannot be shared', () => {
  vtc('a 304 that leaves nothing usable releases all who waited at once', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('body', 'Cache-Control: no-cache', 'ETag: "1"')
      const first = await s.rx({ fields: { 'If-None-Match': '"1"' } })
      await t.until('three wait', () => v1.counters().busy_sleep === 3)
      first.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: no-cache', 'ETag: "1"')
      const others = [await s.rx(), await s.rx(), await s.rx()]
      for (const other of others) other.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: no-cache', 'ETag: "1"')
    })
    const v1 = t.cache(await startCache(s1))
    const clients = []
    for (let i = 0; i < 4; i++) clients.push(await t.connect(`c${i}`, v1))
    await clients[0].ask('/', { body: 'body' })
    // The marker that the first answer left is over.
    v1.advance(200_000)
    for (const client of clients) client.get('/')
    for (const client of clients) await client.rx({ status: 200, body: 'body' })
  })

  vtc('when a marker is over, one asks and the others wait', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('private', 'Cache-Control: private')
      await s.rx()
      await t.until('two wait', () => v1.counters().busy_sleep === 2)
      s.answer('shared', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache(s1))
    const clients = []
    for (let i = 0; i < 3; i++) clients.push(await t.connect(`c${i}`, v1))
    await clients[0].ask('/', { body: 'private' })
    v1.advance(200_000)
    for (const client of clients) client.get('/')
    for (const client of clients) await client.rx({ body: 'shared' })
    expect(s1.seen.length).toBe(2)
  })

  vtc('only-if-cached does not end the wait of others', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('c3 was refused', () => refused)
      s.answer('for all', 'Cache-Control: max-age=10')
    })
    let refused = false
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    const c3 = await t.connect('c3', v1)
    c1.get('/')
    await t.until('c1 asks', () => s1.seen.length === 1)
    c2.get('/')
    await t.until('c2 waits', () => v1.counters().busy_sleep === 1)
    await c3.ask('/', { status: 504 }, 'Cache-Control: only-if-cached')
    refused = true
    await c1.rx({ body: 'for all' })
    await c2.rx({ body: 'for all' })
    expect(s1.seen.length).toBe(1)
  })
})
