import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { OperatorError } from '../../../../src/base/errors.ts'
import { TAG } from '../../../../src/log/tags.ts'
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

function spin(ms: number): true {
  const until_ms = performance.now() + ms
  while (performance.now() < until_ms);
  return true
}

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
    expect(seen).toEqual({ ended: 'stopped', urls: ['/a', '/b', '/c'], said: [], remarks: [] })
  })

  test('is read from its beginning to its end', async () => {
    const { request, publish } = bound(started(version))
    for (let i = 0; i < 20; i++) request(2 * i + 2, `/${i}`)
    publish()
    expect(await follow(server, [], { history: true })).toEqual({
      ended: 'end',
      urls: Array.from({ length: 20 }, (_, i) => `/${i}`),
      said: [],
      remarks: [],
    })
  })

  test('that takes long to be judged does not keep signals waiting', async () => {
    const { request, publish } = bound(started(version))
    for (let i = 0; i < 40; i++) request(2 * i + 2, `/${i}`)
    publish()
    let turns = 0
    const query = { test: () => spin(20) }
    const flushAsked = (): boolean => ++turns < 0
    expect((await follow(server, [], { history: true, query, flushAsked })).urls).toHaveLength(40)
    expect(turns).toBeGreaterThan(3)
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

test('nothing that is there already is waited for longer than was said', async () => {
  started()
  server.stopWorker()
  const waiting = follow(
    server,
    Array.from({ length: 100 }, () => nothing),
    { history: true },
  )
  await expect(waiting).rejects.toThrow(
    new OperatorError(`${server.directory}: the server has no log that could be read; its workers may not be running`),
  )
})

test.runIf(process.geteuid?.() !== 0)('what may not be read is said to be', async () => {
  started()
  chmodSync(join(server.directory, '_.vsm_child'), 0)
  await expect(follow(server, [nothing])).rejects.toThrow('not permitted to read it')
  chmodSync(join(server.directory, '_.vsm_child'), 0o700)
})

describe('what is not complete', () => {
  const begin = (): void => {
    server.begin(2, '/open')
    server.publish()
  }

  test('is kept for so long', async () => {
    started()
    const seen = await follow(server, [begin, ...Array.from({ length: 20 }, () => nothing)], { timeout_s: 0.1 })
    expect(seen).toMatchObject({ urls: ['/open'], remarks: ['timeout'] })
    const other = await follow(server, [begin, nothing, nothing, nothing], { timeout_s: 0.1 })
    expect(other).toMatchObject({ urls: [], remarks: [] })
  })

  test('is kept when so many others came', async () => {
    started()
    const many = (): void => {
      for (let i = 0; i < 5; i++) server.begin(2 * i + 2, `/${i}`)
      server.publish()
    }
    const seen = await follow(server, [many, nothing], { incomplete_max: 3 })
    expect(seen).toMatchObject({ urls: ['/0', '/1'], remarks: ['store overflow', 'store overflow'] })
  })

  test('is one with what has just become complete, as varnishlog counts: that is handed out behind the look at the limit', async () => {
    started()
    const others = (): void => {
      server.request(4, '/whole')
      server.request(6, '/more')
      server.publish()
    }
    expect(await follow(server, [begin, others, nothing], { incomplete_max: 1 })).toMatchObject({
      urls: ['/whole', '/open', '/more'],
      remarks: ['store overflow'],
    })
    expect(await follow(server, [begin, others, nothing], { incomplete_max: 2 })).toMatchObject({ urls: ['/whole', '/more'], remarks: [] })
  })

  test('is shown when that is asked for', async () => {
    started()
    let asked = 0
    const seen = await follow(server, [begin, nothing, nothing, nothing], { flushAsked: () => ++asked === 3 })
    expect(seen).toMatchObject({ urls: ['/open'], remarks: ['flush'] })
  })

  test('is shown when the log is lost', async () => {
    started()
    const seen = await follow(server, [begin, nothing, () => server.stopWorker(), nothing, nothing])
    expect(seen).toMatchObject({ urls: ['/open'], remarks: ['flush'] })
  })

  test('lives on when the memory it was read into is used again', async () => {
    started()
    const end = (): void => {
      const transaction = server.log.reopen(2, 'client')
      transaction.end()
      server.publish()
    }
    const others = (): void => {
      for (let i = 0; i < 100; i++) server.request(1000 + i, '/other')
      server.publish()
    }
    const seen = await follow(server, [begin, others, others, others, end, nothing])
    expect(seen.urls.at(-1)).toBe('/open')
    expect(seen.urls.length).toBe(301)
  })
})

test('an index that is no file is none', async () => {
  started()
  const index = join(server.directory, '_.vsm_child/_.index')
  rmSync(index)
  execFileSync('mkfifo', [index])
  const seen = follow(
    server,
    Array.from({ length: 80 }, () => nothing),
    { history: true },
  )
  await expect(seen).rejects.toThrow('the server has no log that could be read')
})

test('at most so many in so long', async () => {
  started()
  const some = (): void => {
    for (let i = 0; i < 10; i++) server.request(2 * i + 2, '/a')
    server.publish()
  }
  // One to begin with, and two in each tenth of a second: the reader rests ten milliseconds each time.
  const seen = await follow(server, [some, ...Array.from({ length: 30 }, () => nothing), some, nothing], {
    rate: { count: 2, period_s: 0.1 },
  })
  expect(seen.urls.length).toBe(1 + 2)
  expect((await follow(server, [some, nothing], { groups_max: 3 })).urls.length).toBe(3)
})

describe('a damaged log', () => {
  test.each<[string, (words: Uint32Array) => void]>([
    ['zeros', (words) => words.fill(0, 22)],
    ['records that are too long', (words) => words.fill(0xfffffffe, 22)],
    ['a batch without end', (words) => words.fill(0xff000000, 22)],
    ['wrap marks', (words) => words.fill(0xfe575757, 22)],
    ['a wrap mark behind the first record', (words) => words.fill(0xfe575757, words.indexOf(END, 22))],
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

  test('records that lead to where nothing has been written are damage, and no overrun: all that is there has an end', async () => {
    started()
    server.request(2, '/a')
    const words = new Uint32Array(server.ring)
    // Whole records as far as the end of the ring.
    words.fill(TAG.SessClose << 24, words.indexOf(END, 22))
    server.publish()
    const seen = await follow(server, [], { history: true })
    expect(seen).toMatchObject({ ended: 'end', urls: ['/a'] })
    expect(seen.said).toEqual([expect.stringMatching(/^Log damaged at word [0-9]+: it goes on where nothing has been written$/)])
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
    expect(seen).toEqual({ ended: 'end', urls: ['/b'], said: [], remarks: [] })
  })
})
