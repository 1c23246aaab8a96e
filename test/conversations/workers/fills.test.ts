import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { plainId } from '../../../src/cache/entry.ts'
import { Doorbells } from '../../../src/shm/doorbell.ts'
import { NO_WORKER } from '../../../src/shm/lock.ts'
import { attachArena } from '../../../src/store/arena/arena.ts'
import { recoverWorker } from '../../../src/store/arena/recovery.ts'
import type { ArenaStore } from '../../../src/store/arena/store.ts'
import type { Body } from '../../../src/store/contract.ts'
import { arenaStore } from '../../kit/arena.ts'
import { until, type Member } from '../../kit/crowd.ts'
import { bytesOf, knownHead } from '../../kit/known-bodies.ts'
import { type Line, Scene } from './scene.ts'

/** A worker dies with what it is fetching: those who want it in another worker see a broken message or a new fetch. */
let scene: Scene
let deaths = 0

beforeAll(async () => {
  scene = await Scene.open(2, '')
})

afterAll(async () => {
  await scene.close()
})

const HALF = 'x'.repeat(100_000)

async function kill(slot: number): Promise<void> {
  await scene.crew.kill(slot)
  deaths++
}

/** So many askers of that worker. */
function askers(slot: number, target: string, count: number): Promise<Member[]> {
  return Promise.all(Array.from({ length: count }, () => scene.asking(slot, target)))
}

test('before the head: who waits in the other worker is answered from a new fetch, one for all', async () => {
  scene.begin((_, response, number) => {
    if (number > 1) response.setHeader('Cache-Control', 'max-age=60').end(HALF)
  })
  const slept = scene.crew.count(1, 'busy_sleep')
  const [own] = await askers(0, '/head', 1)
  await until('it is being fetched', () => scene.asked.length === 1)
  const others: Member[] = []
  for (let i = 0; i < 20; i++) others.push(await scene.asking(1, '/head'))
  await until('they wait', () => scene.crew.count(1, 'busy_sleep') === slept + 20)
  await kill(0)
  await until('all know', () => own.ended && others.every(({ ended }) => ended))
  expect([own.broken, own.first_ms]).toEqual([true, Infinity])
  expect(others.filter(({ status, body }) => status === 200 && body.toString() === HALF).length).toBe(20)
  expect(scene.asked.length).toBe(2)
  await scene.crew.replaced(deaths)
})

describe('after half of the body', () => {
  for (const [framing, headers] of [
    ['Content-Length', { 'Cache-Control': 'max-age=60', 'Content-Length': HALF.length * 2 }],
    ['chunked', { 'Cache-Control': 'max-age=60' }],
  ] as const) {
    test(`${framing}: who follows in the other worker sees it break off, and the next has a new fetch`, async () => {
      const target = `/${framing}`
      scene.begin((_, response, number) => {
        response.writeHead(200, headers)
        response.write(HALF)
        if (number > 1) response.end(HALF)
      })
      const [own] = await askers(0, target, 1)
      await until('it has begun', () => own.first_ms < Infinity)
      const others: Member[] = []
      for (let i = 0; i < 20; i++) others.push(await scene.asking(1, target))
      await until('they follow', () => others.every(({ body }) => body.length === HALF.length))
      await kill(0)
      await until('all know', () => own.ended && others.every(({ ended }) => ended))
      expect([own, ...others].map(({ broken }) => broken)).toEqual(Array.from({ length: 21 }, () => true))
      expect(await scene.told(1, target)).toBe(HALF + HALF)
      await scene.crew.replaced(deaths)
      expect(await scene.told(0, target)).toBe(HALF + HALF)
      expect(scene.asked.length).toBe(2)
    })
  }
})

test('what it had stored is there for its successor', async () => {
  scene.begin((_, response, number) => response.setHeader('Cache-Control', 'max-age=60').end(String(number)))
  expect(await scene.told(0, '/stored')).toBe('1')
  await kill(0)
  await scene.crew.replaced(deaths)
  for (const slot of [0, 1]) expect(await scene.told(slot, '/stored')).toBe('1')
})

/** What a worker does that rings nobody, so that what it has filled is seen only when it has died. */
class Silent {
  static readonly NUMBER = 7
  readonly store: ArenaStore
  private readonly shared = scene.crew.configOf(0).shared

  constructor() {
    this.store = arenaStore(this.shared.arenas[0], { worker: Silent.NUMBER })
    this.store.newRun()
  }

  /** As the manager does with those who have. */
  die(): void {
    recoverWorker(attachArena(this.shared.arenas[0], NO_WORKER), Silent.NUMBER)
    new Doorbells(this.shared.bells).ringAll()
  }
}

const SIZE = 5000

describe('a worker that begins to fill, and dies', () => {
  let lines: Line[]
  let dying: Silent

  /** It has begun; and some have a connection to another worker. */
  async function begin(target: string): Promise<Body> {
    scene.begin((_, response) => response.setHeader('Cache-Control', 'max-age=60').end('of another fetch'))
    dying = new Silent()
    lines = []
    for (let i = 0; i < 5; i++) lines.push(await scene.line(1))
    return dying.store.open(plainId(`${target}\0a\0`), knownHead(target, 7, SIZE, Infinity), SIZE)!.body
  }

  /** Asks on all; resolves with how many have an answer of a new fetch, and how many have lost their connections. */
  async function outcome(target: string): Promise<[served: number, lost: number]> {
    let served = 0
    for (const line of lines) void line.ask(`GET ${target}`).then((text) => (served += text === 'of another fetch' ? 1 : 0))
    const lost = (): number => lines.filter(({ socket }) => socket.destroyed).length
    await until('all are answered, or lost', () => served + lost() === lines.length)
    return [served, lost()]
  }

  test('with all of the body, before it said so: who follows in another has his answer, and keeps the connection', async () => {
    const body = await begin('/all')
    const told = lines.map((line) => line.ask('GET /all'))
    await until('they follow', () => lines.every(({ begun }) => begun))
    body.append(bytesOf(7, 0, SIZE))
    dying.die()
    const answers = await Promise.all(told)
    expect(answers.filter((answer) => answer === bytesOf(7, 0, SIZE).toString('latin1')).length).toBe(5)
    expect(await outcome('/all')).toEqual([5, 0])
    expect(scene.asked).toEqual(['GET /all'])
  })

  test('before a byte of the body: nobody in another has been sent the head, and all are answered from one new fetch', async () => {
    const lost: number[] = []
    // Not for ever: this thread may be held up for so long that they are.
    while (lost.at(-1) !== 0 && lost.length < 20) {
      const target = `/none${lost.length}`
      await begin(target)
      const asked = scene.crew.count(1, 'client_req')
      const ended = outcome(target)
      await until('they wait', () => scene.crew.count(1, 'client_req') === asked + lines.length)
      dying.die()
      lost.push((await ended)[1])
      expect(scene.asked.length).toBeLessThanOrEqual(1)
    }
    expect(lost.at(-1)).toBe(0)
  })
})

test('who waits for the first byte of what is stale already is counted once', async () => {
  let end = (): void => {}
  scene.begin((_, response, number) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=0, stale-while-revalidate=60' })
    if (number > 1) response.end('new')
    else {
      response.flushHeaders()
      end = () => void response.end('first')
    }
  })
  const [own] = await askers(0, '/stale', 1)
  await until('its head is there', () => own.first_ms < Infinity)
  const before = scene.crew.count(1, 'cache_hit_grace')
  const [other] = await askers(1, '/stale', 1)
  await until('the head has been sent to another', () => other.first_ms < Infinity)
  end()
  await until('both are answered', () => own.ended && other.ended)
  expect([own, other].map(({ body }) => body.toString())).toEqual(['first', 'first'])
  expect(scene.crew.count(1, 'cache_hit_grace') - before).toBe(1)
})
