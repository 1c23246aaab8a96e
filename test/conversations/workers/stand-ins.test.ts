import { afterEach, describe, expect, test, vi } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import type { Crew } from '../../kit/crew.ts'
import { bodyOf, descriptors, ended, type House, type Kind, openHouse, outcomes } from './house.ts'
import { Line } from './scene.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Clients of a worker that is away, while others serve: real threads, real sockets. Nobody waits for time: the next one is held back. */

let house: House
let crew: Crew
const standing = (): (number | undefined)[] => crew.workers['threads'].map(({ stand_in }) => stand_in?.slot)

afterEach(async () => {
  vi.restoreAllMocks()
  await house.close()
})

async function start(workers: number, kind: Kind, more?: string): Promise<void> {
  house = await openHouse(workers, kind, more)
  crew = house.crew
}

/** On a descriptor of another’s socket `thread.lend` fails. */
function nobodyStandsIn(): void {
  const { sockets, slot } = crew.workers['threads'][0] as unknown as { sockets: { lend(of: unknown, to: number): unknown }; slot: number }
  const lend = sockets.lend.bind(sockets)
  sockets.lend = (of, to) => {
    if (to !== slot) throw new OperatorError('no more descriptors')
    return lend(of, to)
  }
}

describe.each(['tcp', 'unix'] as const)('over %s', (kind) => {
  test('who comes while a worker is away is served by another', async () => {
    await start(2, kind)
    await house.die(0)
    await house.served(house.come(24))
    expect([crew.count(1, 'sess_conn'), crew.operations.heard.some((line) => line.endsWith('serves again'))]).toEqual([24, false])
  })

  test('a worker that dies of a mistake is stood in for before its thread has ended', async () => {
    await start(2, kind)
    crew.held.add(0)
    let seen: unknown
    crew.workers['threads'][0].running?.once('error', () => (seen = [standing(), crew.buried.length]))
    crew.workers.panic()
    await crew.until('it has ended', () => crew.buried.length === 1)
    expect(seen).toEqual([[1, undefined], 0])
    await house.served(house.come(24))
  })

  test('nor is the end of a thread waited for that was ended otherwise', async () => {
    await start(2, kind)
    const seen: (number | undefined)[] = []
    // The manager may just have had something else to do, and hear of both at once.
    while (!seen.includes(1)) {
      const thread = crew.workers['threads'][0]
      thread.running?.prependOnceListener('exit', () => seen.push(thread.stand_in?.slot))
      await crew.kill(0)
      await crew.replaced(seen.length)
    }
    expect(standing()).toEqual([undefined, undefined])
  })

  test('when the next one serves, connections go on where they are, and new ones are its own', async () => {
    await start(2, kind)
    const before = descriptors()
    await house.die(0)
    const lines = Array.from({ length: 12 }, () => new Line(house.connect()))
    for (const line of lines) expect(await line.ask('GET /1')).toBe(bodyOf(1))
    expect(crew.count(1, 'sess_open')).toBe(12)
    crew.held.clear()
    await crew.replaced(1)
    // A client’s end and a worker’s.
    await crew.until('the other has stood down', () => descriptors() <= before + 2 * 12)
    await house.served(house.come(24))
    const [own, others] = crew.each('sess_conn')
    expect([own + others, own > 0, kind === 'tcp' || own === 24]).toEqual([12 + 24, true, true])
    for (const line of lines) expect(await line.ask('GET /2')).toBe(bodyOf(2))
    for (const line of lines) line.socket.destroy()
    await crew.until('no descriptor is left over', () => descriptors() <= before)
  })

  test('who stands in dies, too: another does so for both; and who waited while there was none is served by the first that comes', async () => {
    // A unix socket is the first one's: nobody waits for others.
    const where_needed = (...slots: (number | undefined)[]): typeof slots =>
      kind === 'tcp' ? slots : [slots[0], ...slots.slice(1).fill(undefined)]
    await start(4, kind)
    const before = descriptors()
    await house.die(0)
    expect(standing()).toEqual(where_needed(1, undefined, undefined, undefined))
    await house.die(1)
    expect(standing()).toEqual(where_needed(2, 3, undefined, undefined))
    await house.served(house.come(24))
    await house.die(2)
    expect(standing()).toEqual(where_needed(3, 3, 3, undefined))
    await house.served(house.come(24))
    await house.die(3)
    expect(standing()).toEqual(where_needed(undefined, undefined, undefined, undefined))
    const some = house.come(24)
    await house.connected(some)
    expect(outcomes(some)).toEqual({ undefined: 24 })
    crew.held.delete(2)
    await house.served(some)
    expect(standing()).toEqual(where_needed(2, 2, undefined, 2))
    crew.held.clear()
    await crew.replaced(4)
    expect(standing()).toEqual(where_needed(undefined, undefined, undefined, undefined))
    await crew.until('no descriptor is left over', () => descriptors() <= before)
  })

  test('stopped meanwhile, nothing is left that listens; started again, all are served', async () => {
    await start(2, kind)
    const before = descriptors()
    await house.die(0)
    const idle = new Line(house.connect())
    expect(await idle.ask('GET /1')).toBe(bodyOf(1))
    await crew.close()
    await house.isShut()
    await house.opensAgain(before)
    expect(standing()).toEqual([undefined, undefined])
  })
})

test('one that cannot be started again is stood in for all the time; nobody is refused', async () => {
  await start(2, 'unix')
  await house.die(0)
  const now = performance.now.bind(performance)
  let later_ms = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now() + later_ms)
  later_ms = 10_000
  const lines = (): string[] => crew.operations.heard.filter((line) => line.includes('could not be started again'))
  const heard = lines().length
  await crew.until('it has been tried', () => lines().length >= heard + 2)
  await house.served(house.come(8))
  // Only when there is nobody they wait, and not long.
  await house.die(1)
  const some = house.come(8)
  await house.connected(some)
  expect(lines().filter((line) => line.endsWith('is refused'))).toEqual([])
  later_ms = 20_000
  await crew.until('they are let go', () => ended(some))
  expect(outcomes(some)).toEqual({ reset: 8 })
  crew.held.delete(1)
  await crew.replaced(1)
  // The socket of 0 is another one now, and soon listened on.
  let last = house.visit(0)
  await crew.until('it is stood in for again', () => {
    if (last.end === 'refused') last = house.visit(0)
    return last.end === 'right'
  })
  expect(standing()).toEqual([1, undefined])
})

describe('who stands in and has as many connections as it may have', () => {
  const FULL = 4
  async function fill(workers: number): Promise<Line[]> {
    await start(workers, 'unix', `-p max_connections=${FULL}`)
    await house.die(0)
    const lines = Array.from({ length: FULL }, () => new Line(house.connect()))
    for (const line of lines) expect(await line.ask('GET /1')).toBe(bodyOf(1))
    return lines
  }

  test('drops nobody: they wait until it has room', async () => {
    const lines = await fill(2)
    await crew.until('nobody stands in', () => standing()[0] === undefined)
    const some = house.come(8)
    await house.connected(some)
    expect([outcomes(some), crew.count(1, 'sess_dropped')]).toEqual([{ undefined: 8 }, 0])
    lines[0].socket.destroy()
    await house.served(some)
    expect([crew.count(1, 'sess_conn'), crew.count(1, 'sess_dropped')]).toEqual([FULL + 8, 0])
    for (const line of lines.slice(1)) expect(await line.ask('GET /2')).toBe(bodyOf(2))
  })

  test('nor when it may have fewer than it has', async () => {
    await start(2, 'unix')
    await house.die(0)
    const lines = Array.from({ length: FULL }, () => new Line(house.connect()))
    for (const line of lines) expect(await line.ask('GET /1')).toBe(bodyOf(1))
    await crew.workers.tellParameters({ max_connections: 2 })
    // The first of them is dropped: who stands in sees by him that it has too many.
    const first = house.come(1)
    await crew.until('nobody stands in', () => standing()[0] === undefined)
    const some = house.come(8)
    await house.connected(some)
    expect([outcomes(some), crew.count(1, 'sess_dropped')]).toEqual([{ undefined: 8 }, 1])
    for (const line of lines) line.socket.destroy()
    await house.served(some)
    expect(outcomes(first)).toEqual({ reset: 1 })
  })

  test('or for the next one', async () => {
    await fill(2)
    const some = house.come(FULL - 1)
    await house.connected(some)
    crew.held.clear()
    await house.served(some)
    expect([crew.count(0, 'sess_conn'), crew.count(1, 'sess_dropped')]).toEqual([FULL - 1, 0])
  })

  test('lets another do it', async () => {
    const before = await fill(3)
    const some = house.come(8)
    await house.served(some)
    expect(crew.each('sess_conn').slice(1)).toEqual([FULL, 8])
    for (const line of before) expect(await line.ask('GET /2')).toBe(bodyOf(2))
  })
})

test('where another cannot stand in it is said, and they wait for the next one', async () => {
  await start(2, 'unix')
  nobodyStandsIn()
  await house.die(0)
  expect(crew.operations.heard).toContain('worker 1 cannot stand in for worker 0, whose clients wait: no more descriptors')
  const some = house.come(8)
  await house.connected(some)
  expect(outcomes(some)).toEqual({ undefined: 8 })
  crew.held.clear()
  await house.served(some)
  expect(crew.count(0, 'sess_conn')).toBe(8)
})
