import { expect, test } from 'vitest'
import { TagPurges } from '../../../src/cache/tag-purges.ts'
import { RequestHead } from '../../../src/http/message.ts'
import type { Serials } from '../../../src/shm/serial.ts'
import type { Store, StoredObject } from '../../../src/store/contract.ts'

/** A store in which the tag "red" was purged under serial 5, and nothing else. */
const store = {
  survives: (object: StoredObject, since: number) => since >= 5 || (object as unknown as Tagged).stored_tags !== 'red',
  wouldSurvive: (tags: readonly string[], since: number) => since >= 5 || !tags.includes('red'),
} as unknown as Store

interface Tagged {
  readonly stored_tags: string
}

const purges = new TagPurges(store, undefined as unknown as Serials)
const request = new RequestHead()

function purged(since: number, object: { store?: Store; live: boolean; stored_tags?: string; tags?: readonly string[] }): boolean {
  const { tags, ...rest } = object
  return purges.invalidatedSince({ ...rest, head: { tags } } as unknown as StoredObject, since, request)
}

test('of what is stored the store knows the tags', () => {
  expect([4, 5].map((since) => purged(since, { store, live: true, stored_tags: 'red' }))).toEqual([true, false])
  expect(purged(4, { store, live: true, stored_tags: 'blue' })).toBe(false)
})

test('of what has left, or was never there, whoever has fetched it', () => {
  for (const one of [{ store }, {}]) {
    expect([4, 5].map((since) => purged(since, { ...one, live: false, tags: ['red'] }))).toEqual([true, false])
    expect(purged(4, { ...one, live: false, tags: ['blue'] })).toBe(false)
  }
})

test('what another worker takes out between a look at it and this one is not used: nobody knows any more what it was', () => {
  expect(purged(4, { store, live: false })).toBe(true)
})

test('what was never stored and has no tags is nobody’s to purge', () => {
  expect(purged(4, { live: false })).toBe(false)
})
