import { describe, expect, test } from 'vitest'
import {
  APPEND_OK,
  APPEND_PAUSE,
  type Body,
  type BodyReader,
  type RemovalReason,
  type Store,
  type StoredObject,
} from '../../src/store/contract.ts'
import { appendAll, head, KIB, MIB, pattern, readAll, stored } from './store.fixtures.ts'

/** Makes an empty store. Extents may be of any size up to 256 KiB. */
export type MakeStore = (options: { capacity_bytes: number; transit_buffer_bytes: number }) => Store

const ROOMY = { capacity_bytes: 64 * MIB, transit_buffer_bytes: MIB }

/** What every store does, whatever it keeps its bytes in. */
export function storeContract(name: string, makeStore: MakeStore): void {
  describe(`${name}: bodies`, () => bodies(makeStore))
  describe(`${name}: readers`, () => readers(makeStore))
  describe(`${name}: windows`, () => windows(makeStore))
  describe(`${name}: objects`, () => objects(makeStore))
  describe(`${name}: budget`, () => budget(makeStore))
}

function bodies(makeStore: MakeStore): void {
  const sizes = [0, 1, 100, 4 * KIB, 4 * KIB + 1, 20 * KIB, 256 * KIB, 256 * KIB + 1, MIB, MIB + 1, 3 * MIB + 17]
  for (const size of sizes) {
    for (const announced of [true, false]) {
      test(`${size} bytes, ${announced ? 'announced' : 'of unknown length'}, come back as they went in`, () => {
        const store = makeStore(ROOMY)
        const bytes = pattern(size, 1)
        const body = store.fill(announced ? size : -1)
        expect(appendAll(body, bytes, 7001)).toBe(APPEND_OK)
        expect(body.size_bytes).toBe(size)
        expect(body.state).toBe('filling')
        body.complete()
        expect(body.state).toBe('complete')
        expect(body.expected_bytes).toBe(announced ? size : -1)
        expect(body.size_bytes).toBe(size)
        expect(readAll(body).equals(bytes)).toBe(true)
      })
    }
  }

  test('a small complete body can be had as one piece, an empty one as no bytes', () => {
    const store = makeStore(ROOMY)
    for (const size of [0, 1, 10 * KIB, 100 * KIB]) {
      const body = stored(store, pattern(size, 2)).body
      expect(body.whole?.equals(pattern(size, 2))).toBe(true)
    }
    const filling = store.fill(-1)
    filling.append(pattern(10, 1))
    expect(filling.whole).toBeUndefined()
  })

  test('the chunk may be reused as soon as append returns', () => {
    const body = makeStore(ROOMY).fill(-1)
    const chunk = Buffer.from('first')
    body.append(chunk)
    chunk.fill('x')
    body.complete()
    expect(readAll(body).toString()).toBe('first')
  })

  test('more bytes than announced fail the body; what came before stays readable', () => {
    const body = makeStore(ROOMY).fill(5)
    const reader = body.read(0)
    body.append(Buffer.from('four'))
    body.append(Buffer.from('more'))
    expect(body.state).toBe('failed')
    expect(reader.next()?.toString()).toBe('four')
    expect(reader.failed).toBe(true)
    expect(body.append(Buffer.from('even more'))).toBe(APPEND_OK)
    expect(body.size_bytes).toBe(4)
  })

  test('fewer bytes than announced are a failure, not a short body', () => {
    const body = makeStore(ROOMY).fill(5)
    body.append(Buffer.from('four'))
    body.complete()
    expect(body.state).toBe('failed')
    expect(body.whole).toBeUndefined()
  })

  test('the first end is the end', () => {
    const store = makeStore(ROOMY)
    const failed = store.fill(-1)
    failed.fail()
    failed.complete()
    expect(failed.state).toBe('failed')
    const complete = store.fill(-1)
    complete.complete()
    complete.fail()
    expect(complete.state).toBe('complete')
  })
}

function readers(makeStore: MakeStore): void {
  test('a reader follows the filling, is called for each append after it has read all, and once at the end', () => {
    const body = makeStore(ROOMY).fill(-1)
    const reader = body.read(0)
    const seen: string[] = []
    reader.onMore = () => seen.push(reader.next()?.toString() ?? (reader.done ? 'done' : 'nothing'))
    body.append(Buffer.from('one'))
    body.append(Buffer.from('two'))
    body.complete()
    expect(seen).toEqual(['one', 'two', 'done'])
  })

  test('a reader that has not read what there is hears nothing until the end', () => {
    const body = makeStore(ROOMY).fill(-1)
    const reader = body.read(0)
    let calls = 0
    reader.onMore = () => calls++
    body.append(Buffer.from('one'))
    body.append(Buffer.from('two'))
    expect(calls).toBe(1)
    body.complete()
    expect(calls).toBe(2)
    expect(reader.done).toBe(false)
    expect(drain(reader)).toBe('onetwo')
    expect(reader.done).toBe(true)
  })

  test('failed is told after the bytes that came', () => {
    const body = makeStore(ROOMY).fill(10)
    const reader = body.read(0)
    body.append(Buffer.from('half'))
    let told = false
    reader.onMore = () => (told = true)
    body.fail()
    expect(told).toBe(true)
    expect(reader.failed).toBe(false)
    expect(drain(reader)).toBe('half')
    expect(reader.failed).toBe(true)
    expect(reader.done).toBe(false)
  })

  test('a late reader starts at any byte that is there', () => {
    const bytes = pattern(700 * KIB, 3)
    const body = makeStore(ROOMY).fill(-1)
    appendAll(body, bytes, 50_000)
    for (const from of [0, 1, 4 * KIB, 20 * KIB - 1, 256 * KIB, 600 * KIB, 700 * KIB]) {
      const reader = body.read(from)
      expect(Buffer.concat(pieces(reader)).equals(bytes.subarray(from))).toBe(true)
      reader.release()
    }
    expect(() => body.read(700 * KIB + 1)).toThrow(RangeError)
    expect(() => body.read(-1)).toThrow(RangeError)
  })

  test('a reader half-way keeps its place when the body is put together at its end', () => {
    const bytes = pattern(60 * KIB, 4)
    const body = makeStore(ROOMY).fill(-1)
    const reader = body.read(0)
    appendAll(body, bytes.subarray(0, 30 * KIB), 1000)
    const first = pieces(reader)
    appendAll(body, bytes.subarray(30 * KIB), 1000)
    const second = reader.next()
    body.complete()
    expect(Buffer.concat([...first, second ?? Buffer.alloc(0), ...pieces(reader)]).equals(bytes)).toBe(true)
    expect(reader.done).toBe(true)
  })

  test('callbacks may release readers, themselves included, and add new ones', () => {
    const body = makeStore(ROOMY).fill(-1)
    const calls: number[] = []
    const all = [0, 1, 2, 3, 4].map(() => body.read(0))
    let added: BodyReader | undefined
    all.forEach((reader, i) => {
      reader.onMore = () => {
        calls.push(i)
        if (i === 3) all[2].release()
        if (i === 1) all[1].release()
        if (i !== 0) return
        added = body.read(0)
        added.onMore = () => calls.push(5)
      }
    })
    body.append(Buffer.from('x'))
    // The order is the store's business; reader 2 may have had its turn before 3 released it.
    expect(calls.filter((i) => i !== 2).sort()).toEqual([0, 1, 3, 4])
    calls.length = 0
    body.complete()
    expect(calls.sort()).toEqual([0, 3, 4, 5])
    expect(added?.next()?.toString()).toBe('x')
  })

  test('a writer that goes on from within a callback loses and repeats nothing', () => {
    const body = makeStore(ROOMY).fill(-1)
    let text = ''
    let more = 3
    const heard = [body.read(0), body.read(0)].map((reader) => {
      const mine = { text: '' }
      reader.onMore = () => {
        mine.text += drain(reader)
        if (more-- > 0) body.append(Buffer.from(String(more)))
      }
      return mine
    })
    body.append(Buffer.from('a'))
    body.complete()
    text = readAll(body).toString()
    expect(text).toBe('a210')
    expect(heard.map((mine) => mine.text)).toEqual([text, text])
  })

  test('one callback that throws does not keep the others from hearing', () => {
    const body = makeStore(ROOMY).fill(-1)
    const calls: number[] = []
    for (const i of [0, 1, 2]) {
      body.read(0).onMore = () => {
        calls.push(i)
        if (i === 1) throw new Error('its own fault')
      }
    }
    expect(() => body.append(Buffer.from('x'))).toThrow('its own fault')
    expect(calls.sort()).toEqual([0, 1, 2])
  })

  test('a released reader reads nothing and hears nothing; releasing twice is harmless', () => {
    const body = makeStore(ROOMY).fill(-1)
    const reader = body.read(0)
    reader.onMore = () => expect.unreachable()
    reader.release()
    reader.release()
    body.append(Buffer.from('x'))
    body.complete()
    expect(reader.next()).toBeUndefined()
  })

  test('1,000 readers of different speed follow one filling body to the right bytes', () => {
    const store = makeStore(ROOMY)
    const bytes = pattern(512 * KIB, 5)
    const body = store.fill(-1)
    const hashes = Array.from({ length: 1000 }, (_, i) => follow(body, i))
    appendAll(body, bytes, 16 * KIB)
    body.complete()
    for (const check of hashes) check(bytes)
  })
}

/** Reads every (i % 7 + 1)th time it is called; returns a check of what it got. */
function follow(body: Body, i: number): (bytes: Buffer) => void {
  const reader = body.read(0)
  const got: Buffer[] = []
  let calls = 0
  const take = () => {
    for (let piece = reader.next(); piece !== undefined; piece = reader.next()) got.push(piece)
  }
  reader.onMore = () => {
    if (calls++ % ((i % 7) + 1) === 0) take()
  }
  return (bytes) => {
    take()
    expect(reader.done).toBe(true)
    reader.release()
    let at = 0
    for (const piece of got) {
      if (!piece.equals(bytes.subarray(at, at + piece.length))) expect.fail(`reader ${i} got wrong bytes at ${at}`)
      at += piece.length
    }
    expect(at).toBe(bytes.length)
  }
}

function windows(makeStore: MakeStore): void {
  const SMALL = { capacity_bytes: 8 * MIB, transit_buffer_bytes: 64 * KIB }

  test('without a reader it fills its window, then pauses its writer', () => {
    const body = makeStore(SMALL).transit(-1)
    expect(body.windowed).toBe(true)
    const chunk = pattern(16 * KIB, 1)
    expect([0, 1, 2, 3].map(() => body.append(chunk))).toEqual([APPEND_OK, APPEND_OK, APPEND_OK, APPEND_PAUSE])
    expect(body.joinable).toBe(true)
    expect(body.size_bytes).toBe(64 * KIB)
  })

  test('the writer goes on when the slowest reader has left less than half of the window', () => {
    const body = makeStore(SMALL).transit(-1)
    const slow = body.read(0)
    const fast = body.read(0)
    let room = 0
    body.onRoom = () => room++
    expect(appendAll(body, pattern(64 * KIB, 1), 16 * KIB)).toBe(APPEND_PAUSE)
    pieces(fast)
    expect(room).toBe(0)
    pieces(slow)
    expect(room).toBe(1)
    expect(body.joinable).toBe(false)
    expect(() => body.read(0)).toThrow(RangeError)
  })

  test('a slow reader that leaves makes room', () => {
    const body = makeStore(SMALL).transit(-1)
    const slow = body.read(0)
    const fast = body.read(0)
    let room = 0
    body.onRoom = () => room++
    appendAll(body, pattern(64 * KIB, 1), 16 * KIB)
    pieces(fast)
    slow.release()
    expect(room).toBe(1)
  })

  test('a writer that goes on from within onRoom keeps the order of the bytes', () => {
    const bytes = pattern(3 * MIB, 6)
    const body = makeStore(SMALL).transit(bytes.length)
    const reader = body.read(0)
    let at = 0
    const write = () => {
      while (at < bytes.length) {
        const chunk = bytes.subarray(at, at + 10_000)
        at += chunk.length
        if (body.append(chunk) === APPEND_PAUSE) return
      }
      body.complete()
    }
    body.onRoom = write
    const got: Buffer[] = []
    reader.onMore = () => got.push(...pieces(reader))
    write()
    expect(reader.done).toBe(true)
    expect(Buffer.concat(got).equals(bytes)).toBe(true)
  })

  test('200 MB pass through a window with bounded memory', () => {
    const store = makeStore(SMALL)
    const total = 200_000_000
    const body = store.transit(total)
    const reader = body.read(0)
    const chunk = pattern(50_000, 7)
    let got = 0
    let most = 0
    for (let sent = 0; sent < total; sent += chunk.length) {
      if (body.append(chunk) !== APPEND_PAUSE) continue
      most = Math.max(most, store.stats().transient_bytes)
      for (let piece = reader.next(); piece !== undefined; piece = reader.next()) {
        if (piece[0] !== chunk[got % chunk.length]) expect.fail(`wrong byte at ${got}`)
        got += piece.length
      }
    }
    body.complete()
    for (const piece of pieces(reader)) got += piece.length
    expect(got).toBe(total)
    expect(reader.done).toBe(true)
    expect(most).toBeLessThan(64 * KIB + 50_000 + 2 * 256 * KIB)
    reader.release()
    expect(store.stats().transient_bytes).toBe(0)
  })

  test('a window of known length fails when too much or too little comes', () => {
    const store = makeStore(SMALL)
    const short = store.transit(10)
    short.complete()
    const long = store.transit(1)
    long.append(Buffer.from('12'))
    expect([short.state, long.state]).toEqual(['failed', 'failed'])
  })

  test('it is never admitted', () => {
    const store = makeStore(SMALL)
    expect(store.admit(head(), store.transit(0), () => {})).toBeUndefined()
  })
}

function objects(makeStore: MakeStore): void {
  test('an admitted object counts, with its head; removed it does not', () => {
    const store = makeStore(ROOMY)
    const object = stored(store, pattern(1000, 1))
    const stats = store.stats()
    expect(stats.objects).toBe(1)
    expect(stats.used_bytes).toBe(object.size_bytes)
    expect(object.size_bytes).toBeGreaterThan(1000)
    expect([object.live, object.hits]).toEqual([true, 0])
    store.remove(object, 'purged')
    store.remove(object, 'purged')
    expect(object.live).toBe(false)
    expect(store.stats()).toMatchObject({ objects: 0, used_bytes: 0, transient_bytes: 0 })
  })

  test('remove does not call onRemoved', () => {
    const store = makeStore(ROOMY)
    const object = stored(store, pattern(10, 1), () => expect.unreachable())
    store.remove(object, 'expired')
  })

  test('it may be admitted while it fills, and after it is complete, but once', () => {
    const store = makeStore(ROOMY)
    const filling = store.fill(-1)
    expect(store.admit(head(), filling, () => {})).toBeDefined()
    expect(store.admit(head(), filling, () => {})).toBeUndefined()
    filling.append(pattern(10, 1))
    filling.complete()
    const complete = store.fill(10)
    complete.append(pattern(10, 1))
    complete.complete()
    expect(store.admit(head(), complete, () => {})).toBeDefined()
    expect(store.stats().objects).toBe(2)
  })

  test('one that breaks half-way leaves by itself, and its readers get what came', () => {
    const store = makeStore(ROOMY)
    const reasons: RemovalReason[] = []
    const body = store.fill(100)
    const object = store.admit(head(), body, (_, reason) => reasons.push(reason))
    const reader = body.read(0)
    body.append(Buffer.from('some'))
    body.fail()
    expect(object?.live).toBe(false)
    expect(reasons).toEqual(['failed'])
    expect(drain(reader)).toBe('some')
    reader.release()
    expect(store.stats()).toMatchObject({ objects: 0, used_bytes: 0, transient_bytes: 0, nuked: 0 })
    expect(store.admit(head(), body, () => {})).toBeUndefined()
  })

  test('a removed object stays readable for those that hold it, and is counted as transient meanwhile', () => {
    const store = makeStore(ROOMY)
    const bytes = pattern(300 * KIB, 8)
    const object = stored(store, bytes)
    const reader = object.body.read(0)
    store.remove(object, 'replaced')
    expect(store.stats().used_bytes).toBe(0)
    expect(store.stats().transient_bytes).toBe(bytes.length)
    expect(Buffer.concat(pieces(reader)).equals(bytes)).toBe(true)
    reader.release()
    expect(store.stats().transient_bytes).toBe(0)
  })

  test('one removed while it fills goes on filling for its readers', () => {
    const store = makeStore(ROOMY)
    const body = store.fill(-1)
    const object = store.admit(head(), body, () => expect.unreachable())
    const reader = body.read(0)
    if (object !== undefined) store.remove(object, 'purged')
    body.append(Buffer.from('text'))
    body.complete()
    expect(drain(reader)).toBe('text')
    reader.release()
    expect(store.stats()).toMatchObject({ objects: 0, used_bytes: 0, transient_bytes: 0 })
  })

  test('a new head keeps the body and adjusts the account', () => {
    const store = makeStore(ROOMY)
    const object = stored(store, pattern(1000, 1))
    const before = store.stats().used_bytes
    const fresh = head({ xid: 2, lines: 20 })
    store.rehead(object, fresh)
    expect(object.head).toBe(fresh)
    expect(object.live).toBe(true)
    expect(object.body.whole?.length).toBe(1000)
    expect(store.stats().used_bytes).toBeGreaterThan(before)
    expect(store.stats().used_bytes).toBe(object.size_bytes)
    store.rehead(object, head())
    expect(store.stats().used_bytes).toBe(before)
  })
}

function budget(makeStore: MakeStore): void {
  const TINY = { capacity_bytes: 256 * KIB, transit_buffer_bytes: 16 * KIB }

  test('the least recently used object goes first, and its owner is told once', () => {
    const store = makeStore(TINY)
    const gone: StoredObject[] = []
    const told = (object: StoredObject, reason: RemovalReason) => {
      expect(reason).toBe('evicted')
      expect(object.live).toBe(false)
      gone.push(object)
    }
    const first = stored(store, pattern(50 * KIB, 1), told)
    const second = stored(store, pattern(50 * KIB, 2), told)
    const third = stored(store, pattern(50 * KIB, 3), told)
    const fourth = stored(store, pattern(50 * KIB, 4), told)
    store.touch(first)
    store.touch(third)
    expect(gone).toEqual([])
    stored(store, pattern(50 * KIB, 5), told)
    expect(gone).toEqual([second])
    stored(store, pattern(50 * KIB, 6), told)
    expect(gone).toEqual([second, fourth])
    expect(store.stats()).toMatchObject({ nuked: 2, objects: 4 })
    expect(readAll(first.body).equals(pattern(50 * KIB, 1))).toBe(true)
  })

  test('the budget holds while many bodies fill at once', () => {
    const store = makeStore(TINY)
    const filling = Array.from({ length: 20 }, () => store.fill(-1))
    const chunk = pattern(3000, 1)
    for (let round = 0; round < 20; round++) {
      for (const body of filling) {
        if (!body.windowed) body.append(chunk)
        expect(store.stats().used_bytes).toBeLessThanOrEqual(TINY.capacity_bytes)
      }
    }
    expect(filling.some((body) => body.windowed)).toBe(true)
    expect(filling.some((body) => !body.windowed)).toBe(true)
    for (const body of filling) body.fail()
    expect(store.stats()).toMatchObject({ used_bytes: 0, transient_bytes: 0 })
  })

  test('a body too large for the store is a window from the start, and streams', () => {
    const store = makeStore(TINY)
    const kept = stored(store, pattern(20 * KIB, 1))
    const body = store.fill(TINY.capacity_bytes)
    expect(body.windowed).toBe(true)
    expect(store.admit(head(), body, () => {})).toBeUndefined()
    expect(store.stats().failures).toBeGreaterThan(0)
    expect(kept.live).toBe(true)
  })

  test('a body of unknown length that outgrows its share turns into a window; its readers miss nothing, its object leaves', () => {
    const store = makeStore(TINY)
    const bytes = pattern(2 * TINY.capacity_bytes, 9)
    const body = store.fill(-1)
    const reasons: RemovalReason[] = []
    const object = store.admit(head(), body, (_, reason) => reasons.push(reason))
    const readers = [body.read(0), body.read(0)]
    const got = readers.map((): Buffer[] => [])
    readers.forEach((reader, i) => (reader.onMore = () => got[i].push(...pieces(reader))))
    for (let at = 0; at < bytes.length; at += 5000) {
      body.append(bytes.subarray(at, at + 5000))
      expect(store.stats().used_bytes + store.stats().transient_bytes).toBeLessThanOrEqual(TINY.capacity_bytes)
    }
    body.complete()
    expect(body.windowed).toBe(true)
    expect(body.joinable).toBe(false)
    expect(object?.live).toBe(false)
    expect(reasons).toEqual(['evicted'])
    for (const mine of got) expect(Buffer.concat(mine).equals(bytes)).toBe(true)
  })

  test('a body that turned into a window pauses its writer for the slowest reader', () => {
    const store = makeStore(TINY)
    const body = store.fill(-1)
    const reader = body.read(0)
    let last: number = APPEND_OK
    while (!body.windowed) last = body.append(pattern(5000, 1))
    expect(last).toBe(APPEND_PAUSE)
    let room = 0
    body.onRoom = () => room++
    pieces(reader)
    expect(room).toBe(1)
    expect(body.joinable).toBe(false)
  })

  test('objects that are being read are not evicted: it would free nothing', () => {
    const store = makeStore(TINY)
    const objects = [1, 2, 3, 4].map((seed) => stored(store, pattern(55 * KIB, seed)))
    const readers = objects.map((object) => object.body.read(0))
    expect(store.fill(55 * KIB).windowed).toBe(true)
    expect(objects.every((object) => object.live)).toBe(true)
    readers[2].release()
    expect(store.fill(55 * KIB).windowed).toBe(false)
    expect(objects.map((object) => object.live)).toEqual([true, true, false, true])
  })

  test('what cannot be had by evicting evicts nothing', () => {
    const store = makeStore(TINY)
    const small = stored(store, pattern(10 * KIB, 1))
    const fillers = [store.fill(110 * KIB), store.fill(100 * KIB)]
    expect(fillers.map((body) => body.windowed)).toEqual([false, false])
    expect(store.fill(60 * KIB).windowed).toBe(true)
    expect(small.live).toBe(true)
  })

  test('an owner that reacts to an eviction by removing others is no trouble', () => {
    const store = makeStore(TINY)
    const objects: StoredObject[] = []
    let told = 0
    const onRemoved = () => {
      told++
      const next = objects.find((object) => object.live)
      if (next !== undefined) store.remove(next, 'purged')
    }
    for (let i = 0; i < 50; i++) objects.push(stored(store, pattern(30 * KIB, i), onRemoved))
    expect(told).toBe(store.stats().nuked)
    expect(store.stats().objects).toBe(objects.filter((object) => object.live).length)
    expect(store.stats().used_bytes).toBe(objects.filter((object) => object.live).reduce((sum, object) => sum + object.size_bytes, 0))
  })
}

function pieces(reader: BodyReader): Buffer[] {
  const got: Buffer[] = []
  for (let piece = reader.next(); piece !== undefined; piece = reader.next()) got.push(piece)
  return got
}

function drain(reader: BodyReader): string {
  return Buffer.concat(pieces(reader)).toString()
}
