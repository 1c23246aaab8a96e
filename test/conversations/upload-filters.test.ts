import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { Message } from '../kit/message.ts'
import type { TestOrigin } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

/** Bodies of requests that go through filters on their way to the origin. */
const TEXT = Array.from({ length: 20_000 }, (_, i) => `line ${Math.imul(i, 2654435761) >>> 0}`).join('\n')

function hearing(t: Conversation, heard: Message[]): Promise<TestOrigin> {
  return t.origin('s1', (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      heard.push(request)
      s.answer('thanks')
    }),
  )
}

describe('a request body', () => {
  for (const [where, text] of [
    ['req', TEXT],
    ['bereq', TEXT],
    ['bereq', 'short'],
  ]) {
    const sub = where === 'req' ? 'vcl_recv' : 'vcl_backend_fetch'
    vtc(`of ${text.length} bytes is unpacked and packed by ${where}.filters`, async (t) => {
      const heard: Message[] = []
      const s1 = await hearing(t, heard)
      const vcl = `sub ${sub} { set ${where}.filters = ${where}.http.X-Filters; }`
      const v1 = t.cache(await startCache({ origin: s1, vcl }))
      const c1 = await t.connect('c1', v1)
      const packed = gzipSync(text)
      c1.request('POST', '/', 'X-Filters: gunzip', 'Content-Encoding: gzip', `Content-Length: ${packed.length}`)
      c1.txbody(packed)
      await c1.rx({ status: 200 })
      c1.request('POST', '/', 'X-Filters: gzip', `Content-Length: ${text.length}`)
      c1.txbody(text)
      await c1.rx({ status: 200 })
      c1.request('POST', '/', 'X-Filters: gunzip', `Content-Length: ${text.length}`)
      c1.txbody(text)
      await c1.rx({ status: 200 })
      expect(heard.map((one) => one.field('content-encoding'))).toEqual([undefined, 'gzip', undefined])
      expect(heard[0].body === text).toBe(true)
      expect(gunzipSync(Buffer.from(heard[1].body, 'latin1')).toString() === text).toBe(true)
      expect(heard[2].body === text).toBe(true)
    })
  }

  vtc('that is not what it claims to be is the fault of who has sent it', async (t) => {
    const s1 = await t.origin('s1', async () => {})
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_backend_fetch { set bereq.filters = "gunzip"; }' }))
    const c1 = await t.connect('c1', v1)
    c1.request('POST', '/', 'Content-Encoding: gzip', 'Content-Length: 5')
    c1.txbody('hello')
    await c1.rx({ status: 400 })
  })

  vtc('does not go out by a filter that there is none of', async (t) => {
    const heard: Message[] = []
    const s1 = await hearing(t, heard)
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_backend_fetch { set bereq.filters = bereq.http.X-Filters; }' }))
    const c1 = await t.connect('c1', v1)
    for (const name of ['nonsense', 'constructor']) {
      c1.request('POST', '/', `X-Filters: ${name}`, 'Content-Encoding: gzip', 'Content-Length: 5')
      c1.txbody('hello')
      await c1.rx({ status: 503 })
      expect(v1.log().some(({ tag, text }) => tag === 'FetchError' && text === `Filter '${name}' not found`)).toBe(true)
    }
    // Who has no body has nothing to be filtered.
    await c1.ask('/', { status: 200 })
    expect(heard).toHaveLength(1)
  })

  vtc('that was kept is sent by a retry as it was sent before', async (t) => {
    const heard: Message[] = []
    const s1 = await hearing(t, heard)
    const vcl = `import std;
      sub vcl_recv { std.cache_req_body(1MB); return (pass); }
      sub vcl_backend_fetch { set bereq.filters = "gunzip"; }
      sub vcl_backend_response { if (bereq.retries == 0) { return (retry); } }`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    const packed = gzipSync('hello')
    c1.request('POST', '/', 'Content-Encoding: gzip', `Content-Length: ${packed.length}`)
    c1.txbody(packed)
    await c1.rx({ status: 200 })
    expect(heard.map(({ body }) => body)).toEqual(['hello', 'hello'])
  })
})
