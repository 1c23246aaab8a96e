import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { createServer as createTcpServer, connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseListen } from '../../../src/listen/address.ts'
import { bindEndpoints } from '../../../src/listen/bind.ts'
import { CLAIM_THEIRS, Claims } from '../../../src/shm/claims.ts'
import { Doorbells } from '../../../src/shm/doorbell.ts'
import { type Crew, newCrew } from '../../kit/crew.ts'

let origin: Server
let crew: Crew | undefined
let folder = ''
const clients: Socket[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacquer-workers-'))
  origin = createServer((_, response) => response.setHeader('Cache-Control', 'no-store').end('ok'))
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await crew?.close()
  crew = undefined
  origin.closeAllConnections()
  origin.close()
  rmSync(folder, { recursive: true })
})

function start(count: number, flags = ''): Promise<Crew> {
  // However long a replacement takes, who is idle stays.
  crew = newCrew(count, `-b 127.0.0.1:${(origin.address() as AddressInfo).port} -p timeout_idle=600${flags}`)
  return crew.start()
}

/** A connection that stays open, after one answer on it. False when there was none. */
function ask(to: { port: number; host: string } | { path: string }): Promise<boolean> {
  const socket = connect(to)
  clients.push(socket)
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  return new Promise((resolve) => {
    socket.on('data', (data) => resolve(data.includes('ok'))).on('close', () => resolve(false))
    socket.on('error', () => {})
  })
}

/** So many connections, of which each worker gets some. */
async function askAll({ port }: Crew, times: number): Promise<void> {
  const answers = await Promise.all(Array.from({ length: times }, () => ask({ port, host: '127.0.0.1' })))
  expect(answers.every(Boolean)).toBe(true)
}

describe('several workers', () => {
  test('share the port that the first has got, and their counters add up', async () => {
    const all = await start(3)
    await askAll(all, 60)
    const each = [0, 1, 2].map((slot) => all.count(slot, 'client_req'))
    expect(each.every((count) => count > 0)).toBe(true)
    expect(each[0] + each[1] + each[2]).toBe(60)
    expect(all.counts()).toMatchObject({
      'MAIN.client_req': 60,
      'MAIN.sess_conn': 60,
      'MAIN.sess_open': 60,
      'MAIN.n_backend': 1,
      'VBE.boot.default.req': 60,
    })
  })

  test('write one log, with transactions that no other has', async () => {
    const all = await start(2)
    await askAll(all, 40)
    expect(all.each('client_req').every((count) => count > 0)).toBe(true)
    const begun = all.log().flatMap(({ tag, xid }) => (tag === 'Begin' ? [xid] : []))
    expect(new Set(begun).size).toBe(begun.length)
    expect(all.log().filter(({ tag }) => tag === 'ReqURL')).toHaveLength(40)
  })

  test('have one listener for each unix socket, dealt out', async () => {
    const paths = ['a', 'b', 'c'].map((name) => join(folder, name))
    const all = await start(2, ` -a 127.0.0.1:0 ${paths.map((path) => `-a ${path}`).join(' ')}`)
    expect(all.endpoints.map(({ path }) => path)).toEqual([undefined, ...paths])
    expect([0, 1].map((slot) => all.configOf(slot).endpoints.map(({ path }) => path))).toEqual([
      [undefined, paths[0], paths[2]],
      [undefined, paths[1]],
    ])
    for (const path of paths) expect(await ask({ path })).toBe(true)
    expect([all.count(0, 'client_req'), all.count(1, 'client_req')]).toEqual([2, 1])
  })

  test('do not start when one of them cannot: the reason is one line', async () => {
    const endpoints = await bindEndpoints(parseListen(['127.0.0.1:0']))
    const taken = createTcpServer()
    await new Promise<void>((resolve) => taken.listen(endpoints[0].port, '127.0.0.1', resolve))
    const { port } = origin.address() as AddressInfo
    const all = newCrew(2, `-b 127.0.0.1:${port}`)
    await expect(all.start([{ ...endpoints[0], any_port: false }])).rejects.toThrow(
      /^cannot listen on 127\.0\.0\.1:\d+: address already in use/,
    )
    expect(new Set(all.buried)).toEqual(new Set([0, 1]))
    taken.close()
  })

  test('are drained together: what is open and idle is closed at once', async () => {
    const all = await start(2)
    await askAll(all, 20)
    const ended = Promise.all(clients.map((client) => new Promise((resolve) => client.once('close', resolve))))
    expect(await all.workers.drain(60_000)).toBe(0)
    await ended
    expect(new Set(all.buried)).toEqual(new Set([0, 1]))
    expect(all.counts()['MAIN.sess_open']).toBe(0)
  })
})

describe('when one has died', () => {
  test('the others’ clients live on, and its place is taken: it listens again', async () => {
    const all = await start(2)
    await askAll(all, 40)
    const lost = all.count(0, 'sess_open')
    expect([lost > 0, lost < 40]).toEqual([true, true])
    await all.kill(0)
    await all.until('its clients are cut', () => clients.filter(({ destroyed }) => destroyed).length === lost)
    await all.replaced(1)
    const before = all.count(0, 'client_req')
    await askAll(all, 40)
    expect(all.count(0, 'client_req')).toBeGreaterThan(before)
    expect(clients.filter(({ destroyed }) => destroyed)).toHaveLength(lost)
    expect(all.buried).toEqual([0])
  })

  test('meanwhile another answers', async () => {
    const all = await start(2)
    const port = all.port
    await all.kill(1)
    await all.until('the manager knows', () => all.buried.length === 1)
    // Some of them wait for the next one.
    const answers = Promise.all(Array.from({ length: 8 }, () => ask({ port, host: '127.0.0.1' })))
    await all.until('one answers', () => all.count(0, 'client_req') > 0)
    expect(new Set(await answers)).toEqual(new Set([true]))
    await all.replaced(1)
    await all.kill(0)
    expect(await ask({ port, host: '127.0.0.1' })).toBe(true)
    await all.replaced(2)
  })

  test('what it had counted stays, and what it had open is no more', async () => {
    const all = await start(2)
    await askAll(all, 30)
    for (const client of clients.splice(0)) client.destroy()
    await all.until('they are closed', () => all.counts()['MAIN.sess_closed'] === 30)
    await askAll(all, 30)
    const open = all.count(1, 'sess_open')
    await all.kill(0)
    await all.until('the manager knows', () => all.buried.length === 1)
    expect(all.counts()).toMatchObject({ 'MAIN.client_req': 60, 'MAIN.sess_conn': 60, 'MAIN.sess_open': open })
    await all.replaced(1)
    await askAll(all, 30)
    expect(all.counts()).toMatchObject({ 'MAIN.client_req': 90, 'VBE.boot.default.req': 90, 'MAIN.sess_open': open + 30 })
  })

  test('its log stays, and the next one goes on with it', async () => {
    const all = await start(1)
    await askAll(all, 5)
    const before = all.log()
    expect(before.filter(({ tag }) => tag === 'ReqURL')).toHaveLength(5)
    await all.kill(0)
    expect(all.log().slice(0, before.length)).toEqual(before)
    await all.replaced(1)
    await askAll(all, 5)
    const after = all.log()
    expect(after.slice(0, before.length)).toEqual(before)
    expect(after.filter(({ tag }) => tag === 'ReqURL')).toHaveLength(10)
    const ids = (from: typeof after): number[] => from.map(({ xid }) => xid).filter((xid) => xid !== 0)
    const news = new Set(ids(after.slice(before.length).filter(({ tag }) => tag === 'ReqURL')))
    expect(ids(before).filter((xid) => news.has(xid))).toEqual([])
  })

  test('the unix socket that was its own is listened on again', async () => {
    const path = join(folder, 'a')
    const all = await start(2, ` -a 127.0.0.1:0 -a ${path}`)
    expect(await ask({ path })).toBe(true)
    await all.kill(0)
    await all.replaced(1)
    expect(await ask({ path })).toBe(true)
  })

  test('the rights that it had are free, before another takes its place', async () => {
    const all = await start(2)
    const { shared } = all.configOf(0)
    const bells = new Doorbells(shared.bells)
    const [of_the_dead, other] = [new Claims(shared.claims, 0, bells), new Claims(shared.claims, 1, bells)]
    expect(of_the_dead.take(1, 2)).toBeGreaterThanOrEqual(0)
    expect(other.take(1, 2)).toBe(CLAIM_THEIRS)
    await all.kill(0)
    await all.until('the manager knows', () => all.buried.length === 1)
    expect(all.operations.heard.some((line) => line.endsWith('serves again'))).toBe(false)
    expect(other.take(1, 2)).toBeGreaterThanOrEqual(0)
    await all.replaced(1)
  })

  test('again and again, the port stays the same', async () => {
    const all = await start(2)
    const { port } = all
    for (let times = 1; times <= 3; times++) {
      await all.kill(times % 2)
      await all.replaced(times)
    }
    const response = await new Promise<number | undefined>((resolve) => {
      request({ port, host: '127.0.0.1', agent: false }, (answer) => resolve(answer.resume().statusCode)).end()
    })
    expect(response).toBe(200)
  })
})
