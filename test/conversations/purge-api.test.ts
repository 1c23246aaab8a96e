import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Instance } from '../unit/manager/instance.ts'

/** POST /purge of the program as it is started for real, with two workers. */

const TOKEN = 'correct-horse-battery-staple'

let folder = ''
let origin: Server
let instance: Instance
let metrics_port = 0

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacquer-purge-api-'))
  writeFileSync(join(folder, 'token'), `${TOKEN}\n`)
  let asked = 0
  origin = createServer((req, res) => {
    const tag = /^\/(\w+)/.exec(req.url ?? '')?.[1] ?? ''
    res.setHeader('Cache-Control', 'max-age=1000').setHeader('Vary', 'X-Vary').setHeader('xkey', tag).end(String(++asked))
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const rules = `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${(origin.address() as AddressInfo).port}"; }
sub vcl_hash { hash_data(req.http.X-Tenant); }
sub vcl_backend_response { set beresp.grace = 1h; }`
  writeFileSync(join(folder, 'rules.vcl'), rules)
  const flags = ['-f', join(folder, 'rules.vcl'), '-s', 'memory,16M', '-w', '2', '--metrics', '127.0.0.1:0']
  instance = await new Instance([...flags, '--purge-api', join(folder, 'token')]).ready()
  metrics_port = Number(/metrics on http:\/\/127\.0\.0\.1:(\d+)/.exec(instance.said)?.[1])
}, 60_000)

afterAll(async () => {
  instance.kill()
  origin.closeAllConnections()
  await new Promise((resolve) => origin.close(resolve))
  rmSync(folder, { recursive: true })
})

async function send(port: number, method: string, path: string, headers: Record<string, string>, body?: string): Promise<[number, string]> {
  const asking = request({ host: '127.0.0.1', port, method, path, agent: false, headers }).end(body)
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  return [response.statusCode ?? 0, await text(response)]
}

async function page(path: string, headers: Record<string, string> = {}): Promise<string> {
  return (await send(instance.port, 'GET', path, { Host: 'shop.example', ...headers }))[1]
}

async function purge(asked: object, token = TOKEN): Promise<unknown> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const [status, body] = await send(metrics_port, 'POST', '/purge', headers, JSON.stringify(asked))
  return status === 200 ? ((JSON.parse(body) as { objects?: number }).objects ?? body) : `${status} ${body}`
}

/** Connections of their own, which either worker takes. */
async function pages(path: string, headers: Record<string, string> = {}): Promise<Set<string>> {
  const told = new Set<string>()
  for (let i = 0; i < 8; i++) told.add(await page(path, headers))
  return told
}

test('a tag: for both workers, how many objects, and nothing else', async () => {
  const [a, b, other] = [await page('/red/a'), await page('/red/b'), await page('/blue/a')]
  expect(await purge({ tag: 'red' })).toBe(2)
  const again = await pages('/red/a')
  expect([again.size, again.has(a)]).toEqual([1, false])
  expect(await page('/red/b')).not.toBe(b)
  expect(await pages('/blue/a')).toEqual(new Set([other]))
  expect(await purge({ tags: ['red', 'blue', 'green'] })).toBe(3)
})

test('a URL: all variants of the key that vcl_hash makes of it', async () => {
  const tenant = { 'X-Tenant': 't1' }
  const before = [await page('/page', { ...tenant, 'X-Vary': '1' }), await page('/page', { ...tenant, 'X-Vary': '2' })]
  const other = await page('/page', { 'X-Tenant': 't2' })
  await purge({ url: '/page', host: 'shop.example' })
  expect(await page('/page', { ...tenant, 'X-Vary': '1' })).toBe(before[0])
  await purge({ url: 'http://shop.example/page', headers: tenant })
  for (const [i, kind] of ['1', '2'].entries()) expect(await page('/page', { ...tenant, 'X-Vary': kind })).not.toBe(before[i])
  expect(await page('/page', { 'X-Tenant': 't2' })).toBe(other)
})

test('softly: what is stale is served while it is fetched anew', async () => {
  const before = await page('/soft')
  expect(await purge({ tag: 'soft', soft: true })).toBe(1)
  expect(await page('/soft')).toBe(before)
  let now = await page('/soft')
  while (now === before) now = await page('/soft')
  expect((await pages('/soft')).size).toBe(1)
  await purge({ url: '/soft', host: 'shop.example', soft: true, ttl: 0, grace: 0, keep: 0 })
  expect(await page('/soft')).not.toBe(now)
})

test('a ban: what it describes, for both workers; what is none is told', async () => {
  const [a, b] = [await page('/banned/a'), await page('/banned/b')]
  expect(await purge({ ban: 'req.url == /banned/a' })).toBe('{"banned":"req.url == /banned/a"}\n')
  const again = await pages('/banned/a')
  expect([again.size, again.has(a)]).toEqual([1, false])
  expect(await pages('/banned/b')).toEqual(new Set([b]))
  expect(await purge({ ban: 'req.url = /banned/b' })).toMatch(/^400 \{"error":".*expected conditional/)
})

test('without the token nothing', async () => {
  const before = await page('/safe')
  expect(await purge({ tag: 'safe' }, 'wrong')).toBe('401 {"error":"send Authorization: Bearer and the token"}\n')
  expect(await page('/safe')).toBe(before)
  const [status] = await send(metrics_port, 'GET', '/metrics', {})
  expect(status).toBe(200)
})

test('what was purged is counted and written down', async () => {
  const [, body] = await send(metrics_port, 'GET', '/metrics', {})
  expect(Number(/^lacquer_main_n_tag_purges_total (\d+)/m.exec(body)?.[1])).toBeGreaterThan(2)
  expect(instance.said).toContain('purged by 127.0.0.1: tags red, 2 objects')
  expect(instance.said).toContain('POST /purge from 127.0.0.1 refused')
  expect(instance.said).not.toContain(TOKEN)
})

test.each([
  [['--purge-api', 'open'], '--purge-api: needs --metrics host:port, where POST /purge is to be accepted'],
  [['--metrics', ':0', '--purge-api', 'open'], '--purge-api open: only for a loopback address'],
  [['--metrics', '192.0.2.1:9', '--purge-api', 'open'], '--purge-api open: only for a loopback address'],
  [['--metrics', ':0', '--purge-api', '/nowhere'], '--purge-api /nowhere: there is no such file'],
])('%j does not start', async (flags, message) => {
  const other = new Instance(['-b', '127.0.0.1:1', '-s', 'memory,4M', ...flags])
  await expect(other.ready()).rejects.toThrow(message)
})
