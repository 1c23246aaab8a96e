import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { begin, closeAll, OK, pipe, start, until } from './calls.ts'

afterEach(closeAll)

const NARROW = { max_connections: 1, wait_limit: 2, wait_timeout_ms: 1000 }

/** An origin that answers when it is told. */
async function slow(more = NARROW) {
  const asked: Socket[] = []
  const clock = new ManualClock()
  const { cache } = await start((socket) => asked.push(socket), more, { clock })
  const answer = async (): Promise<void> => {
    await until(() => asked.length > 0)
    asked.shift()!.write(OK)
  }
  return { cache, clock, asked, answer }
}

describe('.wait_limit and .wait_timeout', () => {
  test('fetches wait for a connection, in their order; one too many does not', async () => {
    const { cache, asked, answer } = await slow()
    const all = [begin(cache), begin(cache), begin(cache), begin(cache)]
    await all[3].finished
    expect(all[3].events).toEqual(['error busy'])
    expect(all.slice(0, 3).map(({ events }) => events)).toEqual([[], [], []])
    for (const one of all.slice(0, 3)) {
      await answer()
      await one.finished
      expect(one.events).toEqual(['head 200 2', 'end ok'])
    }
    expect(asked.length).toBe(0)
    expect(cache.counters).toMatchObject({ backend_wait: 2, backend_busy: 1, backend_req: 3 })
  })

  test('whoever has waited long enough fails', async () => {
    const { cache, clock, answer } = await slow()
    const [first, second] = [begin(cache), begin(cache)]
    clock.advance(999)
    cache.origin.sweep()
    expect(second.events).toEqual([])
    clock.advance(1)
    cache.origin.sweep()
    expect(second.events).toEqual(['error busy'])
    expect(second.call.traffic.sent_head_bytes).toBe(0)
    await answer()
    await first.finished
    expect(cache.counters).toMatchObject({ backend_wait: 1, backend_wait_fail: 1, backend_busy: 1 })
  })

  test('whoever is aborted leaves the line, and is not heard of', async () => {
    const { cache, clock, answer } = await slow()
    const [first, second, third] = [begin(cache), begin(cache), begin(cache)]
    second.call.abort()
    second.call.abort()
    await answer()
    await answer()
    await Promise.all([first.finished, third.finished])
    clock.advance(5000)
    cache.origin.sweep()
    expect(second.events).toEqual([])
  })

  test('a fetch that has waited counts its own bytes, and is paused where it was asked to be', async () => {
    const { cache, answer } = await slow()
    const [first, second] = [begin(cache), begin(cache)]
    second.call.pause()
    await answer()
    await first.finished
    await answer()
    second.call.resume()
    await second.finished
    expect(second.call.traffic.received_body_bytes).toBe(2)
    expect(second.call.traffic.sent_head_bytes).toBeGreaterThan(20)
    expect(second.call.traffic.recycled).toBe(true)
  })

  test('pipes wait, too', async () => {
    const { cache, answer } = await slow()
    const first = begin(cache)
    const piped = pipe(cache)
    await answer()
    await first.finished
    const { socket } = await piped
    expect(socket).toBeDefined()
    const last = begin(cache)
    expect(last.events).toEqual([])
    socket!.destroy()
    await answer()
    await last.finished
    expect(last.events).toEqual(['head 200 2', 'end ok'])
  })

  test('without them nobody waits', async () => {
    const { cache, answer } = await slow({ ...NARROW, wait_limit: 0 })
    const [first, second] = [begin(cache), begin(cache)]
    await second.finished
    expect(second.events).toEqual(['error busy'])
    await answer()
    await first.finished
  })
})
