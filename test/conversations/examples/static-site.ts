import { expect } from 'vitest'
import { DAY_MS, fetched, HOUR_MS, MINUTE_MS, type Promises, site, visitor } from './example.ts'

export const staticSite: Promises = {
  'Assets stay for 30 days unless the origin forbids it.': async (t, rules) => {
    const s1 = await site(t, ({ start }) => [`Cache-Control: ${start.includes('own') ? 'no-store' : 'max-age=60'}`])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/logo.PNG', { body: '1' })
    v1.advance(30 * DAY_MS - 1000)
    await c1.ask('/logo.PNG', { body: '1' })
    v1.advance(DAY_MS + 2000)
    await c1.ask('/logo.PNG', { body: '2' })
    await c1.ask('/own.png', { body: '3' })
    await c1.ask('/own.png', { body: '4' })
  },

  'Pages stay for 5 minutes unless the origin says how long.': async (t, rules) => {
    const s1 = await site(t, ({ start }) => (start.includes('long') ? ['Cache-Control: max-age=7200'] : []))
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/long', { body: '2' })
    await c1.ask('/forged', { body: '3' }, 'X-Asset: yes')
    v1.advance(5 * MINUTE_MS - 1000)
    await c1.ask('/', { body: '1' })
    expect(v1.counters().s_bgfetch).toBe(0)
    v1.advance(HOUR_MS + 2000)
    await c1.ask('/', { body: '4' })
    await c1.ask('/forged', { body: '5' })
    await c1.ask('/long', { body: '2' })
  },

  'A page that has expired is served for another hour while one background fetch renews it.': async (t, rules) => {
    const s1 = await site(t)
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    v1.advance(HOUR_MS)
    await c1.ask('/', { body: '1' })
    await fetched(t, v1, 2)
    await c1.ask('/', { body: '2' })
    expect(v1.counters().s_bgfetch).toBe(1)
  },

  "Cookies never reach the origin, and the origin's cookies never reach a visitor.": async (t, rules) => {
    const s1 = await site(t, () => ['Set-Cookie: session=1'])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1', fields: { 'Set-Cookie': undefined } }, 'Cookie: a=b')
    await c1.ask('/', { body: '1', fields: { 'Set-Cookie': undefined } }, 'Cookie: a=c')
    await c1.ask('/style.css', { body: '2', fields: { 'Set-Cookie': undefined } }, 'Cookie: a=b')
    expect(s1.requests.map((request) => request.field('cookie'))).toEqual([undefined, undefined])
  },

  'Query parameters that only trackers read make no second copy of an asset; a version such as ?v=3 does.': async (t, rules) => {
    const s1 = await site(t)
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const noise of ['', '?', '?gclid=1', '?utm_source=a&utm_medium=b', '?_=1700000000', '?FBCLID=x&gclid']) {
      await c1.ask(`/app.js${noise}`, { body: '1' })
    }
    for (const query of ['?v=3', '?v=3&gclid=1', '?utm_source=a&v=3', '?gclid=1&v=3&fbclid=2&utm_term=c']) {
      await c1.ask(`/app.js${query}`, { body: '2' })
    }
    await c1.ask('/app.js?v=4&gclid=1&w=5', { body: '3' })
    expect(s1.origin.seen).toEqual(['/app.js', '/app.js?v=3', '/app.js?v=4&w=5'].map((url) => `GET ${url} HTTP/1.1`))
  },

  "A reload in the browser does not send an asset's request to the origin.": async (t, rules) => {
    const s1 = await site(t)
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/style.css', { body: '1' })
    await c1.ask('/style.css', { body: '1' }, 'Cache-Control: no-cache', 'Pragma: no-cache')
    await c1.ask('/style.css', { body: '1' }, 'Cache-Control: max-age=0')
  },

  'What is missing is asked for again after a minute.': async (t, rules) => {
    const s1 = await site(t, () => ['HTTP/1.1 404 Not Found'])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    for (const [target, first, second] of [
      ['/page', '1', '2'],
      ['/image.png', '3', '4'],
    ]) {
      await c1.ask(target, { status: 404, body: first })
      v1.advance(MINUTE_MS - 1000)
      await c1.ask(target, { status: 404, body: first })
      v1.advance(2000)
      await c1.ask(target, { status: 404, body: second })
    }
  },

  'What the origin calls private or no-store is never stored.': async (t, rules) => {
    const s1 = await site(t, ({ start }) => [`Cache-Control: max-age=60, ${start.includes('mine') ? 'private' : 'no-store'}`])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/mine', { body: '1' })
    await c1.ask('/mine', { body: '2' })
    await c1.ask('/secret.pdf', { body: '3' })
    await c1.ask('/secret.pdf', { body: '4' })
  },

  'Methods other than GET and HEAD never reach the origin.': async (t, rules) => {
    const s1 = await site(t)
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PURGE', 'BREW']) {
      c1.request(method, '/', 'Content-Length: 0')
      await c1.rx({ status: 405, fields: { Allow: 'GET, HEAD' } })
    }
    c1.request('HEAD', '/')
    await c1.rxForHead({ status: 200 })
    expect(s1.origin.seen).toEqual(['GET / HTTP/1.1'])
  },
}
