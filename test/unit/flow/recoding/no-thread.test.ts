import { expect, test, vi } from 'vitest'
import { underWay } from '../../../../src/flow/filters/zlib.ts'
import { makeCopies } from '../../../../src/flow/recoding/maker.ts'
import { OBJ_BR } from '../../../../src/policy/flags.ts'

/** As when a control group has no more threads. */
vi.mock('node:worker_threads', async (original) => {
  const threads = await original<typeof import('node:worker_threads')>()
  const Worker = vi.fn(function () {
    throw Object.assign(new Error('Worker initialization failure: EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' })
  })
  return { ...threads, Worker }
})

test('where no thread is to be had there are no copies, and whoever wanted them goes on', async () => {
  const before = underWay.copies
  const params = { recode_br_level: 5, recode_zstd_level: 3, recode_max_size: 100_000 }
  for (let i = 0; i < 2; i++) {
    let now = true
    const told = await new Promise<string>((resolve) => {
      makeCopies(new Uint8Array(1000), false, [OBJ_BR], params, {
        made: () => resolve('made'),
        over: () => resolve(now ? 'over too early' : 'over'),
      })
      now = false
    })
    expect(told).toBe('over')
  }
  expect(underWay.copies).toBe(before)
})
