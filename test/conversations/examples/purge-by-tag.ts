import type { Client } from '../../kit/client.ts'
import type { Conversation } from '../../kit/conversation.ts'
import type { Message } from '../../kit/message.ts'
import { fetched, from, type Promises, site, type Site, STAFF, STRANGER, visitor } from './example.ts'

const AGE = 'Cache-Control: max-age=60'

/** What is on a page: /red-blue has two tags. */
function shop(t: Conversation): Promise<Site> {
  return site(t, (request: Message) => {
    const [method, path] = request.start.split(' ')
    if (method === 'POST') return [`X-Changed-Tags: ${path.slice(1)}`]
    return [AGE, `xkey: ${path.slice(1).replaceAll('-', ' ')}`, `Cache-Tag: shop`, 'X-Changed-Tags: red']
  })
}

async function purge(client: Client, tags: string, answer: string, ...lines: string[]): Promise<void> {
  client.request('PURGE', '/', `X-Purge-Tags: ${tags}`, ...lines)
  await client.rx({ start: `HTTP/1.1 ${answer}` })
}

async function pages(c1: Client, expected: Record<string, number>): Promise<void> {
  for (const [path, number] of Object.entries(expected)) await c1.ask(path, { body: String(number) })
}

export const purgeByTag: Promises = {
  'PURGE with X-Purge-Tags from a listed address removes every page that has one of the tags, and says how many there were.': async (
    t,
    rules,
  ) => {
    const v1 = await rules.start(t, { default: (await shop(t)).origin })
    const c1 = await visitor(t, v1)
    await pages(c1, { '/red': 1, '/red-blue': 2, '/green': 3 })
    await purge(await from(t, v1, STAFF, 'editor'), 'blue green', '200 Purged 2')
    await pages(c1, { '/red': 1, '/red-blue': 4, '/green': 5 })
    await purge(await from(t, v1, '::1', 'local'), 'shop', '200 Purged 3')
    await pages(c1, { '/red': 6, '/red-blue': 7, '/green': 8 })
  },

  'Pages without any of the tags stay.': async (t, rules) => {
    const v1 = await rules.start(t, { default: (await shop(t)).origin })
    const c1 = await visitor(t, v1)
    await pages(c1, { '/red': 1, '/redder': 2 })
    await purge(await from(t, v1, STAFF, 'editor'), 'blue re', '200 Purged 0')
    await pages(c1, { '/red': 1, '/redder': 2 })
  },

  'With X-Purge-Soft they stay until there is a new one: the next visitor still gets the old page at once, and it is fetched anew meanwhile.':
    async (t, rules) => {
      const v1 = await rules.start(t, { default: (await shop(t)).origin })
      const c1 = await visitor(t, v1)
      await pages(c1, { '/red': 1 })
      // What was never fresh has no grace under policy=varnish.
      v1.advance(1000)
      await purge(await from(t, v1, STAFF, 'editor'), 'red', '200 Purged 1', 'X-Purge-Soft: 1')
      await pages(c1, { '/red': 1 })
      await fetched(t, v1, 2)
      await pages(c1, { '/red': 2 })
    },

  'The answer to a POST or the like removes what its X-Changed-Tags names.': async (t, rules) => {
    const v1 = await rules.start(t, { default: (await shop(t)).origin })
    const c1 = await visitor(t, v1)
    await pages(c1, { '/red': 1, '/big-blue': 2 })
    c1.request('POST', '/blue', 'Content-Length: 0')
    await c1.rx({ status: 200, fields: { 'X-Changed-Tags': undefined } })
    await pages(c1, { '/red': 1, '/big-blue': 4 })
  },

  'PURGE from any other address, or without X-Purge-Tags, removes nothing.': async (t, rules) => {
    const s1 = await shop(t)
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await pages(c1, { '/red': 1 })
    await purge(await from(t, v1, STRANGER, 'stranger'), 'red', '403 Forbidden', 'X-Forwarded-For: 127.0.0.1')
    const editor = await from(t, v1, STAFF, 'editor')
    editor.request('PURGE', '/red')
    await editor.rx({ status: 400 })
    await pages(c1, { '/red': 1 })
  },

  'Visitors see no tags.': async (t, rules) => {
    const v1 = await rules.start(t, { default: (await shop(t)).origin })
    const c1 = await visitor(t, v1)
    const none = { xkey: undefined, 'Cache-Tag': undefined, 'Surrogate-Key': undefined, 'X-Changed-Tags': undefined }
    for (let i = 0; i < 2; i++) await c1.ask('/red', { body: '1', fields: none })
  },
}
