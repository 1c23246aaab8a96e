import { expect } from 'vitest'
import type { Client } from '../../kit/client.ts'
import { from, type Promises, site, STAFF, STRANGER, visitor } from './example.ts'

const AGE = 'Cache-Control: max-age=3600'

async function ban(client: Client, pattern: string | undefined, answer: string, ...lines: string[]): Promise<void> {
  client.request('BAN', '/', ...(pattern === undefined ? [] : [`X-Ban-Url: ${pattern}`]), ...lines)
  await client.rx({ start: new RegExp(`^HTTP/1.1 ${answer}`) })
}

async function pages(c1: Client, expected: Record<string, number>, ...lines: string[]): Promise<void> {
  for (const [path, number] of Object.entries(expected)) await c1.ask(path, { body: String(number) }, ...lines)
}

export const bans: Promises = {
  'BAN with a regular expression in X-Ban-Url from a listed address removes every page of the host whose URL it matches, and no other page.':
    async (t, rules) => {
      const s1 = await site(t, () => [AGE, 'Vary: X-Kind'])
      const v1 = await rules.start(t, { default: s1.origin })
      const c1 = await visitor(t, v1)
      await pages(c1, { '/shop/a': 1, '/shop/b?c': 2, '/about/shop/': 3 })
      await pages(c1, { '/shop/a': 4 }, 'X-Kind: other')
      await pages(c1, { '/shop/a': 5 }, 'Host: other.example')
      await ban(await from(t, v1, STAFF, 'editor'), '^/shop/', '200 Banned')
      await pages(c1, { '/about/shop/': 3, '/shop/a': 6, '/shop/b?c': 7 })
      await pages(c1, { '/shop/a': 8 }, 'X-Kind: other')
      await pages(c1, { '/shop/a': 5 }, 'Host: other.example')
    },

  'Pages leave within minutes although nobody asks for them, and so does the ban.': async (t, rules) => {
    const v1 = await rules.start(t, { default: (await site(t, () => [AGE])).origin })
    const c1 = await visitor(t, v1)
    await pages(c1, { '/shop/a': 1, '/shop/b': 2, '/': 3 })
    await ban(await from(t, v1, STAFF, 'editor'), '^/shop/', '200')
    v1.advance(120_000)
    for (let steps = 0; v1.upkeep.step() < 1000 || steps < 2; steps++);
    expect(v1.counters()).toMatchObject({ n_object: 1, bans: 0, bans_lurker_obj_killed: 2 })
    await pages(c1, { '/': 3, '/shop/a': 4 })
  },

  'What is being fetched while the ban is given is not served to later visitors.': async (t, rules) => {
    let banned = false
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('the ban is given', () => banned)
      s.answer('old', AGE)
      await s.rx()
      s.answer('new', AGE)
    })
    const v1 = await rules.start(t, { default: s1 })
    const [c1, c2] = [await visitor(t, v1), await from(t, v1, STRANGER, 'later')]
    c1.get('/shop/a')
    await t.until('it is being fetched', () => s1.seen.length === 1)
    await ban(await from(t, v1, STAFF, 'editor'), '^/shop/', '200')
    banned = true
    await c1.rx({ body: 'old' })
    await c2.ask('/shop/a', { body: 'new' })
  },

  'An expression that is none is answered 400 with the reason, and removes nothing; so is one with blanks, or none.': async (t, rules) => {
    const v1 = await rules.start(t, { default: (await site(t, () => [AGE])).origin })
    const c1 = await visitor(t, v1)
    await pages(c1, { '/shop/a': 1 })
    const editor = await from(t, v1, STAFF, 'editor')
    await ban(editor, '^/shop/(', '400 Regex compile error')
    await ban(editor, '^/shop/ && obj.status != 0', '400 X-Ban-Url is missing, or has blanks')
    await ban(editor, undefined, '400 X-Ban-Url is missing')
    await pages(c1, { '/shop/a': 1 })
  },

  'BAN from any other address removes nothing.': async (t, rules) => {
    const v1 = await rules.start(t, { default: (await site(t, () => [AGE])).origin })
    const c1 = await visitor(t, v1)
    await pages(c1, { '/shop/a': 1 })
    await ban(await from(t, v1, STRANGER, 'stranger'), '.', '403 Forbidden', 'X-Forwarded-For: 127.0.0.1')
    await pages(c1, { '/shop/a': 1 })
  },

  'Visitors do not see what pages are marked with.': async (t, rules) => {
    const v1 = await rules.start(t, { default: (await site(t, () => [AGE])).origin })
    const c1 = await visitor(t, v1)
    for (let i = 0; i < 2; i++) await c1.ask('/', { body: '1', fields: { 'X-Stored-Host': undefined, 'X-Stored-Url': undefined } })
  },
}
