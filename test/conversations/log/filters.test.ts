import { gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { startCache, type TestCache } from '../../kit/cache.ts'
import { expectLog } from '../../kit/log-expect.ts'
import { vtc } from '../../kit/vtc.ts'
import { cacheable, answering } from './told.ts'

/** What filters have seen of bodies: VfpAcct and VdpAcct, which are masked unless they are asked for. Names are varnishd’s. */
const UNMASKED = { vsl_mask: '+VfpAcct,+VdpAcct' }
const TEXT = 'hello gzip '.repeat(50)
const PACKED = gzipSync(TEXT)
const DO_GZIP = 'sub vcl_backend_response { set beresp.do_gzip = true; }'

function accounts(v1: TestCache): string[] {
  return v1
    .log()
    .filter(({ tag }) => tag === 'VfpAcct' || tag === 'VdpAcct' || tag === 'Gzip')
    .map(({ tag, text }) => `${tag} ${text}`)
}

describe('accounts of filters', () => {
  vtc('are not there unless they are asked for', async (t) => {
    const v1 = t.cache(await startCache({ origin: await answering(t, cacheable) }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'hello' })
    await c1.ask('/', { body: 'hello' })
    await t.until('both are told', () => v1.log().filter(({ tag }) => tag === 'ReqAcct').length === 2)
    expect(accounts(v1)).toEqual([])
  })

  vtc('of a miss, a hit, a HEAD and a part', async (t) => {
    const v1 = t.cache(await startCache({ origin: await answering(t, cacheable), params: UNMASKED }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'hello' })
    await c1.ask('/', { body: 'hello' })
    c1.request('HEAD', '/')
    await c1.rxForHead({ status: 200 })
    await c1.ask('/', { status: 206, body: 'el' }, 'Range: bytes=1-2')
    await expectLog(
      v1,
      { grouping: 'request' },
      ['*', '*', 'VdpAcct', 'V1B 1 5'],
      [0, '=', 'Timestamp', /^Resp:/],
      ['*', '*', 'VfpAcct', 'V1F_STRAIGHT 1 5'],
      [0, '=', 'BackendClose', /recycle$/],
      ['*', '*', 'VdpAcct', 'V1B 1 5'],
      [0, '=', 'Timestamp', /^Resp:/],
      ['*', '*', 'ReqMethod', 'HEAD'],
      ['*', '*', 'Filters', ''],
      [0, '=', 'Timestamp', /^Resp:/],
      ['*', '*', 'VdpAcct', 'range 1 2'],
      [0, '=', 'VdpAcct', 'V1B 1 2'],
    )
  })

  vtc('of gzip that is made, and unpacked for who does not take it', async (t) => {
    const s1 = await answering(t, (request) => request.answer(TEXT, 'Cache-Control: max-age=10'))
    const v1 = t.cache(await startCache({ origin: s1, params: UNMASKED, vcl: DO_GZIP }))
    const c1 = await t.connect('c1', v1)
    const { body } = await c1.ask('/', {}, 'Accept-Encoding: gzip')
    await c1.ask('/', { body: TEXT }, 'Accept-Encoding: identity')
    await t.until('all of it is there', () => accounts(v1).length === 7)
    const [packed, ...rest] = accounts(v1).filter((one) => !one.startsWith('Gzip U'))
    expect(packed).toMatch(new RegExp(`^Gzip G F - 550 ${body.length} 80 80 \\d+$`))
    expect(rest).toEqual([
      `VfpAcct gzip 1 ${body.length}`,
      'VfpAcct V1F_STRAIGHT 1 550',
      `VdpAcct V1B 1 ${body.length}`,
      `VdpAcct gunzip 1 ${body.length}`,
      'VdpAcct V1B 1 550',
    ])
  })

  vtc('of gzip that is checked, and turns out to be none', async (t) => {
    const s1 = await answering(t, (request) =>
      request.answer(PACKED.subarray(0, 20).toString('latin1'), 'Content-Encoding: gzip', 'Cache-Control: max-age=10'),
    )
    const v1 = t.cache(await startCache({ origin: s1, params: UNMASKED }))
    const c1 = await t.connect('c1', v1)
    c1.get('/', 'Accept-Encoding: gzip')
    await c1.rxHead({ status: 200 })
    await expectLog(
      v1,
      { query: 'BereqURL eq "/"' },
      ['*', '*', 'FetchError', /gzip/i],
      [0, '=', 'Gzip', /^u F - 20 0 80 0 0$/],
      // The last byte has waited for the check.
      [0, '=', 'VfpAcct', 'testgunzip 1 19'],
      [0, '=', 'VfpAcct', 'V1F_STRAIGHT 1 20'],
      [0, '=', 'BackendClose'],
    )
  })

  vtc('of pages and what they include', async (t) => {
    const s1 = await answering(t, (request) =>
      request.answer(request.request.start.startsWith('GET / ') ? 'a<esi:include src="/b"/>c' : 'B'),
    )
    const vcl = 'sub vcl_backend_response { set beresp.do_esi = true; }'
    const params = { ...UNMASKED, feature: '+esi_disable_xml_check' }
    const v1 = t.cache(await startCache({ origin: s1, params, vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 'aBc' })
    await expectLog(
      v1,
      { grouping: 'request' },
      ['*', '*', 'VdpAcct', /^esi [1-9]\d* [1-9]\d*$/],
      [0, '=', 'VdpAcct', /^V1B [1-3] 3$/],
      ['*', '*', 'VfpAcct', /^esi [1-9]\d* [1-9]\d*$/],
      [0, '=', 'VfpAcct', 'V1F_STRAIGHT 1 25'],
      ['*', '*', 'VdpAcct', /^VED 1 1$/],
    )
  })
})

describe('the body of a request', () => {
  const KEPT = 'import std; sub vcl_recv { std.cache_req_body(10B); return (pass); }'
  const ask = 'Transfer-Encoding: chunked'

  const cases = {
    streamed: ['sub vcl_recv { return (pass); }', ['Link', /pass$/]],
    kept: [KEPT, ['ReqHeader', /^X-Forwarded-For/]],
  } as const
  for (const [how, [vcl, before]] of Object.entries(cases))
    vtc(`in chunks, ${how}`, async (t) => {
      const v1 = t.cache(await startCache({ origin: await answering(t, cacheable), params: UNMASKED, vcl }))
      const c1 = await t.connect('c1', v1)
      c1.request('POST', '/', ask)
      c1.raw('5\r\nhello\r\n0\r\n\r\n')
      await c1.rx({ status: 200 })
      await expectLog(
        v1,
        { query: 'ReqURL eq "/"' },
        ['*', '*', ...before],
        [0, '=', 'VfpAcct', 'V1F_CHUNKED 1 5'],
        [0, '=', 'Timestamp', /^ReqBody: /],
      )
      expect(v1.log().filter(({ tag, text }) => tag === 'Timestamp' && text.startsWith('ReqBody'))).toHaveLength(1)
    })

  vtc('that breaks is told as far as it came', async (t) => {
    const vcl = 'sub vcl_recv { return (pass); }'
    const v1 = t.cache(await startCache({ origin: await answering(t, cacheable), params: UNMASKED, vcl }))
    const c1 = await t.connect('c1', v1)
    c1.request('POST', '/', ask)
    c1.raw('5\r\nhello\r\njunk\r\n')
    await c1.rx({ status: 400 })
    await expectLog(v1, { query: 'ReqURL eq "/"' }, ['*', '*', 'VfpAcct', 'V1F_CHUNKED 1 5'], [0, '=', 'Timestamp', /^ReqBody: /])
  })
})
