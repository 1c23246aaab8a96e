import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Crew } from '../../kit/crew.ts'
import { descriptors, ended, type House, type Kind, openHouse, outcomes } from './house.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Clients who come while a worker is being replaced: real threads, real sockets, and every byte is looked at. */

let house: House
let crew: Crew
const all = (): number[] => crew.each('sess_conn').map((_, slot) => slot)

afterEach(async () => {
  vi.restoreAllMocks()
  await house.close()
})

async function start(workers: number, kind: Kind): Promise<void> {
  house = await openHouse(workers, kind)
  crew = house.crew
}

const KINDS: readonly (readonly [number, Kind])[] = [
  [1, 'tcp'],
  [1, 'unix'],
  [2, 'tcp'],
  [2, 'unix'],
]

describe.each(KINDS)('with %i workers, over %s', (workers, kind) => {
  test('under load: none is refused, each is accepted by somebody, and lost is only who was the dying one’s', async () => {
    await start(workers, kind)
    let coming = true
    let next = 0
    const follow = (): void => void (coming && house.visit(next++, follow))
    for (let i = 0; i < 16; i++) follow()
    const { visitors } = house
    const answered = (): number => visitors.filter(({ end }) => end === 'right').length
    for (let death = 1; death <= 2; death++) {
      const before = answered()
      await crew.until('there is load', () => answered() > before + 100)
      crew.workers.panic()
      await crew.replaced(death)
    }
    coming = false
    await crew.until('all have been served', () => ended(visitors))
    const { right, ...others } = outcomes(visitors)
    const lost = (others['reset'] ?? 0) + (others['cut'] ?? 0)
    // At most all that were there at each death.
    expect([others['refused'], others['wrong'], lost <= 2 * 16], crew.state()).toEqual([undefined, undefined, true])
    expect(right + lost).toBe(visitors.length)
    // Nobody has been reset who still waited in a queue.
    expect(crew.counts()['MAIN.sess_conn'], crew.state()).toBe(visitors.length)
  })

  test('who comes while there is none waits, and is served by those who come next', async () => {
    await start(workers, kind)
    for (const slot of all()) await house.die(slot)
    const some = house.come(24)
    await house.connected(some)
    expect(outcomes(some)).toEqual({ undefined: 24 })
    crew.held.clear()
    await house.served(some)
    await crew.replaced(workers)
  })
})

test('one that does not come back is waited for in vain for some seconds, and then not', async () => {
  await start(1, 'unix')
  const before = descriptors()
  await house.die()
  const some = house.come(8)
  await house.connected(some)
  const line = 'worker 0 could not be started again: held back'
  const tried = (): number => crew.operations.heard.filter((said) => said === line).length
  await crew.until('it has been tried twice', () => tried() >= 2)
  expect(outcomes(some)).toEqual({ undefined: 8 })
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + 6000)
  await crew.until('they are let go', () => ended(some))
  expect(outcomes(some)).toEqual({ reset: 8 })
  expect(crew.operations.heard).toContain(`${line}; who waits to be served by it is refused`)
  const late = house.visit(1)
  await crew.until('another is told', () => ended([late]))
  expect(late.end).toBe('refused')
  crew.held.clear()
  await crew.replaced(1)
  await house.served(house.come(8))
  // Each attempt had its own descriptor.
  await crew.until('none is left over', () => descriptors() <= before)
})

test.each([KINDS[0], KINDS[3]])(
  'with %i workers, over %s: stopped while there is none, nobody waits; started again, all are served',
  async (workers, kind) => {
    await start(workers, kind)
    const before = descriptors()
    for (const slot of all()) await house.die(slot)
    const some = house.come(24)
    await house.connected(some)
    await crew.close()
    await crew.until('nobody waits', () => ended(some))
    expect(outcomes(some)).toEqual({ reset: 24 })
    await house.isShut()
    await house.opensAgain(before)
  },
)
