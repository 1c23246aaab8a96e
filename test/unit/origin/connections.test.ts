import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import type { Duplex } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Ip } from '../../../src/base/ip.ts'
import type { BackendSpec, FetchFailure } from '../../../src/origin/contract.ts'
import type { OriginOptions } from '../../../src/origin/options.ts'
import { get, Heard, PATIENT, RawOrigin, rig, specOf } from './kit.ts'
import type { Rig } from './kit.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const closing: { close(): void | Promise<void> }[] = []
const directory = mkdtempSync(join(tmpdir(), 'lacquer-origin-'))
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close()
})
afterAll(() => rmSync(directory, { recursive: true }))

type Answer = ConstructorParameters<typeof RawOrigin>[0]

async function start(answer: Answer, more: Partial<BackendSpec> = {}, options: Partial<OriginOptions> = {}) {
  const origin = new RawOrigin(answer)
  const cache = rig([specOf(await origin.listen(), more)], options)
  closing.push(origin, cache.origin)
  return { origin, cache }
}

function begin(cache: Rig, head = get()): Heard & { call: ReturnType<Rig['origin']['fetch']> } {
  const heard = new Heard()
  const call = cache.origin.fetch(cache.origin.backend('default')!, head, undefined, PATIENT, heard)
  return Object.assign(heard, { call })
}

async function ask(cache: Rig, head = get()): Promise<Heard> {
  const heard = begin(cache, head)
  await heard.finished
  // undici takes a connection back a turn after its response.
  await turns(3)
  return heard
}

describe('the pool', () => {
  test('one after the other share a connection, and say so', async () => {
    const { origin, cache } = await start((socket) => socket.write(OK))
    const first = await ask(cache)
    const second = await ask(cache)
    expect([first.reused, second.reused]).toEqual([false, true])
    expect(first.address).toBe(`127.0.0.1 ${(origin.server.address() as { port: number }).port}`)
    expect(cache.counters).toEqual({ backend_conn: 1, backend_req: 2, backend_reuse: 1, backend_recycle: 2 })
  })

  test.each([
    ['GET', 'closes', 2, ['head 200 2', 'end ok']],
    ['GET', 'resets', 2, ['head 200 2', 'end ok']],
    ['HEAD', 'closes', 2, ['head 200 2', 'end ']],
    ['POST', 'closes', 1, ['error closed']],
    ['DELETE', 'resets', 1, ['error closed']],
  ])('%s on a pooled connection that the origin %s', async (method, how, connections, events) => {
    const { origin, cache } = await start((socket, text, n) => {
      if (n > 0 || text.startsWith('GET /first')) socket.write(text.startsWith('HEAD') ? OK.slice(0, -2) : OK)
      else if (how === 'closes') socket.end()
      else socket.resetAndDestroy()
    })
    await ask(cache, get('/first'))
    expect((await ask(cache, get('/', method))).events).toEqual(events)
    expect(origin.sockets.length).toBe(connections)
    expect(cache.counters.backend_retry).toBe(connections === 2 ? 1 : undefined)
  })

  test('is tried again once only, and on a fresh connection', async () => {
    const { origin, cache } = await start((socket, text) => (text.startsWith('GET /first') ? socket.write(OK) : socket.end()))
    await Promise.all([ask(cache, get('/first')), ask(cache, get('/first'))])
    expect((await ask(cache)).events).toEqual(['error closed'])
    expect(origin.sockets.length).toBe(3)
  })

  test('a fresh connection that is closed is not tried again', async () => {
    const { origin, cache } = await start((socket) => socket.end())
    expect((await ask(cache)).events).toEqual(['error closed'])
    expect(origin.sockets.length).toBe(1)
  })

  test('a pooled connection that breaks within the answer is not tried again', async () => {
    const { cache } = await start((socket, text) => (text.startsWith('GET /first') ? socket.write(OK) : socket.end('HTTP/1.1 2')))
    await ask(cache, get('/first'))
    expect((await ask(cache)).events).toEqual(['error closed'])
  })

  test('max_connections: one more is busy, at once, and room comes back', async () => {
    const waiting: Socket[] = []
    const { origin, cache } = await start((socket) => waiting.push(socket), { max_connections: 2 })
    const both = [begin(cache), begin(cache)]
    const third = await ask(cache)
    expect(third.events).toEqual(['error busy'])
    expect(third.failure!.message).toContain('max_connections (2)')
    await until(() => waiting.length === 2)
    for (const socket of waiting.splice(0)) socket.write(OK)
    await Promise.all(both.map((one) => one.finished))
    const fourth = begin(cache)
    await until(() => waiting.length === 1)
    waiting[0].write(OK)
    await fourth.finished
    expect(fourth.events).toEqual(['head 200 2', 'end ok'])
    expect(origin.sockets.length).toBe(2)
    expect(cache.counters.backend_busy).toBe(1)
  })

  test('a replaced backend leaves its running fetch alone', async () => {
    const { promise, resolve } = Promise.withResolvers<Socket>()
    const { cache } = await start((socket) => resolve(socket))
    const running = begin(cache)
    const socket = await promise
    cache.origin.add(specOf(1))
    socket.write(OK)
    await running.finished
    expect(running.events).toEqual(['head 200 2', 'end ok'])
  })
})

describe('abort', () => {
  test.each([
    ['before the connection', 'now', ''],
    ['before the head', 'asked', ''],
    ['in a body of known length', 'head', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello'],
    ['in a body until close', 'head', 'HTTP/1.1 200 OK\r\n\r\nhello'],
    ['in chunks', 'head', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ])('%s is silent, twice is once, and the next fetch works', async (_name, when, sent) => {
    const asked = Promise.withResolvers<void>()
    const { cache } = await start((socket, text) => {
      if (!text.startsWith('GET /next')) asked.resolve()
      socket.write(text.startsWith('GET /next') ? OK : sent)
    })
    const heard = begin(cache)
    if (when === 'asked') await asked.promise
    if (when === 'head') await heard.headed
    const before = [...heard.events]
    heard.call.abort()
    heard.call.abort()
    heard.call.resume()
    expect((await ask(cache, get('/next'))).events).toEqual(['head 200 2', 'end ok'])
    expect(heard.events).toEqual(before)
  })

  test.each(['onHead', 'onData'] as const)('from within %s', async (where) => {
    const { cache } = await start((socket) => socket.write(OK))
    const heard = new Heard()
    const told = Promise.withResolvers<void>()
    heard[where] = () => {
      call.abort()
      told.resolve()
    }
    const call = cache.origin.fetch(cache.origin.backend('default')!, get(), undefined, PATIENT, heard)
    await told.promise
    await ask(cache)
    expect(heard.events.filter((event) => event.startsWith('e'))).toEqual([])
  })

  test('of a call that waits for max_connections holds its place until undici lets go', async () => {
    const { cache } = await start((socket) => socket.write(OK), { max_connections: 1 })
    begin(cache).call.abort()
    expect((await ask(cache)).events).toEqual(['error busy'])
    await until(() => cache.counters.backend_conn === 1)
    expect((await ask(cache)).events).toEqual(['head 200 2', 'end ok'])
  })
})

test('a reader that pauses stops the origin, and loses nothing', async () => {
  const size_bytes = 200 * 1024 * 1024
  const chunk = Buffer.alloc(256 * 1024, 'x')
  let written_bytes = 0
  let origin: Socket
  const { cache } = await start((socket) => {
    origin = socket
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size_bytes}\r\n\r\n`)
    const pump = (): void => {
      while (written_bytes < size_bytes) {
        written_bytes += chunk.length
        if (!socket.write(chunk)) return void socket.once('drain', pump)
      }
    }
    pump()
  })
  let got_bytes = 0
  let paused = false
  let untimely = 0
  let ahead_bytes = 0
  const heard = begin(cache)
  heard.onChunk = (data) => {
    got_bytes += data.length
    if (paused) untimely++
    ahead_bytes = Math.max(ahead_bytes, written_bytes - origin.writableLength - got_bytes)
    // A turn of rest for each MiB: the origin, in the same process, gets far ahead if nothing holds it.
    if (got_bytes % (1024 * 1024) > data.length || paused) return
    paused = true
    heard.call.pause()
    setImmediate(() => {
      paused = false
      heard.call.resume()
    })
  }
  await heard.finished
  expect(heard.events).toEqual([`head 200 ${size_bytes}`, 'end '])
  expect(got_bytes).toBe(size_bytes)
  expect(untimely).toBe(0)
  expect(ahead_bytes).toBeLessThan(16 * 1024 * 1024)
})

test('a reader that pauses in the last piece of a body until close hears no more than it', async () => {
  const { cache } = await start((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello'))
  const heard = begin(cache)
  const sizes: number[] = []
  heard.onChunk = (chunk) => {
    sizes.push(chunk.length)
    heard.call.pause()
    setImmediate(() => heard.call.resume())
  }
  await heard.finished
  expect(sizes).toEqual([5])
  expect(heard.events.at(-1)).toBe('end ')
})

test.each(['onHead', 'onData', 'onInformational'] as const)('a flow that throws in %s fails its fetch, not the worker', async (where) => {
  const { cache } = await start((socket) => socket.write(`HTTP/1.1 103 Hints\r\n\r\n${OK}`))
  const heard = new Heard()
  heard[where] = () => {
    throw new Error('a bug of ours')
  }
  cache.origin.fetch(cache.origin.backend('default')!, get(), undefined, PATIENT, heard)
  await heard.finished
  expect(heard.failure!.kind).toBe('aborted')
  expect(heard.failure!.message).toContain('a bug of ours')
})

test('a reader that never reads gets nothing, and the origin cannot get rid of its bytes', async () => {
  const chunk = Buffer.alloc(64 * 1024 * 1024, 'x')
  const { origin, cache } = await start((socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n`) && socket.write(chunk))
  const heard = begin(cache)
  heard.onHead = () => heard.call.pause()
  let got = 0
  heard.onChunk = () => got++
  await until(() => origin.sockets[0]?.writableLength > 0)
  await turns(200)
  expect(got).toBe(0)
  expect(origin.sockets[0].writableLength).toBeGreaterThan(48 * 1024 * 1024)
  heard.call.abort()
})

describe('reaching the backend', () => {
  test('none has no address', async () => {
    const cache = rig([specOf(1, { none: true })])
    expect((await ask(cache)).events).toEqual(['error no_backend'])
    expect(cache.origin.backend('default')!.healthy).toBe(false)
    expect(cache.origin.backend('other')).toBeUndefined()
  })

  test('a refused connection', async () => {
    const closed = new RawOrigin(() => {})
    const port = await closed.listen()
    closed.close()
    const cache = rig([specOf(port)])
    const heard = begin(cache)
    expect(heard.events).toEqual([])
    await heard.finished
    expect(heard.failure).toEqual({ kind: 'connect', message: `connect ECONNREFUSED 127.0.0.1:${port}` })
    expect(cache.counters).toEqual({ backend_fail: 1 })
  })

  test('a port that does not exist', async () => {
    expect((await ask(rig([specOf(70_000)]))).events).toEqual(['error connect'])
  })

  test('a name that does not resolve fails the fetch, not the load', async () => {
    const heard = await ask(rig([specOf(80, { host: 'nowhere.invalid' })]))
    expect(heard.failure!.kind).toBe('resolve')
    expect(heard.failure!.message).toContain('nowhere.invalid')
  })

  test('a name that resolves', async () => {
    const { cache } = await start((socket) => socket.write(OK), { host: 'localhost' })
    expect((await ask(cache)).events).toEqual(['head 200 2', 'end ok'])
  })

  test('a unix socket', async () => {
    const path = join(directory, 'origin.sock')
    const origin = new RawOrigin((socket) => socket.write(OK))
    await origin.listen(path)
    const cache = rig([specOf(0, { host: undefined, path })])
    closing.push(origin, cache.origin)
    const heard = await ask(cache)
    expect(heard.events).toEqual(['head 200 2', 'end ok'])
    expect(heard.address).toBe(`${path} 0`)
  })

  test('a unix socket that is not there', async () => {
    expect((await ask(rig([specOf(0, { path: join(directory, 'none.sock') })]))).events).toEqual(['error connect'])
  })
})

describe('PROXY header', () => {
  const v4 = {
    ip: new Ip('192.0.2.1', 1234, new Uint8Array([192, 0, 2, 1])),
    server: new Ip('192.0.2.2', 80, new Uint8Array([192, 0, 2, 2])),
  }
  const six = new Uint8Array(16).fill(1)
  const v6 = { ip: new Ip('101::1', 1234, six), server: new Ip('101::2', 80, six) }
  const signature = '\r\n\r\n\0\r\nQUIT\n'
  test.each([
    ['1, IPv4', 1, v4, 'PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n'],
    ['1, IPv6', 1, v6, 'PROXY TCP6 101::1 101::2 1234 80\r\n'],
    ['1, unknown', 1, undefined, 'PROXY UNKNOWN\r\n'],
    ['2, IPv4', 2, v4, `${signature}\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\x04\xd2\0\x50`],
    ['2, IPv6', 2, v6, `${signature}\x21\x21\0\x24${'\x01'.repeat(32)}\x04\xd2\0\x50`],
    ['2, unknown', 2, undefined, `${signature}\x20\0\0\0`],
  ] as const)('%s: each client has its own connection', async (_name, version, client, expected) => {
    const { origin, cache } = await start((socket, _text, n) => origin.heard[n].includes('\r\n\r\n', expected.length) && socket.write(OK), {
      proxy_header: version,
    })
    for (let i = 0; i < 2; i++) {
      const heard = new Heard()
      heard.client = client
      cache.origin.fetch(cache.origin.backend('default')!, get(), undefined, PATIENT, heard)
      await heard.finished
      expect(heard.events).toEqual(['head 200 2', 'end ok'])
    }
    expect(origin.heard.map((text) => text.slice(0, expected.length + 5))).toEqual([`${expected}GET /`, `${expected}GET /`])
    expect(origin.heard[0]).toContain('connection: close')
  })
})

describe('TLS', () => {
  const names: unknown[] = []
  let key = ''
  let cert = ''
  beforeAll(() => {
    const out = (name: string): string => join(directory, name)
    const arguments_ = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=origin',
    ]
    arguments_.push('-addext', 'subjectAltName=DNS:origin.test', '-keyout', out('key.pem'), '-out', out('cert.pem'))
    execFileSync('openssl', arguments_, { stdio: 'ignore' })
    key = readFileSync(out('key.pem'), 'utf8')
    cert = readFileSync(out('cert.pem'), 'utf8')
  })

  async function secure(more: Partial<BackendSpec>, options: Partial<OriginOptions>) {
    const server = createTlsServer({ key, cert })
    const origin = new RawOrigin(() => {}, server)
    server.on('secureConnection', (socket) => {
      names.push(socket.servername)
      socket.on('error', () => {}).on('data', () => socket.write(OK))
    })
    const cache = rig([specOf(await origin.listen(), { tls: true, ...more })], options)
    closing.push(origin, cache.origin)
    return cache
  }

  test('SNI is the host header, the Host field may vary on one connection', async () => {
    names.length = 0
    const cache = await secure({ host_header: 'origin.test:443' }, { tls_ca: cert })
    expect((await ask(cache)).events).toEqual(['head 200 2', 'end ok'])
    expect((await ask(cache, get('/', 'GET', ['Host', 'other.test']))).events).toEqual(['head 200 2', 'end ok'])
    expect(names).toEqual(['origin.test'])
    expect(cache.counters.backend_conn).toBe(1)
  })

  test.each([
    ['an unknown issuer', { host_header: 'origin.test' }, {}, 'self-signed certificate'],
    ['another name', { host_header: 'evil.test' }, { ca: true }, 'evil.test'],
    ['an address', {}, { ca: true }, '127.0.0.1'],
  ])('%s is not trusted', async (_name, more, trust, message) => {
    const cache = await secure(more, 'ca' in trust ? { tls_ca: cert } : {})
    const heard = await ask(cache)
    expect(heard.failure!.kind).toBe('connect')
    expect(heard.failure!.message).toContain(message)
  })

  test('verification can be switched off', async () => {
    expect((await ask(await secure({}, { tls_verify: false }))).events).toEqual(['head 200 2', 'end ok'])
  })

  test('an origin without TLS', async () => {
    const { cache } = await start((socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n'), { tls: true })
    expect((await ask(cache)).events).toEqual(['error connect'])
  })

  test('pipes too', async () => {
    const cache = await secure({ host_header: 'origin.test' }, { tls_ca: cert })
    const { failure, socket } = await pipe(cache)
    expect(failure).toBeUndefined()
    const text = new Promise<string>((resolve) => socket!.once('data', (data: Buffer) => resolve(data.toString())))
    socket!.write('hello')
    expect(await text).toBe(OK)
    socket!.destroy()
  })
})

function pipe(cache: Rig, timeout_ms = 3000): Promise<{ failure: FetchFailure | undefined; socket: Duplex | undefined }> {
  return new Promise((resolve) => {
    cache.origin.connect(cache.origin.backend('default')!, undefined, timeout_ms, (failure, socket) => resolve({ failure, socket }))
  })
}

describe('pipes', () => {
  test('are plain sockets that count as connections', async () => {
    const { cache } = await start((socket, text) => socket.end(`<${text}>`), { max_connections: 1 })
    const { socket } = await pipe(cache)
    expect((await pipe(cache)).failure!.kind).toBe('busy')
    const text = new Promise<string>((resolve) => socket!.once('data', (data: Buffer) => resolve(data.toString())))
    socket!.end('hello')
    expect(await text).toBe('<hello>')
    await new Promise((resolve) => socket!.once('close', resolve))
    expect((await ask(cache)).failure?.kind).not.toBe('busy')
  })

  test('start with the PROXY header where the backend wants it', async () => {
    const { origin, cache } = await start(() => {}, { proxy_header: 1 })
    const { socket } = await pipe(cache)
    await until(() => origin.heard[0] === 'PROXY UNKNOWN\r\n')
    socket!.destroy()
  })

  test.each([
    ['none', { none: true }, 'no_backend'],
    ['refused', {}, 'connect'],
    ['unresolvable', { host: 'nowhere.invalid' }, 'resolve'],
  ])('%s', async (_name, more, kind) => {
    const server = createServer()
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    )
    await new Promise((resolve) => server.close(resolve))
    expect((await pipe(rig([specOf(port, more)]))).failure!.kind).toBe(kind)
  })
})

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await turns(1)
}
