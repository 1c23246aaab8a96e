import { describe, expect } from 'vitest'
import { httpDate, startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

describe('freshness', () => {
  vtc('max-age: a hit until then, with its Age, and not after', async (t) => {
    const s1 = await numbered(t, 'Cache-Control: max-age=10')
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(9000)
    await c1.ask('/', { status: 200, fields: { Age: '9' }, body: '1' })
    v1.advance(1000)
    await c1.ask('/', { body: '2' })
    expect(s1.seen.length).toBe(2)
  })

  vtc('s-maxage counts before max-age', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=1, s-maxage=10')))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(9000)
    await c1.ask('/', { body: '1' })
  })

  vtc('Expires counts from Date', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, `Date: ${httpDate(0)}`, `Expires: ${httpDate(20)}`)))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(19_000)
    await c1.ask('/', { body: '1' })
    v1.advance(2000)
    await c1.ask('/', { body: '2' })
  })

  vtc('max-age counts before Expires', async (t) => {
    const v1 = t.cache(
      await startCache(await numbered(t, `Date: ${httpDate(0)}`, `Expires: ${httpDate(-10)}`, 'Cache-Control: max-age=10')),
    )
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '1' })
  })

  vtc('an Expires that is no date has passed', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t, 'Expires: 0'))))
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' })
  })

  vtc('the Age it comes with is taken off its life and added to its Age', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'Cache-Control: max-age=100', 'Age: 90')))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(5000)
    await c1.ask('/', { fields: { Age: '95' }, body: '1' })
    v1.advance(5000)
    await c1.ask('/', { body: '2' })
  })

  vtc('without a stated life, a tenth of the time since Last-Modified', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, `Date: ${httpDate(0)}`, `Last-Modified: ${httpDate(-1000)}`)))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(90_000)
    await c1.ask('/', { body: '1' })
    v1.advance(20_000)
    await c1.ask('/', { body: '2' })
  })

  vtc('with neither a life nor a validator nothing is reused', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await numbered(t))))
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' })
  })

  vtc('under policy=varnish it is: default_ttl', async (t) => {
    const v1 = t.cache(await startCache({ origin: await numbered(t), params: { policy: 'varnish', default_grace: '0' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    v1.advance(119_000)
    await c1.ask('/', { body: '1' })
    v1.advance(2000)
    await c1.ask('/', { body: '2' })
  })

  vtc('a 404 is kept as its max-age says', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('not here', 'HTTP/1.1 404 Not Found', 'Cache-Control: max-age=5')
      await s.rx()
      s.answer('here now')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 404, body: 'not here' })
    await c1.ask('/', { status: 404, body: 'not here' })
    v1.advance(5000)
    await c1.ask('/', { status: 200, body: 'here now' })
  })

  vtc('a redirect is kept only when it says so', async (t) => {
    const v1 = t.cache(await startCache(await numbered(t, 'HTTP/1.1 302 Found', 'Location: /b')))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 302, body: '1' })
    await c1.ask('/', { status: 302, body: '2' })
  })
})
