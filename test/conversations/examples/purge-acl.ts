import { expect } from 'vitest'
import type { Client } from '../../kit/client.ts'
import { from, type Promises, site, STAFF, STRANGER, visitor } from './example.ts'

const AGE = 'Cache-Control: max-age=60'

async function purge(client: Client, target: string, status: number, ...lines: string[]): Promise<void> {
  client.request('PURGE', target, ...lines)
  await client.rx({ status })
}

export const purgeAcl: Promises = {
  'PURGE from a listed address removes the page, and the next request fetches it anew.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    let number = 0
    for (const ip of ['127.0.0.1', '192.0.2.7', '192.0.2.255', '::1', '2001:db8:1::7']) {
      await c1.ask('/', { body: String(++number) })
      await c1.ask('/', { body: String(number) })
      await purge(await from(t, v1, ip, ip), '/', 200)
    }
    await c1.ask('/', { body: '6' })
    expect(v1.counters()).toMatchObject({ n_purges: 5, n_obj_purged: 5 })
  },

  'All variants of a page go at once; other pages stay.': async (t, rules) => {
    const s1 = await site(t, () => [AGE, 'Vary: X-Kind'])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' }, 'X-Kind: a')
    await c1.ask('/', { body: '2' }, 'X-Kind: b')
    await c1.ask('/other', { body: '3' })
    await c1.ask('/', { body: '4' }, 'Host: other.example')
    await purge(await from(t, v1, STAFF, 'editor'), '/', 200)
    await c1.ask('/', { body: '5' }, 'X-Kind: a')
    await c1.ask('/', { body: '6' }, 'X-Kind: b')
    await c1.ask('/other', { body: '3' })
    await c1.ask('/', { body: '4' }, 'Host: other.example')
  },

  'A different query is a different page.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/?page=1', { body: '1' })
    await c1.ask('/?page=2', { body: '2' })
    await purge(await from(t, v1, STAFF, 'editor'), '/?page=1', 200)
    await c1.ask('/?page=1', { body: '3' })
    await c1.ask('/?page=2', { body: '2' })
  },

  'PURGE from any other address is answered 403 and removes nothing.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    for (const ip of [STRANGER, '192.0.3.7', '127.0.0.2', '2001:db8:2::7']) {
      await purge(await from(t, v1, ip, ip), '/', 403, 'X-Forwarded-For: 127.0.0.1', 'X-Purge-Refresh: 1')
    }
    await c1.ask('/', { body: '1' })
    expect(v1.counters().n_purges).toBe(0)
  },

  'An address that is excluded from a listed network may not purge.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await from(t, v1, '192.0.2.66')
    await c1.ask('/', { body: '1' })
    await purge(c1, '/', 403)
    await c1.ask('/', { body: '1' })
  },

  'PURGE never reaches the origin.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const v1 = await rules.start(t, { default: s1.origin })
    await purge(await from(t, v1, STAFF, 'editor'), '/nothing-there', 200)
    await purge(await visitor(t, v1), '/', 403)
    expect(s1.requests).toEqual([])
  },

  'With X-Purge-Refresh the page is fetched again at once, and nobody waits for it later.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    const editor = await from(t, v1, STAFF, 'editor')
    await c1.ask('/', { body: '1', fields: { 'X-Purged': undefined } }, 'X-Purged: 1')
    editor.request('PURGE', '/', 'X-Purge-Refresh: 1', 'Cookie: editor=1', 'Authorization: Basic x')
    await editor.rx({ status: 200, body: '2', fields: { 'X-Purged': 'refreshed' } })
    await c1.ask('/', { body: '2', fields: { 'X-Purged': undefined } })
    expect(s1.origin.seen).toEqual(['GET / HTTP/1.1', 'GET / HTTP/1.1'])
    const fields = ['cookie', 'authorization', 'x-purge-refresh'].map((name) => s1.requests[1].field(name))
    expect(fields).toEqual([undefined, undefined, undefined])
  },
}
