import { describe, expect } from 'vitest'
import { partsOf } from '../kit/byteranges.ts'
import { httpDate, startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { FORWARDED, part, ranged, TEN } from './ranged.ts'

/** Parts of a response: asked for, stored, served, completed and combined (RFC 9111 sections 3.3 and 3.4). */

describe('what is asked for when nothing is stored', () => {
  vtc('a range that begins early: the whole, which is there for all then', async (t) => {
    const { origin, c1 } = await ranged(t, { params: {} })
    await part(c1, 'bytes=2-4', 2, 4)
    await part(c1, 'bytes=-1', 9, 9)
    await c1.ask('/', { status: 200, body: TEN })
    expect(origin.asked).toEqual(['whole'])
  })

  vtc('the end: by itself, and no more is fetched', async (t) => {
    const { origin, c1 } = await ranged(t, { params: {} })
    await part(c1, 'bytes=-5', 5, 9)
    await part(c1, 'bytes=-5', 5, 9)
    await part(c1, 'bytes=7-8', 7, 8)
    await part(c1, 'bytes=6-', 6, 9)
    await part(c1, 'bytes=-1', 9, 9)
    expect(origin.asked).toEqual(['bytes=-5'])
  })

  vtc('a range that begins at range_offset_limit or later: by itself', async (t) => {
    const { origin, c1 } = await ranged(t, { params: { range_offset_limit: '4b' } })
    await part(c1, 'bytes=4-5', 4, 5)
    await part(c1, 'bytes=4-4', 4, 4)
    expect(origin.asked).toEqual(['bytes=4-5'])
  })

  vtc('several ranges, a condition on them, or another unit: the whole', async (t) => {
    for (const lines of [['Range: bytes=5-6,8-9'], ['Range: bytes=5-6', 'If-Range: "v0"'], ['Range: items=5-6'], ['Range: bytes=6-5']]) {
      const { origin, c1 } = await ranged(t)
      await c1.ask('/', {}, ...lines)
      await c1.ask('/', { status: 200, body: TEN })
      expect(origin.asked).toEqual(['whole'])
    }
  })

  vtc('an origin that knows no ranges answers with the whole, which is stored', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Range: 'bytes=-5' } })
      s.answer(TEN, 'Cache-Control: max-age=100')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await part(c1, 'bytes=-5', 5, 9)
    await part(c1, 'bytes=0-1', 0, 1)
    await c1.ask('/', { status: 200, body: TEN })
  })

  vtc('a range beyond the end is 416 from the origin, and spoils nothing for others', async (t) => {
    const { origin, v1, c1 } = await ranged(t)
    await c1.ask('/', { status: 416, fields: { 'Content-Range': 'bytes */10' } }, 'Range: bytes=20-')
    await c1.ask('/', { status: 200, body: TEN })
    await c1.ask('/', { status: 200, body: TEN })
    await c1.ask('/', { status: 416, fields: { 'Content-Range': 'bytes */10' } }, 'Range: bytes=20-')
    expect(origin.asked).toEqual(['bytes=20-', 'whole'])
    expect(v1.counters().cache_hitmiss).toBe(0)
  })
})

describe('what is missing is fetched', () => {
  vtc('the rest, for who wants the whole, which then is stored', async (t) => {
    const { origin, c1 } = await ranged(t)
    await part(c1, 'bytes=0-3', 0, 3)
    await c1.ask('/', {
      status: 200,
      body: TEN,
      fields: { 'Content-Length': '10', 'Content-Range': undefined, 'Content-Type': 'text/plain' },
    })
    await c1.ask('/', { status: 200, body: TEN })
    await part(c1, 'bytes=2-8', 2, 8)
    expect(origin.asked).toEqual(['bytes=0-3', 'bytes=4- if "v1"'])
  })

  vtc('the beginning, the middle, and what lies between several gaps', async (t) => {
    const { origin, c1 } = await ranged(t)
    await part(c1, 'bytes=4-5', 4, 5)
    await part(c1, 'bytes=2-5', 2, 5)
    await part(c1, 'bytes=8-8', 8, 8)
    await part(c1, 'bytes=3-8', 3, 8)
    await c1.ask('/', { status: 200, body: TEN })
    await c1.ask('/', { status: 200, body: TEN })
    expect(origin.asked).toEqual(['bytes=4-5', 'bytes=2-3 if "v1"', 'bytes=8-8 if "v1"', 'bytes=6-7 if "v1"', 'whole'])
  })

  vtc('several ranges out of several parts', async (t) => {
    const { origin, c1 } = await ranged(t)
    await part(c1, 'bytes=0-1', 0, 1)
    await part(c1, 'bytes=8-9', 8, 9)
    const stored = await c1.ask('/', { status: 206 }, 'Range: bytes=9-9,0-0')
    expect(partsOf(stored.field('content-type'), stored.body).map(({ bytes }) => bytes)).toEqual(['9', '0'])
    expect(origin.asked.length).toBe(2)
    const fetched = await c1.ask('/', { status: 206 }, 'Range: bytes=1-4,6-8')
    expect(partsOf(fetched.field('content-type'), fetched.body).map(({ bytes }) => bytes)).toEqual(['1234', '678'])
    expect(origin.asked[2]).toBe('bytes=2-7 if "v1"')
  })

  vtc('a range beyond the end is answered without the origin: the length is known', async (t) => {
    const { origin, c1 } = await ranged(t)
    await part(c1, 'bytes=0-3', 0, 3)
    await c1.ask('/', { status: 416, fields: { 'Content-Range': 'bytes */10' } }, 'Range: bytes=10-')
    expect(origin.asked.length).toBe(1)
  })

  vtc('HEAD and a whole request are never answered with a part', async (t) => {
    const { origin, c1 } = await ranged(t)
    await part(c1, 'bytes=0-3', 0, 3)
    c1.tx('HEAD / HTTP/1.1', 'Host: example.com')
    await c1.rxForHead({ status: 200, fields: { 'Content-Length': '10', 'Content-Range': undefined } })
    await c1.ask('/', { status: 200, body: TEN })
    expect(origin.asked).toEqual(['bytes=0-3', 'bytes=4- if "v1"'])
  })

  vtc('who has it already is told so, though only a part is stored', async (t) => {
    const { origin, c1 } = await ranged(t)
    await part(c1, 'bytes=0-3', 0, 3)
    await c1.ask('/', { status: 304, fields: { ETag: '"v1"' } }, 'If-None-Match: "v1"')
    expect(origin.asked.length).toBe(1)
  })

  vtc('only-if-cached gets what is there, and 504 for what is not', async (t) => {
    const { c1 } = await ranged(t)
    await part(c1, 'bytes=0-3', 0, 3)
    await c1.ask('/', { status: 206, body: '12' }, 'Range: bytes=1-2', 'Cache-Control: only-if-cached')
    await c1.ask('/', { status: 504 }, 'Range: bytes=1-5', 'Cache-Control: only-if-cached')
    await c1.ask('/', { status: 504 }, 'Cache-Control: only-if-cached')
  })

  vtc('the fields of the last response count, and those that it does not repeat stay', async (t) => {
    const { origin, c1 } = await ranged(t, { lines: ['Cache-Control: max-age=100', 'A: 1', 'B: 1'] })
    await part(c1, 'bytes=0-3', 0, 3)
    origin.lines = ['Cache-Control: max-age=100', 'A: 2']
    await c1.ask('/', { status: 200, body: TEN, fields: { A: '2', B: '1' } })
    await c1.ask('/', { status: 206, fields: { A: '2', B: '1' } }, 'Range: bytes=0-0')
  })
})

describe('what does not belong together is not combined', () => {
  vtc('the whole comes instead, and replaces the part', async (t) => {
    const { origin, c1 } = await ranged(t)
    await part(c1, 'bytes=0-3', 0, 3)
    origin.tag = '"v2"'
    origin.body = 'abcdefghij'
    await c1.ask('/', { status: 200, body: 'abcdefghij', fields: { ETag: '"v2"' } })
    await part(c1, 'bytes=0-3', 0, 3, 'abcdefghij')
    expect(origin.asked).toEqual(['bytes=0-3', 'bytes=4- if "v1"'])
  })

  vtc('a part of something else, from an origin that ignores If-Range: the whole is asked for', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Range: 'bytes=0-3' } })
      s.answer('0123', 'HTTP/1.1 206 Partial Content', 'Cache-Control: max-age=100', 'ETag: "v1"', 'Content-Range: bytes 0-3/10')
      await s.rx({ fields: { Range: 'bytes=4-', 'If-Range': '"v1"' } })
      s.answer('efghij', 'HTTP/1.1 206 Partial Content', 'Cache-Control: max-age=100', 'ETag: "v2"', 'Content-Range: bytes 4-9/10')
      await s.rx({ fields: { Range: undefined, 'If-Range': undefined } })
      s.answer('abcdefghij', 'Cache-Control: max-age=100', 'ETag: "v2"')
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, params: FORWARDED })))
    await part(c1, 'bytes=0-3', 0, 3)
    await c1.ask('/', { status: 200, body: 'abcdefghij' })
    await c1.ask('/', { status: 200, body: 'abcdefghij' })
  })

  for (const [what, tag] of [
    ['a weak entity-tag', 'W/"v1"'],
    ['no validator', undefined],
  ] as const) {
    vtc(`with ${what} a second part takes the place of the first`, async (t) => {
      const { origin, c1 } = await ranged(t, { tag })
      await part(c1, 'bytes=0-3', 0, 3)
      await part(c1, 'bytes=1-2', 1, 2)
      await part(c1, 'bytes=2-5', 2, 5)
      await part(c1, 'bytes=0-3', 0, 3)
      await c1.ask('/', { status: 200, body: TEN })
      await c1.ask('/', { status: 200, body: TEN })
      // The rest of it without a validator to go by comes as a part that is of no use.
      expect(origin.asked).toEqual(['bytes=0-3', 'bytes=2-5', 'bytes=0-3', 'bytes=4-', 'whole'])
    })
  }

  vtc('a Last-Modified that is strong will do', async (t) => {
    const dates = ['Cache-Control: max-age=100', `Last-Modified: ${httpDate(-1000)}`, `Date: ${httpDate(0)}`]
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Range: 'bytes=0-3' } })
      s.answer('0123', 'HTTP/1.1 206 Partial Content', ...dates, 'Content-Range: bytes 0-3/10')
      await s.rx({ fields: { Range: 'bytes=4-', 'If-Range': httpDate(-1000) } })
      s.answer('456789', 'HTTP/1.1 206 Partial Content', ...dates, 'Content-Range: bytes 4-9/10')
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, params: FORWARDED })))
    await part(c1, 'bytes=0-3', 0, 3)
    await c1.ask('/', { status: 200, body: TEN })
  })

  vtc('a 304 to who has set no condition is not believed: the whole is asked for', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Range: 'bytes=0-3' } })
      s.answer('0123', 'HTTP/1.1 206 Partial Content', 'Cache-Control: max-age=100', 'ETag: W/"v1"', 'Content-Range: bytes 0-3/10')
      await s.rx({ fields: { Range: 'bytes=2-5', 'If-None-Match': undefined, 'If-Range': undefined } })
      s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: max-age=100', 'ETag: W/"v1"')
      await s.rx({ fields: { Range: undefined } })
      s.answer(TEN, 'Cache-Control: max-age=100', 'ETag: W/"v1"')
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, params: FORWARDED })))
    await part(c1, 'bytes=0-3', 0, 3)
    await part(c1, 'bytes=2-5', 2, 5)
    await part(c1, 'bytes=6-', 6, 9)
  })

  vtc('another length is another representation, whatever its entity-tag says', async (t) => {
    const { origin, c1 } = await ranged(t)
    await part(c1, 'bytes=0-3', 0, 3)
    origin.body = `${TEN}X`
    await c1.ask('/', { status: 200, body: `${TEN}X` })
    expect(origin.asked).toEqual(['bytes=0-3', 'bytes=4- if "v1"', 'whole'])
  })
})

describe('what is not stored as a part', () => {
  const rows: [what: string, lines: string[]][] = [
    ['more bytes than it says', ['Content-Range: bytes 4-5/10']],
    ['fewer bytes than it says', ['Content-Range: bytes 2-9/20']],
    ['an end beyond the end', ['Content-Range: bytes 5-10/10']],
    ['an end before its beginning', ['Content-Range: bytes 9-5/10']],
    ['no length of the whole', ['Content-Range: bytes 5-9/*']],
    ['two ranges', ['Content-Range: bytes 5-9/10', 'Content-Range: bytes 5-9/10']],
    ['another unit', ['Content-Range: items 5-9/10']],
    ['nothing about its range', []],
    ['several parts', ['Content-Range: bytes 5-9/10', 'Content-Type: multipart/byteranges; boundary=x']],
    ['no-store', ['Content-Range: bytes 5-9/10', 'Cache-Control: no-store']],
    ['private', ['Content-Range: bytes 5-9/10', 'Cache-Control: private']],
    ['fields for one client only', ['Content-Range: bytes 5-9/10', 'Cache-Control: private="x-user"', 'X-User: 1']],
  ]
  for (const [what, lines] of rows) {
    vtc(what, async (t) => {
      const s1 = await t.origin('s1', async (s) => {
        for (let i = 0; i < 2; i++) {
          await s.rx({ fields: { Range: 'bytes=-5' } })
          s.answer('56789', 'HTTP/1.1 206 Partial Content', 'Cache-Control: max-age=100', 'ETag: "v1"', ...lines)
        }
      })
      const c1 = await t.connect('c1', t.cache(await startCache(s1)))
      for (let i = 0; i < 2; i++) await c1.ask('/', { status: 206, body: '56789' }, 'Range: bytes=-5')
    })
  }

  vtc('a part that contradicts itself is no reason to fetch the rest for each client alone', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Range: 'bytes=-5' } })
      s.answer('56789', 'HTTP/1.1 206 Partial Content', 'Cache-Control: max-age=100', 'Content-Range: bytes 1-9/10')
      await s.rx({ fields: { Range: undefined } })
      s.answer(TEN, 'Cache-Control: max-age=100')
    })
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 206, body: '56789' }, 'Range: bytes=-5')
    await c1.ask('/', { status: 200, body: TEN })
    expect(v1.counters().cache_hitmiss).toBe(0)
    await c1.ask('/', { status: 200, body: TEN })
  })

  vtc('a part that breaks off: its reader sees it, and it is fetched again', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      const head = ['HTTP/1.1 206 Partial Content', 'Cache-Control: max-age=100', 'ETag: "v1"', 'Content-Range: bytes 5-9/10']
      await s.rx()
      s.tx(...head, 'Content-Length: 5')
      s.txbody('56')
      await t.until('the client has the beginning', () => begun)
      s.close()
      await s.rx({ fields: { Range: 'bytes=5-', 'If-Range': '"v1"' } })
      s.answer('56789', ...head)
    })
    let begun = false
    const v1 = t.cache(await startCache(s1))
    const c1 = await t.connect('c1', v1)
    c1.get('/', 'Range: bytes=-5')
    await c1.rxHead({ status: 206 })
    expect(await c1.rxbytes(2)).toBe('56')
    begun = true
    await c1.rxClosed()
    const c2 = await t.connect('c2', v1)
    await part(c2, 'bytes=-5', 5, 9)
    await part(c2, 'bytes=-5', 5, 9)
  })

  vtc('an origin that counts the end of a range as what comes after it: its bytes are used, its end is not', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Range: 'bytes=-5' } })
      s.answer('45678', 'HTTP/1.1 206 Partial Content', 'Cache-Control: max-age=100', 'ETag: "v1"', 'Content-Range: bytes 4-9/10')
      await s.rx({ fields: { Range: undefined } })
      s.answer('012345678', 'Cache-Control: max-age=100', 'ETag: "v1"')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { status: 206, body: '45678', fields: { 'Content-Range': 'bytes 4-9/10' } }, 'Range: bytes=-5')
    await c1.ask('/', { status: 206, body: '678', fields: { 'Content-Range': 'bytes 6-8/*' } }, 'Range: bytes=6-')
    await c1.ask('/', { status: 200, body: '012345678' })
  })

  vtc('a part that is another than was asked for goes to its client as it is, and is stored for what it is', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Range: 'bytes=-5' } })
      s.answer('0123', 'HTTP/1.1 206 Partial Content', 'Cache-Control: max-age=100', 'ETag: "v1"', 'Content-Range: bytes 0-3/10')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/', { status: 206, body: '0123', fields: { 'Content-Range': 'bytes 0-3/10' } }, 'Range: bytes=-5')
    await part(c1, 'bytes=1-2', 1, 2)
  })
})
