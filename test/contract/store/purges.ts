import { describe, expect, test } from 'vitest'
import { Serials } from '../../../src/shm/serial.ts'
import type { ObjectHead, SoftPurge, Store, StoredObject } from '../../../src/store/contract.ts'
import { head, type MakeStore, pattern, ROOMY } from './fixtures.ts'

/** What a cache does with tags: purges, and looks at what purges have left. */
class Tagged {
  readonly store: Store
  private readonly serials = new Serials()

  constructor(store: Store) {
    this.store = store
  }

  get serial(): number {
    return this.serials.newest
  }

  /** `words`: the key, then the tags. */
  head(words: string, more: Partial<ObjectHead> = {}): ObjectHead {
    const [key, ...tags] = words.split(' ')
    return { ...head(), grace_ms: 5000, keep_ms: 7000, tags: [`K${key}`, ...tags], ...more }
  }

  open(words: string, more: Partial<ObjectHead> = {}, serial = this.serial, bytes = 10): StoredObject {
    const object = this.store.open(words, this.head(words, more), bytes, undefined, serial)
    if (object === undefined) throw new Error('no room')
    return object
  }

  keep(words: string, more: Partial<ObjectHead> = {}, serial = this.serial): StoredObject {
    const object = this.open(words, more, serial)
    object.body.append(pattern(10, 1))
    object.body.complete()
    return object
  }

  purge(tags: readonly string[], soft?: SoftPurge): number {
    this.serials.take((serial) => {
      this.store.notePurge(serial, tags, soft)
      return true
    })
    return this.store.meetPurge(tags, soft !== undefined)
  }

  /** The object, when it is there and no purge has taken it. */
  find(id: string): StoredObject | undefined {
    const object = this.store.find(id)
    if (object === undefined) return undefined
    const { newest } = this.serials
    if (!this.store.survives(object, object.recheck())) {
      this.store.remove(object)
      return undefined
    }
    object.raise(newest)
    return object.live ? object : undefined
  }

  times(id: string): number[] | undefined {
    const found = this.find(id)?.head
    return found && [found.ttl_ms, found.grace_ms, found.keep_ms]
  }
}

const SOFT = { stale_ms: 1000, grace_ms: Infinity, keep_ms: Infinity }

export function purges(makeStore: MakeStore): void {
  test('a purge takes out what has the tag, by whatever handle, and nothing else', () => {
    const the = new Tagged(makeStore(ROOMY))
    const ids = ['a red', 'b red blue', 'c blue', 'd']
    const objects = ids.map((words) => the.keep(words))
    expect(the.purge(['red'])).toBe(2)
    expect(objects.map(({ live }) => live)).toEqual([false, false, true, true])
    expect(ids.map((id) => the.find(id) !== undefined)).toEqual([false, false, true, true])
    expect(the.store.stats().objects).toBe(2)
    expect(the.purge(['red'])).toBe(0)
    expect(the.purge(['blue', 'green'])).toBe(1)
    expect(the.find('d')?.live).toBe(true)
  })

  test('many tags at once', () => {
    const the = new Tagged(makeStore(ROOMY))
    for (let i = 0; i < 2000; i++) the.keep(`${i} t${i % 500} all`)
    // Of what there was no time to look at, those count, too, that are others' or have left.
    const met = the.purge(Array.from({ length: 250 }, (_, i) => `t${i}`))
    expect(met).toBeGreaterThanOrEqual(1000)
    expect(met).toBeLessThanOrEqual(2000)
    expect(the.store.stats().objects).toBe(1000)
    expect(the.purge(['all', ...Array.from({ length: 250 }, (_, i) => `t${i + 250}`)])).toBeGreaterThanOrEqual(1000)
    expect(the.store.stats().objects).toBe(0)
  })

  test('what is fetched after it stays; what had been asked for before does not', () => {
    const the = new Tagged(makeStore(ROOMY))
    const before = the.serial
    the.purge(['red'])
    the.keep('a red', {}, before)
    the.keep('b red', {}, before)
    expect(the.find('a red')).toBeUndefined()
    the.keep('a red')
    expect(the.times('a red')).toEqual([120_000, 5000, 7000])
    expect(the.find('b red')).toBeUndefined()
  })

  test('an object with many tags, and one with a new head, which has other tags', () => {
    const the = new Tagged(makeStore(ROOMY))
    const many = Array.from({ length: 300 }, (_, i) => `tag-${i}`)
    the.keep(['a', ...many].join(' '))
    expect(the.purge(['tag-299'])).toBe(1)
    const object = the.keep('b red')
    the.store.rehead(object, the.head('b blue'))
    expect([the.purge(['red']), object.live]).toEqual([0, true])
    expect([the.purge(['blue']), object.live]).toEqual([1, false])
  })

  test('one that is being filled goes, and goes on for its readers', () => {
    const the = new Tagged(makeStore(ROOMY))
    const object = the.open('a red', {}, the.serial, -1)
    const reader = object.body.read(0)
    object.body.append(Buffer.from('te'))
    the.purge(['red'])
    expect(the.find('a red')).toBeUndefined()
    object.body.append(Buffer.from('xt'))
    object.body.complete()
    expect(Buffer.concat([reader.next()!, reader.next() ?? Buffer.alloc(0)]).toString()).toBe('text')
    reader.release()
    expect(the.store.stats()).toMatchObject({ objects: 0, used_bytes: 0, transient_bytes: 0 })
  })

  test('what is not stored would survive, or not', () => {
    const the = new Tagged(makeStore(ROOMY))
    const before = the.serial
    the.purge(['red'])
    the.purge(['blue'], SOFT)
    const would = (...tags: string[]): boolean => the.store.wouldSurvive(['Ka', ...tags], before)
    expect([would('red'), would('blue'), would('green'), would()]).toEqual([false, false, true, true])
    expect(the.store.wouldSurvive(['Ka', 'red'], the.serial)).toBe(true)
  })

  describe('a soft purge', () => {
    test('makes stale, once for all, and keeps the body', () => {
      const the = new Tagged(makeStore(ROOMY))
      const object = the.keep('a red')
      the.keep('b blue')
      expect(the.purge(['red'], SOFT)).toBe(1)
      expect(object.live).toBe(true)
      expect(the.times('a red')).toEqual([1000, 5000, 7000])
      expect(the.store.find('a red')?.head.ttl_ms).toBe(1000)
      expect(the.find('a red')?.body.whole?.equals(pattern(10, 1))).toBe(true)
      expect(the.times('b blue')).toEqual([120_000, 5000, 7000])
      expect(the.store.stats().objects).toBe(2)
    })

    test('keeps a body that lies in several pieces', () => {
      const the = new Tagged(makeStore(ROOMY))
      const bytes = pattern(700_000, 3)
      const object = the.open('a red', {}, the.serial, bytes.length)
      object.body.append(bytes)
      object.body.complete()
      the.purge(['red'], SOFT)
      const found = the.find('a red')
      const reader = found!.body.read(0)
      const got: Buffer[] = []
      for (let piece = reader.next(); piece !== undefined; piece = reader.next()) got.push(Buffer.from(piece))
      expect([found?.head.ttl_ms, Buffer.concat(got).equals(bytes), reader.done]).toEqual([1000, true, true])
      reader.release()
    })

    test('makes nothing longer', () => {
      const the = new Tagged(makeStore(ROOMY))
      the.keep('a red', { ttl_ms: 100, grace_ms: 200, keep_ms: 300 })
      the.keep('b red', { grace_ms: 1000, t_origin_ms: 400 })
      the.purge(['red'], { stale_ms: 1000, grace_ms: 500, keep_ms: 400 })
      expect(the.times('a red')).toEqual([100, 200, 300])
      expect(the.times('b red')).toEqual([600, 500, 400])
    })

    test('leaves some life behind it even where it was born at that moment: it is stale, and not without a life', () => {
      const the = new Tagged(makeStore(ROOMY))
      the.keep('a red', { t_origin_ms: 1000 })
      the.keep('b red', { t_origin_ms: 1001 })
      the.keep('c red', { t_origin_ms: 1000, ttl_ms: 0 })
      the.purge(['red'], SOFT)
      const origins = ['a red', 'b red', 'c red'].map((id) => [the.find(id)?.head.t_origin_ms, the.times(id)?.[0]])
      expect(origins).toEqual([
        [999, 1],
        [1000, 1],
        [1000, 0],
      ])
    })

    test('by its key reaches an object without tags', () => {
      const the = new Tagged(makeStore(ROOMY))
      the.keep('a')
      the.purge(['Ka'], SOFT)
      expect(the.times('a')).toEqual([1000, 5000, 7000])
    })

    test('of what is being filled is a purge', () => {
      const the = new Tagged(makeStore(ROOMY))
      the.open('a red', {}, the.serial, -1)
      the.purge(['red'], SOFT)
      expect(the.find('a red')).toBeUndefined()
    })

    test('reaches what is being fetched, and not what is fetched later', () => {
      const the = new Tagged(makeStore(ROOMY))
      const before = the.serial
      the.purge(['red'], SOFT)
      the.keep('a red', {}, before)
      the.keep('b red')
      expect([the.times('a red')?.[0], the.times('b red')?.[0]]).toEqual([1000, 120_000])
    })

    test('and then another, and then a purge for good', () => {
      const the = new Tagged(makeStore(ROOMY))
      the.keep('a red')
      the.purge(['red'], { ...SOFT, grace_ms: 400 })
      the.purge(['red'], { ...SOFT, stale_ms: 2000, keep_ms: 300 })
      expect(the.times('a red')).toEqual([1000, 400, 300])
      expect(the.purge(['red'])).toBe(1)
      expect(the.times('a red')).toBeUndefined()
      the.keep('a red')
      expect(the.times('a red')).toEqual([120_000, 5000, 7000])
    })
  })

  test('more tags than it can remember: who has a tag and was not looked at since goes too; who has none, was looked at, or is younger stays', () => {
    const the = new Tagged(makeStore({ capacity_bytes: 2 ** 20, transit_buffer_bytes: 2 ** 16 }))
    for (const words of ['old red', 'plain', 'wanted red']) the.keep(words)
    for (let i = 0; i < 20_000; i++) {
      the.purge([`tag ${i}`])
      if (i % 100 === 0) expect(the.find('wanted red')).toBeDefined()
    }
    the.keep('young red')
    expect(['old red', 'plain', 'wanted red', 'young red'].map((id) => the.find(id) !== undefined)).toEqual([false, true, true, true])
  })
}
