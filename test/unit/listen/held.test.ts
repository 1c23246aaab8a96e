import { afterEach, describe, expect, test } from 'vitest'
import type { ClientConnection } from '../../../src/flow/client.ts'
import { StoredHead } from '../../../src/http/stored-head.ts'
import { READ_PATHS, startFront, type Front } from './front.ts'

/** More than the kernel takes for a client that does not read. */
const LARGE = Buffer.alloc(16 * 1024 * 1024, 'x')
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

let front: Front

afterEach(async () => {
  await front.listener.drain(0)
})

function stored(body: Buffer): StoredHead {
  return Object.assign(new StoredHead(), { lines: 'HTTP/1.1 200 OK\r\n', length_bytes: body.length })
}

const WAYS: Record<string, (c: ClientConnection, body: Buffer) => boolean> = {
  respond: (c, body) => c.respond(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`, body),
  respondStored: (c, body) => c.respondStored(stored(body), body),
}

describe.each(READ_PATHS)('memory of a response, read path %s', (path) => {
  /** Answers with each of the bodies in turn, and holds what is not free. */
  async function answerWith(way: string, ...bodies: Buffer[]): Promise<void> {
    front = await startFront({
      path,
      flow: (c) => {
        const free = WAYS[way](c, bodies.shift() ?? Buffer.alloc(0))
        front.note(free ? 'free' : 'held')
        if (!free) c.hold({ release: () => front.note('released') })
      },
    })
  }

  describe.each(Object.keys(WAYS))('%s', (way) => {
    test('is free at once when the kernel takes it, copied or not', async () => {
      await answerWith(way, Buffer.alloc(10), Buffer.alloc(100_000))
      const client = front.connect().send(GET)
      await client.read('\r\n\r\n')
      await client.readBytes(10)
      client.send(GET)
      await client.read('\r\n\r\n')
      await client.readBytes(100_000)
      expect(front.events).toEqual(['opened', 'free', 'free'])
    })

    test('is held until the client has taken enough, before its next request', async () => {
      await answerWith(way, LARGE, Buffer.from('next'))
      const client = front.connect()
      client.socket.pause()
      client.send(GET + GET)
      await front.until('held')
      client.socket.resume()
      await client.read('\r\n\r\n')
      await client.readBytes(LARGE.length)
      await client.read('next')
      expect(front.events).toEqual(['opened', 'pipelined', 'held', 'released', 'free'])
    })

    test('is held until the client is gone', async () => {
      await answerWith(way, LARGE)
      const client = front.connect()
      client.socket.pause()
      client.send(GET)
      await front.until('held')
      client.socket.resetAndDestroy()
      await front.until('released')
      expect(front.events.filter((event) => event === 'released').length).toBe(1)
    })

    test('is let go after the connection has been cut, and not before', async () => {
      await answerWith(way, LARGE)
      const client = front.connect()
      client.socket.pause()
      client.send(GET)
      await front.until('held')
      await front.listener.drain(0)
      expect(front.events).toEqual(['opened', 'held', 'closed SHUTDOWN'])
      await front.until('released')
      client.close()
    })
  })
})
