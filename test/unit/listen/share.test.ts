import { afterEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { FairTurns } from '../../../src/base/fair-turns.ts'
import type { ClientConnection } from '../../../src/flow/client.ts'
import type { Http1Connection } from '../../../src/listen/http1.ts'
import { READ_BYTES } from '../../../src/listen/limits.ts'
import { Share, SHARE_REQUESTS } from '../../../src/listen/share.ts'
import { type Client, echoTarget, type Front, type FrontOptions, gate, manyTurns, ok, READ_PATHS, startFront } from './front.ts'

/** More than a few shares. */
const MANY = 7 * SHARE_REQUESTS

function get(target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`
}

const TARGETS = Array.from({ length: MANY }, (_, i) => `/${i}`)
const REQUESTS = TARGETS.map((target) => get(target)).join('')
const ANSWERS = TARGETS.map((target) => ok(target)).join('')

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Those who wait before anybody who comes now. */
function others(turns: FairTurns, count: number): void {
  for (let i = 0; i < count; i++) turns.add({ goOn: () => {} })
}

let front: Front

describe.each(READ_PATHS)('a client that pipelines, read path %s', (path) => {
  afterEach(async () => {
    await front.listener.drain(0)
  })

  /** Notes each request. */
  async function start(flow: (connection: ClientConnection) => void = echoTarget, more: Partial<FrontOptions> = {}): Promise<Client> {
    front = await startFront({
      path,
      flow: (c) => {
        front.note(c.req.url)
        flow(c)
      },
      ...more,
    })
    return front.connect().connected()
  }

  /** Requests, in the order in which they were begun. */
  function asked(): string[] {
    return front.events.filter((event) => event.startsWith('/'))
  }

  test('leaves the others their turn: who asks while it is being served is answered before it is through', async () => {
    const eager = await start((c) => {
      if (c.req.url === '/3') steady.send(get('/steady'))
      echoTarget(c)
    })
    const steady = await front.connect().connected()
    eager.send(REQUESTS)
    expect(await steady.read('/steady')).toBe(ok('/steady'))
    expect(asked().indexOf('/steady')).toBeLessThan(MANY - SHARE_REQUESTS)
    expect(await eager.readBytes(ANSWERS.length)).toBe(ANSWERS)
    expect(asked().filter((url) => url !== '/steady')).toEqual(TARGETS)
  })

  test('also if each of its answers is made a little later, and no turn passes meanwhile', async () => {
    const eager = await start((c) => {
      if (c.req.url === '/3') steady.send(get('/steady'))
      process.nextTick(() => echoTarget(c))
    })
    const steady = await front.connect().connected()
    eager.send(REQUESTS)
    await steady.read('/steady')
    expect(asked().indexOf('/steady')).toBeLessThan(MANY - SHARE_REQUESTS)
    expect(await eager.readBytes(ANSWERS.length)).toBe(ANSWERS)
  })

  test('several take turns', async () => {
    const first = await start()
    const clients = [first, await front.connect().connected(), await front.connect().connected()]
    for (const [i, client] of clients.entries()) client.send(TARGETS.map((target) => get(`/${i}${target}`)).join(''))
    for (const [i, client] of clients.entries()) {
      const answers = TARGETS.map((target) => ok(`/${i}${target}`)).join('')
      expect(await client.readBytes(answers.length)).toBe(answers)
    }
    const lasts = clients.map((_, i) => asked().indexOf(`/${i}/${MANY - 1}`))
    for (const last of lasts) expect(last).toBeGreaterThan(2 * MANY)
  })

  test('has the answers of a share in one write', async () => {
    const client = await start()
    let reads = 0
    client.socket.on('data', () => reads++)
    client.send(REQUESTS)
    await client.readBytes(ANSWERS.length)
    expect(reads).toBeLessThanOrEqual(MANY / SHARE_REQUESTS + 1)
  })

  test('and half-closes gets all its answers', async () => {
    const client = await start()
    client.socket.end(REQUESTS)
    expect(await client.readToEnd()).toBe(ANSWERS)
    expect(front.closings).toEqual(['REM_CLOSE'])
  })

  test('and has half-closed before it waits gets all its answers', async () => {
    const held = gate<ClientConnection>()
    const client = await start((c) => (c.req.url === '/0' ? held.open(c) : echoTarget(c)))
    client.socket.end(REQUESTS)
    const first = await held.opened
    await manyTurns()
    echoTarget(first)
    expect(await client.readToEnd()).toBe(ANSWERS)
    expect(front.closings).toEqual(['REM_CLOSE'])
  })

  test('is not idle while it waits', async () => {
    const client = await start((c) => {
      // Before the turn that comes after this share.
      if (c.req.url === `/${SHARE_REQUESTS - 1}`) setImmediate(() => front.advance(3_600_000))
      echoTarget(c)
    })
    client.send(REQUESTS)
    expect(await client.readBytes(ANSWERS.length)).toBe(ANSWERS)
    expect(front.closings).toEqual([])
    front.advance(5200)
    expect(front.closings).toEqual(['RX_CLOSE_IDLE'])
  })

  test('is not read from while it waits', async () => {
    const client = await start()
    others(front.context.turns, 4 * 200)
    client.send(get('/x').repeat(4))
    await front.until('/x')
    await turn()
    client.send(REQUESTS)
    for (let i = 0; i < 100; i++) await turn()
    expect([front.sessions[0].received_bytes, asked().length]).toEqual([4 * get('/x').length, 1])
    expect(await client.readBytes(ok('/x').length * 4 + ANSWERS.length)).toBe(ok('/x').repeat(4) + ANSWERS)
  })

  test('may send without end: what it has sent is kept within one read', async () => {
    const client = await start()
    others(front.context.turns, 4 * 20)
    const one = get('/x')
    const count = 40_000
    client.send(one.repeat(count))
    await front.until('/x')
    await turn()
    expect(front.sessions[0].received_bytes).toBeLessThanOrEqual(READ_BYTES)
    expect(await client.readBytes(ok('/x').length * count)).toBe(ok('/x').repeat(count))
  })

  test('and goes while it waits is forgotten', async () => {
    const client = await start((c) => {
      if (c.req.url === '/3') client.socket.resetAndDestroy()
      echoTarget(c)
    })
    others(front.context.turns, 4 * 20)
    client.send(REQUESTS)
    await front.until('closed REM_CLOSE')
    await manyTurns()
    expect(asked().length).toBeLessThan(MANY)
    expect(front.context.turns.length).toBe(0)
    expect(front.listener.open).toBe(0)
  })

  test('and is cut while it waits is asked for nothing more', async () => {
    const client = await start((c) => {
      if (c.req.url === `/${SHARE_REQUESTS - 1}`) setImmediate(() => (front.sessions[0] as Http1Connection).destroy('SHUTDOWN'))
      echoTarget(c)
    })
    client.send(REQUESTS)
    await client.readToEnd()
    await manyTurns()
    expect(asked()).toHaveLength(SHARE_REQUESTS)
    expect(front.closings).toEqual(['SHUTDOWN'])
  })

  test('has what was received answered before draining', async () => {
    let drained: Promise<number> | undefined
    const client = await start((c) => {
      if (c.req.url === `/${SHARE_REQUESTS - 1}`) setImmediate(() => (drained = front.listener.drain(60_000)))
      echoTarget(c)
    })
    client.send(REQUESTS)
    expect(await client.readToEnd()).toBe(ANSWERS)
    expect(await drained).toBe(0)
    expect(front.closings).toEqual(['SHUTDOWN'])
  })

  test('sends bodies with its requests', async () => {
    const client = await start()
    const post = (target: string, i: number): string =>
      i % 2 === 0
        ? `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde`
        : `POST ${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n`
    client.send(TARGETS.map((target, i) => post(target, i)).join(''))
    expect(await client.readBytes(ANSWERS.length)).toBe(ANSWERS)
    expect(asked()).toEqual(TARGETS)
  })

  test('and then upgrades has its pipe, with what it sent for it', async () => {
    const client = await start((c) => {
      if (c.req.url !== '/pipe') return echoTarget(c)
      const pipe = c.detach()
      pipe.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      pipe.pipe(pipe)
    })
    client.send(REQUESTS + 'GET /pipe HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nfirst ')
    expect(await client.read('first ')).toBe(ANSWERS + 'HTTP/1.1 101 Switching Protocols\r\n\r\nfirst ')
    client.send('second')
    expect(await client.read('second')).toBe('second')
    client.close()
    await front.until('closed TX_PIPE')
  })

  test('has its junk refused behind its answers', async () => {
    const client = await start()
    client.socket.end(REQUESTS + 'JUNK\r\n\r\n')
    const answers = await client.readToEnd()
    expect(answers.slice(0, ANSWERS.length)).toBe(ANSWERS)
    expect(answers.slice(ANSWERS.length)).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('behind a proxy', async () => {
    const client = await start(echoTarget, { listen: '127.0.0.1:0,PROXY' })
    client.send('PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\n' + REQUESTS)
    expect(await client.readBytes(ANSWERS.length)).toBe(ANSWERS)
  })
})

describe('a share', () => {
  class Eager {
    readonly clock = new ManualClock()
    readonly turns = new FairTurns()
    readonly share = new Share(this, this.turns, this.clock)
    sent_bytes = 0
    /** Requests that were begun, in each run. */
    readonly runs: number[] = []
    private readonly answer: () => void

    constructor(answer: () => void = () => {}) {
      this.answer = answer
    }

    pump(): void {
      this.share.resumed()
      let begun = 0
      for (; begun < 1000 && !this.share.over; begun++) {
        this.share.requestBegins()
        this.answer()
      }
      this.runs.push(begun)
    }

    receive(size_bytes: number): void {
      this.share.received(size_bytes)
      this.pump()
    }
  }

  test('is so many requests', async () => {
    const eager = new Eager()
    eager.receive(1000)
    await turn()
    expect(eager.runs.slice(0, 3)).toEqual([SHARE_REQUESTS, SHARE_REQUESTS, SHARE_REQUESTS])
  })

  test('is less of large answers, and of answers that take long; one in any case', async () => {
    const large = new Eager(() => (large.sent_bytes += 256 * 1024))
    const slow = new Eager(() => slow.clock.advance(0.2))
    const slowest = new Eager(() => slowest.clock.advance(1000))
    for (const eager of [large, slow, slowest]) eager.receive(1000)
    await turn()
    for (const { runs } of [large, slow]) for (const begun of runs) expect([2, 3, 4]).toContain(begun)
    for (const begun of slowest.runs) expect(begun).toBeLessThanOrEqual(2)
  })

  test('begins anew with what is read, unless more may be read in the same turn', () => {
    const eager = new Eager()
    const some = (size_bytes: number): boolean => {
      eager.share.received(size_bytes)
      for (let i = 0; i < 20; i++) {
        if (eager.share.over) return false
        eager.share.requestBegins()
      }
      return true
    }
    expect([some(1000), some(1000), some(1000), some(1000)]).toEqual([true, true, true, true])
    expect([some(READ_BYTES), some(READ_BYTES), some(READ_BYTES)]).toEqual([true, true, false])
    expect(eager.turns.length).toBe(1)
  })

  test('of who comes while others wait is smaller, the more they are; of who has waited it is not', async () => {
    const first = (waiting: number): Eager => {
      const eager = new Eager()
      others(eager.turns, waiting)
      eager.receive(1000)
      return eager
    }
    expect([0, 4, 12, 60, 1000].map((waiting) => first(waiting).runs[0])).toEqual([64, 32, 16, 4, 1])
    const patient = first(60)
    others(patient.turns, 1000)
    while (patient.runs.length < 2) await turn()
    expect(patient.runs).toEqual([4, SHARE_REQUESTS])
  })
})
