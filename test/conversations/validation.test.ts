import { expect, describe } from 'vitest'
import { httpDate, startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

describe('a 304 of the origin (RFC 9111 section 4.3.4)', () => {
  vtc('a strong entity-tag where there was none: it speaks of other bytes, and the whole is asked for', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('one', 'Cache-Control: max-age=1', 'Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT')
      await s.rx({ fields: { 'If-Modified-Since': /./ } })
      s.tx('HTTP/1.1 304 Not Modified', 'ETag: "2"', 'Cache-Control: max-age=100')
      await s.rx({ fields: { 'If-None-Match': undefined, 'If-Modified-Since': undefined } })
      s.answer('two', 'Cache-Control: max-age=100', 'ETag: "2"')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'one' })
    v1.advance(5000)
    await c1.ask('/', { body: 'two' })
    await c1.ask('/', { body: 'two', fields: { ETag: '"2"' } })
  })

  vtc('another entity-tag than the one that was asked about: nothing is updated, and the whole is asked for', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('one', 'Cache-Control: max-age=1', 'ETag: "1"')
      await s.rx({ fields: { 'If-None-Match': '"1"' } })
      s.tx('HTTP/1.1 304 Not Modified', 'ETag: "2"', 'Cache-Control: max-age=100')
      await s.rx({ fields: { 'If-None-Match': undefined } })
      s.answer('two', 'Cache-Control: max-age=100', 'ETag: "2"')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'one' })
    v1.advance(5000)
    await c1.ask('/', { body: 'two', fields: { ETag: '"2"' } })
    await c1.ask('/', { body: 'two', fields: { ETag: '"2"' } })
  })

  const confirming: [what: string, stored: string[], update: string[]][] = [
    ['the same entity-tag', ['ETag: "1"'], ['ETag: "1"']],
    ['the same but for its weakness', ['ETag: "1"'], ['ETag: W/"1"']],
    ['the same date', [`Last-Modified: ${httpDate(-9)}`], [`Last-Modified: ${httpDate(-9)}`]],
    ['the date where it was asked by entity-tag', ['ETag: "1"'], [`Last-Modified: ${httpDate(-9)}`]],
    ['neither', ['ETag: "1"'], []],
  ]
  for (const [what, stored, update] of confirming) {
    vtc(`${what}: it is about what is stored`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.answer('one', 'Cache-Control: max-age=1', ...stored)
        await s.rx()
        s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: max-age=100', 'X-New: yes', ...update)
      })
      const v1 = t.cache(await startCache(s1))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { body: 'one' })
      v1.advance(5000)
      await c1.ask('/', { body: 'one', fields: { 'X-New': 'yes' } })
      await c1.ask('/', { body: 'one', fields: { 'X-New': 'yes', Age: '0' } })
    })
  }

  vtc('another date than the one that was asked about: the whole is asked for', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('one', 'Cache-Control: max-age=1', `Last-Modified: ${httpDate(-9)}`)
      await s.rx()
      s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: max-age=100', `Last-Modified: ${httpDate(-5)}`)
      await s.rx({ fields: { 'If-Modified-Since': undefined } })
      s.answer('two')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'one' })
    v1.advance(5000)
    await c1.ask('/', { body: 'two' })
  })

  vtc('to a request without conditions: 503', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: max-age=100')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { status: 503 })
  })

  vtc('for what was purged meanwhile: answered, but not stored again', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('old', 'Cache-Control: no-cache', 'ETag: "1"')
      const validation = await s.rx({ fields: { 'If-None-Match': '"1"' } })
      await t.until('it is purged', () => v1.counters().n_purges === 1)
      validation.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', 'Cache-Control: max-age=100')
      await s.rx({ fields: { 'If-None-Match': undefined } })
      s.answer('new', 'Cache-Control: max-age=100')
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }' }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'old' })
    c1.get('/')
    await t.until('it is validated', () => s1.seen.length === 2)
    const c2 = await t.connect('c2', v1)
    c2.request('PURGE', '/')
    await c2.rx({ status: 200 })
    await c1.rx({ body: 'old' })
    await c1.ask('/', { body: 'new' })
  })

  vtc('one that brings a Vary: the object is for that variant only from then on', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('de', 'Cache-Control: max-age=1', 'ETag: "1"')
      await s.rx({ fields: { 'Accept-Language': 'de' } })
      s.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', 'Cache-Control: max-age=100', 'Vary: Accept-Language')
      await s.rx({ fields: { 'Accept-Language': 'en' } })
      s.answer('en', 'Cache-Control: max-age=100', 'Vary: Accept-Language')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'de' }, 'Accept-Language: de')
    v1.advance(5000)
    await c1.ask('/', { body: 'de' }, 'Accept-Language: de')
    await c1.ask('/', { body: 'en' }, 'Accept-Language: en')
    await c1.ask('/', { body: 'de' }, 'Accept-Language: de')
    expect(v1.counters().n_object).toBe(2)
  })

  vtc('evicted meanwhile it is stored again', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('x'.repeat(100_000), 'Cache-Control: max-age=1', 'ETag: "1"')
      const validation = await s.rx({ start: 'GET /a HTTP/1.1', fields: { 'If-None-Match': '"1"' } })
      for (let i = 0; i < 10; i++) {
        await s.rx()
        s.answer('y'.repeat(100_000), 'Cache-Control: max-age=100')
      }
      await t.until('others have taken its place', () => filled)
      validation.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', 'Cache-Control: max-age=100')
    })
    let filled = false
    const v1 = t.cache(await startCache({ origin: s1, store_bytes: 1 << 20 }))
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    await c1.ask('/a', { body_bytes: 100_000 })
    v1.advance(5000)
    c1.get('/a')
    await t.until('it is validated', () => s1.seen.length === 2)
    for (let i = 0; i < 10; i++) await c2.ask(`/b${i}`, { body_bytes: 100_000 })
    filled = true
    await c1.rx({ body_bytes: 100_000 })
    await c1.ask('/a', { body_bytes: 100_000, fields: { 'Cache-Status': /hit/ } })
  })
})

describe('several stored responses (RFC 9111 sections 4.3.1 and 4.3.4)', () => {
  const BY_KIND = ['Cache-Control: max-age=100', 'Vary: Accept']

  vtc('all are named to the origin; the one that its 304 names answers, and is stored for this request, too', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      for (const kind of ['a', 'b']) {
        await s.rx({ fields: { Accept: kind } })
        s.answer(`body ${kind}`, ...BY_KIND, `ETag: "${kind}"`, 'X-Age: old')
      }
      await s.rx({ fields: { Accept: 'c', 'If-None-Match': '"b", "a"', 'If-Modified-Since': undefined } })
      s.tx('HTTP/1.1 304 Not Modified', ...BY_KIND, 'ETag: "a"', 'X-Age: new')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'body a' }, 'Accept: a')
    v1.advance(1000)
    await c1.ask('/', { body: 'body b' }, 'Accept: b')
    v1.advance(1000)
    await c1.ask('/', { status: 200, body: 'body a', fields: { 'X-Age': 'new', ETag: '"a"' } }, 'Accept: c')
    await c1.ask('/', { body: 'body a', fields: { 'Cache-Status': /hit/, Age: '0' } }, 'Accept: c')
    await c1.ask('/', { body: 'body a', fields: { 'X-Age': 'old', Age: '2' } }, 'Accept: a')
    await c1.ask('/', { body: 'body b', fields: { 'X-Age': 'old', Age: '1' } }, 'Accept: b')
    expect(v1.counters().n_object).toBe(3)
  })

  vtc('its own comes first, and stands alone when it has only a date to ask by', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const validators = { a: 'ETag: "a"', b: `Last-Modified: ${httpDate(-9)}` }
      for (const kind of ['a', 'b'] as const) {
        await s.rx({ fields: { Accept: kind } })
        s.answer(kind, 'Cache-Control: max-age=1', 'Vary: Accept', validators[kind])
      }
      await s.rx({ fields: { 'If-None-Match': undefined, 'If-Modified-Since': httpDate(-9) } })
      s.answer('B', ...BY_KIND, 'ETag: "B"')
      await s.rx({ fields: { 'If-None-Match': '"a", "B"' } })
      s.answer('A', ...BY_KIND)
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'a' }, 'Accept: a')
    await c1.ask('/', { body: 'b' }, 'Accept: b')
    v1.advance(5000)
    await c1.ask('/', { body: 'B' }, 'Accept: b')
    await c1.ask('/', { body: 'A' }, 'Accept: a')
  })

  const unclear: [what: string, lines: string[]][] = [
    ['names none of them', ['ETag: "c"']],
    ['does not say which', []],
  ]
  for (const [what, lines] of unclear) {
    vtc(`a 304 that ${what}: the whole is asked for`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        for (const kind of ['a', 'b']) {
          await s.rx()
          s.answer(kind, ...BY_KIND, `ETag: "${kind}"`)
        }
        await s.rx({ fields: { 'If-None-Match': /^"[ab]", "[ab]"$/ } })
        s.tx('HTTP/1.1 304 Not Modified', ...lines)
        await s.rx({ fields: { 'If-None-Match': undefined } })
        s.answer('c', ...BY_KIND)
      })
      const c1 = await t.connect('c1', t.cache(await startCache(s1)))
      for (const kind of ['a', 'b', 'c', 'a', 'b', 'c']) await c1.ask('/', { body: kind }, `Accept: ${kind}`)
    })
  }

  vtc('one that is too large to be copied answers, and is asked about again', async (t) => {
    const large = 'x'.repeat(2 * 1024 * 1024)
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer(large, ...BY_KIND, 'ETag: "a"')
      for (let i = 0; i < 2; i++) {
        await s.rx({ fields: { 'If-None-Match': '"a"' } })
        s.tx('HTTP/1.1 304 Not Modified', ...BY_KIND, 'ETag: "a"')
      }
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body_bytes: large.length }, 'Accept: a')
    for (let i = 0; i < 2; i++) await c1.ask('/', { body: large }, 'Accept: b')
  })

  const unnamed: [what: string, vary: string, lines: string[], params: Record<string, string>][] = [
    ['what differs by Cookie', 'Cookie, Accept', [], {}],
    ['what differs by coding', 'Accept-Encoding, Accept', [], {}],
    ['what differs by site', 'Accept, Origin', [], {}],
    ['what sets a cookie', 'Accept', ['Set-Cookie: a=b'], {}],
    ['what has a weak entity-tag', 'Accept', ['ETag: W/"a"'], {}],
    ['anything under policy=varnish', 'Accept', [], { policy: 'varnish' }],
  ]
  for (const [what, vary, lines, params] of unnamed) {
    vtc(`${what} is not named to the origin`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        for (const kind of ['a', 'b']) {
          await s.rx({ fields: { 'If-None-Match': undefined } })
          s.answer(
            kind,
            'Cache-Control: max-age=100',
            `Vary: ${vary}`,
            ...(lines.some((line) => line.startsWith('ETag')) ? [] : [`ETag: "${kind}"`]),
            ...lines,
          )
        }
      })
      const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, params })))
      for (const kind of ['a', 'b']) await c1.ask('/', { body: kind }, `Accept: ${kind}`)
    })
  }

  vtc('nor what was purged', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      for (const kind of ['a', 'b']) {
        await s.rx({ fields: { 'If-None-Match': undefined } })
        s.answer(kind, ...BY_KIND, `ETag: "${kind}"`)
      }
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }' }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'a' }, 'Accept: a')
    c1.request('PURGE', '/')
    await c1.rx({ status: 200 })
    await c1.ask('/', { body: 'b' }, 'Accept: b')
  })

  vtc('none stands in when the origin fails', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.answer('a', ...BY_KIND, 'ETag: "a"')
      await s.forever(async () => {
        await s.rx()
        s.close()
      })
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { body: 'a' }, 'Accept: a')
    await c1.ask('/', { status: 503 }, 'Accept: b')
  })
})
