import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { COMPILED_MAX } from '../../../src/cache/bans/compiled.ts'
import { Invalidations } from '../../../src/cache/invalidations.ts'
import { defaultParameters, type ParameterValues } from '../../../src/config/parameters.ts'
import { CounterBlock, MAIN } from '../../../src/counters/counters.ts'
import { RequestHead } from '../../../src/http/message.ts'
import { Ledger } from '../../../src/shm/ledger.ts'
import { Serials } from '../../../src/shm/serial.ts'
import { Arena } from '../../../src/store/arena/arena.ts'
import type { StoredObject } from '../../../src/store/contract.ts'
import { planWalk } from '../../../src/upkeep/ban-plan.ts'
import { Upkeep } from '../../../src/upkeep/upkeep.ts'
import { head } from '../../contract/store/fixtures.ts'
import { arenaStore } from '../../kit/arena.ts'

const MIB = 2 ** 20

/** Two stores with one worker, and the manager's lurker, whose steps a test takes. */
class Scene {
  readonly clock = new ManualClock()
  readonly serials = new Serials()
  readonly ledger = new Ledger(Ledger.memory(256 * 1024), this.serials)
  readonly main = new CounterBlock('MAIN').values
  private readonly arenas = [0, 1].map(() => Arena.inMemory(new SharedArrayBuffer(4 * MIB)))
  readonly stores = this.arenas.map(({ handle }, i) => arenaStore(handle, { name: `s${i}` }))
  readonly upkeep: Upkeep
  readonly judge: Invalidations

  constructor(parameters: Partial<ParameterValues> = {}) {
    const { clock, serials, ledger } = this
    this.upkeep = new Upkeep({
      serials,
      ledger,
      arenas: this.arenas.map(({ handle }) => handle),
      files: [],
      thread: 1,
      clock,
      parameters: { ...defaultParameters(), ...parameters },
      counters: this.main,
      warn: (message) => {
        throw new Error(message)
      },
    })
    this.judge = new Invalidations(serials, [this.upkeep.bans])
    for (const store of this.stores) store.newRun()
  }

  /** An object that was fetched just now, or begun to be at that serial. */
  store(id: string, status = 200, serial = this.serials.newest): StoredObject {
    const store = this.stores[id.length % 2]
    const object = store.open(id, { ...head(), status, t_origin_ms: this.clock.wall_ms }, 0, undefined, serial)
    if (object === undefined) throw new Error('no room')
    object.body.complete()
    return object
  }

  ban(text: string): void {
    expect(this.upkeep.bans.add(text)).toBeUndefined()
  }

  /** Until there is nothing to do but to wait; how many steps it took. */
  work(after_ms = 61_000): number {
    this.clock.advance(after_ms)
    for (let steps = 1; ; steps++) {
      const wait_ms = this.upkeep.step()
      if (wait_ms === 1000) return steps
      this.clock.advance(wait_ms)
      if (steps > 10_000) throw new Error('no end')
    }
  }

  get texts(): string[] {
    return this.upkeep.list().map(({ text, completed }) => (completed ? `C ${text}` : text))
  }

  count(...names: (keyof typeof MAIN)[]): number[] {
    return names.map((name) => this.main[MAIN[name]])
  }
}

describe('a ban of obj.* only', () => {
  test('takes out what it describes, in all stores, and is completed; younger objects are left alone', () => {
    const scene = new Scene()
    const before = [200, 404, 200, 404].map((status, i) => scene.store('x'.repeat(i + 1), status))
    scene.ban('obj.status == 404')
    const after = scene.store('later', 404)
    scene.work()
    expect(before.map(({ live }) => live)).toEqual([true, false, true, false])
    expect([after.live, before[0].recheck()]).toEqual([true, scene.serials.newest])
    expect(scene.texts).toEqual([])
    expect(scene.count('bans_lurker_tested', 'bans_lurker_tests_tested', 'bans_lurker_obj_killed', 'bans_deleted')).toEqual([4, 4, 2, 1])
    // For nobody has it to be tested again.
    expect(scene.judge.spares(before[0], new RequestHead())).toBe(true)
    expect(scene.stores.map((store) => store.stats().objects)).toEqual([0, 3])
  })

  test('waits until it is old enough', () => {
    const scene = new Scene()
    const object = scene.store('a', 404)
    scene.ban('obj.status == 404')
    scene.work(59_000)
    expect([object.live, scene.texts]).toEqual([true, ['obj.status == 404']])
    scene.work(2000)
    expect([object.live, scene.texts]).toEqual([false, []])
  })

  test('is worked off in pieces of ban_lurker_batch objects, with a pause after each', () => {
    const scene = new Scene({ ban_lurker_batch: 10, ban_lurker_sleep: 0.5 })
    for (let i = 0; i < 100; i++) scene.store(`object ${i}`)
    scene.ban('obj.status == 404')
    const began_ms = scene.clock.mono_ms
    expect(scene.work()).toBeGreaterThan(10)
    expect(scene.clock.mono_ms - began_ms - 61_000).toBeGreaterThan(5000)
    expect(scene.texts).toEqual([])
  })

  test('is worked off with as many others as can be compiled at once, in as many walks as it takes', () => {
    const scene = new Scene()
    const [stays, goes] = [scene.store('a', 200), scene.store('b', 404)]
    const each = 100
    const bans = Math.floor(COMPILED_MAX / each) + 2
    for (let i = 1; i < bans; i++) scene.ban(Array(each).fill(`obj.http.x-y ~ [0-9]${i}`).join(' && '))
    scene.ban('obj.status ~ [3-5]04')
    const { tested, barriers } = planWalk(scene.upkeep.bans.all(), scene.serials.newest, Infinity, true, 0)
    expect([tested.length, barriers.length]).toEqual([bans - 2, 2])
    expect([tested[0].serial, barriers[0]]).toEqual([bans - 2, bans - 1])
    scene.work()
    expect([scene.texts, stays.live, goes.live]).toEqual([[], true, false])
    // The last of all is tested first in its walk, and there is nothing left to be held to the one before.
    expect(scene.count('bans_lurker_tested')).toEqual([2 * bans - 1])
  })

  test('is left to lookups when ban_lurker_sleep is 0, and completed when no older object is left', () => {
    const scene = new Scene({ ban_lurker_sleep: 0 })
    const object = scene.store('a', 404)
    scene.ban('obj.status == 404')
    scene.work()
    expect([object.live, scene.texts]).toEqual([true, ['obj.status == 404']])
    expect(scene.judge.spares(object, new RequestHead())).toBe(false)
    scene.stores[1].remove(object)
    scene.work()
    expect(scene.texts).toEqual([])
    expect(scene.count('bans_lurker_tested')).toEqual([0])
  })
})

describe('a ban that asks for the request', () => {
  test('stays while there are older objects, and is completed when all have been tested or are gone', () => {
    const scene = new Scene()
    const objects = ['a', 'bb', 'c'].map((id) => scene.store(id))
    scene.ban('req.url == /x')
    scene.work()
    expect(scene.texts).toEqual(['req.url == /x'])
    scene.stores[1].remove(objects[0])
    expect(scene.judge.spares(objects[1], new RequestHead())).toBe(true)
    scene.work()
    expect(scene.texts).toEqual(['req.url == /x'])
    scene.stores[1].remove(objects[2])
    scene.work()
    expect(scene.texts).toEqual([])
  })

  test('keeps objects from being moved past it, and does not keep later bans from being worked off', () => {
    const scene = new Scene()
    const [object, other] = [scene.store('a'), scene.store('b', 404)]
    scene.ban('req.url == /x')
    scene.ban('obj.status == 404')
    scene.work()
    expect([object.live, other.live]).toEqual([true, false])
    expect([object.recheck(), scene.texts]).toEqual([0, ['req.url == /x']])
    const req = new RequestHead()
    req.url = '/x'
    expect(scene.judge.spares(object, req)).toBe(false)
  })
})

test('ban_cutoff: objects that are further behind go, so that the list does not grow', () => {
  const scene = new Scene({ ban_cutoff: 3 })
  const objects: StoredObject[] = []
  for (let i = 0; i < 6; i++) {
    objects.push(scene.store(`object ${i}`))
    scene.ban(`req.url == /${i}`)
  }
  scene.work()
  expect(objects.map(({ live }) => live)).toEqual([false, false, false, true, true, true])
  expect(scene.texts).toEqual(['req.url == /5', 'req.url == /4', 'req.url == /3'])
  expect(scene.count('bans_lurker_obj_killed_cutoff')).toEqual([3])
})

test('what a fetch has brought that began before a ban was completed is known for it', () => {
  const scene = new Scene()
  const began = scene.serials.newest
  scene.ban('obj.status == 404')
  scene.work(0)
  expect(scene.judge.outlived(began)).toBe(false)
  scene.work()
  expect([scene.texts, scene.judge.outlived(began), scene.judge.outlived(scene.serials.newest)]).toEqual([[], true, false])
})

test('purges by tag have their say before an object is moved up', () => {
  const scene = new Scene()
  const [store] = scene.stores
  const shape = { ...head(), t_origin_ms: scene.clock.wall_ms, tags: ['key', 'news'] }
  const objects = ['hard', 'soft'].map((tag) => store.open(tag, { ...shape, tags: ['key', tag] }, 0, undefined, 0)!)
  for (const object of objects) object.body.complete()
  scene.serials.take((serial) => {
    store.notePurge(serial, ['hard'])
    store.notePurge(serial, ['soft'], { stale_ms: scene.clock.wall_ms, grace_ms: 10, keep_ms: 10 })
    return true
  })
  scene.ban('obj.status == 404')
  scene.work()
  expect(objects.map(({ live }) => live)).toEqual([false, true])
  expect([objects[1].recheck(), scene.texts]).toEqual([0, []])
})

test('the list says how many objects hang on a ban, and the gauges what there is', () => {
  const scene = new Scene()
  scene.store('a')
  for (const text of ['req.url == /1', 'obj.age > 1h', 'req.url == /2']) {
    scene.ban(text)
    scene.store(text)
  }
  scene.ban('req.url == /2')
  scene.clock.advance(30_000)
  expect(scene.upkeep.list()).toMatchObject([
    { time_s: scene.clock.wall_ms / 1000 - 30, references: 0, completed: false, of_request: true, text: 'req.url == /2' },
    { completed: true, text: 'req.url == /2' },
    { completed: false, of_request: false, text: 'obj.age > 1h' },
    { completed: false, of_request: true, text: 'req.url == /1' },
  ])
  scene.work(0)
  expect(scene.count('bans', 'bans_deleted', 'bans_obj', 'bans_req', 'bans_dups', 'bans_added')).toEqual([3, 1, 1, 2, 1, 4])
  scene.work()
  expect(scene.upkeep.list().map(({ references, text }) => `${references} ${text}`)).toEqual(['0 req.url == /2', '3 req.url == /1'])
  expect(scene.count('bans', 'bans_completed', 'bans_persisted_fragmentation')).toEqual([2, 0, 0])
})

test('it makes way for who has what it needs, and goes on after ban_lurker_holdoff', () => {
  const scene = new Scene({ ban_lurker_holdoff: 0.123 })
  const object = scene.store('b', 404)
  scene.ban('obj.status == 404')
  scene.clock.advance(61_000)
  const { locks } = scene.stores[0]['memory']
  locks.lock(3, 0)
  const waits_ms = Array.from({ length: 5 }, () => scene.upkeep.step())
  expect([waits_ms.includes(123), scene.count('bans_lurker_contention')[0] > 0]).toEqual([true, true])
  locks.unlock(3)
  scene.work(0)
  expect([object.live, scene.texts]).toEqual([false, []])
})

test('a few completed bans among many stay for a while: every worker reads the list again when they leave', () => {
  const scene = new Scene()
  for (let i = 0; i < 100; i++) scene.ban(`req.url == /${i}`)
  scene.store('a')
  scene.ban('req.url == /1')
  scene.clock.advance(1000)
  scene.upkeep.step()
  expect(scene.count('bans', 'bans_completed')).toEqual([101, 1])
  scene.work()
  expect(scene.count('bans', 'bans_completed')).toEqual([1, 0])
})

test('an object that has been forgotten for so long that its serial would seem new goes', () => {
  const scene = new Scene()
  const object = scene.store('a')
  scene.serials.begin(2 ** 30 + 5)
  const fresh = scene.store('b')
  scene.ban('req.url == /x')
  scene.work()
  expect([object.live, fresh.live]).toEqual([false, true])
})
