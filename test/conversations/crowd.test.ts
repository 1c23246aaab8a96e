import { afterEach, describe, expect, test, vi } from 'vitest'
import { startCache, type TestCache, type TestCacheOptions } from '../kit/cache.ts'
import { bodyFor, CrowdOrigin, Member, until } from '../kit/crowd.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/**
 * The coalescing matrix of the cache: a thousand clients at once on one cold URL, on real sockets, against an origin that does
 * what origins do. Counted are the origin's requests; every byte that every client gets is compared.
 */
const CROWD = 1000
/** Enough where each of them is a request of the origin. */
const FEW = 250

let origin = new CrowdOrigin()
let v1: TestCache | undefined
let crowd: Member[] = []

afterEach(async () => {
  for (const { socket } of crowd) socket.destroy()
  await v1?.close()
  await origin.close()
  crowd = []
})

async function begin(options: TestCacheOptions = {}, variants = 1, size = CROWD): Promise<TestCache> {
  origin = new CrowdOrigin()
  const port = await origin.listen()
  const vcl = `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${port}"; } ${options.vcl ?? ''}`
  v1 = await startCache({ ...options, vcl })
  for (let i = 0; i < size; i++) crowd.push(new Member(v1.port, variants === 1 ? '' : `v${i % variants}`))
  await until('all are connected', () => crowd.every(({ socket }) => !socket.connecting))
  return v1
}

/** All ask; resolves when the first is with the origin and the others wait. */
async function gather(cache: TestCache): Promise<void> {
  for (const member of crowd) member.ask()
  await until('one asks and the others wait', () => cache.counters().busy_sleep === crowd.length - 1 && origin.asked.length === 1)
}

function expectAllRight(status: number, members: readonly Member[] = crowd): void {
  for (const member of members) {
    expect(member.status).toBe(status)
    expect(member.body.equals(bodyFor(member.variant))).toBe(true)
  }
}

const allEnded = () => until('all have their answer', () => crowd.every(({ ended }) => ended))

describe('a thousand at once on one cold URL, one request of the origin', () => {
  const shared: [what: string, status: number, lines: string[]][] = [
    ['200 with max-age', 200, ['Cache-Control: max-age=60']],
    ['404 with max-age', 404, ['HTTP/1.1 404 Not Found', 'Cache-Control: max-age=60']],
    ['500 with max-age', 500, ['HTTP/1.1 500 Broken', 'Cache-Control: max-age=60']],
  ]
  for (const [what, status, lines] of shared) {
    test(what, async () => {
      const cache = await begin()
      await gather(cache)
      origin.asked[0].reply(...lines)
      await allEnded()
      expectAllRight(status)
      expect(origin.asked.length).toBe(1)
    })
  }

  test('each has its first byte before the origin sends its last', async () => {
    const cache = await begin()
    await gather(cache)
    const { socket } = origin.asked[0]
    const body = bodyFor('')
    socket.write(`HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: ${body.length}\r\n\r\n`)
    socket.write(body.subarray(0, 1000))
    await until('all have begun', () => crowd.every(({ first_ms }) => first_ms < Infinity))
    socket.write(body.subarray(1000))
    await allEnded()
    expectAllRight(200)
    expect(origin.asked.length).toBe(1)
  })

  test('the first client leaves before the head comes', async () => {
    const cache = await begin()
    crowd[0].ask()
    await until('the first asks', () => origin.asked.length === 1)
    for (const member of crowd.slice(1)) member.ask()
    await until('the others wait', () => cache.counters().busy_sleep === CROWD - 1)
    crowd[0].socket.resetAndDestroy()
    await until('it has left', () => cache.counters().sess_open === CROWD - 1)
    origin.asked[0].reply('Cache-Control: max-age=60')
    await allEnded()
    expectAllRight(200, crowd.slice(1))
    expect(origin.asked.length).toBe(1)
  })

  test('the first client does not read', async () => {
    const cache = await begin()
    crowd[0].ask()
    await until('the first asks', () => origin.asked.length === 1)
    crowd[0].socket.pause()
    for (const member of crowd.slice(1)) member.ask()
    await until('the others wait', () => cache.counters().busy_sleep === CROWD - 1)
    origin.asked[0].reply('Cache-Control: max-age=60')
    await until('the others have it', () => crowd.slice(1).every(({ done }) => done))
    expectAllRight(200, crowd.slice(1))
    crowd[0].socket.resume()
    await until('it has it too', () => crowd[0].done)
    expectAllRight(200)
    expect(origin.asked.length).toBe(1)
  })

  test('the origin breaks off half-way: all can tell, and the next asks anew', async () => {
    const cache = await begin()
    await gather(cache)
    const { socket } = origin.asked[0]
    socket.write('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 20000\r\n\r\nhalf')
    await until('all have begun', () => crowd.every(({ first_ms }) => first_ms < Infinity))
    socket.destroy()
    await allEnded()
    expect(crowd.every(({ broken }) => broken)).toBe(true)
    expect([origin.asked.length, cache.counters().n_object]).toEqual([1, 0])
    const late = new Member(cache.port, '')
    crowd.push(late)
    origin.onAsked = ({ reply }) => reply('Cache-Control: max-age=60')
    late.ask()
    await until('the next has it', () => late.done)
    expectAllRight(200, [late])
  })

  test('the origin closes without an answer: all share one 503', async () => {
    const cache = await begin()
    await gather(cache)
    origin.asked[0].socket.destroy()
    await allEnded()
    expect(new Set(crowd.map(({ status }) => status))).toEqual(new Set([503]))
    expect(origin.asked.length).toBe(1)
  })
})

describe('many at once, and the answer is not for sharing: all fetch side by side, at once', () => {
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
      const cache = await begin({}, 1, size)
      await gather(cache)
      // Nobody is answered before all have asked: a queue would stand still here.
      origin.onAsked = ({ number }) => {
        if (number === size) for (const { reply } of origin.asked.slice(1)) reply(...lines)
      }
      origin.asked[0].reply(...lines)
      await allEnded()
      expectAllRight(status)
      expect(origin.asked.length).toBe(size)
    })
  }

  test('abandoned by the rules, who waited fetches side by side', async () => {
    const cache = await begin({ vcl: 'sub vcl_backend_response { if (beresp.http.X-Abandon) { return (abandon); } }' }, 1, FEW)
    await gather(cache)
    origin.onAsked = ({ number, reply }) => (number < 10 ? reply('X-Abandon: 1') : reply('Cache-Control: max-age=60'))
    origin.asked[0].reply('X-Abandon: 1')
    await allEnded()
    expect(crowd.filter(({ status }) => status === 503).length).toBe(9)
    expect(origin.asked.length).toBe(FEW)
  })
})

describe('a thousand at once in ten variants', () => {
  test('Vary: one request of the origin per variant', async () => {
    const cache = await begin({}, 10)
    await gather(cache)
    origin.onAsked = ({ reply }) => reply('Cache-Control: max-age=60', 'Vary: X-Variant')
    origin.asked[0].reply('Cache-Control: max-age=60', 'Vary: X-Variant')
    await allEnded()
    expectAllRight(200)
    expect(origin.asked.length).toBe(10)
    expect(cache.counters().n_object).toBe(10)
  })
})
