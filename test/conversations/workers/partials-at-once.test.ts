import { afterEach, expect, test, vi } from 'vitest'
import { randomFrom } from '../../fuzz/generate.ts'
import { newPath } from '../../kit/arena-file.ts'
import { type Crew, newCrew } from '../../kit/crew.ts'
import { Versions } from '../versions.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/**
 * Many clients of three workers at once, who ask for ranges of what is too much for the store, of an origin that changes and breaks off, while a
 * worker dies now and then: no byte is another version's. LACQUER_PARTIAL_ROUNDS for more.
 */
const ROUNDS = Number(process.env['LACQUER_PARTIAL_ROUNDS'] ?? 20)
const CLIENTS = 16
const SIZES = Array.from({ length: 12 }, (_, i) => (i < 3 ? 50 + i : 150_000 + i))

let origin: Versions
let crew: Crew

afterEach(async () => {
  await crew.close()
  await origin.close()
})

for (const store of ['memory,1M', 'file']) {
  test(store, async () => {
    origin = new Versions(SIZES, randomFrom(7))
    const where = store === 'file' ? `file,${newPath()},2M` : store
    crew = await newCrew(3, `-b 127.0.0.1:${await origin.listen()} -p range_offset_limit=0 -s ${where}`).start()
    const talks = Array.from({ length: CLIENTS }, () => origin.converse(crew.port, ROUNDS))
    for (let deaths = 1; deaths <= 2; deaths++) {
      await crew.until('they have asked for a while', () => origin.ended > deaths * CLIENTS * ROUNDS * 0.2)
      await crew.kill(deaths - 1)
      await crew.replaced(deaths)
    }
    const answered = (await Promise.all(talks)).reduce((sum, n) => sum + n, 0)
    expect(answered).toBeGreaterThan((CLIENTS * ROUNDS) / 2)
  })
}
