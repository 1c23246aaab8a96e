import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import type { Exchange } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

/** Counters whose moments no other conversation waits for. */

interface Case {
  readonly title: string
  readonly answer: (request: Exchange) => void
  readonly counted: Record<string, number>
}

const FRAMINGS: readonly Case[] = [
  { title: 'a length', answer: (request) => request.answer('12345'), counted: { fetch_length: 1, backend_recycle: 1 } },
  {
    title: 'chunks',
    answer: (request) => {
      request.tx('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
      request.txchunk('12345')
      request.txlast()
    },
    counted: { fetch_chunked: 1, backend_recycle: 1 },
  },
  {
    title: 'the end of the connection',
    answer: (request) => {
      request.tx('HTTP/1.1 200 OK')
      request.txbody('12345')
      request.close()
    },
    counted: { fetch_eof: 1, fetch_chunked: 0, backend_recycle: 0 },
  },
]

describe('how a body was framed', () => {
  for (const { title, answer, counted } of FRAMINGS) {
    vtc(title, async (t) => {
      const s1 = await t.origin('s1', async (s) => answer(await s.rx()))
      const v1 = t.cache(await startCache(s1))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { body: '12345' })
      expect(v1.counters()).toMatchObject(counted)
    })
  }
})

vtc('each backend for itself: requests under way, sent, not sent, and connections that failed', async (t) => {
  let under_way: number | undefined
  const s1 = await t.origin('s1', async (s) => {
    const request = await s.rx()
    under_way = v1.counters()['VBE.boot.default.conn']
    request.answer('hello')
  })
  const s2 = await t.origin('s2', () => Promise.resolve())
  await s2.close()
  const v1 = t.cache(
    await startCache({
      origin: s1,
      origins: { dead: s2 },
      vcl: 'sub vcl_recv { if (req.url == "/dead") { set req.backend_hint = dead; } }',
    }),
  )
  const c1 = await t.connect('c1', v1)
  await c1.ask('/', { status: 200 })
  await c1.ask('/dead', { status: 503 })
  expect(under_way).toBe(1)
  expect(v1.counters()).toMatchObject({
    'VBE.boot.default.conn': 0,
    'VBE.boot.default.req': 1,
    'VBE.boot.default.fail': 0,
    'VBE.boot.dead.conn': 0,
    'VBE.boot.dead.req': 0,
    'VBE.boot.dead.fail': 1,
    backend_req: 1,
    backend_fail: 1,
  })
})

vtc('bytes of each backend: of heads and bodies, sent and received', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    await s.rx({ body: 'abc' })
    s.tx('HTTP/1.1 200 OK', 'Content-Length: 5')
    s.txbody('12345')
    await s.rx()
    s.tx('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
    s.txchunk('1234567')
    s.txlast()
  })
  const v1 = t.cache(await startCache(s1))
  const c1 = await t.connect('c1', v1)
  c1.tx('POST / HTTP/1.1', 'Host: a', 'Content-Length: 3')
  c1.txbody('abc')
  await c1.rx({ body: '12345' })
  const first = v1.counters()
  expect(first).toMatchObject({ 'VBE.boot.default.bereq_bodybytes': 3, 'VBE.boot.default.beresp_bodybytes': 5 })
  expect(first['VBE.boot.default.beresp_hdrbytes']).toBe('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'.length)
  expect(first['VBE.boot.default.bereq_hdrbytes']).toBeGreaterThan('POST / HTTP/1.1\r\nHost: a\r\n\r\n'.length)
  await c1.ask('/more', { body: '1234567' })
  expect(v1.counters()).toMatchObject({ 'VBE.boot.default.bereq_bodybytes': 3, 'VBE.boot.default.beresp_bodybytes': 12 })
})

vtc('more field lines than http_max_hdr, from either side', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    await s.rx()
    s.tx('HTTP/1.1 200 OK', ...Array.from({ length: 40 }, (_, i) => `X-${i}: y`), 'Content-Length: 0')
  })
  const v1 = t.cache(await startCache({ origin: s1, params: { http_max_hdr: '32' } }))
  const c1 = await t.connect('c1', v1)
  await c1.ask('/', { status: 503 })
  expect(v1.counters()).toMatchObject({ losthdr: 1, fetch_failed: 1 })
  await c1.ask('/', { status: 431 }, ...Array.from({ length: 40 }, (_, i) => `X-${i}: y`))
  expect(v1.counters()).toMatchObject({ losthdr: 2, client_req_400: 1 })
})

vtc('a backend with all it takes is busy', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    const request = await s.rx()
    await t.until('the other was refused', () => v1.counters().backend_busy === 1)
    request.answer('hello')
  })
  const vcl = `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${s1.port}"; .max_connections = 1; }`
  const v1 = t.cache(await startCache({ vcl }))
  const c1 = t.client('c1', v1, async (c) => void (await c.ask('/1', { status: 200 })))
  await t.until('the first is under way', () => v1.counters()['VBE.boot.default.conn'] === 1)
  const c2 = await t.connect('c2', v1)
  await c2.ask('/2', { status: 503 })
  await c1.end()
  expect(v1.counters()).toMatchObject({ 'VBE.boot.default.busy': 1, 'VBE.boot.default.conn': 0 })
})

vtc('a pipe is counted while it is open', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    const request = await s.rx()
    await t.until('the pipe is open', () => v1.counters().n_pipe === 1)
    request.tx('HTTP/1.1 200 OK', 'Connection: close')
    request.txbody('bytes')
    request.close()
  })
  const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { return (pipe); }' }))
  const c1 = await t.connect('c1', v1)
  await c1.ask('/', { body: 'bytes' })
  await t.until('the pipe is closed', () => v1.counters().n_pipe === 0)
  expect(v1.counters()).toMatchObject({ s_pipe: 1, 'VBE.boot.default.conn': 0 })
})

vtc('who waits is refused, served, or has waited enough', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    await s.rx()
    await t.until('one waits', () => v1.counters().busy_sleep === 1)
    await t.until('one was refused', () => v1.counters().busy_refused === 1)
    v1.advance(3000)
    const second = await s.rx()
    second.answer('hello', 'Cache-Control: max-age=10')
    await t.until('the waiter has its answer', () => waiter.done)
  })
  const v1 = t.cache(await startCache({ origin: s1, params: { busy_waiters_max: '1', busy_wait_timeout: '2' } }))
  const first = await t.connect('c1', v1)
  first.get('/')
  await t.until('it is fetched', () => v1.counters().s_fetch === 1)
  const waiter = t.client('c2', v1, async (c) => void (await c.ask('/', { body: 'hello' })))
  await t.until('one waits', () => v1.counters().busy_sleep === 1)
  const third = await t.connect('c3', v1)
  await third.ask('/', { status: 503 })
  await waiter.end()
  expect(v1.counters()).toMatchObject({ busy_timeout: 1, busy_served: 0, busy_refused: 1 })
})

vtc('how late housekeeping comes is measured', async (t) => {
  const v1 = t.cache(await startCache({}))
  await t.until('housekeeping has come, and late as ever', () => v1.counters().loop_lag > 0)
})
