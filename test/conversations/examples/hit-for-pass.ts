import { expect } from 'vitest'
import { MINUTE_MS, type Promises, site, visitor } from './example.ts'

export const hitForPass: Promises = {
  'A page that says private, or sets a cookie, is never stored.': async (t, rules) => {
    const s1 = await site(t, ({ start }) => ['Cache-Control: max-age=60' + (start.includes('mine') ? ', private' : ''), ...cookieOf(start)])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const target of ['/mine', '/welcome']) {
      const before = s1.requests.length
      await c1.ask(target, { body: String(before + 1) }, 'Cookie: session=alice')
      await c1.ask(target, { body: String(before + 2) }, 'Cookie: session=bob')
    }
    expect(s1.requests.map((request) => request.field('cookie'))).toEqual([...Array(2)].flatMap(() => ['session=alice', 'session=bob']))
  },

  'For two minutes after one such answer requests for that page go straight to the origin, all at once.': async (t, rules) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('first', 'Cache-Control: private')
      const one = await s.rx()
      const two = await s.rx()
      for (const exchange of [two, one]) exchange.answer('later', 'Cache-Control: private')
    })
    const v1 = await rules.start(t, { default: s1 })
    const [c1, c2] = [await visitor(t, v1), await visitor(t, v1, 'c2')]
    await c1.ask('/', { body: 'first' })
    v1.advance(2 * MINUTE_MS - 1000)
    c1.get('/')
    c2.get('/')
    await c1.rx({ body: 'later' })
    await c2.rx({ body: 'later' })
    expect(v1.counters()).toMatchObject({ cache_hitpass: 2, busy_sleep: 0 })
  },

  "Meanwhile the origin sees each client's own If-None-Match and Range.": async (t, rules) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { 'If-None-Match': undefined } })
      s.answer('whole', 'Cache-Control: private', 'ETag: "a"')
      await s.rx({ fields: { 'If-None-Match': '"a"' } })
      s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: private', 'ETag: "a"')
      await s.rx({ fields: { Range: 'bytes=0-1' } })
      s.answer('wh', 'HTTP/1.1 206 Partial Content', 'Content-Range: bytes 0-1/5', 'Cache-Control: private')
    })
    const c1 = await visitor(t, await rules.start(t, { default: s1 }))
    await c1.ask('/', { status: 200, body: 'whole' })
    await c1.ask('/', { status: 304 }, 'If-None-Match: "a"')
    await c1.ask('/', { status: 206, body: 'wh' }, 'Range: bytes=0-1')
  },

  'After two minutes the page is looked at again: if it has become public, it is stored.': async (t, rules) => {
    let asked = 0
    const s1 = await site(t, () => [`Cache-Control: ${asked++ === 0 ? 'private' : 'max-age=600'}`])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' })
    await c1.ask('/', { body: '3' })
    v1.advance(2 * MINUTE_MS + 1000)
    await c1.ask('/', { body: '4' })
    await c1.ask('/', { body: '4' })
  },

  'Other pages are stored as they say.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: max-age=60'])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' }, 'Cookie: a=b')
    await c1.ask('/', { body: '1' }, 'Cookie: a=c')
    v1.advance(MINUTE_MS + 11_000)
    await c1.ask('/', { body: '2' })
  },
}

function cookieOf(start: string): string[] {
  return start.includes('welcome') ? ['Set-Cookie: session=1'] : []
}
