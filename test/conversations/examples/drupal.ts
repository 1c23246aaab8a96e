import { expect } from 'vitest'
import type { TestCache } from '../../kit/cache.ts'
import type { Conversation } from '../../kit/conversation.ts'
import type { Message } from '../../kit/message.ts'
import { DAY_MS, fetched, from, HOUR_MS, MINUTE_MS, type Promises, type Rules, STAFF, visitor } from './example.ts'

interface Place {
  readonly v1: TestCache
  readonly requests: Message[]
  readonly down: () => Promise<void>
}

/** Both servers number their answers together. */
async function drupalSite(t: Conversation, rules: Rules, reply: (request: Message) => readonly string[] = () => []): Promise<Place> {
  const requests: Message[] = []
  const serve = (name: string) =>
    t.origin(name, (s) =>
      s.forever(async () => {
        const { request } = await s.rx()
        requests.push(request)
        s.answer(String(requests.length), ...reply(request))
      }),
    )
  const [web1, web2] = [await serve('web1'), await serve('web2')]
  const v1 = await rules.start(t, { web1, web2 })
  return { v1, requests, down: async () => void (await Promise.all([web1.down(), web2.down()])) }
}

const HOUR = () => ['Cache-Control: public, max-age=3600']

export const drupal: Promises = {
  'Readers share one copy of a page, whatever cookies analytics and consent tools have set; the origin sees none of these.': async (
    t,
    rules,
  ) => {
    const { v1, requests } = await drupalSite(t, rules, () => [...HOUR(), 'Vary: Cookie'])
    const c1 = await visitor(t, v1)
    for (const cookies of ['_ga=1; has_js=1', 'cookie-agreed=2', 'SESSION=x; sess=1'])
      await c1.ask('/', { body: '1' }, `Cookie: ${cookies}`)
    await c1.ask('/', { body: '1' })
    expect(requests[0].field('cookie')).toBeUndefined()
  },

  'A session or the "do not cache me" cookie of Drupal goes to the origin, with these cookies only, and is answered from there.': async (
    t,
    rules,
  ) => {
    const { v1, requests } = await drupalSite(t, rules, HOUR)
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' }, 'Cookie: _ga=1; SESSab12=x; z=2')
    await c1.ask('/', { body: '2' }, 'Cookie: SSESSab12=y')
    await c1.ask('/', { body: '3' }, 'Cookie: NO_CACHE=1; a=b')
    expect(requests.map((request) => request.field('cookie'))).toEqual(['SESSab12=x;', 'SSESSab12=y;', 'NO_CACHE=1;'])
  },

  'Admin, user, cron and update pages always come from the origin; cron and update only for the addresses below.': async (t, rules) => {
    const { v1 } = await drupalSite(t, rules, HOUR)
    const c1 = await visitor(t, v1)
    let number = 0
    for (const target of ['/admin', '/admin/config', '/user/login', '/user?x=1', '/views/ajax']) {
      for (let i = 0; i < 2; i++) await c1.ask(target, { body: String(++number) })
    }
    for (const target of ['/cron.php', '/update.php', '/cron/key', '/install.php']) await c1.ask(target, { status: 404 })
    const staff = await from(t, v1, STAFF, 'c2')
    for (let i = 0; i < 2; i++) await staff.ask('/cron.php', { body: String(++number) })
    await c1.ask('/username', { body: String(++number) })
    await c1.ask('/username', { body: String(number) })
  },

  'Files and images of themes are the same for everyone, sessions or not, and stay for a day.': async (t, rules) => {
    const { v1, requests } = await drupalSite(t, rules, () => ['Set-Cookie: a=b'])
    const c1 = await visitor(t, v1)
    await c1.ask('/themes/a.css?v=1', { body: '1', fields: { 'Set-Cookie': undefined } }, 'Cookie: SESSab=1')
    v1.advance(DAY_MS - MINUTE_MS)
    await c1.ask('/themes/a.css?v=1', { body: '1' })
    expect(requests[0].field('cookie')).toBeUndefined()
  },

  'PURGE removes a page, BAN with Cache-Tags removes all pages that carry one of the tags; both for the addresses below only.': async (
    t,
    rules,
  ) => {
    const tags: Record<string, string> = { '/a': 'node:1 user:7', '/b': 'node:2', '/c': 'node:11 list' }
    const { v1 } = await drupalSite(t, rules, (request) => [...HOUR(), `Cache-Tags: ${tags[request.start.split(' ')[1]]}`])
    const [c1, staff] = [await visitor(t, v1), await from(t, v1, STAFF, 'c2')]
    const see = async (bodies: readonly string[]) => {
      for (const [i, target] of ['/a', '/b', '/c'].entries()) await c1.ask(target, { body: bodies[i] })
    }
    const send = async (c: typeof c1, method: string, status: number, ...lines: string[]) => {
      c.request(method, '/a', ...lines)
      await c.rx({ status })
    }
    await see(['1', '2', '3'])
    await send(c1, 'PURGE', 403)
    await send(c1, 'BAN', 403, 'Cache-Tags: node:1')
    await send(staff, 'BAN', 400)
    await see(['1', '2', '3'])
    await send(staff, 'BAN', 200, 'Cache-Tags: node:1 node:2')
    await see(['4', '5', '3'])
    await send(staff, 'PURGE', 200)
    await see(['6', '5', '3'])
  },

  'The tags do not leave.': async (t, rules) => {
    const { v1 } = await drupalSite(t, rules, () => [...HOUR(), 'Cache-Tags: a', 'X-Generator: Drupal'])
    const c1 = await visitor(t, v1)
    for (let i = 0; i < 2; i++) await c1.ask('/', { body: '1', fields: { 'Cache-Tags': undefined, 'X-Generator': undefined } })
  },

  'Pages are served for six hours more while they are renewed, and while Drupal is down.': async (t, rules) => {
    const { v1, down } = await drupalSite(t, rules, () => ['Cache-Control: public, max-age=60'])
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    v1.advance(HOUR_MS)
    await c1.ask('/', { body: '1' })
    await fetched(t, v1, 2)
    await c1.ask('/', { body: '2' })
    await down()
    v1.advance(6 * HOUR_MS)
    await c1.ask('/', { body: '2' })
  },

  'Readers who send different Accept-Language headers share one copy for each language that the site has.': async (t, rules) => {
    const { v1 } = await drupalSite(t, rules, () => [...HOUR(), 'Vary: Accept-Language'])
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' }, 'Accept-Language: de,en;q=0.5')
    await c1.ask('/', { body: '1' }, 'Accept-Language: es;q=0.3, de;q=0.9')
    await c1.ask('/', { body: '2' }, 'Accept-Language: es')
    await c1.ask('/', { body: '2' })
    await c1.ask('/', { body: '3' }, 'Accept-Language: fr')
  },
}
