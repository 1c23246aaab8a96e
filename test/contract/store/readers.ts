import { expect, test } from 'vitest'
import type { Body, BodyReader } from '../../../src/store/contract.ts'
import { appendAll, drain, fill, KIB, type MakeStore, pattern, pieces, readAll, ROOMY } from './fixtures.ts'

export function readers(makeStore: MakeStore): void {
  test('a reader follows the filling, is called for each append after it has read all, and once at the end', () => {
    const body = fill(makeStore(ROOMY), -1)
    const reader = body.read(0)
    const seen: string[] = []
    reader.onMore = () => seen.push(reader.next()?.toString() ?? (reader.done ? 'done' : 'nothing'))
    body.append(Buffer.from('one'))
    body.append(Buffer.from('two'))
    body.complete()
    expect(seen).toEqual(['one', 'two', 'done'])
  })

  test('a reader that has not read what there is hears nothing until the end', () => {
    const body = fill(makeStore(ROOMY), -1)
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
    const body = fill(makeStore(ROOMY), 10)
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
    const body = fill(makeStore(ROOMY), -1)
    appendAll(body, bytes, 50_000)
    for (const from of [0, 1, 4 * KIB, 20 * KIB - 1, 256 * KIB, 600 * KIB, 700 * KIB]) {
      const reader = body.read(from)
      expect(Buffer.concat(pieces(reader)).equals(bytes.subarray(from))).toBe(true)
      reader.release()
    }
    expect(() => body.read(-1)).toThrow(RangeError)
  })

  test('a reader may wait for a byte that has yet to come', () => {
    for (const announced of [300 * KIB, -1]) {
      const bytes = pattern(300 * KIB, 5)
      const body = fill(makeStore(ROOMY), announced)
      const reader = body.read(200 * KIB + 1)
      const beyond = body.read(301 * KIB)
      let calls = 0
      reader.onMore = () => calls++
      appendAll(body, bytes.subarray(0, 200 * KIB), 10_000)
      expect([calls, reader.next()]).toEqual([0, undefined])
      appendAll(body, bytes.subarray(200 * KIB), 10_000)
      expect(calls).toBe(1)
      body.complete()
      expect(Buffer.concat(pieces(reader)).equals(bytes.subarray(200 * KIB + 1))).toBe(true)
      expect([reader.done, beyond.next(), beyond.done]).toEqual([true, undefined, true])
    }
  })

  test('a reader half-way keeps its place when the body is put together at its end', () => {
    const bytes = pattern(60 * KIB, 4)
    const body = fill(makeStore(ROOMY), -1)
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
    const body = fill(makeStore(ROOMY), -1)
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
    expect(new Set([...calls, 2])).toEqual(new Set([0, 1, 2, 3, 4]))
    expect(calls.length).toBeLessThanOrEqual(5)
    calls.length = 0
    body.complete()
    expect(calls.length).toBe(4)
    expect(new Set(calls)).toEqual(new Set([0, 3, 4, 5]))
    expect(added?.next()?.toString()).toBe('x')
  })

  test('a writer that goes on from within a callback loses and repeats nothing', () => {
    const body = fill(makeStore(ROOMY), -1)
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
    const body = fill(makeStore(ROOMY), -1)
    const calls: number[] = []
    for (const i of [0, 1, 2]) {
      body.read(0).onMore = () => {
        calls.push(i)
        if (i === 1) throw new Error('its own fault')
      }
    }
    expect(() => body.append(Buffer.from('x'))).toThrow('its own fault')
    expect(calls.length).toBe(3)
    expect(new Set(calls)).toEqual(new Set([0, 1, 2]))
  })

  test('a released reader reads nothing and hears nothing; releasing twice is harmless', () => {
    const body = fill(makeStore(ROOMY), -1)
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
    const body = fill(store, -1)
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
