import { EventEmitter } from 'node:events'
import { fstatSync, openSync } from 'node:fs'
import type { Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { codeOf } from '../../../src/base/errors.ts'
import { acceptingMore } from '../../../src/listen/accept-more.ts'
import type { StreamHandle } from '../../../src/listen/stream-handle.ts'
import { type Front, startFront } from './front.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

describe.each(['raw', 'onread'] as const)('by %s', (path) => {
  let front: Front
  afterEach(async () => void (await front.listener.drain(0)))

  test('all who wait are accepted in one turn of the event loop, and served', async () => {
    front = await startFront({ path, flow: (c) => void c.respond(OK, undefined) })
    const clients = Array.from({ length: 20 }, () => front.connect())
    await front.until('opened')
    expect(front.listener.open).toBe(20)
    for (const client of clients) client.send(GET)
    for (const client of clients) expect(await client.read('ok')).toBe(OK)
  })

  test('not more than there is room for', async () => {
    front = await startFront({ path, flow: (c) => void c.respond(OK, undefined), limits: { max_connections: 3 } })
    const clients = Array.from({ length: 8 }, () => front.connect())
    await front.until('dropped a0', 5)
    expect(front.listener.open).toBe(3)
    for (const client of clients) client.send(GET)
    const outcomes = await Promise.all(
      clients.map((client) =>
        client
          .read('ok')
          .then(() => 'served')
          .catch(() => 'closed'),
      ),
    )
    expect(outcomes.toSorted()).toEqual([...Array<string>(5).fill('closed'), ...Array<string>(3).fill('served')])
  })
})

/** What the kernel answers, one after the other; then nobody waits. Tells how often it was asked, and what was done with the clients' handles. */
function listening(answers: (number | string)[], { status = 0, wanted = true } = {}) {
  const asked: number[] = []
  const told: string[] = []
  const done: string[] = []
  class Handle {
    private of = 'spare'
    open(fd: number): number {
      this.of = String(fd)
      return status
    }
    close(): void {
      done.push(`closed ${this.of}`)
    }
    adopt(): void {
      done.push(`adopted ${this.of}`)
    }
  }
  const first = new Handle() as unknown as StreamHandle
  const server = Object.assign(new EventEmitter(), { listening: true, _handle: { fd: 7 } })
  const accept = { wanted: () => wanted, accepted: () => {}, failed: (error: Error) => void told.push(`${codeOf(error)} ${error.message}`) }
  const next = (fd: number): number | string => {
    asked.push(fd)
    return answers.shift() ?? 'EAGAIN'
  }
  const more = acceptingMore(server as unknown as Server, accept, (client) => (client as unknown as Handle).adopt(), next)!
  return { asked, told, done, server, come: () => more(first) }
}

test('where those who come are alone it is tried ever more rarely', () => {
  const { asked, come } = listening([])
  const tried = Array.from({ length: 40 }, () => {
    const before = asked.length
    come()
    return asked.length > before ? 'x' : '.'
  })
  expect(tried.join('')).toBe('x..x....x........x........x........x....')
})

test('it ends when no more can be accepted, and when the server has been closed', () => {
  const { asked, server, come } = listening(['EMFILE'])
  come()
  expect(asked).toEqual([7])
  server.listening = false
  for (let i = 0; i < 10; i++) come()
  expect(asked).toEqual([7])
})

test('that none can be accepted for want of descriptors is told, with the code by which it is counted', () => {
  const { told, done, come } = listening([40, 'EMFILE'])
  come()
  expect(done).toEqual(['adopted 40'])
  expect(told).toEqual(['EMFILE accept failed: EMFILE'])
})

test('who is not wanted is closed by his handle: Node writes a line about each descriptor that a thread closes without one', () => {
  const { done, told, come } = listening([40, 41], { wanted: false })
  come()
  expect(done).toEqual(['closed 40', 'closed 41'])
  expect(told).toEqual([])
})

test('the handle that was made for the next one ends with the server', () => {
  const { done, server, come } = listening([40])
  come()
  server.emit('close')
  expect(done).toEqual(['adopted 40', 'closed spare'])
})

test('a descriptor of which no client can be made is closed, and that is told', () => {
  const fd = openSync('/dev/null', 'r')
  const { told, come } = listening([fd], { status: -9 })
  come()
  expect(told).toEqual(['EBADF accept failed: EBADF'])
  expect(() => fstatSync(fd)).toThrow('EBADF')
})
