import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
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
