import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Ip } from '../../../src/base/ip.ts'
import type { BackendSpec } from '../../../src/origin/contract.ts'
import type { OriginOptions } from '../../../src/origin/options.ts'
import { ask, begin, closeAll, closing, OK, pipe, start, until } from './calls.ts'
import { get, Heard, PATIENT, RawOrigin, rig, specOf } from './kit.ts'

const directory = mkdtempSync(join(tmpdir(), 'lacquer-origin-'))
afterEach(closeAll)
afterAll(() => rmSync(directory, { recursive: true }))

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
    expect(heard.file).toMatch(/^socket:/)
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
    const heard = await ask(await secure({}, { tls_verify: false }))
    expect(heard.events).toEqual(['head 200 2', 'end ok'])
    expect(heard.file).toMatch(/^socket:/)
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
