import { expect, test } from 'vitest'
import { head, type MakeStore, ROOMY } from './fixtures.ts'

export function serials(makeStore: MakeStore): void {
  test('an object has been checked up to the serial it was opened with, and then as far as somebody says', () => {
    const store = makeStore(ROOMY)
    const object = store.open('a', head(), 3, undefined, 41)!
    expect([object.checked, object.recheck(), store.find('a')?.checked]).toEqual([41, 41, 41])
    object.raise(42)
    object.body.append(Buffer.from('abc'))
    object.body.complete()
    expect([object.checked, store.find('a')?.checked]).toEqual([42, 42])
    store.find('a')?.raise(-7)
    expect([object.recheck(), object.checked]).toEqual([-7, -7])
  })

  test('with another head it has been checked as far as before', () => {
    const store = makeStore(ROOMY)
    const object = store.open('a', head({ xid: 1 }), 0, undefined, 5)!
    object.body.complete()
    object.raise(6)
    store.rehead(object, head({ xid: 2, lines: 9 }))
    expect([object.recheck(), store.find('a')?.checked, store.find('a')?.head.xid]).toEqual([6, 6, 2])
  })

  test('of one that has left nothing is written where another may be by now', () => {
    const store = makeStore(ROOMY)
    const left = store.open('a', head(), 0, undefined, 5)!
    left.body.complete()
    const next = store.open('a', head(), 0, undefined, 6)!
    left.raise(9)
    expect([left.checked, next.recheck(), store.find('a')?.checked]).toEqual([9, 6, 6])
  })
}
