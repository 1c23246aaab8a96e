import { expect } from 'vitest'
import { startCache, type TestCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

/** Which answers are measured, and as what. */

function counts(v1: TestCache): Record<string, number> {
  return Object.fromEntries(Object.entries(v1.measured()).map(([result, { total }]) => [result, total.count]))
}

vtc('an answer is measured once, as a miss, a hit, a pass or one of our own', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    for (let i = 0; i < 2; i++) (await s.rx()).answer('hello', 'Cache-Control: max-age=60')
  })
  const vcl = 'sub vcl_recv { if (req.url == "/pass") { return (pass); } if (req.url == "/made") { return (synth(204)); } }'
  const v1 = t.cache(await startCache({ origin: s1, vcl }))
  const c1 = await t.connect('c1', v1)
  await c1.ask('/', {})
  expect(counts(v1)).toEqual({ miss: 1, hit: 0, pass: 0, synth: 0 })
  await c1.ask('/', {})
  await c1.ask('/', {})
  await c1.ask('/pass', {})
  await c1.ask('/made', {})
  expect(counts(v1)).toEqual({ miss: 1, hit: 2, pass: 1, synth: 1 })
  const { first, total } = v1.measured().hit
  expect(first).toEqual(total)
})

vtc('the first byte is the head’s; the total goes to the end of the body', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    const request = await s.rx()
    v1.advance(100)
    request.tx('HTTP/1.1 200 OK', 'Content-Length: 10')
    request.txbody('12345')
    await t.until('the head has left', () => head)
    v1.advance(1000)
    request.txbody('67890')
  })
  let head = false
  const v1 = t.cache(await startCache(s1))
  const c1 = await t.connect('c1', v1)
  c1.tx('GET / HTTP/1.1', 'Host: a')
  await c1.rxHead({ start: 'HTTP/1.1 200 OK' })
  head = true
  await t.until('it is accounted', () => counts(v1).miss === 1)
  expect(v1.measured().miss).toMatchObject({ first: { count: 1, sum_s: 0.1 }, total: { count: 1, sum_s: 1.1 } })
})

vtc('who left before there was an answer is not measured', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    await s.rx()
    await t.until('the client has left', () => v1.counters().sess_closed === 1)
    s.close()
  })
  const v1 = t.cache(await startCache(s1))
  const c1 = await t.connect('c1', v1)
  c1.tx('GET / HTTP/1.1', 'Host: a')
  await t.until('it is being fetched', () => v1.counters().s_fetch === 1)
  c1.reset()
  await t.until('the client has left', () => v1.counters().sess_closed === 1)
  expect(counts(v1)).toEqual({ miss: 0, hit: 0, pass: 0, synth: 0 })
})
