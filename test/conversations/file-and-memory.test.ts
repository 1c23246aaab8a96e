import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newPath } from '../kit/arena-file.ts'
import { Instance } from '../unit/manager/instance.ts'

/** A store in memory beside one in a file, in the program as it is started for real. */

let origin: Server
let asked = 0
let instance: Instance | undefined
let path = ''

beforeEach(async () => {
  asked = 0
  path = newPath()
  origin = createServer((_, response) => response.setHeader('Cache-Control', 'max-age=1000').end(`answer ${++asked}`))
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  writeFileSync(
    `${path}.vcl`,
    `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${(origin.address() as AddressInfo).port}"; }
sub vcl_recv { set req.hash_always_miss = req.http.Again == "yes"; }
sub vcl_backend_response {
  if (bereq.http.Store == "disk") { set beresp.storage = storage.disk; }
  if (bereq.http.Store == "quick") { set beresp.storage = storage.quick; }
}
sub vcl_deliver { set resp.http.Found = obj.storage; }
`,
  )
})

afterEach(async () => {
  instance?.kill()
  origin.closeAllConnections()
  await new Promise((resolve) => origin.close(resolve))
})

function start(): Promise<Instance> {
  instance = new Instance(['-f', `${path}.vcl`, '-s', `disk=file,${path},8M`, '-s', 'quick=memory,8M', '-w', '2'])
  return instance.ready()
}

async function stop({ child, exited }: Instance): Promise<void> {
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
}

/** What was answered, and the store that it came from. */
async function ask(port: number, url: string, headers: Record<string, string> = {}): Promise<string> {
  const request = get({ host: '127.0.0.1', port, path: url, headers: { Host: 'example', ...headers } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return `${Buffer.concat(chunks).toString()} from ${String(response.headers['found'])}`
}

test('what rules keep in the file outlives a restart, and what they keep in memory does not', async () => {
  const first = await start()
  expect(first.said).toMatch(/store disk: file .*\n.*store quick: memory, 8M/)
  expect(await ask(first.port, '/d', { Store: 'disk' })).toBe('answer 1 from disk')
  expect(await ask(first.port, '/q', { Store: 'quick' })).toBe('answer 2 from quick')
  expect(await ask(first.port, '/d')).toBe('answer 1 from disk')
  expect(await ask(first.port, '/q')).toBe('answer 2 from quick')
  await stop(first)
  const second = await start()
  expect(await ask(second.port, '/d')).toBe('answer 1 from disk')
  expect(await ask(second.port, '/q', { Store: 'quick' })).toBe('answer 3 from quick')
  await stop(second)
})

test('what went from the file to memory is not back in the file after a restart', async () => {
  const first = await start()
  expect(await ask(first.port, '/', { Store: 'disk' })).toBe('answer 1 from disk')
  expect(await ask(first.port, '/', { Store: 'quick', Again: 'yes' })).toBe('answer 2 from quick')
  expect(await ask(first.port, '/')).toBe('answer 2 from quick')
  await stop(first)
  const second = await start()
  expect(await ask(second.port, '/', { Store: 'disk' })).toBe('answer 3 from disk')
  await stop(second)
})
