import { expect, describe } from 'vitest'
import { startCache, type TestCacheOptions } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import { vtc } from '../kit/vtc.ts'

/** More than any window holds. */
const LARGE = Buffer.alloc(8 << 20, 'x')

interface Case {
  what: string
  /** How the client comes by a response whose body it does not read. */
  act: (c: Client) => Promise<void>
  lines?: string[]
  options?: TestCacheOptions
}

/** The origin sends a large body; nobody reads it. The fetch must not stand still with its connection for ever. */
const CASES: Case[] = [
  {
    what: 'HEAD of what may not be stored',
    async act(c) {
      c.request('HEAD', '/')
      await c.rxForHead({ status: 200, fields: { 'Content-Length': String(LARGE.length) } })
    },
  },
  {
    what: 'vcl_deliver of a pass answers for itself',
    options: { vcl: 'sub vcl_recv { return (pass); } sub vcl_deliver { return (synth(404)); }' },
    act: async (c) => void (await c.ask('/', { status: 404 })),
  },
  {
    what: 'vcl_deliver of a pass restarts',
    options: {
      vcl: `sub vcl_recv { if (req.restarts > 0) { return (synth(404)); } return (pass); }
        sub vcl_deliver { return (restart); }`,
    },
    act: async (c) => void (await c.ask('/', { status: 404 })),
  },
  {
    what: 'vcl_deliver makes it a response without a body',
    options: { vcl: 'sub vcl_recv { return (pass); } sub vcl_deliver { set resp.status = 204; }' },
    act: async (c) => void (await c.ask('/', { status: 204 })),
  },
  {
    what: 'HEAD of what is too large for the store',
    lines: ['Cache-Control: max-age=100'],
    options: { store_bytes: 1 << 20 },
    async act(c) {
      c.request('HEAD', '/')
      await c.rxForHead({ status: 200 })
    },
  },
]

describe('a body that nobody reads', () => {
  for (const { what, act, lines = [], options } of CASES) {
    vtc(`${what}: the origin is told to stop`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.tx('HTTP/1.1 200 OK', ...lines, `Content-Length: ${LARGE.length}`)
        s.txbody(LARGE)
        await s.rxClosed()
      })
      const v1 = t.cache(await startCache({ origin: s1, ...options }))
      await act(await t.connect('c1', v1))
    })
  }

  vtc('the client left before it was clear that it may not be stored', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('the client has gone', () => v1.counters().sess_open === 0)
      s.tx('HTTP/1.1 200 OK', `Content-Length: ${LARGE.length}`)
      s.txbody(LARGE)
      await s.rxClosed()
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.get('/')
    await t.until('the origin is asked', () => s1.seen.length === 1)
    c1.reset()
  })

  vtc('a background fetch brings what may not be stored', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', 'Cache-Control: max-age=1, stale-while-revalidate=100')
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Cache-Control: no-store', `Content-Length: ${LARGE.length}`)
      s.txbody(LARGE)
      await s.rxClosed()
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'old' })
    v1.advance(5000)
    await c1.ask('/', { body: 'old' })
  })

  vtc('all who read what is too large for the store leave at once', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('two wait', () => v1.counters().busy_sleep === 2)
      s.tx('HTTP/1.1 200 OK', 'Cache-Control: max-age=100', `Content-Length: ${LARGE.length}`)
      await t.until('they are gone', () => v1.counters().sess_open === 0)
      s.txbody(LARGE)
      await s.rxClosed()
    })
    const v1 = t.cache(await startCache({ origin: s1, store_bytes: 1 << 20 }))
    const clients = [await t.connect('c1', v1), await t.connect('c2', v1), await t.connect('c3', v1)]
    for (const client of clients) client.get('/')
    for (const client of clients) await client.rxHead({ status: 200 }).then(() => client.reset())
  })

  vtc('a small one is taken in for nothing: its connection can be used again', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Content-Length: 6')
      s.txbody('one')
      await t.until('the head is out', () => answered)
      s.txbody('two')
      await s.rx()
      s.answer('again')
    })
    let answered = false
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.request('HEAD', '/')
    await c1.rxForHead({ status: 200 })
    answered = true
    await t.until('the connection is free', () => v1.counters().backend_recycle === 1)
    await c1.ask('/', { body: 'again' })
    expect(s1.connections).toBe(1)
  })
})

describe('a body that is late', () => {
  vtc('a head does not wait for the first bytes of its body', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', 'Content-Type: text/event-stream', 'Transfer-Encoding: chunked')
      await t.until('the client has the head', () => begun)
      s.txchunk('data: 1')
      s.txlast()
    })
    let begun = false
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1 })))
    c1.get('/')
    await c1.rxHead({ status: 200 })
    begun = true
    await c1.rxchunk()
  })
})
