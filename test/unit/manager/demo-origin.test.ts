import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDemoOrigin, type DemoOrigin } from '../../../src/manager/demo-origin.ts'

let origin: DemoOrigin
let base = ''

beforeAll(async () => {
  origin = await startDemoOrigin(0)
  base = `http://127.0.0.1:${origin.port}`
})
afterAll(() => origin.close())

describe('every page says what it is for', () => {
  test('the index links to all of them', async () => {
    const index = await (await fetch(`${base}/`)).text()
    expect(origin.pages.length).toBeGreaterThanOrEqual(9)
    for (const page of origin.pages) expect(index).toContain(`href="${page.path}"`)
    expect(index).toContain('Cache-Status')
  })

  const rows: [path: string, status: number, headers: Record<string, string | null>][] = [
    ['/', 200, { 'cache-control': 'max-age=60', 'content-type': 'text/html; charset=utf-8' }],
    ['/?query=ignored', 200, { 'cache-control': 'max-age=60' }],
    ['/cacheable', 200, { 'cache-control': 'max-age=60', 'set-cookie': null }],
    ['/private', 200, { 'cache-control': 'private' }],
    ['/slow', 200, { 'cache-control': 'max-age=30' }],
    ['/validated', 200, { 'cache-control': 'max-age=5', etag: '"demo-1"' }],
    ['/stale-while-revalidate', 200, { 'cache-control': 'max-age=5, stale-while-revalidate=60' }],
    ['/language', 200, { vary: 'Accept-Language' }],
    ['/error', 500, { 'cache-control': null }],
    ['/nowhere', 404, { 'cache-control': 'max-age=10' }],
  ]
  test.each(rows)('%s', async (path, status, headers) => {
    const response = await fetch(base + path)
    await response.text()
    expect(response.status).toBe(status)
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name)).toBe(value)
  })
})

test('it counts what reaches it, and each copy carries its number', async () => {
  const before = origin.requests()
  const response = await fetch(`${base}/cacheable`)
  expect(origin.requests()).toBe(before + 1)
  expect(response.headers.get('x-origin-request')).toBe(String(before + 1))
  expect(await response.text()).toContain(`request ${before + 1}<`)
})

test('the private page sets a cookie of its own for each visit', async () => {
  const cookies = await Promise.all([1, 2].map(async () => (await fetch(`${base}/private`)).headers.get('set-cookie')))
  expect(new Set(cookies).size).toBe(2)
})

test('the validated page answers 304 to its own tag only', async () => {
  const ask = (tag: string) => fetch(`${base}/validated`, { headers: { 'If-None-Match': tag } })
  const same = await ask('"demo-1"')
  expect([same.status, await same.text(), same.headers.get('etag')]).toEqual([304, '', '"demo-1"'])
  expect((await ask('"demo-0"')).status).toBe(200)
})

test('the page that varies speaks three languages', async () => {
  const greet = async (language: string) => {
    const response = await fetch(`${base}/language`, { headers: { 'Accept-Language': language } })
    return [response.headers.get('content-language'), /<p>(\S+)/.exec(await response.text())?.[1]]
  }
  expect(await greet('de-CH')).toEqual(['de', 'Guten'])
  expect(await greet('fr')).toEqual(['fr', 'Bonjour'])
  expect(await greet('*')).toEqual(['en', 'Hello!'])
})

test('the trickle is all there', async () => {
  const text = await (await fetch(`${base}/trickle`)).text()
  expect(text.trimEnd().split('\n')).toHaveLength(10)
})

test('the large page is as large as it says, and HEAD sends none of it', async () => {
  let size = 0
  const response = await fetch(`${base}/large`)
  for await (const chunk of response.body ?? []) {
    size += chunk.length
  }
  expect(size).toBe(Number(response.headers.get('content-length')))
  expect(size).toBe(32 * 1024 * 1024)
  const head = await fetch(`${base}/large`, { method: 'HEAD' })
  expect(head.headers.get('content-length')).toBe(String(size))
  expect(await head.text()).toBe('')
})

test('the broken page breaks after its head', async () => {
  const response = await fetch(`${base}/broken`)
  expect(response.headers.get('content-length')).toBe('100000')
  await expect(response.text()).rejects.toThrow()
})

test('other methods are refused, with their body read', async () => {
  const response = await fetch(`${base}/cacheable`, { method: 'POST', body: 'x'.repeat(100_000) })
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

test('a client that leaves in mid-stream does not disturb it', async () => {
  const gone = new AbortController()
  const response = await fetch(`${base}/large`, { signal: gone.signal })
  gone.abort()
  await expect(response.arrayBuffer()).rejects.toThrow()
  expect((await fetch(`${base}/cacheable`)).status).toBe(200)
})

test('closing ends connections that are open', async () => {
  const other = await startDemoOrigin(60_000)
  const waiting = fetch(`http://127.0.0.1:${other.port}/slow`)
  const refused = expect(waiting).rejects.toThrow()
  await expect.poll(() => other.requests()).toBe(1)
  await other.close()
  await refused
  await expect(fetch(`http://127.0.0.1:${other.port}/`)).rejects.toThrow()
})
