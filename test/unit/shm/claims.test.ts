import { afterEach, describe, expect, test, vi } from 'vitest'
import { ClaimWatch, type ClaimWaiter } from '../../../src/shm/claim-watch.ts'
import { ALONE, APART, CLAIM_FULL, CLAIM_THEIRS, type ClaimOutcome, Claims, LOOK_AGAIN } from '../../../src/shm/claims.ts'
import { Doorbells, type Listening } from '../../../src/shm/doorbell.ts'
import { NO_WORKER } from '../../../src/shm/lock.ts'
import { beforeStep, diesBefore } from '../../kit/atomic-steps.ts'

/** One worker's things, all in this thread. */
class Party {
  readonly claims: Claims
  readonly watch: ClaimWatch
  private readonly ear: Listening
  rings = 0

  constructor(memory: SharedArrayBuffer, worker: number, bells: Doorbells) {
    this.claims = new Claims(memory, worker, bells)
    this.watch = new ClaimWatch(this.claims, worker)
    this.ear = bells.listen(worker, () => {
      this.rings++
      this.watch.rung()
    })
  }

  close(): void {
    this.ear.close()
  }
}

class Waiter implements ClaimWaiter {
  readonly outcomes: ClaimOutcome[] = []
  claimEnded(outcome: ClaimOutcome): void {
    this.outcomes.push(outcome)
  }
}

const parties: Party[] = []
afterEach(() => {
  vi.restoreAllMocks()
  for (const party of parties.splice(0)) party.close()
})

interface Table {
  readonly party: (worker: number) => Party
  readonly manager: Claims
  readonly memory: SharedArrayBuffer
}

function table(slots?: number): Table {
  const memory = Claims.memory(slots)
  const bells = new Doorbells()
  return {
    memory,
    manager: new Claims(memory, NO_WORKER, bells),
    party: (worker) => {
      const party = new Party(memory, worker, bells)
      parties.push(party)
      return party
    },
  }
}

async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setImmediate(resolve))
}

/** Everything that was rung has been looked at. */
async function settled(...all: Party[]): Promise<void> {
  for (const party of all) {
    const before = party.rings
    party.claims.tell(0, 0)
    party.claims.tell(1, 0)
    await until(() => party.rings > before)
  }
}

describe('a right', () => {
  test('is one worker’s, until it is given back; another hash is another right', () => {
    const { party } = table()
    const [a, b] = [party(0), party(1)]
    const slot = a.claims.take(1, 2)
    expect(slot).toBeGreaterThanOrEqual(0)
    expect(b.claims.take(1, 2)).toBe(CLAIM_THEIRS)
    expect(a.claims.take(1, 2)).toBe(CLAIM_THEIRS)
    expect(b.claims.take(2, 2)).toBeGreaterThanOrEqual(0)
    expect(b.claims.take(1, 3)).toBeGreaterThanOrEqual(0)
    a.claims.release(slot, LOOK_AGAIN)
    expect(b.claims.take(1, 2)).toBeGreaterThanOrEqual(0)
    expect(a.claims.take(1, 2)).toBe(CLAIM_THEIRS)
  })

  test('has any hash, zero and negative words, too', () => {
    const { party } = table()
    const [a, b] = [party(0), party(63)]
    for (const [hi, lo] of [
      [0, 0],
      [-1, -1],
      [0x7fffffff, -0x80000000],
      [-0x80000000, 0x7fffffff],
    ]) {
      const slot = a.claims.take(hi, lo)
      expect(slot).toBeGreaterThanOrEqual(0)
      expect(b.claims.take(hi, lo)).toBe(CLAIM_THEIRS)
      a.claims.release(slot, ALONE)
    }
  })

  test('cannot be given back by another, or twice', () => {
    const { party, manager } = table()
    const [a, b] = [party(0), party(1)]
    const slot = a.claims.take(1, 2)
    expect(() => b.claims.release(slot, LOOK_AGAIN)).toThrow('by its holder')
    a.claims.release(slot, LOOK_AGAIN)
    expect(() => a.claims.release(slot, LOOK_AGAIN)).toThrow('by its holder')
    expect(() => manager.release(slot, LOOK_AGAIN)).toThrow('by its holder')
  })

  test('is shared though the system has suspended who just takes another, for as long as it does on a busy machine', () => {
    const { party, manager } = table(32)
    const [a, b] = [party(0), party(1)]
    let now_ms = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now_ms)
    const sleeps = vi.spyOn(Atomics, 'wait').mockImplementation(() => {
      now_ms += 25
      // It goes on after the second sleep.
      if (sleeps.mock.calls.length === 2) manager.releaseAllOf(0)
      return 'ok'
    })
    let slept = 0
    for (let step = 0; diesBefore(step, () => a.claims.take(1, 2)); step++) {
      const slot = b.claims.take(3, 2)
      expect(slot).toBeGreaterThanOrEqual(0)
      b.claims.release(slot, LOOK_AGAIN)
      slept += sleeps.mock.calls.length
      sleeps.mockClear()
      manager.releaseAllOf(0)
    }
    expect(slept).toBeGreaterThan(10)
  })

  test('is not shared when its bucket is full, and is again when there is room', () => {
    const { party } = table(32)
    const [a, b] = [party(0), party(1)]
    const slots = Array.from({ length: 16 }, (_, i) => a.claims.take(i, 0))
    expect(new Set(slots).size).toBe(16)
    expect(b.claims.take(99, 0)).toBe(CLAIM_FULL)
    expect(b.claims.take(7, 0)).toBe(CLAIM_THEIRS)
    expect(b.claims.take(99, 1)).toBeGreaterThanOrEqual(0)
    a.claims.release(slots[5], LOOK_AGAIN)
    expect(b.claims.take(99, 0)).toBe(slots[5])
  })
})

describe('whoever waits', () => {
  test.each([
    ['look again', LOOK_AGAIN],
    ['fetch alone', ALONE],
    ['fetch for each worker', APART],
  ] as const)('is told once: %s', async (_, outcome) => {
    const { party } = table()
    const [a, b] = [party(0), party(40)]
    const slot = a.claims.take(1, 2)
    const waiters = [new Waiter(), new Waiter()]
    for (const waiter of waiters) {
      expect(b.claims.take(1, 2)).toBe(CLAIM_THEIRS)
      b.watch.watch(waiter)
    }
    a.claims.release(slot, outcome)
    expect(waiters[0].outcomes).toEqual([])
    await until(() => waiters[1].outcomes.length > 0)
    const again = a.claims.take(1, 2)
    a.claims.release(again, LOOK_AGAIN)
    await settled(a)
    expect(waiters.map(({ outcomes }) => outcomes)).toEqual([[outcome], [outcome]])
    expect(b.watch.size).toBe(0)
  })

  test('hears nothing while the claim is held, whatever else rings', async () => {
    const { party } = table()
    const [a, b] = [party(0), party(1)]
    a.claims.take(1, 2)
    const other = a.claims.take(3, 2)
    const [waiter, second] = [new Waiter(), new Waiter()]
    b.claims.take(1, 2)
    b.watch.watch(waiter)
    b.claims.take(3, 2)
    b.watch.watch(second)
    a.claims.release(other, LOOK_AGAIN)
    await until(() => second.outcomes.length === 1)
    expect(waiter.outcomes).toEqual([])
    expect(b.watch.size).toBe(1)
  })

  test('is told when the claim has ended between take and watch', async () => {
    const { party } = table()
    const [a, b] = [party(0), party(1)]
    const slot = a.claims.take(1, 2)
    expect(b.claims.take(1, 2)).toBe(CLAIM_THEIRS)
    a.claims.release(slot, ALONE)
    await settled(a, b)
    const waiter = new Waiter()
    b.watch.watch(waiter)
    expect(waiter.outcomes).toEqual([])
    await until(() => waiter.outcomes.length === 1)
    expect(waiter.outcomes).toEqual([ALONE])
  })

  test('is told to look again when the slot has had other tenants since', async () => {
    const { party } = table()
    const [a, b] = [party(0), party(1)]
    const slot = a.claims.take(1, 2)
    b.claims.take(1, 2)
    const waiter = new Waiter()
    b.watch.watch(waiter)
    a.claims.release(slot, LOOK_AGAIN)
    expect(a.claims.take(5, 2)).toBe(slot)
    a.claims.release(slot, ALONE)
    await until(() => waiter.outcomes.length === 1)
    expect(waiter.outcomes).toEqual([LOOK_AGAIN])
  })

  test('knows the outcome also when the slot has a new tenant, who may be watched as well', async () => {
    const { party } = table()
    const [a, b] = [party(0), party(1)]
    const slot = a.claims.take(1, 2)
    b.claims.take(1, 2)
    const [first, second] = [new Waiter(), new Waiter()]
    b.watch.watch(first)
    a.claims.release(slot, ALONE)
    expect(a.claims.take(5, 2)).toBe(slot)
    expect(b.claims.take(5, 2)).toBe(CLAIM_THEIRS)
    b.watch.watch(second)
    await until(() => first.outcomes.length === 1)
    expect([first.outcomes, second.outcomes]).toEqual([[ALONE], []])
    a.claims.release(slot, LOOK_AGAIN)
    await until(() => second.outcomes.length === 1)
    expect(second.outcomes).toEqual([LOOK_AGAIN])
  })

  test('is not told when it was forgotten, not even by another who is told of the same', async () => {
    const { party } = table()
    const [a, b] = [party(0), party(1)]
    const slot = a.claims.take(1, 2)
    const [early, late, teller] = [new Waiter(), new Waiter(), new Waiter()]
    const watch = (waiter: ClaimWaiter) => {
      b.claims.take(1, 2)
      return b.watch.watch(waiter)
    }
    b.watch.forget(watch(early))
    watch({ claimEnded: () => b.watch.forget(last) })
    const last = watch(late)
    watch(teller)
    a.claims.release(slot, LOOK_AGAIN)
    await until(() => teller.outcomes.length === 1)
    expect([early.outcomes, late.outcomes, b.watch.size]).toEqual([[], [], 0])
  })

  test('may take and watch again when it is told', async () => {
    const { party } = table()
    const [a, b] = [party(0), party(1)]
    const slot = a.claims.take(1, 2)
    const second = new Waiter()
    b.claims.take(1, 2)
    b.watch.watch({
      claimEnded: () => {
        a.claims.take(1, 2)
        expect(b.claims.take(1, 2)).toBe(CLAIM_THEIRS)
        b.watch.watch(second)
      },
    })
    a.claims.release(slot, LOOK_AGAIN)
    await until(() => b.watch.size === 1 && a.claims.holderOf(slot) === 0)
    expect(second.outcomes).toEqual([])
    a.claims.release(slot, ALONE)
    await until(() => second.outcomes.length === 1)
    expect(second.outcomes).toEqual([ALONE])
  })

  test('waits no longer than a few rings when thousands end at once', async () => {
    const { party } = table()
    const [a, b] = [party(0), party(1)]
    const slots = Array.from({ length: 3000 }, (_, i) => a.claims.take(i, i))
    const waiters = slots.map((_, i) => {
      expect(b.claims.take(i, i)).toBe(CLAIM_THEIRS)
      const waiter = new Waiter()
      b.watch.watch(waiter)
      return waiter
    })
    for (const slot of slots) a.claims.release(slot, LOOK_AGAIN)
    await until(() => waiters.every(({ outcomes }) => outcomes.length === 1))
    expect(b.rings).toBeGreaterThan(1)
    expect(b.watch.size).toBe(0)
  })
})

describe('when a worker has died', () => {
  test('its rights end, those who waited look again, and the next in its place begins with nothing', async () => {
    const { party, manager } = table()
    const [a, b] = [party(0), party(1)]
    const slot = a.claims.take(1, 2)
    const kept = b.claims.take(3, 4)
    a.claims.take(3, 4)
    const of_the_dead = new Waiter()
    a.watch.watch(of_the_dead)
    const waiter = new Waiter()
    b.claims.take(1, 2)
    b.watch.watch(waiter)
    a.close()
    expect(manager.releaseAllOf(0)).toBe(1)
    await until(() => waiter.outcomes.length === 1)
    expect(waiter.outcomes).toEqual([LOOK_AGAIN])
    expect(b.claims.take(1, 2)).toBe(slot)
    const next = party(0)
    b.claims.release(kept, ALONE)
    await settled(b, next)
    expect(next.watch.size).toBe(0)
    expect(of_the_dead.outcomes).toEqual([])
  })

  test('and had none, nothing changes', () => {
    const { party, manager } = table()
    const [a, b] = [party(0), party(1)]
    a.claims.take(1, 2)
    expect(manager.releaseAllOf(7)).toBe(0)
    expect(b.claims.take(1, 2)).toBe(CLAIM_THEIRS)
  })
})

describe('between any two steps', () => {
  test('of giving back, another may begin to watch: it is told', async () => {
    for (let step = 0, came = true; came; step++) {
      const { party } = table(64)
      const [a, b] = [party(0), party(1)]
      const slot = a.claims.take(1, 1)
      const waiter = new Waiter()
      let watches = false
      came = beforeStep(
        step,
        () => a.claims.release(slot, ALONE),
        () => {
          watches = b.claims.take(1, 1) === CLAIM_THEIRS
          if (watches) b.watch.watch(waiter)
        },
      )
      if (watches) await until(() => waiter.outcomes.length === 1)
      expect(waiter.outcomes).toEqual(watches ? [ALONE] : [])
      expect(step > 0 || watches).toBe(true)
    }
  })

  test('of watching, the right may be given back: it is told', async () => {
    let told = 0
    for (let step = 0, came = true; came; step++) {
      const { party } = table(64)
      const [a, b] = [party(0), party(1)]
      const slot = a.claims.take(1, 1)
      const waiter = new Waiter()
      let watches = false
      came = beforeStep(
        step,
        () => {
          watches = b.claims.take(1, 1) === CLAIM_THEIRS
          if (watches) b.watch.watch(waiter)
        },
        () => a.claims.release(slot, ALONE),
      )
      if (!came || !watches) continue
      await until(() => waiter.outcomes.length === 1)
      expect(waiter.outcomes).toEqual([ALONE])
      told++
    }
    expect(told).toBeGreaterThan(3)
  })

  test('a worker may die: the table is usable, its rights are free, and everyone who watched was told', async () => {
    let step = 0
    for (let died = true; died; step++) {
      const { party, manager } = table(64)
      const [dying, b, c] = [party(0), party(1), party(33)]
      // Two rights of before, of which one is watched; and one of another's.
      const old = dying.claims.take(1, 1)
      dying.claims.take(2, 1)
      b.claims.take(3, 1)
      const waiters = [b, c].map((who) => {
        who.claims.take(1, 1)
        return who.watch.watch(new Waiter()).waiter as Waiter
      })
      died = diesBefore(step, () => {
        dying.claims.take(4, 1)
        dying.claims.release(old, ALONE)
        if (dying.claims.take(3, 1) === CLAIM_THEIRS) dying.watch.forget(dying.watch.watch(new Waiter()))
        dying.claims.release(dying.claims.take(1, 1), LOOK_AGAIN)
        if (dying.claims.take(3, 1) === CLAIM_THEIRS) dying.watch.watch(new Waiter())
      })
      dying.close()
      manager.releaseAllOf(0)
      await until(() => waiters.every(({ outcomes }) => outcomes.length > 0))
      for (const hi of [1, 2, 4]) expect(b.claims.take(hi, 1)).toBeGreaterThanOrEqual(0)
      for (const hi of [1, 2, 3, 4]) expect(c.claims.take(hi, 1)).toBe(CLAIM_THEIRS)
      expect(waiters.map(({ outcomes }) => outcomes.length)).toEqual([1, 1])
      for (const one of parties.splice(0)) one.close()
    }
    expect(step).toBeGreaterThan(50)
  })
})
