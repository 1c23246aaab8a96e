import { describe, expect } from 'vitest'
import { partsOf } from '../kit/byteranges.ts'
import { httpDate, startCache } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import type { Message } from '../kit/message.ts'
import { vtc } from '../kit/vtc.ts'
import { crowd } from './parked.ts'

/** Ranges out of what is stored whole (RFC 9110 section 14). */

const TEN = '0123456789'
const STORED = ['Cache-Control: max-age=100', 'ETag: "v1"', `Last-Modified: ${httpDate(-1000)}`, 'Content-Type: text/plain']

/** A client of a cache that has an answer of the one request to its origin. */
function stored(
  title: string,
  talk: (c1: Client) => Promise<void>,
  options: { body?: string; lines?: string[]; params?: Record<string, string> } = {},
): void {
  const { body = TEN, lines = STORED, params = {} } = options
  vtc(title, async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Range: undefined } })
      s.answer(body, ...lines)
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, params })))
    await c1.ask('/', { body })
    await talk(c1)
  })
}

/** Content-Range and bytes of each part. */
function told(message: Message): [range: string, bytes: string][] {
  return partsOf(message.field('content-type'), message.body).map(({ lines, bytes }) => {
    expect(lines[0]).toBe('Content-Type: text/plain')
    expect(lines[1]).toMatch(/^Content-Range: /)
    return [lines[1].slice('Content-Range: '.length), bytes]
  })
}

describe('one range of a stored response', () => {
  const rows: [range: string, body: string, contentRange: string][] = [
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-30', TEN, 'bytes 0-9/10'],
    ['bytes=8-30', '89', 'bytes 8-9/10'],
    ['bytes=0-3,4-6', '0123456', 'bytes 0-6/10'],
    ['bytes=1-1,20-', '1', 'bytes 1-1/10'],
  ]
  for (const [range, body, contentRange] of rows) {
    stored(range, async (c1) => {
      const message = await c1.ask('/', { status: 206, body }, `Range: ${range}`)
      for (const name of ['Cache-Control', 'ETag', 'Last-Modified', 'Date', 'Content-Type']) expect(message.field(name)).toBeDefined()
      expect(message.field('content-range')).toBe(contentRange)
    })
  }

  for (const range of ['bytes=10-', 'bytes=-0', 'bytes=20-30,40-']) {
    stored(`${range}: 416, which says how long it is and nothing of what it would be`, async (c1) => {
      const fields = {
        'Content-Range': 'bytes */10',
        'Content-Length': '0',
        ETag: undefined,
        'Cache-Control': undefined,
        'Content-Type': undefined,
      }
      await c1.ask('/', { status: 416, fields }, `Range: ${range}`)
      await c1.ask('/', { status: 200, body: TEN, fields: { ETag: '"v1"' } })
    })
  }

  for (const range of ['bytes=4-2', 'bytes=a-b', 'items=0-1', 'bytes', 'bytes=0-1,x']) {
    stored(`${range} is ignored`, async (c1) => {
      await c1.ask('/', { status: 200, body: TEN, fields: { 'Accept-Ranges': 'bytes', 'Content-Range': undefined } }, `Range: ${range}`)
    })
  }

  stored('HEAD knows no ranges', async (c1) => {
    c1.tx('HEAD / HTTP/1.1', 'Host: example.com', 'Range: bytes=0-1')
    await c1.rxForHead({ status: 200, fields: { 'Content-Length': '10', 'Content-Range': undefined } })
  })

  stored(
    'nothing but a 200 has ranges',
    async (c1) => {
      await c1.ask('/', { status: 404, body: TEN, fields: { 'Accept-Ranges': undefined } }, 'Range: bytes=0-1')
    },
    { lines: ['HTTP/1.1 404 Not Found', 'Cache-Control: max-age=100'] },
  )

  stored('a 304 comes before a range', async (c1) => {
    await c1.ask('/', { status: 304 }, 'Range: bytes=0-1', 'If-None-Match: "v1"')
  })

  stored(
    'http_range_support=off: all of it, and no word of ranges',
    async (c1) => {
      await c1.ask('/', { status: 200, body: TEN, fields: { 'Accept-Ranges': undefined } }, 'Range: bytes=0-1')
    },
    { params: { http_range_support: 'off' } },
  )
})

describe('If-Range', () => {
  const rows: [value: string, status: number][] = [
    ['"v1"', 206],
    ['"v2"', 200],
    ['W/"v1"', 200],
    [httpDate(-1000), 206],
    [httpDate(-999), 200],
    ['yesterday', 200],
  ]
  for (const [value, status] of rows) {
    stored(`${value}: ${status}`, async (c1) => {
      await c1.ask('/', { status, body: status === 206 ? '01' : TEN }, 'Range: bytes=0-1', `If-Range: ${value}`)
    })
  }

  stored(
    'a date is no strong validator of what has changed in the second that it was sent',
    async (c1) => {
      await c1.ask('/', { status: 200 }, 'Range: bytes=0-1', `If-Range: ${httpDate(0)}`)
    },
    { lines: ['Cache-Control: max-age=100', `Last-Modified: ${httpDate(0)}`] },
  )
})

describe('several ranges', () => {
  stored('as one multipart/byteranges body, in the order asked for', async (c1) => {
    const message = await c1.ask('/', { status: 206, fields: { 'Content-Range': undefined, ETag: '"v1"' } }, 'Range: bytes=7-8,0-1')
    expect(told(message)).toEqual([
      ['bytes 7-8/10', '78'],
      ['bytes 0-1/10', '01'],
    ])
    // The connection goes on: the length was right.
    await c1.ask('/', { status: 200, body: TEN })
  })

  for (const range of [
    'bytes=0-5,1-6,2-7',
    'bytes=9-9,7-7,5-5,3-3,1-1',
    `bytes=${Array.from({ length: 40 }, (_, i) => `${i}-${i}`).join()}`,
  ]) {
    stored(`${range.slice(0, 40)} is abuse, and ignored`, async (c1) => {
      await c1.ask('/', { status: 200, body: TEN }, `Range: ${range}`)
    })
  }

  const LARGE = Array.from({ length: 200_000 }, (_, i) => `${i} `).join('')

  stored(
    'of a body in many pieces, again and again on one connection',
    async (c1) => {
      for (const [a, b] of [
        [0, 1_000_000],
        [500_000, 262_144],
        [1_200_000, 5],
      ]) {
        const message = await c1.ask('/', { status: 206 }, `Range: bytes=${a}-${a + 50_000},${b}-${b + 50_000}`)
        const joined = a + 50_000 >= b && b + 50_000 >= a
        expect(joined).toBe(false)
        expect(told(message).map(([, bytes]) => bytes)).toEqual([LARGE.slice(a, a + 50_001), LARGE.slice(b, b + 50_001)])
      }
    },
    { body: LARGE },
  )

  vtc('of a body that is still coming', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 200 OK', ...STORED, 'Content-Length: 10')
      s.txbody('01234')
      await t.until('the second is being served', () => served)
      s.txbody('56789')
    })
    let served = false
    const v1 = t.cache(await startCache(s1))
    const [c1] = await crowd(t, v1, 1)
    await c1.rxHead({ status: 200 })
    const c2 = await t.connect('c2', v1)
    c2.get('/', 'Range: bytes=8-9,0-1')
    await t.until('it is asked', () => v1.counters().cache_hit === 1)
    served = true
    const message = await c2.rx({ status: 206 })
    expect(told(message).map(([, bytes]) => bytes)).toEqual(['89', '01'])
  })
})

describe('policy=varnish answers as varnishd does', () => {
  const params = { policy: 'varnish' }
  stored(
    'one range',
    async (c1) => {
      await c1.ask(
        '/',
        { status: 206, body: '234', fields: { 'Content-Range': 'bytes 2-4/10', 'Accept-Ranges': 'bytes' } },
        'Range: bytes=2-4',
      )
    },
    { params },
  )
  for (const range of ['bytes=2-4,6-7', 'items=1-2', 'bytes=5-2']) {
    stored(
      `${range}: 416`,
      async (c1) => {
        await c1.ask('/', { status: 416, fields: { 'Content-Range': 'bytes */10', ETag: '"v1"' } }, `Range: ${range}`)
      },
      { params },
    )
  }
  stored(
    'HEAD has ranges',
    async (c1) => {
      c1.tx('HEAD / HTTP/1.1', 'Host: example.com', 'Range: bytes=0-1')
      await c1.rxForHead({ status: 206, fields: { 'Content-Length': '2', 'Content-Range': 'bytes 0-1/10' } })
    },
    { params },
  )
})
