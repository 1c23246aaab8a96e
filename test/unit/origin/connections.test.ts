import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { ask, begin, closeAll, OK, start, turns, until } from './calls.ts'
import { get, Heard, PATIENT, specOf } from './kit.ts'

afterEach(closeAll)

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

  test('is not tried again where rules do not want it', async () => {
    const { origin, cache } = await start((socket, text) => (text.startsWith('GET /first') ? socket.write(OK) : socket.end()))
    await ask(cache, get('/first'))
    const heard = Object.assign(new Heard(), { retry_connect: false })
    cache.origin.fetch(cache.origin.backend('default')!, get(), undefined, PATIENT, heard)
    await heard.finished
    expect(heard.events).toEqual(['error closed'])
    expect(origin.sockets.length).toBe(1)
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

test('a reader that pauses in the middle of what was read at once gets all of it in order, and what comes behind it on that connection', async () => {
  const pieces = Array.from({ length: 3000 }, (_, i) => `<${i}:${'x'.repeat((i * 37) % 300)}>`)
  const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')
  const { cache } = await start((socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\nX-Sum: 1\r\n\r\n`),
  )
  for (let round = 0; round < 3; round++) {
    const heard = begin(cache)
    let got = ''
    let calls = 0
    heard.onChunk = (data) => {
      got += data.toString('latin1')
      if (++calls % 3 > 0) return
      heard.call.pause()
      // At once, in this turn, or in a later one.
      if (calls % 2 === 0) process.nextTick(() => heard.call.resume())
      else setImmediate(() => heard.call.resume())
    }
    await heard.finished
    expect(heard.events).toEqual(['head 200 -1', 'end '])
    expect(got === pieces.join('')).toBe(true)
  }
  // A connection that one of them came on.
  expect(cache.counters.backend_reuse).toBeGreaterThan(0)
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
