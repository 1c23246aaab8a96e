import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { CliClient } from '../../../src/admin/cli/client.ts'
import { Patience } from '../../kit/patience.ts'
import { Instance } from './instance.ts'

/** What the operations log says of a day: one line for each thing that happens. */

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const patience = new Patience(30_000)
let directory = ''
let instance: Instance
let origin: Server
let client: CliClient
let healthy = true

beforeAll(async () => {
  origin = createServer((_request, response) => void response.writeHead(healthy ? 200 : 503).end())
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  directory = mkdtempSync(join(tmpdir(), 'lacquer-telling-'))
  const { port } = origin.address() as AddressInfo
  const probe = '.probe = { .interval = 100ms; .window = 2; .threshold = 2; .initial = 2; }'
  writeFileSync(join(directory, 'one.vcl'), `vcl 4.1;\nbackend b { .host = "127.0.0.1"; .port = "${port}"; ${probe} }\n`)
  writeFileSync(join(directory, 'bad.vcl'), 'vcl 4.1;\nsub vcl_recv { nonsense; }\n')
  instance = new Instance(['-f', join(directory, 'one.vcl'), '-s', 'memory,16M', '-T', '127.0.0.1:0', '-n', join(directory, 'work')])
  await instance.ready()
  await patience.until('the admin port is said', () => /admin port on .*:(\d+)/.test(instance.said))
  const at = { host: '127.0.0.1', port: Number(/admin port on .*:(\d+)/.exec(instance.said)?.[1]) }
  client = (await CliClient.open(at, join(directory, 'work', '_.secret'), 20_000)).client
})

afterAll(() => {
  client.close()
  instance.kill()
  origin.closeAllConnections()
  origin.close()
  rmSync(directory, { recursive: true })
})

const LEVELS: Readonly<Record<number, string>> = { 30: 'info', 40: 'warn', 50: 'error' }

/** "info message", oldest first. */
function lines(): string[] {
  const json = instance.said.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
  return json.map((line) => JSON.parse(line) as { level: number; msg: string }).map(({ level, msg }) => `${LEVELS[level]} ${msg}`)
}

async function told(line: string | RegExp): Promise<void> {
  const is = (one: string): boolean => (typeof line === 'string' ? one === line : line.test(one))
  await patience.until(String(line), () => lines().some(is))
  expect(lines().filter(is)).toHaveLength(1)
}

test('the start, with what it serves, and its stores', async () => {
  await told(
    /^info started: lacquer \S+, process \d+, \d+ workers? on 127\.0\.0\.1:\d+, policy=rfc9111, rules boot from .*one\.vcl, work directory /,
  )
  await told(/^info store s0: memory, 16M, \d+ segments$/)
})

test('a backend that becomes sick, and well again', async () => {
  healthy = false
  await told(/^warn backend boot\.b is sick: /)
  healthy = true
  await told(/^info backend boot\.b is healthy: /)
})

test('rules that are loaded, take over and go, and who said so', async () => {
  const path = join(directory, 'one.vcl')
  await client.ask(['vcl.load', 'two', path])
  await client.ask(['vcl.use', 'two'])
  await client.ask(['vcl.use', 'boot'])
  await client.ask(['vcl.discard', 'two'])
  await told(`info rules two are loaded from ${path}`)
  await told('info rules two are active')
  await told('info rules boot are active')
  await told('info rules two are discarded; requests under way go on by them')
  await told('info rules two have ended')
  await told(`info admin: vcl.load two ${path}`)
  await told('info admin: vcl.discard two')
})

test('what is refused, and why', async () => {
  const path = join(directory, 'bad.vcl')
  await client.ask(['vcl.load', 'bad', path])
  await client.ask(['param.set', 'default_ttl', 'soon'])
  await told(`warn admin: vcl.load bad ${path} is refused: the rules are not accepted: ${path}:2:16 unknown statement 'nonsense'`)
  await told(/^warn admin: param\.set default_ttl soon is refused: parameter default_ttl: 'soon' is not a duration/)
})

test('the level changes while it runs; what only asks is never told', async () => {
  await client.ask(['param.set', 'operations_level', 'error'])
  await client.ask(['param.set', 'default_ttl', 'later'])
  await client.ask(['vcl.list'])
  await client.ask(['param.set', 'operations_level', 'info'])
  await told('info admin: param.set operations_level info')
  expect(lines().filter((line) => /later|vcl\.list|operations_level error/.test(line))).toEqual([])
})

test('the end', async () => {
  instance.child.kill('SIGTERM')
  expect(await instance.exited).toBe(0)
  await told('info stopping: SIGTERM')
  await told('info stopped')
})
