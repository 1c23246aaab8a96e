import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { BackendSpec } from '../../../src/origin/contract.ts'
import { ask, closeAll, closing, OK, pipe, start } from './calls.ts'
import { get, RawOrigin, rig, specOf } from './kit.ts'

afterEach(closeAll)

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'
/** What a proxy is told of 192.0.2.7:8080: the same at both ends. */
const TOLD = `${SIGNATURE}\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x07\x1f\x90\x1f\x90`

/** A proxy that hears all and answers requests itself, and a backend that is reached through it. */
async function through(more: Partial<BackendSpec>, path?: string) {
  const proxy = new RawOrigin((socket, text) => void (text.includes('\r\n\r\n', 20) && socket.write(OK)))
  const port = await proxy.listen(path)
  const cache = rig([specOf(8080, { host: '192.0.2.7', via: { host: '127.0.0.1', port, path }, authority: '', ...more })])
  closing.push(proxy, cache.origin)
  return { proxy, cache }
}

describe('.via', () => {
  test('the proxy is told where to, and the connection is used again', async () => {
    const { proxy, cache } = await through({})
    expect((await ask(cache)).events).toEqual(['head 200 2', 'end ok'])
    expect((await ask(cache, get('/2'))).reused).toBe(true)
    expect(proxy.heard[0].startsWith(`${TOLD}GET / HTTP/1.1\r\n`)).toBe(true)
    expect(proxy.heard[0].split(SIGNATURE).length).toBe(2)
  })

  test.each([
    [{ authority: undefined, host_header: 'www.example' }, 'www.example'],
    [{ authority: undefined }, '192.0.2.7'],
    [{ authority: 'b.example' }, 'b.example'],
  ])('%j: for whom', async (more, name) => {
    const { proxy, cache } = await through(more)
    await ask(cache)
    const length = String.fromCharCode(12 + 3 + name.length)
    expect(proxy.heard[0]).toContain(`\x1f\x90\x1f\x90\x02\0${String.fromCharCode(name.length)}${name}GET /`)
    expect(proxy.heard[0].slice(14, 16)).toBe(`\0${length}`)
  })

  test('over a unix socket, to an IPv6 address', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lacquer-via-'))
    const { proxy, cache } = await through({ host: '2001:db8::1' }, join(folder, 's'))
    expect((await ask(cache)).address).toBe(`${folder}/s 0`)
    expect(proxy.heard[0].slice(12, 16)).toBe('\x21\x21\0\x24')
    rmSync(folder, { recursive: true })
  })

  test('a name is looked up first, and one that is not there fails the fetch', async () => {
    const { proxy, cache } = await through({ host: 'localhost' })
    await ask(cache)
    expect(proxy.heard[0].slice(16, 20)).toBe('\x7f\0\0\x01')
    const { cache: other } = await through({ host: 'no.such.invalid' })
    expect((await ask(other)).failure?.kind).toBe('resolve')
  })

  test('pipes go through it, too, and what the backend wants to hear itself comes behind', async () => {
    const { proxy, cache } = await through({ preamble: Buffer.from('hello '), proxy_header: 1 })
    const { socket } = await pipe(cache)
    socket!.write('GET / HTTP/1.1\r\n\r\n')
    await new Promise((resolve) => socket!.once('data', resolve))
    socket!.destroy()
    expect(proxy.heard[0]).toBe(`${TOLD}hello PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n\r\n`)
  })

  test('a proxy that is not there is a failed connection', async () => {
    const { proxy, cache } = await through({})
    proxy.close()
    expect((await ask(cache)).failure?.kind).toBe('connect')
  })
})

test('.preamble comes first on each new connection, once', async () => {
  const { origin, cache } = await start((socket) => socket.write(OK), { preamble: Buffer.from('hello\n') })
  await ask(cache)
  await ask(cache, get('/2'))
  expect(origin.sockets.length).toBe(1)
  expect(origin.heard[0].startsWith('hello\nGET / HTTP/1.1\r\n')).toBe(true)
  expect(origin.heard[0].split('hello').length).toBe(2)
})

test('an abstract socket', async () => {
  const name = `lacquer-test-${process.pid}`
  const origin = new RawOrigin((socket) => socket.write(OK))
  await origin.listen(`\0${name}`)
  const cache = rig([specOf(0, { host: undefined, path: `@${name}` })])
  closing.push(origin, cache.origin)
  expect((await ask(cache)).events).toEqual(['head 200 2', 'end ok'])
})
