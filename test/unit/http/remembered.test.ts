import { describe, expect, test } from 'vitest'
import { Remembered } from '../../../src/http/remembered.ts'

function find(known: Remembered, text: string): string | undefined {
  const bytes = Buffer.from(text, 'latin1')
  const slot = known.find(bytes, bytes.length)
  return slot < 0 ? undefined : known.texts[slot]
}

describe('texts that come again', () => {
  test('are known from the second time on, with their lower case', () => {
    const known = new Remembered()
    expect([find(known, 'X-Cach\xe9'), find(known, 'X-Cach\xe9'), find(known, 'X-Cach\xe9')]).toEqual([
      undefined,
      'X-Cach\xe9',
      'X-Cach\xe9',
    ])
    const bytes = Buffer.from('X-Cach\xe9', 'latin1')
    expect(known.keys[known.find(bytes, bytes.length)]).toBe('x-cach\xe9')
  })

  test('only the bytes before the end count', () => {
    const known = new Remembered()
    const bytes = Buffer.from('Serverxyz')
    known.find(bytes, 6)
    expect(known.texts[known.find(bytes, 6)]).toBe('Server')
  })

  test('empty and long ones are left alone', () => {
    const known = new Remembered()
    for (const text of ['', 'a'.repeat(65)]) expect([find(known, text), find(known, text)]).toEqual([undefined, undefined])
  })

  test('a text is never taken for another, however many share the table', () => {
    const known = new Remembered()
    const wrong = []
    // Every one twice in a row, in an order in which slots and hashes collide: "Aa" and "BB" have the same hash.
    for (let i = 0; i < 20_000; i++) {
      const text = `${i % 2 === 0 ? 'Aa' : 'BB'}${i % 3 === 0 ? 'Aa' : 'BB'}${i % 5000}`
      for (const got of [find(known, text), find(known, text)]) if (got !== undefined && got !== text) wrong.push([text, got])
    }
    expect(wrong).toEqual([])
  })
})
