import { beforeEach, describe, expect, test } from 'vitest'
import type { FetchBegun } from '../../../src/cache/begun.ts'
import type { PartialObject } from '../../../src/cache/partial.ts'
import { Partials } from '../../../src/cache/partials.ts'
import type { StorablePart } from '../../../src/policy/content-range.ts'
import { PARTS_MAX } from '../../../src/policy/parts.ts'
import { policyFor } from '../../../src/policy/policy.ts'
import { HeapStore } from '../../../src/store/heap/store.ts'
import type { StoredObject } from '../../../src/store/contract.ts'
import { bytesOf, knownHead } from '../../kit/known-bodies.ts'
import { get } from '../policy/given.ts'

const POLICY = policyFor('rfc9111')
const LENGTH = 10_000_000

let store: HeapStore
let partials: Partials
let xid = 1
let manifest: StoredObject | undefined

beforeEach(() => {
  store = new HeapStore({ name: 'heap', capacity_bytes: 2 ** 24, transit_buffer_bytes: 2 ** 20 })
  partials = new Partials(store, POLICY)
  manifest = undefined
})

const begun = (): FetchBegun => ({ purges: 0, serial: 0, sent_ms: 0, dated: true, into: store })

function view(range: string): PartialObject | undefined {
  return manifest === undefined ? undefined : partials.view('key', manifest, get(`Range: ${range}`), true)
}

/** Stores what was missing of a range, as a fetch does. */
function fetched(from: number, to: number, ends = true): PartialObject {
  const came: StorablePart = { from, to, length_bytes: LENGTH, exact: true }
  const head = knownHead('key', xid++, LENGTH)
  const part = partials.open('key', head, came, view(`bytes=${from}-${to}`), true, begun())
  manifest = part.kept ? store.open('key', head, part.table.length) : undefined
  const object = part.file(manifest, head, 0)
  object.filling?.append(bytesOf(7, from, to + 1))
  if (ends) object.filling?.complete()
  return object
}

function read(from: number, to: number): Buffer {
  const found = view(`bytes=${from}-${to}`)
  if (found === undefined) throw new Error('there is no manifest')
  const reader = found.body.stretch(from, to)
  const pieces: Buffer[] = []
  for (let piece = reader.next(); piece !== undefined; piece = reader.next()) pieces.push(Buffer.from(piece))
  reader.release()
  return Buffer.concat(pieces)
}

const spans = (): [number, number][] => (view('bytes=0-')?.list.parts ?? []).map(({ from, to }) => [from, to])

describe('parts in a store', () => {
  test('of which each request is shown what concerns it', () => {
    fetched(0, 9)
    fetched(100, 109)
    fetched(1_000_000, 1_000_999)
    expect(view('bytes=105-200')?.parts.map(({ from }) => from)).toEqual([100])
    expect(view('bytes=105-200')?.missing(POLICY, get('Range: bytes=105-200'))).toEqual({ from: 110, to: 200 })
    expect(view('bytes=102-103')?.serves(POLICY, get('Range: bytes=102-103'))).toBe(true)
    expect(read(1_000_100, 1_000_199).equals(bytesOf(7, 1_000_100, 1_000_200))).toBe(true)
  })

  test('what is read piece by piece becomes one part, up to a mebibyte', () => {
    for (let from = 0; from < 3_000_000; from += 50_000) fetched(from, from + 49_999)
    expect(spans().length).toBeLessThanOrEqual(4)
    expect(read(0, 2_999_999).equals(bytesOf(7, 0, 3_000_000))).toBe(true)
  })

  test('a part that has broken off takes nothing with it that was there before', () => {
    fetched(0, 9)
    fetched(10, 19, false).filling?.fail()
    expect(view('bytes=0-19')?.missing(POLICY, get('Range: bytes=0-19'))).toEqual({ from: 10, to: 19 })
    expect(read(0, 9).equals(bytesOf(7, 0, 10))).toBe(true)
  })

  test('one that has left is missing, and what is fetched in its place takes its place', () => {
    const { list } = fetched(0, 9)
    fetched(100, 109)
    store.discard(`R${list.parts[0].era}\n0-9\nkey`)
    expect(view('bytes=0-9')?.missing(POLICY, get('Range: bytes=0-9'))).toEqual({ from: 0, to: 9 })
    fetched(0, 9)
    expect(spans()).toEqual([
      [0, 9],
      [100, 109],
    ])
    expect(read(0, 9).equals(bytesOf(7, 0, 10))).toBe(true)
  })

  test('there are not more than so many', () => {
    for (let i = 0; i < PARTS_MAX + 5; i++) fetched(i * 100, i * 100 + (i === 3 ? 1 : 9))
    expect(spans().length).toBe(PARTS_MAX)
    expect(view('bytes=300-301')?.serves(POLICY, get('Range: bytes=300-301'))).toBe(false)
  })

  test('purged, they leave room for others', () => {
    for (let i = 0; i < 12; i++) fetched(i * 500_000, i * 500_000 + 99_999)
    expect(store.stats().used_bytes).toBeGreaterThan(1_000_000)
    if (manifest !== undefined) partials.discard('key', manifest)
    expect(store.stats().used_bytes).toBeLessThan(100_000)
  })

  test('for one that has no room there is no manifest, and it is read by who waits for it', () => {
    const huge = fetched(0, 9_999_999)
    expect([manifest, huge.live, huge.filling?.windowed]).toEqual([undefined, false, true])
  })
})
