import { afterEach, describe, expect, test } from 'vitest'
import type { ClientConnection } from '../../../src/flow/client.ts'
import { manyTurns, ok, READ_PATHS, startFront, type Front } from './front.ts'

let front: Front

afterEach(async () => {
  await front.listener.drain(0)
})

function respond(connection: ClientConnection, text: string): void {
  const head = ok(text, connection.keepAlive ? '' : 'Connection: close\r\n')
  connection.respond(head.slice(0, head.length - text.length), Buffer.from(text, 'latin1'))
}

/** Answers with the body it was sent, or with its error. */
function echoBody(connection: ClientConnection): void {
  let text = ''
  if (connection.body === undefined) return respond(connection, 'no body')
  connection.body.start({
    onData: (chunk) => (text += chunk.toString('latin1')),
    onEnd: () => respond(connection, text),
    onError: (error) => respond(connection, error.message),
  })
}

const POST = 'POST / HTTP/1.1\r\nHost: a\r\n'

describe.each(READ_PATHS)('request bodies, read path %s', (path) => {
  async function start(flow: (connection: ClientConnection) => void): Promise<Front> {
    front = await startFront({ path, flow })
    return front
  }

  const BODIES: [string, string, string][] = [
    ['Content-Length', 'Content-Length: 5\r\n\r\nhello', 'hello'],
    ['none', '\r\n', 'no body'],
    ['Content-Length: 0', 'Content-Length: 0\r\n\r\n', 'no body'],
    ['chunked', 'Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: x\r\n\r\n', 'hello'],
    ['chunked, empty', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n', ''],
  ]

  test.each(BODIES)('%s: whole, in pieces, and with a request behind it', async (_name, rest, expected) => {
    const client = (await start(echoBody)).connect()
    const answer = ok(expected)
    client.send((POST + rest).repeat(3))
    expect(await client.readBytes(answer.length * 3)).toBe(answer.repeat(3))
    for (const byte of POST + rest) await client.sent(byte)
    expect(await client.readBytes(answer.length)).toBe(answer)
  })

  test('started later than it arrived', async () => {
    const held: ClientConnection[] = []
    const client = (
      await start((c) => {
        held.push(c)
        front.note('asked')
      })
    ).connect()
    client.send(POST + 'Content-Length: 5\r\n\r\nhel')
    await front.until('asked')
    expect(held[0].body?.started).toBe(false)
    echoBody(held[0])
    client.send('lo')
    expect(await client.read('hello')).toBe(ok('hello'))
  })

  test('backpressure: a body that nobody reads stays with the client, and a paused one too', async () => {
    const held: ClientConnection[] = []
    let received = 0
    const client = (
      await start((c) => {
        held.push(c)
        front.note('asked')
      })
    ).connect()
    const size = 30_000_000
    client.send(`${POST}Content-Length: ${size}\r\n\r\n` + 'x'.repeat(size))
    await front.until('asked')
    await manyTurns()
    const [session] = front.sessions
    expect(session.received_bytes).toBeLessThan(200_000)
    const { body } = held[0]
    body?.start({
      onData: (chunk) => {
        received += chunk.length
        body.pause()
      },
      onEnd: () => respond(held[0], 'all'),
      onError: (error) => front.note(error.message),
    })
    await manyTurns()
    expect(received).toBeGreaterThan(0)
    expect(session.received_bytes).toBeLessThan(400_000)
    body!.pause = () => {}
    body?.resume()
    expect(await client.read('all')).toBe(ok('all'))
    expect(received).toBe(size)
  })

  test.each([
    ['bad chunk', 'Transfer-Encoding: chunked\r\n\r\nxyz\r\n', 'malformed request body: Chunk size expected'],
    ['too short', 'Content-Length: 10\r\n\r\nhello', 'the client stopped sending'],
    ['chunked, too short', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhel', 'the client stopped sending'],
  ])('broken: %s', async (_name, rest, message) => {
    const client = (await start(echoBody)).connect()
    client.socket.end(POST + rest)
    expect(await client.readToEnd()).toBe(ok(message, 'Connection: close\r\n'))
    expect(front.closings).toEqual(['RX_BODY'])
  })

  describe('Expect: 100-continue', () => {
    test('is answered, however the head is cut', async () => {
      const client = (await start(echoBody)).connect()
      client.send(expecting.slice(0, -1))
      await expect.poll(() => front.sessions[0]?.received_bytes).toBe(expecting.length - 1)
      client.send(expecting.slice(-1))
      await client.read(go)
      expect(await client.send('hello').read('hello')).toBe(ok('hello'))
    })

    const expecting = POST + 'Expect: 100-continue\r\nContent-Length: 5\r\n\r\n'
    const go = 'HTTP/1.1 100 Continue\r\n\r\n'

    test('the client is told to go on when the body is wanted', async () => {
      const client = (await start(echoBody)).connect()
      client.send(expecting)
      await client.read(go)
      client.send('hello')
      expect(await client.read('hello')).toBe(ok('hello'))
    })

    test('not if it has already begun', async () => {
      const client = (await start(echoBody)).connect()
      client.send(expecting + 'hello')
      expect(await client.read('hello')).toBe(ok('hello'))
    })

    test('not after a final response; then the connection is closed, for the body may come or not', async () => {
      const client = (await start((c) => respond(c, 'no'))).connect()
      client.send(expecting)
      expect(await client.readToEnd()).toBe(ok('no', 'Connection: close\r\n'))
      client.socket.end('hello')
      await front.until('closed RX_BODY')
    })
  })

  describe('bodies that nobody wants', () => {
    test('a small one is thrown away and the connection kept', async () => {
      const client = (await start((c) => respond(c, c.req.method))).connect()
      client.send(POST + 'Content-Length: 10\r\n\r\n')
      expect(await client.read('POST')).toBe(ok('POST'))
      client.send('0123456789GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      expect(await client.read('GET')).toBe(ok('GET'))
    })

    test('discarded while the answer is still to come', async () => {
      const held: ClientConnection[] = []
      const client = (
        await start((c) => {
          c.body?.discard()
          held.push(c)
          front.note('asked')
        })
      ).connect()
      client.send(POST + 'Content-Length: 10\r\n\r\n0123456789GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await front.until('asked')
      respond(held[0], 'first')
      await front.until('asked', 2)
      respond(held[1], 'second')
      expect(await client.read('second')).toBe(ok('first') + ok('second'))
    })

    test('a chunked one that turns out large: closed, but the answer arrives', async () => {
      const client = (await start((c) => respond(c, 'full'))).connect()
      client.send(POST + 'Transfer-Encoding: chunked\r\n\r\n')
      await client.read('full')
      client.send('10000\r\n' + 'x'.repeat(65_536) + '\r\n10000\r\n' + 'x'.repeat(65_536))
      expect(await client.readToEnd()).toBe('')
      client.socket.end()
      await front.until('closed RX_BODY')
    })

    test('lingering close: the answer to a refused upload arrives while the client is still sending', async () => {
      const client = (await start((c) => respond(c, 'too large'))).connect()
      client.send(POST + 'Content-Length: 1000000\r\n\r\n' + 'x'.repeat(500_000))
      expect(await client.readToEnd()).toBe(ok('too large', 'Connection: close\r\n'))
      expect(front.closings).toEqual([])
      client.send('x'.repeat(100_000))
      client.socket.end()
      await front.until('closed RX_BODY')
    })

    test('lingering close ends: after its bytes', async () => {
      const client = (await start((c) => respond(c, 'too large'))).connect()
      client.send(POST + 'Content-Length: 100000000\r\n\r\n' + 'x'.repeat(3_000_000))
      await front.until('closed RX_BODY')
    })

    test('lingering close ends: after its time', async () => {
      const client = (await start((c) => respond(c, 'too large'))).connect()
      client.send(POST + 'Content-Length: 100000000\r\n\r\nx')
      await client.readToEnd()
      front.advance(1900)
      expect(front.closings).toEqual([])
      front.advance(200)
      expect(front.closings).toEqual(['RX_BODY'])
    })
  })

  test('the client goes away: the body breaks, and the flow is told', async () => {
    const client = (
      await start((c) => {
        c.onClosed = () => front.note('closed to the flow')
        c.body?.start({ onData: () => front.note('data'), onEnd: () => {}, onError: (error) => front.note(error.message) })
      })
    ).connect()
    client.send(POST + 'Content-Length: 10\r\n\r\nhello')
    await front.until('data')
    client.socket.resetAndDestroy()
    await front.until('closed to the flow')
    expect(front.events).toEqual(['opened', 'data', 'closed REM_CLOSE', 'the client went away', 'closed to the flow'])
  })
})
