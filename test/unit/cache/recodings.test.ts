import { expect, test } from 'vitest'
import { CLAIM_THEIRS, CLAIM_UNSHARED } from '../../../src/cache/claims.ts'
import { Recodings } from '../../../src/cache/recodings.ts'
import { purgeMemory, SharedClaims } from '../../../src/cache/shared-claims.ts'
import { ClaimWatch } from '../../../src/shm/claim-watch.ts'
import { Claims } from '../../../src/shm/claims.ts'
import { Doorbells } from '../../../src/shm/doorbell.ts'
import { HeapStore } from '../../../src/store/heap/store.ts'

/** The smallest table: two buckets. */
const memory = Claims.memory(32)
const bells = new Doorbells()
const purges = purgeMemory()

function worker(number: number): { table: Claims; recodings: Recodings } {
  const table = new Claims(memory, number, bells)
  const store = new HeapStore({ name: 'heap', capacity_bytes: 2 ** 20, transit_buffer_bytes: 2 ** 20 })
  return { table, recodings: new Recodings(store, new SharedClaims(table, new ClaimWatch(table, number), purges, 7)) }
}

const nobody = (): void => {}

test('one worker at a time has the turn', () => {
  const [one, other] = [worker(0), worker(1)]
  const claim = one.recodings.takeTurn(nobody)
  expect(claim).toBeGreaterThanOrEqual(0)
  expect(other.recodings.takeTurn(nobody)).toBeUndefined()
  one.recodings.endTurn(claim!)
  const next = other.recodings.takeTurn(nobody)
  expect(next).toBeGreaterThanOrEqual(0)
  other.recodings.endTurn(next!)
})

test('where there is no room for one more right the turn is taken, and ended, unseen by the others', () => {
  const { table, recodings } = worker(0)
  const taken: number[] = []
  for (let i = 0; i < 1000; i++) {
    const slot = table.take(i + 1, i)
    if (slot >= 0) taken.push(slot)
  }
  expect(taken).toHaveLength(32)
  const claim = recodings.takeTurn(nobody)
  expect(claim).toBe(CLAIM_UNSHARED)
  recodings.endTurn(claim!)
  // Nobody else's right has ended by it.
  expect(table.take(1, 0)).toBe(CLAIM_THEIRS)
  for (const slot of taken) table.release(slot, 0)
})
