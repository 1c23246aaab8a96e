import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { startCache, type TestCache } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { Client } from '../kit/client.ts'
import type { TestOrigin } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

/** Bodies that are compressed and decompressed on their way. */

const TEXT = 'Hello world, this is compressible. '.repeat(40)
const PACKED = gzipSync(TEXT).toString('latin1')
const GZIP = 'Accept-Encoding: gzip'
const FRESH = 'Cache-Control: max-age=100'
const DO_GZIP = 'sub vcl_backend_response { set beresp.do_gzip = true; }'
const POLICIES = ['rfc9111', 'varnish'] as const

function plain(body: string): string {
  return gunzipSync(Buffer.from(body, 'latin1')).toString('latin1')
}

/** An origin that answers everything alike, and notes what it was asked. */
function always(t: Conversation, asked: string[], body: string, ...lines: string[]): Promise<TestOrigin> {
  return t.origin('s1', (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      asked.push(request.field('accept-encoding') ?? 'none')
      s.answer(body, ...lines)
    }),
  )
}

interface Setting {
  asked: string[]
  v1: TestCache
  c1: Client
}

/** The same conversation under both policies. */
function both(
  title: string,
  origin: { body: string; lines: string[] },
  vcl: string,
  talk: (c1: Client, setting: Setting) => Promise<void>,
  params: Record<string, string> = {},
): void {
  for (const policy of POLICIES) {
    vtc(`${title} (policy=${policy})`, async (t) => {
      const asked: string[] = []
      const s1 = await always(t, asked, origin.body, ...origin.lines)
      const v1 = t.cache(await startCache({ origin: s1, vcl, params: { ...params, policy } }))
      const c1 = await t.connect('c1', v1)
      await talk(c1, { asked, v1, c1 })
    })
  }
}

const MADE = { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding', ETag: 'W/"v1"', 'Content-MD5': undefined }
const UNMADE = { ...MADE, 'Content-Encoding': undefined }

describe('beresp.do_gzip', () => {
  const origin = { body: TEXT, lines: [FRESH, 'ETag: "v1"', 'Content-MD5: x', 'Content-Digest: y', 'Content-Type: text/plain'] }

  both('one object for who takes gzip and who does not', origin, DO_GZIP, async (c1, { asked, v1 }) => {
    const first = await c1.ask('/', { status: 200, fields: MADE }, GZIP)
    expect(plain(first.body)).toBe(TEXT)
    const second = await c1.ask(
      '/',
      { fields: { ...MADE, 'Content-Length': String(first.body.length) } },
      'Accept-Encoding: br, gzip;q=0.5',
    )
    expect(second.body).toBe(first.body)
    await c1.ask('/', { body: TEXT, fields: { ...UNMADE, 'Content-Length': String(TEXT.length) } })
    await c1.ask('/', { body: TEXT, fields: UNMADE }, 'Accept-Encoding: br')
    await c1.ask('/', { body: TEXT, fields: UNMADE }, 'Accept-Encoding: gzip;q=0')
    expect(asked).toHaveLength(1)
    const { n_gzip, n_gunzip, cache_hit } = v1.counters()
    expect([n_gzip, n_gunzip, cache_hit]).toEqual([1, 3, 4])
  })

  both('who does not take gzip may come first', origin, DO_GZIP, async (c1, { asked }) => {
    await c1.ask('/', { body: TEXT, fields: UNMADE })
    expect(plain((await c1.ask('/', { fields: MADE }, GZIP)).body)).toBe(TEXT)
    expect(asked).toHaveLength(1)
  })

  both('HEAD says what GET would bring', origin, DO_GZIP, async (c1) => {
    const { body } = await c1.ask('/', {}, GZIP)
    c1.request('HEAD', '/', GZIP)
    await c1.rxForHead({ fields: { ...MADE, 'Content-Length': String(body.length) } })
    c1.request('HEAD', '/')
    await c1.rxForHead({ fields: { ...UNMADE, 'Content-Length': String(TEXT.length) } })
  })

  both('a range is one of what is delivered', origin, DO_GZIP, async (c1) => {
    const { body } = await c1.ask('/', {}, GZIP)
    await c1.ask(
      '/',
      { status: 206, body: TEXT.slice(5, 10), fields: { ...UNMADE, 'Content-Range': `bytes 5-9/${TEXT.length}` } },
      'Range: bytes=5-9',
    )
    const range = `bytes 5-9/${body.length}`
    await c1.ask('/', { status: 206, body: body.slice(5, 10), fields: { ...MADE, 'Content-Range': range } }, 'Range: bytes=5-9', GZIP)
    // What we have compressed is no more than weakly the same the next time.
    await c1.ask('/', { status: 200, body }, 'Range: bytes=5-9', 'If-Range: W/"v1"', GZIP)
  })

  both('either form is validated by either tag', origin, DO_GZIP, async (c1) => {
    await c1.ask('/', {}, GZIP)
    for (const tag of ['"v1"', 'W/"v1"']) {
      await c1.ask('/', { status: 304, fields: { ETag: 'W/"v1"', 'Content-Encoding': undefined } }, `If-None-Match: ${tag}`)
      await c1.ask('/', { status: 304, fields: { ETag: 'W/"v1"' } }, `If-None-Match: ${tag}`, GZIP)
    }
    await c1.ask('/', { status: 200, body: TEXT }, 'If-None-Match: "v2"')
  })

  both(
    'http_gzip_support=off: nothing of it',
    origin,
    DO_GZIP,
    async (c1, { asked }) => {
      await c1.ask('/', { body: TEXT, fields: { ETag: '"v1"', 'Content-MD5': 'x', Vary: undefined } }, 'Accept-Encoding: br, gzip')
      expect(asked).toEqual(['br, gzip'])
    },
    { http_gzip_support: 'off' },
  )

  for (const coding of ['br', 'deflate', 'gzip, br']) {
    both(`${coding} stays as it is`, { body: 'abc', lines: [FRESH, `Content-Encoding: ${coding}`, 'ETag: "v1"'] }, DO_GZIP, async (c1) => {
      await c1.ask('/', { body: 'abc', fields: { 'Content-Encoding': coding, ETag: '"v1"', Vary: undefined } }, GZIP)
      await c1.ask('/', { body: 'abc', fields: { 'Content-Encoding': coding, ETag: '"v1"', Vary: undefined } }, GZIP)
    })
  }

  both('an empty body stays as it is', { body: '', lines: [FRESH, 'ETag: "v1"'] }, DO_GZIP, async (c1) => {
    await c1.ask('/', { body: '', fields: { 'Content-Encoding': undefined, ETag: '"v1"' } }, GZIP)
  })

  const varying = { body: TEXT, lines: [FRESH, 'Vary: X-Kind'] }
  both('Vary is added to', varying, DO_GZIP, async (c1, { asked }) => {
    await c1.ask('/', { fields: { Vary: 'X-Kind, Accept-Encoding' } }, GZIP, 'X-Kind: a')
    await c1.ask('/', { body: TEXT, fields: { Vary: 'X-Kind, Accept-Encoding' } }, 'X-Kind: a')
    expect(asked).toHaveLength(1)
    await c1.ask('/', { body: TEXT }, 'X-Kind: b')
    expect(asked).toHaveLength(2)
  })

  both('a large body comes in both forms', { body: TEXT.repeat(500), lines: [FRESH] }, DO_GZIP, async (c1) => {
    const text = TEXT.repeat(500)
    expect(plain((await c1.ask('/', { fields: { 'Content-Encoding': 'gzip' } }, GZIP)).body)).toBe(text)
    await c1.ask('/', { body: text, fields: { 'Content-Length': String(text.length) } })
    await c1.ask('/', { status: 206, body: text.slice(300_000, 300_010) }, 'Range: bytes=300000-300009')
    await c1.ask('/', { status: 206, body: text.slice(-7) }, 'Range: bytes=-7')
  })

  vtc('no-transform is heeded under rfc9111', async (t) => {
    const s1 = await always(t, [], TEXT, `${FRESH}, no-transform`)
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: DO_GZIP })))
    await c1.ask('/', { body: TEXT, fields: { 'Content-Encoding': undefined } }, GZIP)
  })

  vtc('what varies by Accept-Encoding at the origin does so here under rfc9111', async (t) => {
    const asked: string[] = []
    const s1 = await always(t, asked, TEXT, FRESH, 'Vary: Accept-Encoding')
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: DO_GZIP })))
    await c1.ask('/', { fields: { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } }, GZIP)
    await c1.ask('/', { body: TEXT, fields: { 'Content-Encoding': undefined } })
    await c1.ask('/', { body: TEXT }, 'Accept-Encoding: br')
    expect(asked).toEqual(['gzip', 'none', 'br'])
  })
})

describe('gzip from the origin', () => {
  const origin = { body: PACKED, lines: [FRESH, 'Content-Encoding: gzip', 'ETag: "v1"'] }

  both('stays what it is for who takes it', origin, '', async (c1, { v1 }) => {
    const fields = { 'Content-Encoding': 'gzip', ETag: '"v1"', Vary: 'Accept-Encoding' }
    await c1.ask('/', { body: PACKED, fields }, GZIP)
    await c1.ask('/', { body: PACKED, fields: { ...fields, 'Content-Length': String(PACKED.length) } }, GZIP)
    expect([v1.counters().n_test_gunzip, v1.counters().n_gunzip]).toEqual([1, 0])
  })

  both('is unpacked for who says that he does not', origin, '', async (c1) => {
    const fields = { 'Content-Encoding': undefined, ETag: 'W/"v1"', Vary: 'Accept-Encoding' }
    await c1.ask('/', { body: TEXT, fields }, 'Accept-Encoding: identity')
    await c1.ask('/', { body: TEXT, fields: { ...fields, 'Content-Length': String(TEXT.length) } }, 'Accept-Encoding: identity')
  })

  for (const [policy, body, coding] of [
    ['rfc9111', PACKED, 'gzip'],
    ['varnish', TEXT, undefined],
  ] as const) {
    vtc(`who says nothing of codings takes any under rfc9111, none under varnish (policy=${policy})`, async (t) => {
      const s1 = await always(t, [], origin.body, ...origin.lines)
      const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, params: { policy } })))
      await c1.ask('/', { body, fields: { 'Content-Encoding': coding } })
      await c1.ask('/', { body, fields: { 'Content-Encoding': coding } })
    })
  }

  const DO_GUNZIP = 'sub vcl_backend_response { set beresp.do_gunzip = true; }'
  both('beresp.do_gunzip stores it unpacked', origin, DO_GUNZIP, async (c1, { v1 }) => {
    const fields = { 'Content-Encoding': undefined, ETag: 'W/"v1"' }
    await c1.ask('/', { body: TEXT, fields }, GZIP)
    await c1.ask('/', { body: TEXT, fields: { ...fields, 'Content-Length': String(TEXT.length) } }, GZIP)
    expect(v1.counters().n_gunzip).toBe(1)
  })
})

describe('gzip that is not sound is a failed fetch', () => {
  const sound = gzipSync(TEXT)
  const broken = Buffer.from(sound)
  broken[broken.length - 6] ^= 1
  const large = gzipSync(Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i * 7919) >> 8)))
  const rows: [what: string, bytes: Buffer][] = [
    ['truncated', sound.subarray(0, -1)],
    ['not gzip at all', Buffer.from(TEXT)],
    ['another checksum', broken],
    ['another length', Buffer.concat([sound.subarray(0, -1), Buffer.from([7])])],
    ['something behind it', Buffer.concat([sound, Buffer.from('junk')])],
    ['zeros behind it', Buffer.concat([sound, Buffer.alloc(8)])],
    ['several members', Buffer.concat([sound, sound])],
    ['large, and truncated', large.subarray(0, -1)],
    ['large, and something behind it', Buffer.concat([large, Buffer.from('junk')])],
    ['large, and several members', Buffer.concat([large, large])],
  ]
  for (const [what, bytes] of rows) {
    for (const filter of ['testgunzip', 'gunzip']) {
      const vcl = `sub vcl_backend_response { set beresp.do_stream = false; set beresp.filters = "${filter}"; }`
      both(
        `${filter}: ${what}`,
        { body: bytes.toString('latin1'), lines: [FRESH, 'Content-Encoding: gzip'] },
        vcl,
        async (c1, { asked, v1 }) => {
          await c1.ask('/', { status: 503 }, GZIP)
          await c1.ask('/', { status: 503 }, GZIP)
          expect(asked).toHaveLength(2)
          expect([v1.counters().fetch_failed, v1.counters().n_object]).toEqual([2, 0])
        },
      )
    }
  }
})

describe('filters by name', () => {
  const origin = { body: TEXT, lines: [FRESH] }

  both(
    'an unknown one of a response is a failed fetch',
    origin,
    'sub vcl_backend_response { set beresp.filters = "gzip nonsense"; }',
    async (c1) => {
      await c1.ask('/', { status: 503 })
    },
  )

  both(
    'an unknown one of a delivery is a failure of the rules',
    origin,
    'sub vcl_deliver { set resp.filters = "nonsense"; }',
    async (c1) => {
      await c1.ask('/', { status: 503 })
    },
  )

  const SHOWN = `
    sub vcl_backend_response { set beresp.do_gzip = true; set beresp.http.X-Fetch = "[" + beresp.filters + "]"; }
    sub vcl_deliver { set resp.http.X-Deliver = "[" + resp.filters + "]"; set resp.http.X-Can = req.can_gzip; }`
  both('they can be read', origin, SHOWN, async (c1) => {
    await c1.ask('/', { fields: { 'X-Fetch': '[ gzip]', 'X-Deliver': '[]', 'X-Can': 'true' } }, GZIP)
    await c1.ask('/', { fields: { 'X-Fetch': '[ gzip]', 'X-Deliver': '[ gunzip]', 'X-Can': 'false' } })
    await c1.ask('/', { fields: { 'X-Deliver': '[ gunzip range]' } }, 'Range: bytes=0-1')
  })

  both(
    'none for a delivery: the client gets what is stored',
    origin,
    `${DO_GZIP} sub vcl_deliver { set resp.filters = ""; }`,
    async (c1) => {
      const { body } = await c1.ask('/', { status: 200, fields: { 'Content-Encoding': 'gzip' } }, 'Range: bytes=0-1')
      expect(plain(body)).toBe(TEXT)
    },
  )

  const THERE_AND_BACK = 'sub vcl_backend_response { set beresp.filters = "gzip testgunzip gunzip"; }'
  both('several go one after the other', { body: TEXT.repeat(300), lines: [FRESH, 'ETag: "v1"'] }, THERE_AND_BACK, async (c1, { v1 }) => {
    await c1.ask('/', { body: TEXT.repeat(300), fields: { 'Content-Encoding': undefined, ETag: 'W/"v1"', Vary: 'Accept-Encoding' } }, GZIP)
    const { n_gzip, n_gunzip, n_test_gunzip } = v1.counters()
    expect([n_gzip, n_gunzip, n_test_gunzip]).toEqual([1, 1, 1])
  })

  const NO_ENCODING = `${DO_GZIP} sub vcl_deliver { unset req.http.Accept-Encoding; }`
  both('what vcl_deliver leaves of the request decides', origin, NO_ENCODING, async (c1) => {
    await c1.ask('/', { body: TEXT, fields: { 'Content-Encoding': undefined } }, GZIP)
  })
})

describe('validation of what was compressed here', () => {
  for (const policy of POLICIES) {
    vtc(`a 304 keeps the stored coding (policy=${policy})`, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        await s.rx()
        s.answer(TEXT, 'Cache-Control: max-age=10', 'ETag: "v1"', 'Vary: X-Kind')
        await s.rx({ fields: { 'If-None-Match': 'W/"v1"' } })
        s.tx('HTTP/1.1 304 Not Modified', 'ETag: "v1"', 'Cache-Control: max-age=10', 'Vary: X-Kind')
      })
      const params = { policy, default_keep: '100', default_grace: '0' }
      const v1 = t.cache(await startCache({ origin: s1, vcl: DO_GZIP, params }))
      const c1 = await t.connect('c1', v1)
      const fields = { ETag: 'W/"v1"', 'Content-Encoding': 'gzip', Vary: 'X-Kind, Accept-Encoding' }
      const { body } = await c1.ask('/', { fields }, GZIP)
      v1.advance(11_000)
      await c1.ask('/', { body, fields }, GZIP)
      await c1.ask('/', { body: TEXT, fields: { ...fields, 'Content-Encoding': undefined } })
      expect([v1.counters().fetch_304, v1.counters().n_gzip]).toEqual([1, 1])
    })
  }
})

describe('policy=varnish asks for gzip, or for nothing', () => {
  const HASHED = `sub vcl_recv { set req.http.X-Recv = req.http.Accept-Encoding; if (req.url == "/pass") { return (pass); } }
    sub vcl_deliver { set resp.http.X-Recv = req.http.X-Recv; set resp.http.X-Now = req.http.Accept-Encoding; }`
  const rows: [sent: string[], now: string | undefined][] = [
    [['Accept-Encoding: br, gzip;q=0.5'], 'gzip'],
    [['Accept-Encoding: gzip;q=0, br'], ''],
    [['Accept-Encoding: *'], ''],
    [['Accept-Encoding: x-gzip'], 'gzip'],
    [['Accept-Encoding: GZIP'], 'gzip'],
    [[], ''],
  ]
  for (const [sent, now] of rows) {
    vtc(sent[0] ?? 'without the field', async (t) => {
      const asked: string[] = []
      const s1 = await always(t, asked, TEXT, FRESH, 'Vary: Accept-Encoding')
      const v1 = t.cache(await startCache({ origin: s1, vcl: HASHED, params: { policy: 'varnish' } }))
      const c1 = await t.connect('c1', v1)
      const value = sent[0]?.slice('Accept-Encoding: '.length)
      await c1.ask('/', { body: TEXT, fields: { 'X-Recv': value ?? '', 'X-Now': now } }, ...sent)
      await c1.ask('/', { body: TEXT }, 'Accept-Encoding: deflate')
      await c1.ask('/', { body: TEXT }, GZIP)
      await c1.ask('/pass', { body: TEXT }, ...sent)
      expect(asked).toEqual(['gzip', value ?? 'none'])
    })
  }
})
