import { expect, test } from 'vitest'
import { drain, head, KIB, type MakeStore, MIB, open, pattern, pieces, ROOMY, stored } from './fixtures.ts'

export function objects(makeStore: MakeStore, exact: boolean): void {
  test('a stored object counts, with its head; removed it does not', () => {
    const store = makeStore(ROOMY)
    const object = stored(store, pattern(1000, 1))
    const stats = store.stats()
    expect(stats.objects).toBe(1)
    expect(stats.used_bytes).toBe(object.size_bytes)
    expect(object.size_bytes).toBeGreaterThan(1000)
    expect([object.live, object.hits]).toEqual([true, 0])
    store.remove(object)
    store.remove(object)
    expect(object.live).toBe(false)
    expect(store.stats()).toMatchObject({ objects: 0, used_bytes: 0, transient_bytes: 0 })
  })

  test('it is found under its id as soon as it is open, until it leaves', () => {
    const store = makeStore(ROOMY)
    const object = store.open('a', head({ xid: 7 }), -1)
    expect(store.find('a')?.head.xid).toBe(7)
    expect(store.find('b')).toBeUndefined()
    object?.body.append(pattern(10, 1))
    object?.body.complete()
    expect(store.find('a')?.body.state).toBe('complete')
    if (object !== undefined) store.remove(object)
    expect(store.find('a')).toBeUndefined()
  })

  test('of two under one id the later is found; the earlier has left', () => {
    const store = makeStore(ROOMY)
    const first = store.open('a', head({ xid: 1 }), 5)
    first?.body.append(Buffer.from('first'))
    first?.body.complete()
    const second = store.open('a', head({ xid: 2 }), 6)
    second?.body.append(Buffer.from('second'))
    second?.body.complete()
    expect([first?.live, second?.live, store.find('a')?.head.xid]).toEqual([false, true, 2])
    expect(store.find('a')?.body.whole?.toString()).toBe('second')
    expect(store.stats().objects).toBe(1)
    if (first !== undefined) store.remove(first)
    expect(store.find('a')?.head.xid).toBe(2)
  })

  test('what is found has the head as it was stored', () => {
    const store = makeStore(ROOMY)
    const given = { ...head({ xid: 9, lines: 5 }), hiddenText: 'X-Hidden: 1\r\n' }
    store.open('a', given, 0)?.body.complete()
    const found = store.find('a')?.head
    const { headText, hiddenText } = given
    expect({ ...found, fields: undefined }).toMatchObject({ xid: 9, status: 200, reason: 'OK', ttl_ms: 120_000, headText, hiddenText })
    expect(found?.fields.values.slice(0, 5)).toEqual(given.fields.values.slice(0, 5))
  })

  test.runIf(exact)('an object whose end has come leaves, when it is asked for; one that was freshened stays', () => {
    const store = makeStore(ROOMY)
    const ended = stored(store, pattern(10, 1))
    const freshened = stored(store, pattern(10, 2))
    store.rehead(freshened, { ...head(), t_origin_ms: 100_000 })
    store.expire(119_999, 100)
    expect(ended.live).toBe(true)
    store.expire(120_000, 100)
    expect([ended.live, freshened.live]).toEqual([false, true])
    expect(store.stats()).toMatchObject({ objects: 1, expired: 1, nuked: 0 })
  })

  test.runIf(exact)('whoever watches is told of it, if he wants to hear of it', () => {
    const store = makeStore(ROOMY)
    const told: string[] = []
    const watcher = {
      wanted: false,
      evicted: () => {},
      expired: (xid: number, fresh_ms: number) => void told.push(`${xid} ${fresh_ms}`),
    }
    store.watch(watcher)
    store.open('a', head({ xid: 7 }), 0)?.body.complete()
    store.expire(120_000, 100)
    watcher.wanted = true
    store.open('b', head({ xid: 8 }), 0)?.body.complete()
    store.expire(120_000, 100)
    expect(told).toEqual(['8 120000'])
  })

  test('whoever watches is told of what makes room, of each once', () => {
    const store = makeStore({ capacity_bytes: 4 * MIB, transit_buffer_bytes: 16 * KIB })
    const told: number[] = []
    store.watch({ wanted: true, evicted: (xid) => void told.push(xid), expired: () => {} })
    for (let xid = 1; xid <= 2000; xid++) {
      const { body } = store.open(`object ${xid}`, head({ xid }), 10 * KIB)!
      body.append(pattern(10 * KIB, 1))
      body.complete()
    }
    const { nuked, objects: left } = store.stats()
    expect(told.length).toBeGreaterThan(1000)
    expect([told.length, new Set(told).size]).toEqual([nuked, 2000 - left])
  })

  test('one that breaks half-way leaves by itself, and its readers get what came', () => {
    const store = makeStore(ROOMY)
    const object = open(store, 100)
    const body = object!.body
    const reader = body.read(0)
    body.append(Buffer.from('some'))
    body.fail()
    expect(object?.live).toBe(false)
    expect(drain(reader)).toBe('some')
    reader.release()
    expect(store.stats()).toMatchObject({ objects: 0, used_bytes: 0, transient_bytes: 0, nuked: 0 })
  })

  test('a removed object stays readable for those that hold it, and is counted as transient meanwhile', () => {
    const store = makeStore(ROOMY)
    const bytes = pattern(300 * KIB, 8)
    const object = stored(store, bytes)
    const reader = object.body.read(0)
    store.remove(object)
    expect(store.stats().used_bytes).toBe(0)
    if (exact) expect(store.stats().transient_bytes).toBe(bytes.length)
    expect(Buffer.concat(pieces(reader)).equals(bytes)).toBe(true)
    reader.release()
    expect(store.stats().transient_bytes).toBe(0)
  })

  test('one removed while it fills goes on filling for its readers', () => {
    const store = makeStore(ROOMY)
    const object = open(store, -1)!
    const { body } = object
    const reader = body.read(0)
    store.remove(object)
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
    expect(object.head.xid).toBe(2)
    expect(object.live).toBe(true)
    expect(object.body.whole?.length).toBe(1000)
    expect(store.stats().used_bytes).toBeGreaterThan(before)
    expect(store.stats().used_bytes).toBe(object.size_bytes)
    store.rehead(object, head())
    expect(store.stats().used_bytes).toBe(before)
  })
}
