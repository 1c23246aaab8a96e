import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ClientConnection } from '../../../src/flow/client.ts'
import { phaseOfTimers } from '../../kit/event-loop.ts'
import { echoTarget, manyTurns, ok, READ_PATHS, startFront, type Client, type Front } from './front.ts'

let front: Front

afterEach(async () => {
  await front.listener.drain(0)
})

async function receivedBy(client: Client, text: string, session = 0): Promise<void> {
  const before = front.sessions[session].received_bytes
  client.send(text)
  while (front.sessions[session].received_bytes < before + text.length) await new Promise((resolve) => setImmediate(resolve))
}

describe.each(READ_PATHS)('deadlines, read path %s', (path) => {
  async function start(flow: (connection: ClientConnection) => void): Promise<Front> {
    front = await startFront({ path, flow })
    return front
  }

  test('timeout_idle before the first request', async () => {
    const client = (await start(echoTarget)).connect()
    await front.until('opened')
    front.advance(4900)
    expect(front.closings).toEqual([])
    front.advance(200)
    expect(front.closings).toEqual(['RX_CLOSE_IDLE'])
    expect(await client.readToEnd()).toBe('')
  })

  test('who has sent a request while the worker stood still is not idle', async () => {
    const timers = vi.spyOn(globalThis, 'setInterval')
    const client = (await start(echoTarget)).connect()
    const tick = timers.mock.lastCall![0]
    timers.mockRestore()
    client.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.read('/one')
    await phaseOfTimers()
    client.send('GET /two HTTP/1.1\r\nHost: a\r\n\r\n')
    front.clock.advance(6000)
    tick()
    expect(await client.read('/two')).toContain('/two')
  })

  test('timeout_idle between requests, from the end of the last', async () => {
    const client = (await start(echoTarget)).connect()
    await front.until('opened')
    for (let i = 0; i < 3; i++) {
      front.advance(4000)
      client.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.read('/one')
    }
    front.advance(4900)
    expect(front.closings).toEqual([])
    front.advance(200)
    expect(front.closings).toEqual(['RX_CLOSE_IDLE'])
  })

  test('sess.timeout_idle set by a request holds from its end', async () => {
    const client = (
      await start((c) => {
        c.timeout_idle_ms = 60_000
        echoTarget(c)
      })
    ).connect()
    client.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.read('/one')
    front.advance(59_000)
    expect(front.closings).toEqual([])
    front.advance(1100)
    expect(front.closings).toEqual(['RX_CLOSE_IDLE'])
  })

  test('timeout_req: a head that drips has its time from the first byte, however steadily', async () => {
    const client = (await start(echoTarget)).connect()
    await front.until('opened')
    front.advance(4000)
    await receivedBy(client, 'GET / HTTP/1.1\r\n')
    for (let second = 0; second < 9; second++) {
      front.advance(1000)
      await receivedBy(client, 'X: y\r\n')
    }
    expect(front.closings).toEqual([])
    front.advance(1100)
    expect(front.closings).toEqual(['RX_TIMEOUT'])
    expect(await client.readToEnd()).toBe('')
  })

  test('a request under way has no deadline of the connection', async () => {
    const held: ClientConnection[] = []
    const client = (
      await start((c) => {
        held.push(c)
        front.note('asked')
      })
    ).connect()
    client.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n')
    await front.until('asked')
    front.advance(3_600_000)
    echoTarget(held[0])
    expect(await client.read('/one')).toBe(ok('/one'))
    front.advance(4900)
    expect(front.closings).toEqual([])
  })

  describe('request bodies', () => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n'

    function consume(connection: ClientConnection): void {
      connection.body?.start({
        onData: () => {},
        onEnd: () => front.note('end'),
        onError: (error) => {
          front.note(error.message)
          connection.abort('RX_TIMEOUT')
        },
      })
      front.note('asked')
    }

    test('a pause of timeout_idle', async () => {
      const client = (await start(consume)).connect()
      client.send(head)
      await front.until('asked')
      await receivedBy(client, 'x'.repeat(10_000))
      front.advance(4900)
      await receivedBy(client, 'x'.repeat(10_000))
      front.advance(4900)
      expect(front.closings).toEqual([])
      front.advance(200)
      expect(front.events.slice(2)).toEqual(['the client sends its request body too slowly', 'closed RX_TIMEOUT'])
    })

    test('a byte per second is too slow as well', async () => {
      const client = (await start(consume)).connect()
      client.send(head)
      await front.until('asked')
      let seconds = 0
      for (; front.closings.length === 0 && seconds < 20; seconds++) {
        await receivedBy(client, 'x')
        front.advance(1000)
      }
      expect(front.closings).toEqual(['RX_TIMEOUT'])
      expect(seconds).toBeLessThan(8)
    })

    test('none while the flow has paused it', async () => {
      const held: ClientConnection[] = []
      const client = (
        await start((c) => {
          held.push(c)
          consume(c)
        })
      ).connect()
      client.send(head)
      await front.until('asked')
      held[0].body?.pause()
      await receivedBy(client, 'x')
      front.advance(60_000)
      expect(front.closings).toEqual([])
      held[0].body?.resume()
      await manyTurns()
      front.advance(4900)
      expect(front.closings).toEqual([])
      front.advance(200)
      expect(front.closings).toEqual(['RX_TIMEOUT'])
    })
  })

  describe('sending', () => {
    const big = Buffer.alloc(30_000_000, 'x')

    async function stuckClient(flow: (connection: ClientConnection) => void): Promise<Client> {
      const client = await (await start(flow)).connect().connected()
      client.socket.pause()
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await front.until('asked')
      await manyTurns()
      return client
    }

    function sendBig(connection: ClientConnection): void {
      connection.onClosed = () => front.note('told')
      connection.start(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n`, 'length')
      connection.write(big)
      front.note('asked')
    }

    test('idle_send_timeout: a client that takes nothing', async () => {
      const client = await stuckClient(sendBig)
      for (let second = 0; second < 59; second++) front.advance(1000)
      expect(front.closings).toEqual([])
      for (let second = 0; second < 17; second++) front.advance(1000)
      expect(front.events).toEqual(['opened', 'asked', 'closed TX_ERROR', 'told'])
      client.socket.resume()
      expect(await client.readToEnd()).toMatch(/RST$/)
    })

    test('idle_send_timeout holds when the request is answered but not sent, too', async () => {
      await stuckClient((c) => {
        c.respond(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n`, big)
        front.note('asked')
      })
      for (let second = 0; second < 59; second++) front.advance(1000)
      expect(front.closings).toEqual([])
      for (let second = 0; second < 17; second++) front.advance(1000)
      expect(front.closings).toEqual(['TX_ERROR'])
    })

    /** So much that the kernel's buffers hold only a part of it, and so much at a time that the kernel reports it. */
    const huge = Buffer.alloc(80_000_000, 'x')
    const LITTLE_BYTES = 5_000_000

    test('send_timeout: a client that takes a little now and then', async () => {
      const client = await stuckClient((c) => {
        c.respond('HTTP/1.1 200 OK\r\n\r\n', huge)
        front.note('asked')
      })
      let rounds = 0
      for (; front.closings.length === 0 && rounds < 20; rounds++) {
        client.socket.resume()
        await client.readBytes(LITTLE_BYTES)
        client.socket.pause()
        for (let second = 0; second < 50; second++) front.advance(1000)
      }
      expect(front.closings).toEqual(['TX_ERROR'])
      expect(rounds).toBe(12)
    })

    test('sess.idle_send_timeout set by a request', async () => {
      await stuckClient((c) => {
        c.idle_send_timeout_ms = 1000
        sendBig(c)
      })
      for (let tick = 0; tick < 15; tick++) front.advance(100)
      expect(front.closings).toEqual(['TX_ERROR'])
    })
  })
})
