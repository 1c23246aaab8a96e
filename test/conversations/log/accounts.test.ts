import { describe, expect, test } from 'vitest'
import { startCache, type TestCache } from '../../kit/cache.ts'
import { Conversation } from '../../kit/conversation.ts'
import type { Message } from '../../kit/message.ts'
import { vtc } from '../../kit/vtc.ts'
import { answering, cacheable, lines, told, transactions } from './told.ts'

const MISS = [
  `Begin sess 0 HTTP/1
   SessOpen 127.0.0.1 PORT a0 127.0.0.1 PORT 1767225600.000000 FD
   Link req 2 rxreq
   SessClose REM_CLOSE 0.000
   End`,
  `Begin req 1 rxreq
   Timestamp Start
   Timestamp Req
   VCL_use boot
   ReqStart 127.0.0.1 PORT a0
   ReqMethod GET
   ReqURL /
   ReqProtocol HTTP/1.1
   ReqHeader Host: example.com
   ReqHeader X-Forwarded-For: 192.0.2.1
   ReqUnset X-Forwarded-For: 192.0.2.1
   ReqHeader X-Forwarded-For: 192.0.2.1, 127.0.0.1
   VCL_call RECV`,
  `Begin bereq 2 fetch
   VCL_use boot
   Timestamp Start
   BereqMethod GET
   BereqURL /
   BereqProtocol HTTP/1.1
   BereqHeader Host: example.com
   BereqHeader X-Forwarded-For: 192.0.2.1, 127.0.0.1
   BereqHeader Via: 1.1 lacquer (Lacquer)
   VCL_call BACKEND_FETCH`,
]

vtc('a session, and what stands before the first sub', async (t) => {
  const s1 = await answering(t, cacheable)
  const all = await told(t, { origin: s1 }, async (c1) => void (await c1.ask('/', { status: 200 }, 'X-Forwarded-For: 192.0.2.1')))
  const begun = all.map((one) => one.slice(0, one.findIndex((each) => each.startsWith('VCL_call')) + 1 || one.length))
  expect(begun).toEqual(MISS.map(lines))
})

vtc('two that ask for the same: one waits, and says so', async (t) => {
  let v1: TestCache | undefined
  const s1 = await t.origin('s1', async (s) => {
    const request = await s.rx()
    await t.until('the other waits', () => v1?.counters().busy_sleep === 1)
    request.answer('hello', 'Cache-Control: max-age=10')
  })
  const cache = t.cache(await startCache(s1))
  v1 = cache
  const c1 = t.client('c1', cache, async (c) => void (await c.ask('/', { body: 'hello' })))
  const c2 = t.client('c2', cache, async (c) => void (await c.ask('/', { body: 'hello' })))
  await c1.end()
  await c2.end()
  const waited = transactions(cache).find((one) => one.includes('Timestamp Waitinglist')) ?? []
  const at = waited.indexOf('Timestamp Waitinglist')
  expect(waited.slice(at - 1, at + 2)).toEqual(['VCL_return lookup', 'Timestamp Waitinglist', expect.stringMatching(/^Hit \d+ 10\.000000/)])
  expect(cache.counters()).toMatchObject({ busy_wakeup: 1, busy_served: 1, cache_hit: 1 })
})

vtc('times: since the start, and since the time before', async (t) => {
  let v1: TestCache | undefined
  const s1 = await t.origin('s1', async (s) => {
    const request = await s.rx()
    v1?.advance(250)
    request.answer('hello')
  })
  const cache = t.cache(await startCache(s1))
  v1 = cache
  const c1 = await t.connect('c1', cache)
  await c1.ask('/', { status: 200 })
  const times = cache.log().filter(({ tag, xid }) => tag === 'Timestamp' && xid === 2)
  expect(times.map(({ text }) => text)).toEqual([
    'Start: 1767225600.000000 0.000000 0.000000',
    'Req: 1767225600.000000 0.000000 0.000000',
    'Fetch: 1767225600.250000 0.250000 0.250000',
    'Process: 1767225600.250000 0.250000 0.000000',
    'Resp: 1767225600.250000 0.250000 0.000000',
  ])
})

/** Bytes of a head as it was on the wire. */
function headBytes(message: Message): number {
  return [message.start, ...message.lines].join('\r\n').length + 4
}

describe('bytes accounted are those that went', () => {
  const sent = ['POST / HTTP/1.1', 'Host: example.com']
  test.each([
    ['a body of known length', ['Content-Length: 5'], 'abcde', 5],
    ['chunks', ['Transfer-Encoding: chunked'], '2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n', 5 + 15],
  ])('%s', (_, fields, body, body_bytes) =>
    new Conversation().converse(async (t) => {
      const asked: Message[] = []
      const s1 = await answering(t, (request) => {
        asked.push(request.request)
        request.tx('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
        request.txchunk('hello')
        request.txlast()
      })
      const answers: Message[] = []
      const all = await told(t, { origin: s1 }, async (c1) => {
        c1.tx(...sent, ...fields)
        c1.txbody(body)
        answers.push(await c1.rx({ body: 'hello' }))
      })
      const [req, bereq] = all.slice(1).map((one) => one.find((each) => /Acct/.test(each)))
      const received = [...sent, ...fields].join('\r\n').length + 4
      const out = headBytes(answers[0])
      expect(req).toBe(`ReqAcct ${received} ${body_bytes} ${received + body_bytes} ${out} 5 ${out + 5}`)
      const bereq_head = headBytes(asked[0])
      const beresp_head = ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'].join('\r\n').length + 4
      expect(bereq).toBe(`BereqAcct ${bereq_head} 5 ${bereq_head + 5} ${beresp_head} 5 ${beresp_head + 5}`)
    }),
  )
})
