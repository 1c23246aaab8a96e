import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newPath } from '../kit/arena-file.ts'
import { bytesOf } from '../kit/known-bodies.ts'
import { Instance } from '../unit/manager/instance.ts'
import { randomFrom } from '../unit/shm/threads.ts'

/** A store in a file, with the program as it is started for real, stopped and killed. */

const KIB = 1024
const SIZES = [0, 100, 3000, 40 * KIB, 300 * KIB, 3 * KIB * KIB]

let origin: Server
let asked = 0
let instance: Instance | undefined

/** Each answer is another version, which its body follows from. Every second one has no Content-Length. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const size = SIZES[Number(/\d+$/.exec(request.url ?? '')?.[0]) % SIZES.length]
  const version = ++asked
  response.setHeader('Cache-Control', 'max-age=1000')
  response.setHeader('X-Version', `${version} ${size}`)
  if (version % 2 === 0) response.setHeader('Content-Length', size)
  response.write(bytesOf(version, 0, size >> 1))
  response.end(bytesOf(version, size >> 1, size))
}

beforeEach(async () => {
  asked = 0
  origin = createServer(answer)
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  instance?.kill()
  origin.closeAllConnections()
  await new Promise((resolve) => origin.close(resolve))
})

function start(path: string, size: string, workers: number, rules?: string, ...params: string[]): Promise<Instance> {
  const { port } = origin.address() as AddressInfo
  const source = rules === undefined ? ['-b', `127.0.0.1:${port}`] : ['-f', rulesFile(port, rules)]
  instance = new Instance([...source, '-s', `file,${path},${size}`, '-w', String(workers), ...params.flatMap((one) => ['-p', one])])
  return instance.ready()
}

function rulesFile(port: number, rules: string): string {
  const path = `${newPath()}.vcl`
  writeFileSync(path, `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${port}"; }\n${rules}\n`)
  return path
}

interface Got {
  readonly status: number
  readonly hit: boolean
}

/** Every byte is right, or it throws. Of what broke off there is no saying. */
async function ask(port: number, url: string, cached = false): Promise<Got | undefined> {
  // The same at each start, whatever the port.
  const headers: Record<string, string> = { Host: 'example' }
  if (cached) headers['Cache-Control'] = 'only-if-cached'
  const request = get({ host: '127.0.0.1', port, path: url, headers })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  if (response.statusCode !== 200) return { status: response.statusCode ?? 0, hit: false }
  const [version, size] = String(response.headers['x-version']).split(' ').map(Number)
  if (!Buffer.concat(chunks).equals(bytesOf(version, 0, size))) throw new Error(`wrong bytes of ${url}, version ${version}`)
  return { status: 200, hit: String(response.headers['cache-status']).includes('hit') }
}

test('what was stored before a clean stop is served after it', async () => {
  const path = newPath()
  const urls = Array.from({ length: 24 }, (_, i) => `/${i}`)
  const first = await start(path, '64M', 2)
  expect(first.said).toContain(`file ${path}, 64M, 239 segments, new`)
  for (const url of urls) expect(await ask(first.port, url)).toEqual({ status: 200, hit: false })
  first.child.kill('SIGTERM')
  expect(await first.exited).toBe(0)
  const second = await start(path, '64M', 2)
  expect(second.said).toMatch(/ 24 objects in 14 MiB recovered, stopped cleanly/)
  for (const url of urls) expect(await ask(second.port, url)).toEqual({ status: 200, hit: true })
  expect(asked).toBe(24)
  second.child.kill('SIGTERM')
  expect(await second.exited).toBe(0)
})

test('a file that is in use is refused, and one that is something else stays as it is', async () => {
  const path = newPath()
  await start(path, '4M', 1)
  const other = new Instance(['-b', '127.0.0.1:1', '-s', `file,${path},4M`])
  await expect(other.ready()).rejects.toThrow(`-s file,${path}: in use by another process, or by another -s; give each its own file`)
  const mine = new Instance(['-b', '127.0.0.1:1', '-s', `file,${process.execPath},4M`])
  await expect(mine.ready()).rejects.toThrow(/ended with 1/)
})

test('a start that fails leaves the file as a clean stop does', async () => {
  const path = newPath()
  const failing = start(path, '4M', 1, 'sub vcl_init { return (fail("not today")); }')
  await expect(failing).rejects.toThrow(/ended with 1[^]*not today/)
  const next = await start(path, '4M', 1)
  expect(next.said).toContain(' 0 objects in 0 MiB recovered, stopped cleanly')
})

test('killed while it stores, again and again: what it serves afterwards is right to the byte', async () => {
  const path = newPath()
  const random = randomFrom(5)
  const hits: number[] = []
  for (let life = 0; life < 2; life++) {
    const { port, child, exited } = await start(path, '16M', 2)
    let left = 100 + random(300)
    const client = async (): Promise<void> => {
      while (left-- > 0) await ask(port, `/${random(120)}`)
    }
    // The kill cuts them off; what they have read until then was right.
    const cut = (error: unknown): void => {
      if (String(error).includes('wrong bytes')) throw error
    }
    const clients = Array.from({ length: 6 }, () => client().catch(cut))
    await Promise.race(clients)
    child.kill('SIGKILL')
    await Promise.all(clients)
    await exited
    const { port: next, child: looker, exited: looked } = await start(path, '16M', 2)
    const found = []
    for (let i = 0; i < 120; i++) found.push(await ask(next, `/${i}`, true))
    hits.push(found.filter((one) => one?.hit === true).length)
    looker.kill('SIGKILL')
    await looked
  }
  expect(Math.min(...hits)).toBeGreaterThan(10)
}, 60_000)

const BANS = `
sub vcl_recv {
  if (req.method == "BAN") { ban(req.http.X-Ban); return (synth(200)); }
  if (req.method == "PURGE") { return (purge); }
}`

async function tell(port: number, method: string, url: string, expression = ''): Promise<void> {
  const request = get({ host: '127.0.0.1', port, path: url, method, headers: { Host: 'example', 'X-Ban': expression } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  expect(response.statusCode).toBe(200)
}

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'what was banned or purged before %s does not come back',
  async (signal) => {
    const path = newPath()
    const urls = Array.from({ length: 12 }, (_, i) => `/${i}`)
    const first = await start(path, '16M', 2, BANS)
    for (const url of urls) await ask(first.port, url)
    await tell(first.port, 'BAN', '/', 'req.url ~ ^/[0-3]$')
    await tell(first.port, 'PURGE', '/4')
    // Found once after the ban, it need not be tested again.
    expect(await ask(first.port, '/5')).toEqual({ status: 200, hit: true })
    first.child.kill(signal)
    await first.exited
    const hits = urls.map((_, i) => i > 4)
    const second = await start(path, '16M', 2, BANS)
    for (const [i, url] of urls.entries()) expect([url, (await ask(second.port, url, true))?.hit]).toEqual([url, hits[i]])
    // Nor what is banned in this life, with the objects of the last one.
    await tell(second.port, 'BAN', '/', 'req.url == /6')
    second.child.kill(signal)
    await second.exited
    hits[6] = false
    const third = await start(path, '16M', 1, BANS)
    for (const [i, url] of urls.entries()) expect([url, (await ask(third.port, url, true))?.hit]).toEqual([url, hits[i]])
  },
  30_000,
)

test('a kill the moment after a purge: as many objects are recovered as are there', async () => {
  const path = newPath()
  const first = await start(path, '64M', 2, BANS)
  for (let i = 0; i < 24; i++) await ask(first.port, `/${i}`)
  for (let i = 0; i < 10; i++) await tell(first.port, 'PURGE', `/${i}`)
  first.child.kill('SIGKILL')
  await first.exited
  expect((await start(path, '64M', 2, BANS)).said).toContain(' 14 objects in ')
})

test('what the manager has taken out in the background does not come back either', async () => {
  const path = newPath()
  const urls = Array.from({ length: 12 }, (_, i) => `/${i}`)
  const first = await start(path, '16M', 2, BANS, 'ban_lurker_age=0')
  for (const url of urls) await ask(first.port, url)
  await tell(first.port, 'BAN', '/', 'obj.http.X-Version ~ ^[1-4].')
  const there = async (port: number): Promise<boolean[]> => {
    const found: boolean[] = []
    for (const url of urls) found.push((await ask(port, url, true))?.hit === true)
    return found
  }
  const hits = await there(first.port)
  expect([hits.includes(true), hits.includes(false)]).toEqual([true, true])
  first.child.kill('SIGKILL')
  await first.exited
  const second = await start(path, '16M', 1, BANS, 'ban_lurker_age=0')
  expect(await there(second.port)).toEqual(hits)
}, 60_000)
