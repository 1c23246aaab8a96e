import { describe, expect, test } from 'vitest'
import { Doorbells } from '../../../src/shm/doorbell.ts'
import { HealthTable } from '../../../src/shm/health.ts'
import { HealthSeat } from '../../../src/shm/seat.ts'

/** The manager's view, and what workers make of its handle. */
function table(names = ['a', 'b'], workers = 2) {
  const made = HealthTable.create(names, workers, 1000)
  return { made, seen: new HealthTable(made.handle) }
}

describe('state', () => {
  test('all begin healthy, since they are there', () => {
    const { seen } = table()
    expect([seen.isHealthy(0), seen.isHealthy(1), seen.changed_s(1), seen.admin(1)]).toEqual([true, true, 1000, 'probe'])
    expect(seen.cell('nobody', 0)).toBeUndefined()
  })

  // Of what a probe says and an operator says; whether that is a change.
  test.each([
    ['probe', true, true],
    ['probe', false, false],
    ['healthy', true, true],
    ['healthy', false, true],
    ['sick', true, false],
    ['sick', false, false],
  ] as const)('%s, and the probe says %s: healthy is %s', (admin, probed, healthy) => {
    const { made, seen } = table()
    made.setProbed(0, probed, 1)
    made.setAdmin(0, admin, 2)
    expect([seen.isHealthy(0), seen.admin(0)]).toEqual([healthy, admin])
    made.setAdmin(0, 'probe', 3)
    expect(seen.isHealthy(0)).toBe(probed)
    expect(seen.isHealthy(1)).toBe(true)
  })

  test('the time of a change is that of a change', () => {
    const { made, seen } = table()
    const cell = seen.cell('b', 0)!
    expect(made.setProbed(1, true, 2000)).toBe(false)
    expect(cell.changed_s).toBe(1000)
    expect(made.setProbed(1, false, 3000)).toBe(true)
    expect(made.setAdmin(1, 'sick', 4000)).toBe(false)
    expect([cell.healthy, cell.changed_s]).toEqual([false, 3000])
    expect(made.setAdmin(1, 'healthy', 5000)).toBe(true)
    expect([cell.healthy, cell.changed_s]).toEqual([true, 5000])
  })
})

describe('connections', () => {
  test('are those of all workers, without those of one that has died', () => {
    const { made, seen } = table()
    const [one, two] = [seen.cell('a', 0)!, made.cell('a', 1)!]
    one.opened()
    two.opened()
    two.opened()
    expect([one.open, seen.cell('b', 0)!.open]).toEqual([3, 0])
    two.closed()
    made.releaseAllOf(1)
    expect(one.open).toBe(1)
  })

  test('who waits for one in another worker is rung when one is given back', () => {
    const { made, seen } = table()
    const rung: number[] = []
    const bells = Object.assign(new Doorbells(), { ring: (slot: number) => void rung.push(slot) })
    const [one, two] = [seen.cell('a', 0, bells)!, made.cell('a', 1, bells)!]
    two.awaited(true)
    one.opened()
    one.closed()
    two.opened()
    two.closed()
    expect(rung).toEqual([1])
    two.awaited(false)
    one.opened()
    one.closed()
    expect(rung).toEqual([1])
  })

  test('that fail are held against it by all, until then, and for an hour at most', () => {
    const { made, seen } = table()
    const [one, two] = [seen.cell('a', 0)!, made.cell('a', 1)!]
    expect(one.heldDown(0)).toBeUndefined()
    one.holdDown('ECONNREFUSED', 250)
    expect([two.heldDown(249), two.heldDown(250), seen.cell('b', 0)!.heldDown(0)]).toEqual(['ECONNREFUSED', undefined, undefined])
    // Somebody has set the clock back.
    expect(two.heldDown(-4_000_000)).toBeUndefined()
  })
})

describe('backends that rules make', () => {
  test('are as they began until they have a seat, and from then on as all see them', () => {
    const { made, seen } = table()
    const [one, two] = [new HealthSeat(seen, 'd(h:80)', 0, undefined, false), new HealthSeat(made, 'd(h:80)', 1, undefined, true)]
    expect([one.healthy, two.healthy]).toEqual([false, true])
    one.opened()
    const i = made.seat('d(h:80)', 2000)!
    expect([one.healthy, two.healthy, one.changed_s]).toEqual([true, true, 2000])
    made.setProbed(i, false, 3000)
    expect([one.healthy, two.healthy]).toEqual([false, false])
    // What was open before goes along.
    expect(two.open).toBe(1)
    one.closed()
    expect(two.open).toBe(0)
  })

  test('lose it when nobody uses them any more, and another one may have it', () => {
    const { made, seen } = table()
    const one = new HealthSeat(seen, 'x', 0, undefined, true)
    const i = made.seat('x', 0)!
    one.opened()
    one.opened()
    made.setProbed(i, false, 0)
    expect(one.healthy).toBe(false)
    made.clear(i)
    expect([one.healthy, one.open]).toEqual([true, 2])
    one.closed()
    expect(made.seat('y', 0)).toBe(i)
    expect(new HealthSeat(seen, 'y', 0, undefined, true).open).toBe(0)
    expect(made.seat('x', 0)).not.toBe(i)
    expect(one.open).toBe(1)
    one.closed()
    expect(one.open).toBe(0)
  })

  test('beyond 64 there is no room', () => {
    const { made } = table()
    const seats = Array.from({ length: 65 }, (_, n) => made.seat(`n${n}`, 0))
    expect(new Set(seats.slice(0, 64)).size).toBe(64)
    expect(seats[64]).toBeUndefined()
  })
})
