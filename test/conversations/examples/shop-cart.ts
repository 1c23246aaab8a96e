import { expect } from 'vitest'
import { MINUTE_MS, type Promises, site, visitor } from './example.ts'

const SESSION = 'Cookie: session=alice'

export const shopCart: Promises = {
  'Cart, checkout and account come from the origin for each customer, cookies untouched, and are never stored.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: public, max-age=600'])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    const targets = ['/cart', '/cart/items?x', '/checkout/', '/account?tab=1', '/Account/orders', '/login']
    for (const target of targets) {
      const before = s1.requests.length
      await c1.ask(target, { body: String(before + 1) }, SESSION)
      await c1.ask(target, { body: String(before + 2) }, 'Cookie: session=bob')
    }
    const cookies = s1.requests.map((request) => request.field('cookie'))
    expect(cookies).toEqual(targets.flatMap(() => ['session=alice', 'session=bob']))
    expect(v1.counters()).toMatchObject({ cache_hit: 0, cache_miss: 0 })
  },

  'The catalogue is shared by all customers; the origin does not see their cookies there.': async (t, rules) => {
    const s1 = await site(t)
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/shoes/42', { body: '1' }, SESSION)
    await c1.ask('/shoes/42', { body: '1' }, 'Cookie: session=bob')
    await c1.ask('/shoes/42', { body: '1' })
    await c1.ask('/cartoons', { body: '2' }, SESSION)
    expect(s1.requests.map((request) => request.field('cookie'))).toEqual([undefined, undefined])
  },

  'A catalogue page that sets a cookie reaches the one who asked, and nobody else.': async (t, rules) => {
    let number = 0
    const s1 = await site(t, () => ['Cache-Control: public, max-age=600', `Set-Cookie: session=${++number}`])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/', { body: '1', fields: { 'Set-Cookie': 'session=1' } })
    await c1.ask('/', { body: '2', fields: { 'Set-Cookie': 'session=2' } })
  },

  'While such a page is not stored, its visitors do not wait for each other.': async (t, rules) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('first', 'Set-Cookie: session=1')
      const one = await s.rx()
      const two = await s.rx()
      for (const exchange of [two, one]) exchange.answer('later', 'Set-Cookie: session=2')
    })
    const v1 = await rules.start(t, { default: s1 })
    const [c1, c2] = [await visitor(t, v1), await visitor(t, v1, 'c2')]
    await c1.ask('/', { body: 'first' })
    c1.get('/')
    c2.get('/')
    await c1.rx({ body: 'later' })
    await c2.rx({ body: 'later' })
    expect(v1.counters()).toMatchObject({ cache_hitmiss: 2, busy_sleep: 0 })
  },

  'Whatever changes something (POST and the like) reaches the origin with its cookies.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: public, max-age=600'])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const [i, method] of ['POST', 'PUT', 'DELETE'].entries()) {
      c1.request(method, '/shoes/42', SESSION, 'Content-Length: 3')
      c1.txbody('a=1')
      await c1.rx({ body: String(i + 1) })
      expect(s1.requests[i]).toMatchObject({ start: `${method} /shoes/42 HTTP/1.1`, body: 'a=1' })
      expect(s1.requests[i].field('cookie')).toBe('session=alice')
    }
  },

  'Personal pages tell browsers and caches behind this one not to keep them.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: public, max-age=600'])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/cart', { fields: { 'Cache-Control': 'private, no-store' } }, SESSION)
    await c1.ask('/', { fields: { 'Cache-Control': 'public, max-age=600' } }, 'X-Personal: yes')
  },

  'A page that the shop calls private or no-store is never shared.': async (t, rules) => {
    const s1 = await site(t, ({ start }) => [`Cache-Control: max-age=600, ${start.includes('wishlist') ? 'private' : 'no-store'}`])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/wishlist', { body: '1' })
    await c1.ask('/wishlist', { body: '2' })
    await c1.ask('/voucher', { body: '3' })
    await c1.ask('/voucher', { body: '4' })
  },

  'A catalogue page that says nothing stays for 5 minutes; an out-of-stock 404 for 30 seconds.': async (t, rules) => {
    const s1 = await site(t, ({ start }) => (start.includes('gone') ? ['HTTP/1.1 404 Not Found'] : []))
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/shoes', { status: 200, body: '1' })
    await c1.ask('/gone', { status: 404, body: '2' })
    v1.advance(29_000)
    await c1.ask('/gone', { status: 404, body: '2' })
    v1.advance(2000)
    await c1.ask('/gone', { status: 404, body: '3' })
    v1.advance(5 * MINUTE_MS - 32_000)
    await c1.ask('/shoes', { body: '1' })
    v1.advance(2000)
    await c1.ask('/shoes', { body: '4' })
  },
}
