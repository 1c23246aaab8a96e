import { expect, test } from 'vitest'
import { SaintLists } from '../../../src/shm/saint-lists.ts'

function pair(): [SaintLists, SaintLists] {
  const memory = SaintLists.memory()
  return [new SaintLists(memory, 0), new SaintLists(memory, 1)]
}

const object = (n: number): Uint8Array => Buffer.from(String(n).padStart(32, '0'))

/** What somebody hears who has seen so much. */
function heard(lists: SaintLists, seen: number): { entries: string[]; seen: number } {
  const entries: string[] = []
  const now = lists.since(seen, (saint, bytes, until_s) => entries.push(`${saint} ${Number(Buffer.from(bytes).toString())} ${until_s}`))
  return { entries, seen: now }
}

test('what one says the other hears, once, and in the order in which it was said', () => {
  const [one, two] = pair()
  const first = heard(two, two.oldest)
  expect(first.entries).toEqual([])
  one.add(1n, object(0), 10.5)
  two.add(2n ** 63n, object(0), 20)
  const second = heard(two, first.seen)
  expect(second.entries).toEqual(['1 0 10.5', `${2n ** 63n} 0 20`])
  expect(heard(two, second.seen).entries).toEqual([])
  expect(two.count).toBe(second.seen)
})

test('somebody new hears the last of it; whoever has not listened for long, too', () => {
  const [one, two] = pair()
  for (let i = 1; i <= 5000; i++) one.add(BigInt(i), object(0), i)
  for (const seen of [two.oldest, 0]) {
    const { entries } = heard(two, seen)
    expect(entries.length).toBeGreaterThan(4090)
    expect(entries.at(-1)).toBe('5000 0 5000')
  }
})

test('the count goes round', () => {
  const memory = SaintLists.memory()
  new Int32Array(memory)[1] = 0x7fffffff
  const lists = new SaintLists(memory, 0)
  const { seen } = heard(lists, lists.oldest)
  for (let i = 1; i <= 3; i++) lists.add(BigInt(i), object(0), i)
  expect(heard(lists, seen).entries).toEqual(['1 0 1', '2 0 2', '3 0 3'])
  expect(heard(lists, lists.oldest).entries).toEqual(['1 0 1', '2 0 2', '3 0 3'])
})

test('a lock that a dead worker held: nothing is said, until it is given back', () => {
  const memory = SaintLists.memory()
  new Int32Array(memory)[0] = 1
  const other = new SaintLists(memory, 1)
  expect(other.add(1n, object(0), 1)).toBe(false)
  expect(other.count).toBe(0)
  other.releaseAllOf(0)
  expect(other.add(1n, object(0), 1)).toBe(true)
})
