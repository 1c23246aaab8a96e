import { expect } from 'vitest'
import type { TestCache } from '../../kit/cache.ts'
import type { Conversation } from '../../kit/conversation.ts'
import { DAY_MS, type Promises, type Rules, type Site, site, visitor } from './example.ts'

interface Place {
  readonly v1: TestCache
  readonly shop: Site
  readonly api: Site
  readonly media: Site
}

/** All three backends, each with the same answers; media sets a cookie besides. */
async function place(t: Conversation, rules: Rules, ...lines: string[]): Promise<Place> {
  const [shop, api, media] = [
    await site(t, () => lines, 'site'),
    await site(t, () => lines, 'api'),
    await site(t, () => [...lines, 'Set-Cookie: a=b'], 'media'),
  ]
  return { v1: await rules.start(t, { site: shop.origin, api: api.origin, media: media.origin }), shop, api, media }
}

export const twoBackends: Promises = {
  'api.example.com, and /api/ on the site, go to the application that serves the API.': async (t, rules) => {
    const { v1, shop, api } = await place(t, rules)
    const c1 = await visitor(t, v1)
    await c1.ask('/v1', { body: '1' }, 'Host: api.example.com')
    await c1.ask('/v1', { body: '2' }, 'Host: API.example.com:443')
    await c1.ask('/api/v1', { body: '3' })
    c1.request('POST', '/media/1', 'Host: api.example.com', 'Content-Length: 0')
    await c1.rx({ body: '4' })
    expect(api.requests.map((request) => request.field('host'))).toEqual([
      ...Array(2).fill('api.example.com'),
      'example.com',
      'api.example.com',
    ])
    expect(shop.requests).toEqual([])
  },

  '/media/ goes to the media store, under the name by which that store knows itself.': async (t, rules) => {
    const { v1, media } = await place(t, rules)
    const c1 = await visitor(t, v1)
    await c1.ask('/media/a.jpg', { body: '1' }, 'Host: www.example.com', 'Cookie: session=1')
    const [request] = media.requests
    const fields = ['host', 'x-forwarded-host', 'cookie'].map((name) => request.field(name))
    expect([request.start, ...fields]).toEqual(['GET /media/a.jpg HTTP/1.1', 'bucket.media.internal', 'www.example.com', undefined])
  },

  'Everything else on example.com and www.example.com goes to the site.': async (t, rules) => {
    const { v1, shop, api, media } = await place(t, rules)
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/apis', { body: '2' }, 'Host: WWW.example.com')
    await c1.ask('/a/media/', { body: '3' }, 'Host: www.example.com:8080')
    expect([shop, api, media].map((one) => one.requests.length)).toEqual([3, 0, 0])
  },

  'Any other host is answered 421 and reaches nobody.': async (t, rules) => {
    const { v1, shop, api, media } = await place(t, rules)
    const c1 = await visitor(t, v1)
    for (const host of ['example.org', 'api.example.com.evil.example', '127.0.0.1', 'sub.www.example.com']) {
      for (const target of ['/', '/api/', '/media/']) await c1.ask(target, { status: 421 }, `Host: ${host}`)
    }
    expect([shop, api, media].map((one) => one.origin.connections)).toEqual([0, 0, 0])
  },

  'An API that does not answer within 5 seconds is given up; the site has a minute.': async (t, rules) => {
    const silent = (name: string) =>
      t.origin(name, async (s) => {
        await s.rx()
        await s.rxClosed()
      })
    const [api, shop] = [await silent('api'), await silent('site')]
    const v1 = await rules.start(t, { api, site: shop })
    const c1 = t.client('c1', v1, async (c) => {
      c.raw('PROXY TCP4 203.0.113.9 127.0.0.1 4000 80\r\n')
      await c.ask('/api/', { status: 503 })
    })
    let over = false
    const c2 = t.client('c2', v1, async (c) => {
      c.raw('PROXY TCP4 203.0.113.9 127.0.0.1 4001 80\r\n')
      await c.ask('/', { status: 503 })
      over = true
    })
    await t.until('both are asked', () => api.seen.length === 1 && shop.seen.length === 1)
    v1.advance(6000)
    await c1.end()
    v1.advance(50_000)
    expect(over).toBe(false)
    v1.advance(6000)
    await c2.end()
  },

  'A client learns of a backend that is down by 503; the others go on.': async (t, rules) => {
    const { v1, api } = await place(t, rules)
    await api.origin.down()
    const c1 = await visitor(t, v1)
    await c1.ask('/api/', { status: 503 })
    await c1.ask('/', { status: 200 })
    await c1.ask('/media/a', { status: 200 })
  },

  'The same path on two hosts is never mixed up.': async (t, rules) => {
    const { v1 } = await place(t, rules, 'Cache-Control: max-age=60')
    const c1 = await visitor(t, v1)
    for (const target of ['/', '/media/a']) {
      await c1.ask(target, { body: '1' }, 'Host: example.com')
      await c1.ask(target, { body: '2' }, 'Host: www.example.com')
      await c1.ask(target, { body: '1' }, 'Host: example.com')
    }
  },

  'The API is never cached; the site is, as it says, and media for a day.': async (t, rules) => {
    const { v1 } = await place(t, rules, 'Cache-Control: public, max-age=60', 'ETag: "a"')
    const c1 = await visitor(t, v1)
    for (const number of ['1', '2']) await c1.ask('/api/', { body: number })
    for (let i = 0; i < 2; i++) await c1.ask('/', { body: '1' })
    await c1.ask('/media/a', { body: '1', fields: { 'Set-Cookie': undefined } })
    v1.advance(DAY_MS - 1000)
    await c1.ask('/media/a', { body: '1' })
    await c1.ask('/', { body: '2' })
    v1.advance(12_000)
    await c1.ask('/media/a', { body: '2' })
  },
}
