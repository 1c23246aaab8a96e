import { expect, test } from 'vitest'
import type { RemovalReason } from '../../../src/store/contract.ts'
import { drain, head, KIB, pattern, pieces, ROOMY, stored, type MakeStore } from './fixtures.ts'

export function objects(makeStore: MakeStore): void {
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

  test('a complete body that left may come back under a new head', () => {
    const store = makeStore(ROOMY)
    const first = stored(store, pattern(1000, 1))
    store.remove(first, 'expired')
    const second = store.admit(head(), first.body, () => {})
    expect([first.live, second?.live]).toEqual([false, true])
    expect(store.stats()).toMatchObject({ objects: 1, used_bytes: second?.size_bytes })
    expect(second?.body.whole?.equals(pattern(1000, 1))).toBe(true)
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
