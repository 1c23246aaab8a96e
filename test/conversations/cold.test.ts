import { afterEach, describe, expect, vi } from 'vitest'
import { Residency } from '../../src/shm/residency.ts'
import { newPath } from '../kit/arena-file.ts'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

/** A file store whose pages have left memory: requests wait for the disk, and the worker does not. */

const LIVES = 'Cache-Control: max-age=100'

afterEach(() => {
  vi.restoreAllMocks()
})

/** From now on nothing is in memory but what was read, which takes until the returned function is called. */
function coolDown(): () => void {
  let ready = false
  const readings: (() => void)[] = []
  vi.spyOn(Residency.prototype, 'isWarm').mockImplementation(() => ready)
  vi.spyOn(Residency.prototype, 'warm').mockImplementation(() => new Promise((resolve) => readings.push(() => resolve(0))))
  return () => {
    ready = true
    for (const done of readings) done()
  }
}

/** The same of what has not been read until then. */
function coolSlowly(): { slow: boolean; read(): void } {
  const warm = new Set<number>()
  const readings: (() => void)[] = []
  const disk = {
    slow: false,
    read() {
      this.slow = false
      for (const done of readings) done()
    },
  }
  vi.spyOn(Residency.prototype, 'isWarm').mockImplementation((offset) => warm.has(offset))
  vi.spyOn(Residency.prototype, 'warm').mockImplementation(
    (offset) =>
      new Promise((resolve) => {
        const done = (): void => {
          warm.add(offset)
          resolve(0)
        }
        if (disk.slow) readings.push(done)
        else done()
      }),
  )
  return disk
}

describe('cold', () => {
  vtc('a hit waits for the disk, and others do not wait for it', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('from the disk', LIVES)
      await s.rx()
      s.answer('passed', 'Cache-Control: no-store')
    })
    const v1 = t.cache(await startCache({ origin: s1, stores: [`file,${newPath()},4M`] }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'from the disk' })
    const read = coolDown()
    c1.get('/')
    const c2 = await t.connect('c2', v1)
    await c2.ask('/other', { body: 'passed' })
    read()
    await c1.rx({ body: 'from the disk', fields: { 'Cache-Status': 'lacquer; hit; ttl=100' } })
    expect(v1.counters()).toMatchObject({ cache_hit: 1, cache_miss: 2 })
  })

  vtc('a copy in another coding that lies on the disk is not made a second time', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('from the disk '.repeat(100), LIVES, 'Content-Type: text/plain')
    })
    const params = { recode_br: 'on', recode_hits: '2' }
    const v1 = t.cache(await startCache({ origin: s1, params, stores: [`file,${newPath()},4M`] }))
    const c1 = await t.connect('c1', v1)
    for (let i = 0; i < 4; i++) await c1.ask('/', { status: 200 }, 'Accept-Encoding: gzip')
    await t.until('the copy is told of', () => {
      const job = v1.log().find(({ tag, text }) => tag === 'Begin' && text.endsWith(' recode'))
      return job !== undefined && v1.log().some(({ tag, xid }) => tag === 'End' && xid === job.xid)
    })
    const disk = coolSlowly()
    await c1.ask('/', { status: 200 }, 'Accept-Encoding: gzip')
    disk.slow = true
    for (let i = 0; i < 2; i++) await c1.ask('/', { fields: { 'Content-Encoding': undefined } }, 'Accept-Encoding: br')
    disk.read()
    // First its record, then its body.
    let coding: string | undefined
    for (let i = 0; i < 5 && coding === undefined; i++)
      coding = (await c1.ask('/', { status: 200 }, 'Accept-Encoding: br')).field('content-encoding')
    expect(coding).toBe('br')
    expect(v1.counters()).toMatchObject({ cache_miss: 1, n_brotli: 1 })
  })

  vtc('a client that leaves meanwhile is no matter', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('from the disk', LIVES)
    })
    const v1 = t.cache(await startCache({ origin: s1, stores: [`file,${newPath()},4M`] }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'from the disk' })
    const read = coolDown()
    const c2 = await t.connect('c2', v1)
    c2.get('/')
    c2.reset()
    await t.until('its connection is closed', () => v1.counters().sc_rem_close === 1)
    read()
    await c1.ask('/', { body: 'from the disk' })
  })
})
