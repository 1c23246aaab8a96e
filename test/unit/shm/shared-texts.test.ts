import { expect, test } from 'vitest'
import { SharedTexts } from '../../../src/shm/shared-texts.ts'

function pair(): [SharedTexts, SharedTexts] {
  const memory = SharedTexts.memory()
  return [new SharedTexts(memory, 0), new SharedTexts(memory, 1)]
}

test('what one worker sets the other sees; unset removes', () => {
  const [one, two] = pair()
  expect(two.get('a')).toBeUndefined()
  expect(one.set('a', '1')).toBe(true)
  expect(two.get('a')).toBe('1')
  expect(two.set('b', '\xe9\0"')).toBe(true)
  expect(one.get('b')).toBe('\xe9\0"')
  expect(one.set('a', undefined)).toBe(true)
  expect([two.get('a'), two.get('b')]).toEqual([undefined, '\xe9\0"'])
})

test('there is room for 256 KiB, and what does not fit changes nothing', () => {
  const [one, two] = pair()
  expect(one.set('big', 'x'.repeat(200_000))).toBe(true)
  expect(one.set('more', 'y'.repeat(100_000))).toBe(false)
  expect([two.get('big')?.length, two.get('more')]).toEqual([200_000, undefined])
  expect(one.set('big', '')).toBe(true)
  expect(one.set('more', 'y'.repeat(100_000))).toBe(true)
  expect([two.get('big'), two.get('more')?.length]).toEqual(['', 100_000])
})

test('names are names', () => {
  const [one, two] = pair()
  one.set('__proto__', 'x')
  expect([two.get('__proto__'), two.get('constructor')]).toEqual(['x', undefined])
})

test('a lock that a dead worker held is given back', () => {
  const memory = SharedTexts.memory()
  new Int32Array(memory, 0, 1)[0] = 1
  const other = new SharedTexts(memory, 1)
  expect(other.set('a', '1')).toBe(false)
  new SharedTexts(memory, -1).releaseAllOf(0)
  expect(other.set('a', '1')).toBe(true)
})
