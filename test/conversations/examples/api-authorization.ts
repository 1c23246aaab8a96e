import { expect } from 'vitest'
import { MINUTE_MS, type Promises, site, visitor } from './example.ts'

const ALICE = 'Authorization: Bearer alice'
const BOB = 'Authorization: Bearer bob'

export const apiAuthorization: Promises = {
  'Whatever is not listed as public comes from the origin, for each caller, even if the origin calls it public.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: public, s-maxage=600'])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/v1/orders', { body: '1' }, ALICE)
    await c1.ask('/v1/orders', { body: '2' }, BOB)
    await c1.ask('/v1/orders', { body: '3' })
    await c1.ask('/v1/publications', { body: '4' })
    await c1.ask('/v1/publications', { body: '5' })
    expect(s1.requests.slice(0, 3).map((request) => request.field('authorization'))).toEqual(['Bearer alice', 'Bearer bob', undefined])
    expect(v1.counters()).toMatchObject({ cache_hit: 0, cache_miss: 0, s_pass: 5 })
  },

  'An answer that is not public tells browsers and caches behind this one not to keep it, unless the origin says otherwise.': async (
    t,
    rules,
  ) => {
    const s1 = await site(t, ({ start }) => (start.includes('avatar') ? ['Cache-Control: private, max-age=60'] : []))
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/v1/orders', { fields: { 'Cache-Control': 'private, no-store' } }, ALICE)
    await c1.ask('/v1/avatar', { fields: { 'Cache-Control': 'private, max-age=60' } }, ALICE)
  },

  'A public endpoint is asked for once a minute at most, whoever calls it and with whatever credentials.': async (t, rules) => {
    const s1 = await site(t)
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/v1/catalogue/42?lang=en', { body: '1' }, ALICE)
    await c1.ask('/v1/catalogue/42?lang=en', { body: '1' }, BOB, 'Cookie: a=b')
    v1.advance(MINUTE_MS - 1000)
    await c1.ask('/v1/catalogue/42?lang=en', { body: '1' })
    v1.advance(2000)
    await c1.ask('/v1/catalogue/42?lang=en', { body: '2' })
    expect(s1.requests.length).toBe(2)
  },

  'The origin never sees Authorization or Cookie on a public endpoint, so that its answer cannot depend on them.': async (t, rules) => {
    const s1 = await site(t)
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/v1/public', { body: '1' }, ALICE, 'Cookie: session=1')
    await c1.ask('/v1/status?x', { body: '2' }, ALICE, 'Cookie: session=1', 'X-Public: no')
    for (const request of s1.requests) {
      expect([request.field('authorization'), request.field('cookie')]).toEqual([undefined, undefined])
    }
  },

  'A public endpoint stays for as long as the origin says, if it says so, and not at all if it forbids it.': async (t, rules) => {
    const s1 = await site(t, ({ start }) => [`Cache-Control: ${start.includes('status') ? 'no-store' : 'max-age=3600'}`])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/v1/public/a', { body: '1' })
    v1.advance(59 * MINUTE_MS)
    await c1.ask('/v1/public/a', { body: '1' })
    await c1.ask('/v1/status', { body: '2' })
    await c1.ask('/v1/status', { body: '3' })
  },

  'A public answer may be read by pages of every origin.': async (t, rules) => {
    const s1 = await site(t, () => [
      'Vary: Origin',
      'Access-Control-Allow-Origin: https://first.example',
      'Access-Control-Allow-Credentials: true',
    ])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    const open = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': undefined }
    await c1.ask('/v1/public', { body: '1', fields: open }, 'Origin: https://first.example')
    await c1.ask('/v1/public', { body: '1', fields: open }, 'Origin: https://second.example')
    await c1.ask('/v1/orders', { fields: { 'Access-Control-Allow-Origin': 'https://first.example' } }, 'Origin: https://second.example')
  },

  'A client cannot call something public, and a public answer sets no cookie.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: public, max-age=60', 'Set-Cookie: session=1'])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const number of ['1', '2']) {
      await c1.ask('/v1/orders', { body: number, fields: { 'Access-Control-Allow-Origin': undefined } }, ALICE, 'X-Public: yes')
    }
    for (let i = 0; i < 2; i++) await c1.ask('/v1/public', { body: '3', fields: { 'Set-Cookie': undefined } })
  },

  'A CORS preflight is answered here, with permission for the listed origins only.': async (t, rules) => {
    const s1 = await site(t)
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    const preflight = async (origin: string, allowed: string | undefined) => {
      c1.request('OPTIONS', '/v1/orders', `Origin: ${origin}`, 'Access-Control-Request-Method: PUT')
      const [methods, headers, age] = allowed === undefined ? [] : [/\bPUT\b/, /\bAuthorization\b/, '600']
      await c1.rx({
        start: 'HTTP/1.1 204 No Content',
        fields: {
          'Access-Control-Allow-Origin': allowed,
          'Access-Control-Allow-Methods': methods,
          'Access-Control-Allow-Headers': headers,
          'Access-Control-Max-Age': age,
          Vary: 'Origin',
        },
      })
    }
    await preflight('https://app.example.com', 'https://app.example.com')
    await preflight('https://admin.example.com', 'https://admin.example.com')
    for (const origin of ['https://app.example.com.evil.example', 'https://appXexample.com', 'http://app.example.com', 'null']) {
      await preflight(origin, undefined)
    }
    expect(s1.requests).toEqual([])
  },

  'Calls that change something always reach the origin.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: public, max-age=60'])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    let number = 0
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      for (const target of ['/v1/orders', '/v1/public']) {
        c1.request(method, target, ALICE, 'Content-Length: 2')
        c1.txbody('{}')
        await c1.rx({ body: String(++number) })
        expect(s1.requests[number - 1]).toMatchObject({ start: `${method} ${target} HTTP/1.1`, body: '{}' })
        expect(s1.requests[number - 1].field('authorization')).toBe('Bearer alice')
      }
    }
  },
}
