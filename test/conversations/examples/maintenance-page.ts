import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { TestCache } from '../../kit/cache.ts'
import type { Conversation } from '../../kit/conversation.ts'
import { from, type Promises, type Rules, site, type Site, STAFF, visitor } from './example.ts'

const FILE = '/run/lacquer/maintenance'

interface Place {
  readonly v1: TestCache
  readonly begin: () => void
  readonly end: () => void
}

/** The rules with a file of the test's own. */
async function place(t: Conversation, rules: Rules, { origin }: Site): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'lacquer-'))
  t.cache({ close: () => rmSync(folder, { recursive: true }) })
  const file = join(folder, 'maintenance')
  const v1 = await rules.adapted(`"${FILE}"`, `"${file}"`).start(t, { default: origin })
  return { v1, begin: () => writeFileSync(file, ''), end: () => rmSync(file) }
}

const AGE = 'Cache-Control: max-age=60'

export const maintenancePage: Promises = {
  'While the file /run/lacquer/maintenance exists every visitor gets 503 and a page that says so.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const { v1, begin } = await place(t, rules, s1)
    const c1 = await visitor(t, v1)
    await c1.ask('/', { status: 200, body: '1' })
    begin()
    for (const target of ['/', '/other', '/healthzz']) {
      await c1.ask(target, {
        start: 'HTTP/1.1 503 Service Unavailable',
        body: /back soon/,
        fields: { 'Content-Type': 'text/html; charset=utf-8' },
      })
    }
  },

  'The page tells clients to come back in ten minutes, and is never kept by anyone.': async (t, rules) => {
    const { v1, begin } = await place(t, rules, await site(t))
    begin()
    const c1 = await visitor(t, v1)
    await c1.ask('/', { status: 503, fields: { 'Retry-After': '600', 'Cache-Control': 'no-store' } })
  },

  'Programs that ask for JSON get JSON.': async (t, rules) => {
    const { v1, begin } = await place(t, rules, await site(t))
    begin()
    const c1 = await visitor(t, v1)
    for (const type of ['application/json', 'application/vnd.api+json, */*']) {
      const { body } = await c1.ask('/', { status: 503, fields: { 'Content-Type': 'application/json' } }, `Accept: ${type}`)
      expect(JSON.parse(body)).toEqual({ error: 'maintenance', retry_after: 600 })
    }
    await c1.ask('/', { body: /<html/ }, 'Accept: text/html, application/json;q=0.5')
  },

  'Meanwhile no request of a visitor reaches the origin, whatever its method.': async (t, rules) => {
    const s1 = await site(t)
    const { v1, begin } = await place(t, rules, s1)
    begin()
    const c1 = await visitor(t, v1)
    for (const method of ['GET', 'POST', 'PUT', 'OPTIONS', 'PURGE', 'BREW']) {
      c1.request(method, '/', 'Content-Length: 0')
      await c1.rx({ status: 503 })
    }
    expect(s1.origin.connections).toBe(0)
  },

  'Staff see the site as it is, and nothing that they look at is stored.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const { v1, begin, end } = await place(t, rules, s1)
    begin()
    const c1 = await from(t, v1, STAFF)
    await c1.ask('/', { status: 200, body: '1' })
    await c1.ask('/', { status: 200, body: '2' })
    end()
    await c1.ask('/', { status: 200, body: '3' })
    await c1.ask('/', { status: 200, body: '3' })
  },

  '/healthz is answered 200, so that a load balancer keeps sending visitors here.': async (t, rules) => {
    const s1 = await site(t)
    const { v1, begin } = await place(t, rules, s1)
    begin()
    await (await visitor(t, v1)).ask('/healthz', { status: 200 })
    await (await from(t, v1, STAFF, 'balancer')).ask('/healthz?x', { status: 200 })
    expect(s1.requests).toEqual([])
  },

  'What was cached before is served again as soon as the file is gone.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const { v1, begin, end } = await place(t, rules, s1)
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    begin()
    await c1.ask('/', { status: 503 })
    end()
    await c1.ask('/', { status: 200, body: '1' })
  },
}
