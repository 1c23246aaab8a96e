import { expect, test } from 'vitest'
import { APPEND_OK, APPEND_PAUSE } from '../../../src/store/contract.ts'
import { appendAll, fill, KIB, type MakeStore, MIB, pattern, pieces } from './fixtures.ts'

export function windows(makeStore: MakeStore): void {
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

  test('a window skips what its only reader does not want', () => {
    const store = makeStore(SMALL)
    const bytes = pattern(300_000, 3)
    const body = store.transit(bytes.length)
    const reader = body.read(290_000)
    expect(appendAll(body, bytes, 10_000)).toBe(APPEND_OK)
    body.complete()
    expect(Buffer.concat(pieces(reader)).equals(bytes.subarray(290_000))).toBe(true)
  })

  test('the writer is told each time that the last reader has gone, as long as it fills', () => {
    const body = makeStore(SMALL).transit(-1)
    let deserted = 0
    body.onDeserted = () => deserted++
    const first = body.read(0)
    appendAll(body, pattern(32 * KIB, 1), 16 * KIB)
    const second = body.read(0)
    first.release()
    expect([deserted, body.joinable]).toEqual([0, true])
    pieces(second)
    second.release()
    expect([deserted, body.joinable]).toEqual([1, false])
    const early = makeStore(SMALL).transit(-1)
    early.onDeserted = () => deserted++
    early.read(0).release()
    expect([deserted, early.joinable]).toEqual([2, true])
  })

  test('a kept body that gets no room tells its writer when nobody reads it', () => {
    const body = fill(makeStore(SMALL), -1)
    let deserted = 0
    body.onDeserted = () => {
      deserted++
      body.fail()
    }
    while (!body.windowed) body.append(pattern(100_000, 1))
    expect([deserted, body.state]).toEqual([1, 'failed'])
  })

  test('a window of known length fails when too much or too little comes', () => {
    const store = makeStore(SMALL)
    const short = store.transit(10)
    short.complete()
    const long = store.transit(1)
    long.append(Buffer.from('12'))
    expect([short.state, long.state]).toEqual(['failed', 'failed'])
  })

  test('many at once are narrowed: all together they stay near a quarter of the store', () => {
    const store = makeStore({ capacity_bytes: 16 * MIB, transit_buffer_bytes: MIB })
    const chunk = pattern(16 * KIB, 1)
    for (let i = 0; i < 100; i++) {
      const body = store.transit(-1)
      body.read(0)
      while (body.append(chunk) !== APPEND_PAUSE);
    }
    expect(store.stats().transient_bytes).toBeLessThan((4 + 1 + 100 / 8) * MIB)
  })
}
