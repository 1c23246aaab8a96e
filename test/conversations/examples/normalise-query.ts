import { expect } from 'vitest'
import { type Promises, site, visitor } from './example.ts'

const AGE = 'Cache-Control: max-age=60'

export const normaliseQuery: Promises = {
  'The order of query parameters does not matter.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const query of ['a=1&b=2&b=1', 'b=1&b=2&a=1', 'b=2&&a=1&b=1&']) await c1.ask(`/list?${query}`, { body: '1' })
    await c1.ask('/list?a=2&b=1&b=2', { body: '2' })
  },

  'Parameters that only trackers read are dropped; the origin does not see them.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const query of ['', '?', '?utm_source=x', '?gclid=1&fbclid=2', '?fbclid', '?&UTM_Campaign=%20&mc_eid=1&_ga=2.3']) {
      await c1.ask(`/list${query}`, { body: '1' })
    }
    for (const query of ['?id=7', '?gclid=1&id=7', '?id=7&utm_source=x', '?utm_source=x&id=7&utm_medium=y&fbclid=z']) {
      await c1.ask(`/list${query}`, { body: '2' })
    }
    expect(s1.origin.seen).toEqual(['GET /list HTTP/1.1', 'GET /list?id=7 HTTP/1.1'])
  },

  'Parameters that only resemble them are kept.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    const kept = ['/a?gclid2=1', '/a?mygclid=1', '/a?q=utm_source=1', '/utm_source=1', '/a?x=1?gclid=2']
    for (const target of kept) await c1.ask(target, {})
    expect(s1.origin.seen).toEqual(kept.map((target) => `GET ${target} HTTP/1.1`))
  },

  "Upper case, a default port and a final dot in the host do not matter; the path's case does.": async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const host of ['example.com', 'EXAMPLE.com', 'example.com:80', 'Example.Com:443', 'example.com.', 'example.com.:80']) {
      await c1.ask('/a', { body: '1' }, `Host: ${host}`)
    }
    await c1.ask('/A', { body: '2' })
    await c1.ask('/a', { body: '3' }, 'Host: example.com:8080')
    expect(s1.requests.map((request) => request.field('host'))).toEqual(['example.com', 'example.com', 'example.com:8080'])
  },

  'A path that ends in a slash is redirected to the one without, its query kept; nobody asks the origin.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    const redirects = [
      ['/shop/', '/shop'],
      ['/shop///', '/shop'],
      ['/shop/shoes/?b=2&a=1&gclid=3', '/shop/shoes?a=1&b=2'],
      ['/a?next=/b/', undefined],
      ['/', undefined],
      ['/?a=1', undefined],
    ]
    for (const [target, to] of redirects) {
      await c1.ask(target ?? '', { status: to === undefined ? 200 : 301, fields: { Location: to } })
    }
    expect(s1.requests.length).toBe(3)
  },

  'A redirect never leads to another site.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const target of ['//evil.example/', '///evil.example//', '/\\evil.example/', '/\\/evil.example/?a', '//evil.example/..//']) {
      c1.get(target)
      const { status, start, lines } = await c1.rx()
      const location = lines.find((line) => line.startsWith('Location: '))?.slice('Location: '.length)
      // What a browser makes of it.
      const to = new URL(location ?? '/', 'http://example.com/')
      expect({ status, host: to.host }, start).toEqual({ status: location === undefined ? 400 : 301, host: 'example.com' })
    }
    await c1.ask('//', {})
    expect(s1.origin.seen.length).toBeLessThan(2)
  },

  'Only GET and HEAD are redirected or rewritten.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    c1.request('POST', '/shop/?b=2&a=1&gclid=3', 'Content-Length: 0')
    await c1.rx({ status: 200, body: '1' })
    expect(s1.origin.seen).toEqual(['POST /shop/?b=2&a=1&gclid=3 HTTP/1.1'])
    c1.request('HEAD', '/shop/')
    await c1.rxForHead({ start: 'HTTP/1.1 301 Moved Permanently', fields: { Location: '/shop', 'Cache-Control': 'public, max-age=3600' } })
  },
}
