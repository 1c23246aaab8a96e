import { afterEach, describe, expect, test } from 'vitest'
import { OperatorError } from '../../../../src/base/errors.ts'
import { END } from '../../../../src/log/ring.ts'
import { FakeServer, follow } from './kit.ts'

let server: FakeServer

afterEach(() => server.remove())

function started(version: 2 | 3 = 3): FakeServer {
  server = new FakeServer(version)
  server.startWorker()
  return server
}

const nothing = (): void => {}

describe.each([2, 3] as const)('a log of vsl_version %d', (version) => {
  test('is followed from its end on', async () => {
    const { request, publish } = bound(started(version))
    request(2, '/before')
    publish()
    const seen = await follow(server, [
      () => {
        request(4, '/a')
        request(6, '/b')
        publish()
      },
      () => {
        request(8, '/c')
        publish()
      },
      nothing,
    ])
    expect(seen).toEqual({ ended: 'stopped', urls: ['/a', '/b', '/c'], said: [] })
  })

  test('is read from its beginning to its end', async () => {
    const { request, publish } = bound(started(version))
    for (let i = 0; i < 20; i++) request(2 * i + 2, `/${i}`)
    publish()
    expect(await follow(server, [], { history: true })).toEqual({
      ended: 'end',
      urls: Array.from({ length: 20 }, (_, i) => `/${i}`),
      said: [],
    })
  })

  test('goes on through many laps, when it is read often enough', async () => {
    const { request, publish } = bound(started(version))
    let xid = 2
    const some = (): void => {
      for (let i = 0; i < 100; i++, xid += 2) request(xid, `/${xid}`)
      publish()
    }
    const seen = await follow(server, [...Array.from({ length: 40 }, () => some), nothing])
    expect(seen.said).toEqual([])
    expect(seen.urls).toEqual(Array.from({ length: 4000 }, (_, i) => `/${2 * i + 2}`))
  })

  test('overtakes a reader that is slow, which says so and goes on', async () => {
    const { request, publish } = bound(started(version))
    const seen = await follow(server, [
      () => {
        for (let i = 0; i < 2000; i++) request(2 * i + 2, '/lost')
        publish()
      },
      nothing,
      () => {
        request(9000, '/after')
        publish()
      },
      nothing,
    ])
    expect(seen.said).toEqual(['Log overrun', 'Log reacquired'])
    expect(seen.urls).toEqual(['/after'])
  })

  test('overtakes it again, and that is said again', async () => {
    const { request, publish } = bound(started(version))
    const lap = (): void => {
      for (let i = 0; i < 2000; i++) request(2 * i + 2, '/lost')
      publish()
    }
    const { said } = await follow(server, [lap, nothing, lap, nothing, nothing])
    expect(said).toEqual(['Log overrun', 'Log reacquired', 'Log overrun', 'Log reacquired'])
  })
})

function bound(from: FakeServer): Pick<FakeServer, 'request' | 'publish'> {
  return { request: (xid, url) => from.request(xid, url), publish: (bytes) => from.publish(bytes) }
}

test('a server that is started anew is followed', async () => {
  started()
  const seen = await follow(server, [
    () => {
      server.request(2, '/first')
      server.publish()
    },
    () => server.stopWorker(),
    nothing,
    () => server.startWorker(),
    nothing,
    () => {
      server.request(4, '/second')
      server.publish()
    },
    nothing,
  ])
  expect(seen.said).toEqual(['Log abandoned (vsl)', 'Log abandoned (vsm)', 'Log reacquired'])
  expect(seen.urls).toEqual(['/first', '/second'])
})

test('nobody there, for as long as was said', async () => {
  server = new FakeServer()
  server.remove()
  const waiting = follow(
    server,
    Array.from({ length: 100 }, () => nothing),
  )
  await expect(waiting).rejects.toThrow(new OperatorError(`${server.directory}: there is no server; start it, or say with -n where it is`))
})

describe('a damaged log', () => {
  test.each<[string, (words: Uint32Array) => void]>([
    ['zeros', (words) => words.fill(0, 22)],
    ['records that are too long', (words) => words.fill(0xfffffffe, 22)],
    ['a batch without end', (words) => words.fill(0xff000000, 22)],
    ['wrap marks', (words) => words.fill(0xfe575757, 22)],
    ['a size that is too large', (words) => words.fill(0x7fffffff, 2, 4)],
    ['a size of nothing', (words) => words.fill(0, 2, 4)],
    ['offsets that lie', (words) => words.fill(0x7ffffff0, 6, 22)],
    ['no offsets', (words) => words.fill(0xffffffff, 6, 22)],
    ['another name', (words) => words.fill(0x41414141, 0, 2)],
  ])('%s: it is said once, and read again when it is one', async (_, damage) => {
    started()
    server.request(2, '/a')
    server.publish()
    const seen = await follow(server, [
      () => {
        const words = new Uint32Array(server.ring.slice(0))
        damage(words)
        server.publish(Buffer.from(words.buffer))
      },
      ...Array.from({ length: 20 }, () => nothing),
      () => server.publish(),
      nothing,
      () => {
        server.request(4, '/b')
        server.publish()
      },
      nothing,
      nothing,
    ])
    expect(seen.said.length).toBeLessThanOrEqual(4)
    // What is wrong in the head alone is not seen by whoever has read it.
    expect(seen.urls).toEqual(['/b'])
  })

  test('what is before the damage is shown once, when all that is there was asked for', async () => {
    started()
    server.request(2, '/a')
    const words = new Uint32Array(server.ring)
    words[words.indexOf(END, 22)] = 0
    server.publish()
    const seen = await follow(server, [nothing, nothing], { history: true })
    expect(seen).toMatchObject({ ended: 'end', urls: ['/a'] })
    expect(seen.said).toEqual([expect.stringMatching(/^Log damaged at word [0-9]+: there is nothing where a record should be$/)])
  })

  test('records of a batch that are longer than it is are left out', async () => {
    started()
    const words = new Uint32Array(server.ring)
    const at = words.indexOf(END, 22)
    server.request(2, '/a')
    // Behind the head of the batch: the first record's length.
    words[at + 3] |= 0xffff
    server.request(4, '/b')
    server.publish()
    const seen = await follow(server, [], { history: true })
    expect(seen).toEqual({ ended: 'end', urls: ['/b'], said: [] })
  })
})
