import { describe } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

describe('while a request body is on its way', () => {
  vtc('first_byte_timeout does not run: it counts from the end of the request', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rxHead({ start: 'POST / HTTP/1.1' })
      await s.rxbytes(10)
      sent = true
      await t.until('the time from the end of the body is nearly over', () => waited)
      s.answer('thanks')
    })
    let sent = false
    let waited = false
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.request('POST', '/', 'Content-Length: 10')
    c1.txbody('hello')
    await t.until('the origin has the head', () => s1.seen.length === 1)
    v1.advance(61_000)
    c1.txbody('world')
    await t.until('the request is sent', () => sent)
    v1.advance(59_000)
    waited = true
    await c1.rx({ status: 200, body: 'thanks' })
  })
})
