import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/store/contract.ts'
import { Arena, attachArena } from '../../../src/store/arena/arena.ts'
import type { ArenaMemory } from '../../../src/store/arena/memory.ts'
import { SeveralStores } from '../../../src/store/several.ts'
import { arenaStore } from '../../kit/arena.ts'
import { beforeStep } from '../../kit/atomic-steps.ts'
import { head } from '../../contract/store/fixtures.ts'

const ID = 'the id'

interface Worker {
  readonly parts: readonly Store[]
  readonly whole: SeveralStores
  readonly memories: readonly ArenaMemory[]
}

/** Two stores, and two workers that share them. */
function twoWorkers(): readonly [Worker, Worker] {
  const arenas = ['a', 'b'].map((name) => ({ name, arena: Arena.inMemory(new SharedArrayBuffer(2 ** 20)) }))
  const enter = (worker: number): Worker => {
    const parts = arenas.map(({ name, arena }) => arenaStore(arena.handle, { name, worker }))
    const whole = new SeveralStores(parts)
    whole.newRun()
    return { parts, whole, memories: arenas.map(({ arena }) => attachArena(arena.handle, worker)) }
  }
  return [enter(0), enter(1)]
}

function store({ parts, whole }: Worker, into: number, xid: number): void {
  whole.open(ID, head({ xid }), 0, parts[into])?.body.complete()
}

/** The xids found in each store, by the other worker. */
function found({ parts }: Worker): number[] {
  return parts.flatMap((part) => part.find(ID)?.head.xid ?? [])
}

/** Another worker holds the lock of a bucket: who wants it would wait. */
function locked({ memories }: Worker): boolean {
  return memories.some(({ locks, geometry }) => {
    for (let bucket = 0; bucket < geometry.buckets; bucket++) {
      if (!locks.tryLock(bucket)) return true
      locks.unlock(bucket)
    }
    return false
  })
}

/** Work at each step of a deed on shared memory, in stores of its own, until it says that there are no more. */
function atEachStep(work: (step: number, first: Worker, second: Worker) => boolean): number {
  for (let step = 0; ; step++) {
    const [first, second] = twoWorkers()
    if (!work(step, first, second)) return step
  }
}

describe('an id is in one store at a time', () => {
  test('the next object under it may lie elsewhere', () => {
    const [first, second] = twoWorkers()
    for (const [xid, into] of [0, 1, 1, 0].entries()) {
      store(first, into, xid)
      expect(found(second)).toEqual([xid])
      expect(second.whole.find(ID)?.store?.name).toBe(into === 0 ? 'a' : 'b')
      expect(second.whole.stats().objects).toBe(1)
    }
  })

  test('another worker opens it elsewhere at any moment: one is left, or none, and it is the one that all find', () => {
    let raced = 0
    atEachStep((step, first, second) => {
      store(first, 0, 1)
      const came = beforeStep(
        step,
        () => store(first, 0, 2),
        () => {
          if (locked(second)) return
          store(second, 1, 3)
          raced++
        },
      )
      const left = found(second)
      expect(left.length).toBeLessThanOrEqual(1)
      expect(left).not.toContain(1)
      expect(second.whole.find(ID)?.head.xid).toBe(left[0])
      expect(first.whole.stats().objects).toBe(left.length)
      return came
    })
    expect(raced).toBeGreaterThan(10)
  })

  test('what another worker has filled by then is gone for it as well', () => {
    const [first, second] = twoWorkers()
    store(first, 0, 1)
    const seen = second.whole.find(ID)
    store(first, 1, 2)
    expect(seen?.live).toBe(false)
  })
})

describe('discard', () => {
  test('takes out what is being moved, which find may not see', () => {
    let unseen = 0
    const steps = atEachStep((step, first, second) => {
      store(first, 1, 1)
      const object = first.whole.find(ID)!
      return beforeStep(
        step,
        () => first.whole.rehead(object, head({ xid: 2 })),
        () => {
          if (second.whole.find(ID) === undefined) unseen++
        },
      )
    })
    expect(unseen).toBeGreaterThan(0)
    expect(steps).toBeGreaterThan(20)
    const [first, second] = twoWorkers()
    store(first, 1, 1)
    expect(second.whole.discard(ID)).toBe(true)
    expect(second.whole.discard(ID)).toBe(false)
    expect(found(first)).toEqual([])
    expect(first.whole.stats()).toMatchObject({ objects: 0, used_bytes: 0 })
  })
})
