import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Instance } from '../unit/manager/instance.ts'

/** What was purged of a store in a file, by a program that is started for real, does not come back with the next one. */

let folder = ''
let origin: Server
let instance: Instance | undefined

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacquer-purged-'))
  let asked = 0
  origin = createServer((request, response) => {
    const tag = /^\/(\w+)/.exec(request.url ?? '')?.[1] ?? ''
    response.setHeader('Cache-Control', 'max-age=1000').setHeader('xkey', tag).end(String(++asked))
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const rules = `vcl 4.1;
import purge;
import xkey;
backend default { .host = "127.0.0.1"; .port = "${(origin.address() as AddressInfo).port}"; }
sub vcl_recv {
  if (req.http.X-Purge) { return (synth(200, xkey.purge(req.http.X-Purge))); }
  if (req.http.X-Soft) { return (synth(200, xkey.softpurge(req.http.X-Soft))); }
}
sub vcl_hit { if (req.http.X-Soft-Url) { return (synth(200, purge.soft())); } }
sub vcl_miss { if (req.http.X-Soft-Url) { return (synth(200, purge.soft())); } }
sub vcl_deliver { set resp.http.Left = obj.ttl; }`
  writeFileSync(join(folder, 'rules.vcl'), rules)
})

afterEach(async () => {
  instance?.kill()
  origin.closeAllConnections()
  await new Promise((resolve) => origin.close(resolve))
  rmSync(folder, { recursive: true })
})

function start(): Promise<Instance> {
  const stores = [`a=file,${join(folder, 'a')},4M`, `b=file,${join(folder, 'b')},8M`, 'memory,4M']
  instance = new Instance(['-f', join(folder, 'rules.vcl'), '-w', '2', ...stores.flatMap((store) => ['-s', store])])
  return instance.ready()
}

async function stop({ child, exited }: Instance, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  child.kill(signal)
  await exited
}

interface Got {
  readonly body: string
  readonly said: string
  readonly left: number
}

async function ask(port: number, path: string, headers: Record<string, string> = {}): Promise<Got> {
  const request = get({ host: '127.0.0.1', port, path, headers: { Host: 'example', ...headers } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response.setEncoding('latin1')) body += String(chunk)
  return { body, said: response.statusMessage ?? '', left: Number(response.headers['left']) }
}

const PATHS = Array.from({ length: 12 }, (_, i) => ['/red', '/blue', '/soft', '/plain'].map((kind) => `${kind}/${i}`)).flat()

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`after ${signal}: by tag, softly, and a URL softly`, async () => {
    const first = await start()
    const before = new Map<string, string>()
    for (const path of PATHS) before.set(path, (await ask(first.port, path)).body)
    expect((await ask(first.port, '/', { 'X-Purge': 'red' })).said).toBe('12')
    expect((await ask(first.port, '/', { 'X-Soft': 'soft' })).said).toBe('12')
    expect((await ask(first.port, '/plain/3', { 'X-Soft-Url': '1' })).said).toBe('1')
    await stop(first, signal)

    const { port } = await start()
    const hits = { red: 0, blue: 0, soft: 0, plain: 0 }
    for (const path of PATHS) {
      const { body } = await ask(port, path, { 'Cache-Control': 'only-if-cached' })
      if (body === before.get(path)) hits[path.split('/')[1] as keyof typeof hits]++
    }
    // A third of them was in memory.
    expect([hits.red, hits.soft]).toEqual([0, 0])
    expect(hits.blue).toBeGreaterThan(3)
    expect(hits.plain).toBeGreaterThan(3)
    expect((await ask(port, '/plain/3', { 'Cache-Control': 'only-if-cached' })).body).not.toBe(before.get('/plain/3'))
    // What the next process has met is listed again.
    expect(Number((await ask(port, '/', { 'X-Purge': 'blue' })).said)).toBe(hits.blue)
    const red = (await ask(port, '/red/0')).body
    expect((await ask(port, '/red/0')).body).toBe(red)
  }, 60_000)
}
