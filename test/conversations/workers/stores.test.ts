import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Crew, newCrew } from '../../kit/crew.ts'

/** Several stores that several workers share. */

let origin: Server
let crew: Crew
let folder = ''
let asked = 0

beforeEach(async () => {
  asked = 0
  origin = createServer((_, response) => {
    asked++
    response.setHeader('Cache-Control', 'max-age=1000').end('x'.repeat(10_000))
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  folder = mkdtempSync(join(tmpdir(), 'lacquer-stores-'))
  const rules = join(folder, 'rules.vcl')
  writeFileSync(
    rules,
    `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${(origin.address() as AddressInfo).port}"; }
sub vcl_recv { if (req.method == "PURGE") { return (purge); } }
sub vcl_backend_response {
  set beresp.storage = storage.s0;
  if (bereq.url ~ "^/b") { set beresp.storage = storage.b; }
}
sub vcl_deliver { set resp.http.Found = obj.storage; set resp.http.Hits = obj.hits; }
`,
  )
  crew = await newCrew(2, `-s memory,16M -s b=memory,2M -f ${rules}`).start()
})

afterEach(async () => {
  await crew.close()
  origin.closeAllConnections()
  origin.close()
  rmSync(folder, { recursive: true })
})

/** On a connection of its own, which either worker may take. */
function ask(path: string, method = 'GET'): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    request({ port: crew.port, path, method, agent: false, headers: { Host: 'example.com' } }, (response) => {
      response.resume().on('end', () => resolve(response.headers))
    })
      .on('error', reject)
      .end()
  })
}

async function counted(counts: Record<string, number>): Promise<void> {
  const names = Object.keys(counts)
  await crew.until(JSON.stringify(counts), () => names.every((name) => crew.counts()[name] === counts[name]))
}

test('what one worker has stored all find, wherever; a purge by any of them takes it out', async () => {
  for (let i = 0; i < 20; i++) {
    expect(await ask('/a')).toMatchObject({ found: 's0' })
    expect(await ask('/b')).toMatchObject({ found: 'b' })
  }
  expect(asked).toBe(2)
  await counted({ 'MAIN.n_object': 2, 'SMA.s0.g_alloc': 1, 'SMA.b.g_alloc': 1, 'SMA.s0.c_req': 1, 'SMA.b.c_req': 1 })
  await ask('/b', 'PURGE')
  await counted({ 'MAIN.n_object': 1, 'SMA.s0.g_alloc': 1, 'SMA.b.g_alloc': 0, 'SMA.b.g_bytes': 0 })
  for (let i = 0; i < 10; i++) await ask('/b')
  expect(asked).toBe(3)
})

test('the figures go on where they were when the worker that reports them dies', async () => {
  for (let i = 0; i < 400; i++) await ask(`/b${i}`)
  await crew.until('all that was asked for is counted', () => crew.counts()['SMA.b.c_req'] === 400)
  const before = crew.counts()
  expect(before['MAIN.n_lru_nuked']).toBeGreaterThan(0)
  expect(before['ARENA.b.c_evicted_small'] + before['ARENA.b.c_evicted_main']).toBe(before['MAIN.n_lru_nuked'])
  expect(before['SMA.b.c_bytes'] - before['SMA.b.c_freed']).toBe(before['SMA.b.g_bytes'])
  expect(before['MAIN.n_object']).toBe(before['SMA.b.g_alloc'])
  const died = crew.kill(0)
  await crew.until('a worker has died', () => crew.buried.includes(0))
  // Its own gauges begin anew; those of the stores are nobody's.
  const names = Object.keys(before).filter((name) => /^(SMA\.(b|s0)|ARENA)\.|\.n_(object|lru_nuked|lru_moved|expired)$/.test(name))
  for (const name of names) expect([name, crew.counts()[name]]).toEqual([name, before[name]])
  await died
  await crew.replaced(1)
  await ask('/b-more')
  await crew.until('it is counted on', () => crew.counts()['SMA.b.c_req'] === 401)
  expect(crew.counts()['MAIN.n_lru_nuked']).toBeGreaterThanOrEqual(before['MAIN.n_lru_nuked'])
})
