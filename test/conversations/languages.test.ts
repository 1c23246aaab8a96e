import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { TestOrigin } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

const VARIES = ['Cache-Control: max-age=100', 'Vary: Accept-Language']

/** Answers with the number of the request, each time in the language that comes next. */
function speaking(t: Conversation, languages: readonly string[], ...lines: string[]): Promise<TestOrigin> {
  return t.origin('s1', (s) => {
    let n = 0
    return s.forever(async () => {
      await s.rx()
      s.answer(String(n + 1), ...VARIES, `Content-Language: ${languages[n++ % languages.length]}`, ...lines)
    })
  })
}

describe('Accept-Language (RFC 9111 section 4.1)', () => {
  vtc('what means the same finds the same: order, case, white space, the spelling of weights', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await speaking(t, ['en, de']))))
    await c1.ask('/', { body: '1' }, 'Accept-Language: en, de;q=0.5')
    await c1.ask('/', { body: '1' }, 'Accept-Language: DE ; q=0.50 ,EN;q=1.000')
    await c1.ask('/', { body: '2' }, 'Accept-Language: en, de;q=0.4')
    await c1.ask('/', { body: '3' }, 'Accept-Language: en, de')
  })

  vtc('a response in the language that a request prefers to all others is for it, in whatever words it asks', async (t) => {
    const v1 = t.cache(await startCache(await speaking(t, ['de', 'en'])))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1', fields: { 'Content-Language': 'de' } }, 'Accept-Language: en, de')
    await c1.ask('/', { body: '1' }, 'Accept-Language: fr;q=0.5, de;q=1.0')
    await c1.ask('/', { body: '1' }, 'Accept-Language: DE, *;q=0.1')
    await c1.ask('/', { body: '2', fields: { 'Content-Language': 'en' } }, 'Accept-Language: en')
    await c1.ask('/', { body: '2' }, 'Accept-Language: en, de;q=0.9')
    await c1.ask('/', { body: '1' }, 'Accept-Language: de')
    expect(v1.counters()).toMatchObject({ cache_hit: 4, n_object: 2 })
  })

  const apart: [what: string, line: string][] = [
    ['one that has no preference', 'Accept-Language: de, fr'],
    ['one that prefers another', 'Accept-Language: fr, de;q=0.9'],
    ['one that wants a dialect of it', 'Accept-Language: de-CH'],
    ['one that does not say', 'X: y'],
  ]
  for (const [what, line] of apart) {
    vtc(`it is not for ${what}`, async (t) => {
      const c1 = await t.connect('c1', t.cache(await startCache(await speaking(t, ['de']))))
      await c1.ask('/', { body: '1' }, 'Accept-Language: en, de')
      await c1.ask('/', { body: '2' }, line)
    })
  }

  vtc('nor is one that was made for a request that did not say', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await speaking(t, ['de']))))
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' }, 'Accept-Language: de')
    await c1.ask('/', { body: '1' })
  })

  vtc('what else Vary lists must match', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await speaking(t, ['de'], 'Vary: X-Kind'))))
    await c1.ask('/', { body: '1' }, 'Accept-Language: en, de', 'X-Kind: a')
    await c1.ask('/', { body: '2' }, 'Accept-Language: de', 'X-Kind: b')
    await c1.ask('/', { body: '1' }, 'Accept-Language: de', 'X-Kind: a')
  })

  vtc("a response in several languages is nobody's choice", async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache(await speaking(t, ['de, en']))))
    await c1.ask('/', { body: '1' }, 'Accept-Language: en, de')
    await c1.ask('/', { body: '2' }, 'Accept-Language: de')
  })

  vtc('replaced by one in another language it is found no more', async (t) => {
    const v1 = t.cache(await startCache(await speaking(t, ['de', 'en', 'de'])))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' }, 'Accept-Language: en, de')
    await c1.ask('/', { body: '2' }, 'Accept-Language: en, de', 'Cache-Control: no-cache')
    await c1.ask('/', { body: '3' }, 'Accept-Language: de')
    await c1.ask('/', { body: '2' }, 'Accept-Language: en')
  })

  vtc('stale it is asked about, and what comes is for who asked in these words', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('eins', ...VARIES, 'Content-Language: de', 'ETag: "1"')
      await s.rx({ fields: { 'Accept-Language': 'de', 'If-None-Match': '"1"' } })
      s.tx('HTTP/1.1 304 Not Modified', ...VARIES, 'ETag: "1"')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'eins' }, 'Accept-Language: en, de')
    v1.advance(101_000)
    await c1.ask('/', { body: 'eins' }, 'Accept-Language: de')
    await c1.ask('/', { body: 'eins', fields: { 'Cache-Status': /hit/ } }, 'Accept-Language: de')
  })

  vtc('a 304 makes it last longer for them, too', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('eins', ...VARIES, 'Content-Language: de', 'ETag: "1"')
      await s.rx({ fields: { 'If-None-Match': '"1"' } })
      s.tx('HTTP/1.1 304 Not Modified', ...VARIES, 'ETag: "1"')
    })
    const v1 = t.cache(await startCache({ origin: s1, params: { default_keep: '50' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'eins' }, 'Accept-Language: en, de')
    v1.advance(120_000)
    await c1.ask('/', { body: 'eins' }, 'Accept-Language: en, de')
    v1.advance(90_000)
    await c1.ask('/', { body: 'eins' }, 'Accept-Language: de')
  })

  vtc('purged it is gone for all', async (t) => {
    const vcl = 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }'
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: await speaking(t, ['de']), vcl })))
    await c1.ask('/', { body: '1' }, 'Accept-Language: en, de')
    c1.request('PURGE', '/')
    await c1.rx({ status: 200 })
    await c1.ask('/', { body: '2' }, 'Accept-Language: de')
  })

  vtc('under policy=varnish only the same words find it', async (t) => {
    const v1 = t.cache(await startCache({ origin: await speaking(t, ['de']), params: { policy: 'varnish' } }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' }, 'Accept-Language: en, de')
    await c1.ask('/', { body: '2' }, 'Accept-Language: de')
  })
})
