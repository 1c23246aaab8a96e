import { expect } from 'vitest'
import { from, type Promises, site, STAFF, visitor } from './example.ts'

const AGE = 'Cache-Control: max-age=60'
const DETAILS = ['Age', 'TTL', 'Grace', 'Backend'].map((name) => `X-Cache-${name}`)
const NONE = Object.fromEntries(DETAILS.map((name) => [name, undefined]))

export const debugHeaders: Promises = {
  'X-Cache says HIT, STALE, MISS, PASS or SYNTH.': async (t, rules) => {
    const s1 = await site(t, () => [`${AGE}, stale-while-revalidate=60`])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { fields: { 'X-Cache': 'MISS' } })
    await c1.ask('/', { fields: { 'X-Cache': 'HIT' } })
    v1.advance(61_000)
    await c1.ask('/', { fields: { 'X-Cache': 'STALE' } })
    c1.request('POST', '/', 'Content-Length: 0')
    await c1.rx({ status: 200, fields: { 'X-Cache': 'PASS' } })
    c1.request('PRI', '/')
    await c1.rx({ status: 405, fields: { 'X-Cache': 'SYNTH' } })
  },

  'X-Cache-Hits counts how often the stored copy was used; others than hits have none.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/', { fields: { 'X-Cache-Hits': undefined } })
    for (const count of ['1', '2', '3']) await c1.ask('/', { fields: { 'X-Cache-Hits': count } })
    c1.request('POST', '/other', 'Content-Length: 0')
    await c1.rx({ fields: { 'X-Cache-Hits': undefined } })
  },

  'Staff who send X-Cache-Debug also see age, remaining life, grace and backend; nobody else does.': async (t, rules) => {
    const s1 = await site(t, () => [`${AGE}, stale-while-revalidate=30`])
    const v1 = await rules.start(t, { default: s1.origin })
    const [c1, staff] = [await visitor(t, v1), await from(t, v1, STAFF, 'staff')]
    await c1.ask('/', { fields: NONE }, 'X-Cache-Debug: 1')
    v1.advance(10_000)
    const seen = { 'X-Cache-Age': '10.000', 'X-Cache-TTL': '50.000', 'X-Cache-Grace': '30.000', 'X-Cache-Backend': 'default' }
    await staff.ask('/', { fields: seen }, 'X-Cache-Debug: 1')
    await staff.ask('/', { fields: NONE })
    await c1.ask('/', { fields: NONE }, 'X-Cache-Debug: 1')
  },

  "A client cannot write any of these itself, and the origin's own X-Cache is replaced.": async (t, rules) => {
    const s1 = await site(t, () => [AGE, 'X-Cache: HIT from elsewhere', 'X-Cache-Hits: 99'])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/', { fields: { 'X-Cache': 'MISS', 'X-Cache-Hits': undefined } }, 'X-Cache: HIT', 'X-Cache-Hits: 7')
    await c1.ask('/', { fields: { 'X-Cache': 'HIT', 'X-Cache-Hits': '1' } }, 'X-Cache: <b>')
  },

  'Server, X-Powered-By and the like never leave, errors included.': async (t, rules) => {
    const internal = ['Server', 'Via', 'X-Powered-By', 'X-Generator', 'X-Runtime', 'X-AspNet-Version', 'X-Varnish']
    const s1 = await site(t, () => [AGE, ...internal.map((name) => `${name}: secret`)])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    const fields = Object.fromEntries(internal.map((name) => [name, undefined]))
    await c1.ask('/', { status: 200, fields })
    await c1.ask('/', { status: 200, fields })
    c1.request('PRI', '/')
    await c1.rx({ status: 405, fields })
    await s1.origin.down()
    await c1.ask('/new', { status: 503, fields })
  },

  'Nothing of this reaches the origin, and responses are cached as before.': async (t, rules) => {
    const s1 = await site(t, ({ start }) => [start.includes('own') ? 'Cache-Control: no-store' : AGE])
    const v1 = await rules.start(t, { default: s1.origin })
    const staff = await from(t, v1, STAFF)
    await staff.ask('/', { body: '1' }, 'X-Cache-Debug: 1', 'X-Cache: x')
    await staff.ask('/', { body: '1' })
    await staff.ask('/own', { body: '2' }, 'X-Cache-Debug: 1')
    await staff.ask('/own', { body: '3' })
    staff.request('POST', '/', 'X-Cache-Debug: 1', 'Content-Length: 0')
    await staff.rx({ body: '4' })
    for (const { lines } of s1.requests) expect(lines.filter((line) => /^x-cache/i.test(line))).toEqual([])
  },
}
