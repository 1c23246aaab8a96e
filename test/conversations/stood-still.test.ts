import { expect, vi } from 'vitest'
import { ManualClock } from '../../src/base/clock.ts'
import { phaseOfTimers } from '../kit/event-loop.ts'
import { startCache } from '../kit/cache.ts'
import type { TestOrigin } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

/** A worker that stood still, for a slow disk or because the machine was paused: what has come meanwhile has come in time. */

async function start(origin: TestOrigin) {
  const timers = vi.spyOn(globalThis, 'setInterval')
  const refreshed = vi.spyOn(ManualClock.prototype, 'refresh')
  const cache = await startCache({ origin, params: { timeout_idle: '5' } })
  const ticks = timers.mock.calls.map(([tick]) => tick)
  const clock = refreshed.mock.contexts[0] as ManualClock
  vi.restoreAllMocks()
  expect(ticks.length).toBeGreaterThan(1)
  /** `meanwhile` is sent, and then all timers are late: they run before anything is read. */
  const stand = async (seconds: number, meanwhile: () => void): Promise<void> => {
    await phaseOfTimers()
    meanwhile()
    clock.advance(seconds * 1000)
    for (const tick of ticks) tick()
  }
  return { cache, stand }
}

vtc('a client who has sent his request is not idle', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    await s.rx()
    s.answer('one', 'Cache-Control: max-age=100')
  })
  const { cache, stand } = await start(s1)
  const c1 = await t.connect('c1', t.cache(cache))
  await c1.ask('/', { status: 200, body: 'one' })
  await stand(6, () => c1.get('/'))
  await c1.rx({ status: 200, body: 'one' })
})

vtc('an origin that has answered is not late', async (t) => {
  let answer = (): void => {}
  const asked = Promise.withResolvers<void>()
  const s1 = await t.origin('s1', async (s) => {
    await s.rx()
    const answered = Promise.withResolvers<void>()
    answer = () => {
      s.answer('at last')
      answered.resolve()
    }
    asked.resolve()
    await answered.promise
  })
  const { cache, stand } = await start(s1)
  const c1 = await t.connect('c1', t.cache(cache))
  c1.get('/')
  await asked.promise
  await stand(70, answer)
  await c1.rx({ status: 200, body: 'at last' })
})

vtc('a pipe through which something has come was not silent', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    await s.rx()
    s.tx('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket')
    expect(await s.rxbytes(5)).toBe('early')
    expect(await s.rxbytes(4)).toBe('late')
    await s.rxClosed()
  })
  const vcl = 'sub vcl_recv { return (pipe); }'
  const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl, params: { pipe_timeout: '0.5' } })))
  c1.raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly')
  await c1.rx({ status: 101 })
  // The last phase of a turn of the event loop: timers are next.
  await new Promise((resolve) => setImmediate(resolve))
  c1.raw('late')
  // This thread, with the worker in it, stands still for longer than the pipe may be silent.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
  // Until it is silent indeed.
  await c1.rxClosed()
})
