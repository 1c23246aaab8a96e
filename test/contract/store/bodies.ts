import { expect, test } from 'vitest'
import { APPEND_OK } from '../../../src/store/contract.ts'
import { appendAll, fill, KIB, type MakeStore, MIB, pattern, readAll, ROOMY, stored } from './fixtures.ts'

export function bodies(makeStore: MakeStore): void {
  const sizes = [0, 1, 100, 4 * KIB, 4 * KIB + 1, 20 * KIB, 256 * KIB, 256 * KIB + 1, MIB, MIB + 1, 3 * MIB + 17]
  for (const size of sizes) {
    for (const announced of [true, false]) {
      test(`${size} bytes, ${announced ? 'announced' : 'of unknown length'}, come back as they went in`, () => {
        const store = makeStore(ROOMY)
        const bytes = pattern(size, 1)
        const body = fill(store, announced ? size : -1)
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
    for (const size of [0, 1, 10 * KIB]) {
      const body = stored(store, pattern(size, 2)).body
      expect(body.whole?.equals(pattern(size, 2))).toBe(true)
    }
    const filling = fill(store, -1)
    filling.append(pattern(10, 1))
    expect(filling.whole).toBeUndefined()
  })

  test('the chunk may be reused as soon as append returns', () => {
    const body = fill(makeStore(ROOMY), -1)
    const chunk = Buffer.from('first')
    body.append(chunk)
    chunk.fill('x')
    body.complete()
    expect(readAll(body).toString()).toBe('first')
  })

  test('more bytes than announced fail the body; what came before stays readable', () => {
    const body = fill(makeStore(ROOMY), 5)
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
    const body = fill(makeStore(ROOMY), 5)
    body.append(Buffer.from('four'))
    body.complete()
    expect(body.state).toBe('failed')
    expect(body.whole).toBeUndefined()
  })

  test('the first end is the end', () => {
    const store = makeStore(ROOMY)
    const failed = fill(store, -1)
    failed.fail()
    failed.complete()
    expect(failed.state).toBe('failed')
    const complete = fill(store, -1)
    complete.complete()
    complete.fail()
    expect(complete.state).toBe('complete')
  })
}
