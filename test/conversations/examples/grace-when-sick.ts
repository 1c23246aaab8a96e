import { expect } from 'vitest'
import type { TestCache } from '../../kit/cache.ts'
import type { Client } from '../../kit/client.ts'
import type { Conversation } from '../../kit/conversation.ts'
import type { TestOrigin } from '../../kit/origin.ts'
import { DAY_MS, fetched, HOUR_MS, type Promises, type Rules, visitor } from './example.ts'

interface Ward {
  readonly v1: TestCache
  readonly c1: Client
  /** By name: is it well, and how many pages was it asked for? */
  readonly well: Record<string, boolean>
  readonly pages: Record<string, number>
  /** So many rounds of probes. */
  readonly probe: (rounds: number) => Promise<void>
}

const NAMES = ['app1', 'app2']

/** Both servers, well, and known to be. Their pages are numbered. */
async function ward(t: Conversation, rules: Rules): Promise<Ward> {
  const well: Record<string, boolean> = { app1: true, app2: true }
  const pages: Record<string, number> = { app1: 0, app2: 0 }
  const origins = await Promise.all(NAMES.map((name) => server(t, name, well, pages)))
  const v1 = await rules.start(t, Object.fromEntries(NAMES.map((name, i) => [name, origins[i]])))
  const probe = async (rounds: number): Promise<void> => {
    for (let i = 0; i < rounds; i++) {
      const before = v1.events().length
      v1.advance(2000)
      v1.health.step()
      await t.until('both have been probed', () => v1.events().length === before + 2)
    }
  }
  await probe(1)
  return { v1, c1: await visitor(t, v1), well, pages, probe }
}

function server(t: Conversation, name: string, well: Record<string, boolean>, pages: Record<string, number>): Promise<TestOrigin> {
  return t.origin(name, (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      if (request.start.startsWith('GET /health ')) {
        s.answer('', `HTTP/1.1 ${well[name] ? '200 OK' : '500 Oh'}`, 'Connection: close')
        s.close()
      } else s.answer(`${name} ${++pages[name]}`, 'Cache-Control: max-age=60')
    }),
  )
}

const MINUTE_MS = 60_000

export const graceWhenSick: Promises = {
  'Each server is asked for /health every two seconds, and gets pages to answer while three of its last five answers were good.': async (
    t,
    rules,
  ) => {
    const { v1, c1, well, probe } = await ward(t, rules)
    expect(v1.health.step()).toBe(2000)
    well.app2 = false
    // 3 good ones of 5, the first two taken for granted.
    await probe(2)
    await c1.ask('/1', { body: 'app1 1' })
    await c1.ask('/2', { body: 'app2 1' })
    await probe(1)
    await c1.ask('/3', { body: 'app1 2' })
    await c1.ask('/4', { body: 'app1 3' })
    well.app2 = true
    await probe(3)
    await c1.ask('/5', { body: 'app2 2' })
  },

  'A server that is sick is not asked for pages: the other one is.': async (t, rules) => {
    const { c1, well, pages, probe } = await ward(t, rules)
    well.app1 = false
    await probe(5)
    for (let i = 1; i <= 4; i++) await c1.ask(`/${i}`, { body: `app2 ${i}` })
    expect(pages.app1).toBe(0)
  },

  'While one of them is well a page is served for ten seconds after it has expired, and renewed meanwhile.': async (t, rules) => {
    const { v1, c1 } = await ward(t, rules)
    await c1.ask('/', { body: 'app1 1' })
    v1.advance(MINUTE_MS + 9000)
    await c1.ask('/', { body: 'app1 1' })
    await fetched(t, v1, 2)
    await c1.ask('/', { body: 'app2 1' })
    v1.advance(MINUTE_MS + 11_000)
    await c1.ask('/', { body: 'app1 2' })
  },

  'While both are sick a page is served for a day after it has expired, and nobody waits for it.': async (t, rules) => {
    const { v1, c1, well, pages, probe } = await ward(t, rules)
    await c1.ask('/', { body: 'app1 1' })
    well.app1 = well.app2 = false
    await probe(5)
    for (const wait_ms of [MINUTE_MS, HOUR_MS, 22 * HOUR_MS]) {
      v1.advance(wait_ms)
      await c1.ask('/', { status: 200, body: 'app1 1' })
    }
    expect(pages).toEqual({ app1: 1, app2: 0 })
    v1.advance(DAY_MS)
    await c1.ask('/', { status: 503 })
  },

  'What is not stored then is answered 503 at once.': async (t, rules) => {
    const { c1, well, pages, probe } = await ward(t, rules)
    well.app1 = well.app2 = false
    await probe(5)
    await c1.ask('/new', { status: 503 })
    expect(pages).toEqual({ app1: 0, app2: 0 })
  },

  'When one is well again pages are new again.': async (t, rules) => {
    const { v1, c1, well, probe } = await ward(t, rules)
    await c1.ask('/', { body: 'app1 1' })
    well.app1 = well.app2 = false
    await probe(5)
    v1.advance(HOUR_MS)
    await c1.ask('/', { body: 'app1 1' })
    well.app2 = true
    await probe(3)
    await c1.ask('/', { body: 'app2 1' })
  },

  '/alive says 200 while a server is well, and 503 while none is.': async (t, rules) => {
    const { c1, well, probe } = await ward(t, rules)
    await c1.ask('/alive', { status: 200 })
    well.app1 = false
    await probe(5)
    await c1.ask('/alive', { status: 200 })
    well.app2 = false
    await probe(5)
    await c1.ask('/alive', { status: 503 })
  },
}
