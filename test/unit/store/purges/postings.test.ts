import { expect, test } from 'vitest'
import { SharedLocks } from '../../../../src/shm/lock.ts'
import { Postings, postingsMemory } from '../../../../src/store/purges/postings.ts'

const ENTRIES = 1024

/** Several workers' ways into the same postings. */
function workers(count: number, isThere: (entry: number) => boolean): Postings[] {
  const memory = postingsMemory(ENTRIES)
  const words = new Int32Array(new SharedArrayBuffer(4))
  return Array.from({ length: count }, (_, worker) => new Postings(memory, ENTRIES, new SharedLocks(words, worker), 0, isThere))
}

/** Takes the tag's chain, and gives back what it is asked to. */
function entriesOf(postings: Postings, hi: number, lo: number): number[] {
  const found: number[] = []
  for (let posting = postings.steal(lo), next = 0; posting !== 0; posting = next) {
    next = postings.next(posting)
    if (postings.tagOf(posting) === hi) found.push(postings.entryOf(posting))
    postings.restore(lo, posting)
  }
  return found
}

test('what one worker adds another finds, and as often as it likes', () => {
  const [one, other] = workers(2, () => true)
  for (const entry of [1, 2, 3]) one.add(7, 70, entry, 1)
  one.add(8, 70, 4, 1)
  for (let i = 0; i < 3; i++) expect(new Set(entriesOf(other, 7, 70))).toEqual(new Set([1, 2, 3]))
  expect(entriesOf(other, 8, 70)).toEqual([4])
  expect(entriesOf(other, 7, 71)).toEqual([])
})

test('a chain that was taken is nobody else’s', () => {
  const [one, other] = workers(2, () => true)
  one.add(7, 70, 1, 1)
  const chain = one.steal(70)
  expect(entriesOf(other, 7, 70)).toEqual([])
  other.add(7, 70, 2, 1)
  one.restore(70, chain)
  expect(new Set(entriesOf(other, 7, 70))).toEqual(new Set([1, 2]))
})

test('full of what is there, it takes no more, and says so; what has left makes room, for all workers', () => {
  let gone = false
  const [one, other] = workers(2, () => !gone)
  let added = 0
  while (one.add(added, added, added, 1)) added++
  expect(added).toBe(ENTRIES)
  expect(other.add(1, 1, 1, 1)).toBe(false)
  gone = true
  for (let i = 0; i < 10 * ENTRIES; i++) expect(one.add(i, i, i, 1)).toBe(true)
})

test('postings that were given back are used again by whoever needs some', () => {
  const [one, other] = workers(2, () => true)
  for (let i = 0; i < ENTRIES; i++) one.add(7, 70, i, 1)
  for (let posting = one.steal(70), next = 0; posting !== 0; posting = next) {
    next = one.next(posting)
    one.drop(posting)
  }
  for (let i = 0; i < ENTRIES / 2; i++) expect(other.add(7, 70, i, 1)).toBe(true)
  expect(entriesOf(other, 7, 70).length).toBe(ENTRIES / 2)
})

test('a long chain is tidied up bit by bit, and is all there again in the end', () => {
  const gone = new Set<number>()
  const [one] = workers(1, (entry) => !gone.has(entry))
  const LONG = ENTRIES / 2
  for (let i = 0; i < LONG; i++) one.add(7, 70, i, 1)
  for (let i = 0; i < LONG; i += 2) gone.add(i)
  // Each of these pays for a look at some, all chains round.
  for (let i = 0; i < 4 * ENTRIES; i++) {
    gone.add(10_000 + i - 1)
    expect(one.add(9, 71 + (i & 7), 10_000 + i, 1)).toBe(true)
  }
  const left = [...entriesOf(one, 7, 70), ...rest(one, 7, 70)].filter((entry) => !gone.has(entry))
  expect(new Set(left).size).toBe(LONG / 2)
})

/** What the worker is just looking through. */
function rest(postings: Postings, hi: number, lo: number): number[] {
  const found: number[] = []
  for (let posting = postings.stealRest(lo); posting !== 0; posting = postings.next(posting)) {
    if (postings.tagOf(posting) === hi) found.push(postings.entryOf(posting))
  }
  return found
}

test('a chain that was only looked at is put back behind what was added meanwhile', () => {
  const [one, other] = workers(2, () => true)
  for (const entry of [1, 2, 3]) one.add(7, 70, entry, 1)
  const first = one.steal(70)
  const length = one.stolen
  expect(length).toBe(3)
  for (const entry of [4, 5]) other.add(7, 70, entry, 1)
  one.reattach(70, first, length)
  expect(new Set(entriesOf(other, 7, 70))).toEqual(new Set([1, 2, 3, 4, 5]))
  other.steal(70)
  expect(other.stolen).toBe(5)
  one.reattach(70, 0, 0)
  expect(entriesOf(other, 7, 70)).toEqual([])
})
