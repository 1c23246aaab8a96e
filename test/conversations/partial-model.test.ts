import { afterEach, describe, expect, test, vi } from 'vitest'
import { randomFrom } from '../fuzz/generate.ts'
import { startCache, type TestCache } from '../kit/cache.ts'
import { ask, Versions } from './versions.ts'

vi.setConfig({ testTimeout: 60_000 })

/**
 * Any sequence of requests for ranges, and for the whole, of a few URLs: no byte of an answer may be another version's, whatever parts were stored,
 * combined, replaced, evicted or broken off before. LACQUER_PARTIAL_ROUNDS and LACQUER_PARTIAL_SEED for more.
 */
const ROUNDS = Number(process.env['LACQUER_PARTIAL_ROUNDS'] ?? 300)
const SEED = Number(process.env['LACQUER_PARTIAL_SEED'] ?? 20261125)
const SIZES = [1, 10, 3000, 70_000]
/** More than a store of a mebibyte has room for. */
const LARGE = Array.from({ length: 9 }, (_, i) => 200_000 + i)

let origin: Versions
let cache: TestCache

async function begin(sizes: readonly number[], store_bytes: number): Promise<void> {
  origin = new Versions(sizes, randomFrom(SEED))
  const vcl = `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${await origin.listen()}"; }`
  cache = await startCache({ vcl, store_bytes, params: { range_offset_limit: '0' } })
}

afterEach(async () => {
  await cache.close()
  await origin.close()
})

describe('each byte is that of the version that the answer names', () => {
  test('an origin that changes, breaks off and sends what it likes', async () => {
    await begin(SIZES, 4 * 2 ** 20)
    expect(await origin.converse(cache.port, ROUNDS)).toBeGreaterThan(ROUNDS / 2)
    expect(origin.asked).toBeLessThan(ROUNDS)
  })

  test('the same without validators', async () => {
    await begin(SIZES, 4 * 2 ** 20)
    origin.tagged = false
    expect(await origin.converse(cache.port, ROUNDS)).toBeGreaterThan(ROUNDS / 2)
  })

  test('a store so small that parts are evicted', async () => {
    await begin(LARGE, 2 ** 20)
    expect(await origin.converse(cache.port, ROUNDS)).toBeGreaterThan(ROUNDS / 2)
    expect(cache.counters()['ARENA.s0.c_evicted_small']).toBeGreaterThan(0)
  })

  test('of an origin that never changes no byte is fetched when all are there', async () => {
    await begin(SIZES, 4 * 2 ** 20)
    origin.playful = false
    await origin.converse(cache.port, ROUNDS)
    for (let url = 0; url < SIZES.length; url++) await ask(cache.port, url, undefined)
    origin.asked = 0
    expect(await origin.converse(cache.port, ROUNDS)).toBe(ROUNDS)
    expect(origin.asked).toBe(0)
  })
})
