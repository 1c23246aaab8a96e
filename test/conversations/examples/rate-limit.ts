import { expect } from 'vitest'
import type { Client } from '../../kit/client.ts'
import { from, MINUTE_MS, type Promises, site, STAFF, visitor } from './example.ts'

async function times(c: Client, count: number, target: string, status: number, ...lines: string[]): Promise<void> {
  for (let i = 0; i < count; i++) await c.ask(target, { status }, ...lines)
}

async function logins(c: Client, count: number, status: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    c.request('POST', '/login', 'Content-Length: 0')
    await c.rx({ status })
  }
}

export const rateLimit: Promises = {
  'An address may ask for 30 pages in 10 seconds; then it is answered 429 until there is room again.': async (t, rules) => {
    const { origin } = await site(t)
    const v1 = await rules.start(t, { default: origin })
    const c1 = await visitor(t, v1)
    await times(c1, 30, '/', 200)
    await times(c1, 2, '/', 429)
    const other = await from(t, v1, '203.0.113.10', 'c2')
    await times(other, 1, '/', 200)
    v1.advance(1000)
    await times(c1, 3, '/', 200)
    await times(c1, 1, '/', 429)
    v1.advance(10_000)
    await times(c1, 30, '/', 200)
  },

  'What is in the cache counts, too; files do not.': async (t, rules) => {
    const { origin, requests } = await site(t, () => ['Cache-Control: max-age=100'])
    const c1 = await visitor(t, await rules.start(t, { default: origin }))
    await times(c1, 100, '/a.css', 200)
    await times(c1, 30, '/', 200)
    await times(c1, 1, '/', 429)
    await times(c1, 1, '/b.js?v=1', 200)
    expect(requests.length).toBe(3)
  },

  'Ten logins in a minute are the most for an address; after that it may not try again for 5 minutes.': async (t, rules) => {
    const { origin, requests } = await site(t)
    const v1 = await rules.start(t, { default: origin })
    const c1 = await visitor(t, v1)
    await logins(c1, 10, 200)
    await logins(c1, 1, 429)
    v1.advance(5 * MINUTE_MS - 1000)
    await logins(c1, 1, 429)
    v1.advance(2000)
    await logins(c1, 1, 200)
    expect(requests.length).toBe(11)
  },

  'Each API key has 100 requests a minute, however many addresses use it, and is told what is left.': async (t, rules) => {
    const { origin } = await site(t)
    const v1 = await rules.start(t, { default: origin })
    const [c1, c2] = [await visitor(t, v1), await from(t, v1, '203.0.113.10', 'c2')]
    await c1.ask('/api/a', { status: 200, fields: { 'X-RateLimit-Remaining': '99' } }, 'X-Api-Key: one')
    await times(c1, 49, '/api/a', 200, 'X-Api-Key: one')
    await times(c2, 49, '/api/b', 200, 'X-Api-Key: one')
    await c2.ask('/api/a', { status: 200, fields: { 'X-RateLimit-Remaining': '0' } }, 'X-Api-Key: one')
    await times(c2, 1, '/api/b', 429, 'X-Api-Key: one')
    await c2.ask('/api/b', { status: 200, fields: { 'X-RateLimit-Remaining': '99' } }, 'X-Api-Key: two', 'X-Left: 7')
  },

  'An answer of 429 says when to come back, and is not cached.': async (t, rules) => {
    const { origin } = await site(t)
    const v1 = await rules.start(t, { default: origin })
    const c1 = await visitor(t, v1)
    await times(c1, 30, '/', 200)
    await c1.ask('/', {
      status: 429,
      fields: { 'Retry-After': '10', 'Cache-Control': 'no-store' },
      body: 'Too many requests. Try again later.',
    })
    await logins(c1, 10, 200)
    c1.request('POST', '/login', 'Content-Length: 0')
    await c1.rx({ status: 429, fields: { 'Retry-After': '300' } })
    v1.advance(10_000)
    await times(c1, 1, '/', 200)
  },

  'Our own monitoring is never limited.': async (t, rules) => {
    const { origin } = await site(t)
    const c1 = await from(t, await rules.start(t, { default: origin }), STAFF)
    await times(c1, 100, '/', 200)
  },
}
