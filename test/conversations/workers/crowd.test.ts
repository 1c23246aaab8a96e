import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Crew, newCrew } from '../../kit/crew.ts'
import { type Asked, bodyFor, CrowdOrigin, Member, until } from '../../kit/crowd.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/**
 * The coalescing matrix over several workers: a thousand clients at once on one cold URL, dealt out to the workers by the
 * kernel. What is counted is what reaches the origin from all workers together.
 */
const CROWD = 1000
/** Enough where each of them is a request of the origin. */
const FEW = 250
const WORKERS = 3

let origin: CrowdOrigin
let crew: Crew
let crowd: Member[] = []
let target = ''
let tests = 0
let slept = 0

beforeAll(async () => {
  origin = new CrowdOrigin()
  crew = await newCrew(WORKERS, `-b 127.0.0.1:${await origin.listen()}`).start()
})

afterAll(async () => {
  await crew.close()
  await origin.close()
})

beforeEach(() => {
  target = `/${tests++}`
  origin.asked.length = 0
  slept = sum('busy_sleep')
  origin.onAsked = () => {}
})

afterEach(async () => {
  for (const { socket } of crowd) socket.destroy()
  crowd = []
  await crew.until('all have left', () => sum('sess_open') === 0)
})

const sum = (name: Parameters<Crew['each']>[0]): number => crew.each(name).reduce((total, n) => total + n, 0)

/** They are connected, and no worker has all of them. */
async function meet(variants = 1, size = CROWD): Promise<void> {
  const before = crew.each('sess_conn')
  for (let i = 0; i < size; i++) crowd.push(new Member(crew.port, variants === 1 ? '' : `v${i % variants}`))
  const here = (): number[] => crew.each('sess_conn').map((n, i) => n - before[i])
  await crew.until('all are connected', () => here().reduce((total, n) => total + n, 0) === size)
  expect(Math.min(...here())).toBeGreaterThan(0)
}

function ask(members: readonly Member[], ...lines: string[]): void {
  for (const member of members) member.ask(`GET ${target} HTTP/1.1`, ...lines)
}

/** Requests that reached the origin in this test. */
const asked = (): Asked[] => origin.asked.filter((one) => one.target === target)

const asleep = (): number => sum('busy_sleep') - slept

/** All ask; resolves when the first is with the origin and the others wait, in whatever worker. */
async function gather(variants = 1, size = CROWD): Promise<void> {
  await meet(variants, size)
  ask(crowd)
  await crew.until('one asks and the others wait', () => asleep() === size - 1 && asked().length === 1)
}

function expectAllRight(status: number, members: readonly Member[] = crowd): void {
  for (const member of members) {
    expect(member.status).toBe(status)
    expect(member.body.equals(bodyFor(member.variant))).toBe(true)
  }
}

const allEnded = (): Promise<void> => until('all have their answer', () => crowd.every(({ ended }) => ended))

describe('a thousand at once over three workers, one request of the origin', () => {
  const shared: [what: string, status: number, lines: string[]][] = [
    ['200 with max-age', 200, ['Cache-Control: max-age=60']],
    ['404 with max-age', 404, ['HTTP/1.1 404 Not Found', 'Cache-Control: max-age=60']],
    ['500 with max-age', 500, ['HTTP/1.1 500 Broken', 'Cache-Control: max-age=60']],
  ]
  for (const [what, status, lines] of shared) {
    test(what, async () => {
      await gather()
      asked()[0].reply(...lines)
      await allEnded()
      expectAllRight(status)
      expect(asked().length).toBe(1)
    })
  }

  const framings: [what: string, head: (body: Buffer) => string, piece: (data: Buffer) => Buffer, end: string][] = [
    ['Content-Length', (body) => `Content-Length: ${body.length}`, (data) => data, ''],
    ['chunked', () => 'Transfer-Encoding: chunked', chunk, '0\r\n\r\n'],
  ]
  for (const [what, head, piece, end] of framings) {
    test(`each has its first byte before the origin sends its last: ${what}`, async () => {
      await gather()
      const { socket } = asked()[0]
      const body = bodyFor('')
      socket.write(`HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n${head(body)}\r\n\r\n`)
      socket.write(piece(body.subarray(0, 1000)))
      await until('all have begun', () => crowd.every(({ first_ms }) => first_ms < Infinity))
      socket.write(piece(body.subarray(1000)))
      socket.write(end)
      await allEnded()
      expectAllRight(200)
      expect(asked().length).toBe(1)
    })
  }

  test('the first client leaves before the head comes', async () => {
    await meet()
    ask(crowd.slice(0, 1))
    await until('the first asks', () => asked().length === 1)
    ask(crowd.slice(1))
    await crew.until('the others wait', () => asleep() === CROWD - 1)
    crowd[0].socket.resetAndDestroy()
    await until('it has left', () => sum('sess_open') === CROWD - 1)
    asked()[0].reply('Cache-Control: max-age=60')
    await allEnded()
    expectAllRight(200, crowd.slice(1))
    expect(asked().length).toBe(1)
  })

  test('the first client does not read', async () => {
    await meet()
    ask(crowd.slice(0, 1))
    await until('the first asks', () => asked().length === 1)
    crowd[0].socket.pause()
    ask(crowd.slice(1))
    await crew.until('the others wait', () => asleep() === CROWD - 1)
    asked()[0].reply('Cache-Control: max-age=60')
    await until('the others have it', () => crowd.slice(1).every(({ done }) => done))
    expectAllRight(200, crowd.slice(1))
    crowd[0].socket.resume()
    await until('it has it too', () => crowd[0].done)
    expectAllRight(200)
    expect(asked().length).toBe(1)
  })

  test('the origin breaks off half-way: all can tell, and the next asks anew', async () => {
    await gather()
    const { socket } = asked()[0]
    socket.write('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 20000\r\n\r\nhalf')
    await until('all have begun', () => crowd.every(({ first_ms }) => first_ms < Infinity))
    socket.destroy()
    await allEnded()
    expect(crowd.every(({ broken }) => broken)).toBe(true)
    expect(asked().length).toBe(1)
    const late = Array.from({ length: 10 }, () => new Member(crew.port, ''))
    crowd.push(...late)
    origin.onAsked = ({ reply }) => reply('Cache-Control: max-age=60')
    ask(late)
    await until('the next have it', () => late.every(({ done }) => done))
    expectAllRight(200, late)
    expect(asked().length).toBe(2)
  })

  test('HEAD and Range mixed with GET: the whole is fetched once', async () => {
    await meet()
    ask(crowd.slice(0, 1))
    await until('the first asks', () => asked().length === 1)
    const kind = (member: Member): number => crowd.indexOf(member) % 3
    for (const member of crowd.slice(1)) {
      member.bodyless = kind(member) === 1
      const range = kind(member) === 2 ? ['Range: bytes=10000-10009'] : []
      member.ask(`${member.bodyless ? 'HEAD' : 'GET'} ${target} HTTP/1.1`, ...range)
    }
    await crew.until('the others wait', () => asleep() === CROWD - 1)
    asked()[0].reply('Cache-Control: max-age=60')
    await allEnded()
    expectAllRight(
      200,
      crowd.filter((member) => kind(member) === 0),
    )
    for (const member of crowd.slice(1)) {
      if (kind(member) === 1) expect([member.status, member.field('Content-Length')]).toEqual([200, '20000'])
      if (kind(member) === 2) expect([member.status, member.body.toString()]).toEqual([206, bodyFor('').toString('latin1', 10_000, 10_010)])
    }
    expect(asked().map(({ method }) => method)).toEqual(['GET'])
  })

  test('Vary: one request of the origin per variant', async () => {
    await gather(10)
    origin.onAsked = ({ reply }) => reply('Cache-Control: max-age=60', 'Vary: X-Variant')
    asked()[0].reply('Cache-Control: max-age=60', 'Vary: X-Variant')
    await allEnded()
    expectAllRight(200)
    expect(asked().length).toBe(10)
  })
})

test('the origin closes without an answer: one 503 for all of a worker, and one request for each worker, none waiting for another', async () => {
  await gather()
  // Half a head: without any byte of an answer, on a connection that had been used before, it would be asked again.
  const breakOff = ({ socket }: Asked): void => void socket.end('HTTP/1.1 2')
  origin.onAsked = () => {
    if (asked().length === WORKERS) asked().slice(1).forEach(breakOff)
  }
  breakOff(asked()[0])
  await allEnded()
  expect(new Set(crowd.map(({ status }) => status))).toEqual(new Set([503]))
  expect(asked().length).toBe(WORKERS)
})

describe('many at once over three workers, and the answer is not for sharing: all fetch side by side, at once', () => {
  const unshared: [what: string, status: number, lines: string[]][] = [
    ['max-age=0', 200, ['Cache-Control: max-age=0']],
    ['max-age=0 with a validator', 200, ['Cache-Control: max-age=0', 'ETag: "1"']],
    ['no-store', 200, ['Cache-Control: no-store']],
    ['private', 200, ['Cache-Control: private, max-age=60']],
    ['Set-Cookie', 200, ['Set-Cookie: a=b']],
    ['a 503 of the origin', 503, ['HTTP/1.1 503 Down']],
  ]
  for (const [what, status, lines] of unshared) {
    test(what, async () => {
      const size = what === 'max-age=0' ? CROWD : FEW
      await gather(1, size)
      // Nobody is answered before all have asked: a queue would stand still here, also one of workers.
      origin.onAsked = () => {
        if (asked().length === size) for (const { reply } of asked().slice(1)) reply(...lines)
      }
      asked()[0].reply(...lines)
      await allEnded()
      expectAllRight(status)
      expect(asked().length).toBe(size)
    })
  }
})

function chunk(data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
}
