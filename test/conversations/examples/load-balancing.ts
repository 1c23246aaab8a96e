import { expect } from 'vitest'
import type { TestCache } from '../../kit/cache.ts'
import type { Conversation } from '../../kit/conversation.ts'
import type { Message } from '../../kit/message.ts'
import { type Promises, type Rules, visitor } from './example.ts'

type Asked = [server: string, start: string][]

interface Farm {
  readonly v1: TestCache
  /** Who was asked what. */
  readonly asked: Asked
}

/** All five servers answer with their names, or 503 when `fails` says so. */
async function farm(t: Conversation, rules: Rules, fails: (server: string, request: Message) => boolean = () => false): Promise<Farm> {
  const asked: Asked = []
  const names = ['app1', 'app2', 'media1', 'media2', 'spare']
  const origins = await Promise.all(
    names.map((name) =>
      t.origin(name, (s) =>
        s.forever(async () => {
          const { request } = await s.rx()
          asked.push([name, request.start])
          if (fails(name, request)) s.tx('HTTP/1.1 503 Out', 'Content-Length: 0')
          else s.answer(name)
        }),
      ),
    ),
  )
  return { v1: await rules.start(t, Object.fromEntries(names.map((name, i) => [name, origins[i]]))), asked }
}

const servers = (asked: Asked): string[] => asked.map(([server]) => server)

export const loadBalancing: Promises = {
  'Pages go to the application servers in turn.': async (t, rules) => {
    const { v1, asked } = await farm(t, rules)
    const c1 = await visitor(t, v1)
    for (const target of ['/a', '/b', '/c', '/d']) await c1.ask(target, { status: 200 })
    expect(servers(asked)).toEqual(['app1', 'app2', 'app1', 'app2'])
  },

  'Whoever has a session cookie gets the same server for all of the session.': async (t, rules) => {
    const { v1, asked } = await farm(t, rules)
    const c1 = await visitor(t, v1)
    for (const session of ['a', 'b', 'c', 'd', 'e', 'f']) {
      for (const target of ['/x', '/y', '/z']) await c1.ask(target, { status: 200 }, `Cookie: _ga=${asked.length}; session=${session}`)
    }
    const used = servers(asked)
    for (let i = 0; i < used.length; i += 3) expect(new Set(used.slice(i, i + 3)).size).toBe(1)
    expect(new Set(used)).toEqual(new Set(['app1', 'app2']))
  },

  'Images of one path always come from the same media server, so that each keeps its own in memory.': async (t, rules) => {
    const { v1, asked } = await farm(t, rules)
    const c1 = await visitor(t, v1)
    const targets = ['/media/1.jpg', '/media/2.jpg', '/media/3.jpg', '/media/4.jpg', '/media/5.jpg', '/media/6.jpg']
    for (const query of ['', '?v=2']) for (const target of targets) await c1.ask(target + query, { status: 200 })
    const used = servers(asked)
    expect(used.slice(6)).toEqual(used.slice(0, 6))
    expect(new Set(used)).toEqual(new Set(['media1', 'media2']))
  },

  'A page whose server answers 502, 503 or 504 comes from the next server, and when that does so too, from the spare.': async (
    t,
    rules,
  ) => {
    const { v1, asked } = await farm(t, rules, (server, request) => server === 'app1' || request.start.includes('/both'))
    const c1 = await visitor(t, v1)
    await c1.ask('/one', { body: 'app2' })
    await c1.ask('/both', { status: 503 })
    expect(servers(asked)).toEqual(['app1', 'app2', 'app1', 'app2', 'spare'])
  },

  'Sessions and media of such a server come from the spare at once.': async (t, rules) => {
    const { v1, asked } = await farm(t, rules, (server) => server !== 'spare')
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: 'spare' }, 'Cookie: session=1')
    await c1.ask('/media/1.jpg', { body: 'spare' })
    expect(servers(asked)).toEqual([expect.stringMatching('app'), 'spare', expect.stringMatching('media'), 'spare'])
  },

  'What a form sends is never sent twice.': async (t, rules) => {
    const { v1, asked } = await farm(t, rules, () => true)
    const c1 = await visitor(t, v1)
    c1.request('POST', '/form', 'Content-Length: 3')
    c1.raw('a=b')
    await c1.rx({ status: 503 })
    c1.request('POST', '/form', 'Transfer-Encoding: chunked')
    c1.raw('3\r\na=b\r\n0\r\n\r\n')
    await c1.rx({ status: 503 })
    expect(asked.length).toBe(2)
  },
}
