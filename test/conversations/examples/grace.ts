import { expect } from 'vitest'
import { fetched, HOUR_MS, MINUTE_MS, type Promises, site, visitor } from './example.ts'

const AGE = 'Cache-Control: max-age=60'

/** An origin that answers 200 at first, then as it is told. */
function failing(status: string): (request: unknown) => readonly string[] {
  let asked = 0
  return () => [asked++ === 0 ? 'HTTP/1.1 200 OK' : `HTTP/1.1 ${status}`, AGE]
}

export const grace: Promises = {
  'For a minute after it has expired a page is served at once, while one background fetch renews it.': async (t, rules) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', AGE)
      await s.rx()
      await t.until('three visitors have been served', () => served === 3)
      s.answer('new', AGE)
    })
    let served = 0
    const v1 = await rules.start(t, { default: s1 })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: 'old' })
    v1.advance(2 * MINUTE_MS - 1000)
    for (; served < 3; served++) await c1.ask('/', { body: 'old' })
    await fetched(t, v1, 2)
    await c1.ask('/', { body: 'new' })
    expect(v1.counters().s_bgfetch).toBe(1)
  },

  'After that minute a visitor waits for a new one.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    v1.advance(2 * MINUTE_MS + 1000)
    await c1.ask('/', { body: '2' })
  },

  'When the origin cannot be reached, a page is served for six hours after it has expired.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    await s1.origin.down()
    for (const wait_ms of [MINUTE_MS, HOUR_MS, 5 * HOUR_MS - MINUTE_MS]) {
      v1.advance(wait_ms)
      await c1.ask('/', { status: 200, body: '1' })
    }
  },

  'When the origin answers 500 to 504, the old page is served instead, and is not replaced.': async (t, rules) => {
    for (const status of ['500 Oops', '502 Bad Gateway', '503 Unavailable', '504 Timeout']) {
      const s1 = await site(t, failing(status), status.slice(0, 3))
      const v1 = await rules.start(t, { default: s1.origin })
      const c1 = await visitor(t, v1)
      await c1.ask('/', { status: 200, body: '1' })
      v1.advance(MINUTE_MS + 1000)
      await c1.ask('/', { status: 200, body: '1' })
      await fetched(t, v1, 2)
      v1.advance(HOUR_MS)
      await c1.ask('/', { status: 200, body: '1' })
      v1.advance(HOUR_MS)
      await c1.ask('/', { status: 200, body: '1' })
    }
  },

  'After six hours, or when there never was a page, the visitor sees the error.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    await s1.origin.down()
    v1.advance(6 * HOUR_MS + 2 * MINUTE_MS)
    await c1.ask('/', { status: 503 })
    await c1.ask('/new', { status: 503 })
  },

  'A page that must be revalidated, or that the origin forbids to store, is never served stale.': async (t, rules) => {
    const says = [`${AGE}, must-revalidate`, `${AGE}, private`, 'Cache-Control: no-store']
    const s1 = await site(t, ({ start }) => [says[Number(start[5])]])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    for (const i of says.keys()) await c1.ask(`/${i}`, { status: 200 })
    // Beyond the default grace of -p policy=varnish, which heeds no must-revalidate.
    v1.advance(MINUTE_MS + 11_000)
    await s1.origin.down()
    for (const i of says.keys()) await c1.ask(`/${i}`, { status: 503 })
  },

  'A visitor who has to wait asks the origin once: no error is fetched twice.': async (t, rules) => {
    const s1 = await site(t, () => ['HTTP/1.1 500 Oops'])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { status: 503 })
    await c1.ask('/', { status: 503 }, 'X-Second-Look: yes')
    expect(s1.requests.length).toBe(2)
  },

  'Forms are never sent twice.': async (t, rules) => {
    const s1 = await site(t, () => ['HTTP/1.1 503 Unavailable'])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    c1.request('POST', '/', 'Content-Length: 2')
    c1.txbody('hi')
    await c1.rx({ status: 503, body: '1' })
    expect(s1.requests.length).toBe(1)
  },
}
