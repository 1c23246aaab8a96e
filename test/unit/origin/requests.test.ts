import { afterEach, describe, expect, test } from 'vitest'
import type { OutgoingBody } from '../../../src/origin/contract.ts'
import { bodyOf, get, Heard, PATIENT, RawOrigin, rig, specOf } from './kit.ts'
import type { Rig } from './kit.ts'

// What goes over the wire to the origin.
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
const closing: { close(): void | Promise<void> }[] = []
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close()
})

async function echoing(more: Parameters<typeof specOf>[1] = {}, complete = (text: string): boolean => text.includes('\r\n\r\n')) {
  const origin = new RawOrigin((socket, _text, n) => {
    if (complete(origin.heard[n])) socket.write(OK)
  })
  const cache = rig([specOf(await origin.listen(), more)])
  closing.push(origin, cache.origin)
  return { origin, cache }
}

async function send(cache: Rig, head: ReturnType<typeof get>, body?: OutgoingBody): Promise<Heard> {
  const heard = new Heard()
  cache.origin.fetch(cache.origin.backend('default')!, head, body, PATIENT, heard)
  await heard.finished
  return heard
}

describe('heads', () => {
  test('fields keep order, spelling and bytes; those of the connection stay behind', async () => {
    const { origin, cache } = await echoing()
    const head = get('/a?b=%20c', 'GET', ['X-B', '\xe9'], ['Connection', 'keep-alive, x-b'], ['x-a', '1'], ['X-B', '2'], ['Upgrade', 'h2c'])
    for (const name of ['Transfer-Encoding', 'Keep-Alive', 'Expect', 'Content-Length', 'Proxy-Connection']) head.fields.append(name, '5')
    await send(cache, head)
    expect(origin.heard[0]).toBe(
      'GET /a?b=%20c HTTP/1.1\r\nhost: example.com\r\nconnection: keep-alive\r\nX-B: \xe9\r\nx-a: 1\r\nX-B: 2\r\n\r\n',
    )
  })

  test.each([
    ['the request', {}, 'example.com', 'example.com'],
    ['.host_header', { host_header: 'site.test' }, undefined, 'site.test'],
    ['.host', {}, undefined, '127.0.0.1'],
  ])('Host comes from %s', async (_name, more, inRequest, expected) => {
    const { origin, cache } = await echoing(more)
    const head = get()
    if (inRequest === undefined) head.fields.delete('host')
    await send(cache, head)
    expect(origin.heard[0]).toContain(`host: ${expected}\r\n`)
  })

  test('Connection: close from the rules gives the fetch a connection of its own', async () => {
    const { origin, cache } = await echoing()
    await send(cache, get('/', 'GET', ['Connection', 'close']))
    await send(cache, get())
    expect(origin.heard[0]).toContain('connection: close\r\n')
    expect(origin.sockets.length).toBe(2)
  })

  test('OPTIONS * is sent as such, and only it', async () => {
    const { origin, cache } = await echoing()
    await Promise.all([send(cache, get('*', 'OPTIONS')), send(cache, get('/', 'OPTIONS'))])
    expect(origin.heard.map((text) => text.slice(0, 11)).sort()).toEqual(['OPTIONS * H', 'OPTIONS / H'])
  })

  test.each([
    ['a method with a space', get('/', 'GE T')],
    ['a path with a control byte', get('/a\x01')],
    ['a value with a line break', get('/', 'GET', ['X', 'a\r\nEvil: 1'])],
    ['a name with a line break', get('/', 'GET', ['X\r\nEvil', '1'])],
  ])('%s is refused, later, and nothing is sent', async (_name, head) => {
    const { origin, cache } = await echoing({ max_connections: 1 })
    const heard = new Heard()
    cache.origin.fetch(cache.origin.backend('default')!, head, undefined, PATIENT, heard)
    expect(heard.events).toEqual([])
    await heard.finished
    expect(heard.events).toEqual(['error malformed'])
    expect(origin.heard.join('')).toBe('')
    expect((await send(cache, get())).events).toEqual(['head 200 0', 'end '])
  })
})

describe('bodies', () => {
  test('of declared length', async () => {
    const { origin, cache } = await echoing({}, (text) => text.endsWith('hello'))
    expect((await send(cache, get('/', 'POST'), bodyOf(5, ['he', 'llo']))).events).toEqual(['head 200 0', 'end '])
    expect(origin.heard[0]).toBe('POST / HTTP/1.1\r\nhost: example.com\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello')
  })

  test('of unknown length go in chunks', async () => {
    const { origin, cache } = await echoing({}, (text) => text.endsWith('0\r\n\r\n'))
    await send(cache, get('/', 'PUT'), bodyOf(-1, ['he', 'llo']))
    expect(origin.heard[0]).toMatch(/transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n$/)
  })

  test('an empty POST says so', async () => {
    const { origin, cache } = await echoing()
    await send(cache, get('/', 'POST'), bodyOf(0, []))
    expect(origin.heard[0]).toContain('content-length: 0\r\n\r\n')
  })

  test('of GET', async () => {
    const { origin, cache } = await echoing({}, (text) => text.endsWith('hello'))
    await send(cache, get(), bodyOf(5, ['hello']))
    expect(origin.heard[0]).toContain('content-length: 5\r\n\r\nhello')
  })

  test.each([
    ['breaks off', bodyOf(10, ['hello'], 'error'), 'request_body'],
    ['is shorter than declared', bodyOf(10, ['hello']), 'request_body'],
    ['is longer than declared', bodyOf(3, ['hello']), 'request_body'],
  ])('that %s fails the fetch, and the origin never sees a complete request', async (_name, body, kind) => {
    const { origin, cache } = await echoing({}, (text) => text.length > 10_000)
    expect((await send(cache, get('/', 'POST'), body)).events).toEqual([`error ${kind}`])
    expect(origin.heard.join('')).not.toContain('GET')
    expect(cache.counters.backend_retry).toBeUndefined()
  })

  test('an answer before the body is complete is an answer', async () => {
    const { cache } = await echoing()
    expect((await send(cache, get('/', 'POST'), bodyOf(1000, ['hello'], 'wait'))).events).toEqual(['head 200 0', 'end '])
  })

  test('an origin that does not read stops the client, and what it reads is right', async () => {
    const size_bytes = 64 * 1024 * 1024
    let taken_bytes = 0
    let answer: () => void = () => {}
    const stopped = Promise.withResolvers<void>()
    const origin = new RawOrigin((socket, text) => {
      if (taken_bytes === 0) socket.pause()
      taken_bytes += text.startsWith('POST') ? text.length - text.indexOf('\r\n\r\n') - 4 : text.length
      answer = () => void socket.resume()
      if (taken_bytes === size_bytes) socket.write(OK)
    })
    const cache = rig([specOf(await origin.listen())])
    closing.push(origin, cache.origin)
    const chunk = Buffer.alloc(64 * 1024, 'x')
    let given_bytes = 0
    let paused = false
    let sink: Parameters<OutgoingBody['start']>[0]
    const pump = (): void => {
      if (paused || given_bytes > size_bytes) return
      if (given_bytes === size_bytes) sink.onEnd()
      given_bytes += given_bytes === size_bytes ? 1 : chunk.length
      if (given_bytes > size_bytes) return
      sink.onData(chunk)
      pump()
    }
    const body: OutgoingBody = {
      length_bytes: size_bytes,
      start: (to) => {
        sink = to
        pump()
      },
      pause: () => {
        paused = true
        if (taken_bytes > 0) stopped.resolve()
      },
      resume: () => {
        paused = false
        setImmediate(pump)
      },
    }
    const done = send(cache, get('/', 'POST'), body)
    await stopped.promise
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(given_bytes).toBeLessThan(16 * 1024 * 1024)
    answer()
    expect((await done).events).toEqual(['head 200 0', 'end '])
  })
})
