import { describe } from 'vitest'
import { httpDate, startCache } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import type { Conversation } from '../kit/conversation.ts'
import { vtc } from '../kit/vtc.ts'

/** Conditions and ranges of what goes around the store, where the origin heeds none: as varnishd 7.1 answers them, but for those of a POST, or not at all. */

const MODIFIED = httpDate(-1000)
const LARGE = Array.from({ length: 100_000 }, (_, i) => String(i).padStart(6, '0')).join('')
const VCL = `
  sub vcl_recv { if (req.url ~ "^/pass") { return (pass); } }
  sub vcl_backend_response {
    if (bereq.url ~ "page") { set beresp.do_esi = true; }
    if (bereq.url ~ "^/private") { set beresp.uncacheable = true; }
  }`

async function scene(t: Conversation, policy: string): Promise<Client> {
  const s1 = await t.origin('s1', (s) =>
    s.forever(async () => {
      const exchange = await s.rx()
      const lines = ['ETag: "1"', `Last-Modified: ${MODIFIED}`, 'Cache-Control: max-age=100']
      const target = exchange.request.start
      exchange.answer(target.includes('page') ? '<p>a page' : target.includes('large') ? LARGE : '0123456789', ...lines)
    }),
  )
  return t.connect('c1', t.cache(await startCache({ origin: s1, vcl: VCL, params: { policy } })))
}

const CONDITIONS = ['If-None-Match: "1"', 'If-None-Match: W/"1"', `If-Modified-Since: ${MODIFIED}`]

describe('policy=varnish', () => {
  for (const url of ['/pass/plain', '/pass/page', '/private/plain', '/private/page'])
    vtc(`${url}: a condition is answered`, async (t) => {
      const c1 = await scene(t, 'varnish')
      for (const condition of CONDITIONS) await c1.ask(url, { status: 304, body: '', fields: { 'Content-Length': undefined } }, condition)
      await c1.ask(url, { status: 200 }, 'If-None-Match: "2"')
      c1.request('POST', url, 'Content-Length: 0', CONDITIONS[0])
      await c1.rx({ status: 200 })
    })

  for (const where of ['/pass', '/private'])
    vtc(`${where}: a range is cut out of what has a length`, async (t) => {
      const c1 = await scene(t, 'varnish')
      await c1.ask(`${where}/plain`, { status: 206, body: '2345', fields: { 'Content-Range': 'bytes 2-5/10' } }, 'Range: bytes=2-5')
      await c1.ask(`${where}/plain`, { status: 416, fields: { 'Content-Range': 'bytes */10' } }, 'Range: bytes=20-')
      await c1.ask(`${where}/plain`, { status: 200, body: '0123456789' }, 'Range: bytes=2-5', 'If-Range: "0"')
      await c1.ask(`${where}/page`, { status: 200, body: '<p>a page' }, 'Range: bytes=2-5')
      const [from, to] = [590_003, 599_000]
      await c1.ask(`${where}/large`, { status: 206, body: LARGE.slice(from, to + 1) }, `Range: bytes=${from}-${to}`)
      await c1.ask(`${where}/large`, { status: 206, body: LARGE.slice(3, 5) }, 'Range: bytes=3-4')
      await c1.ask(`${where}/plain`, { status: 200, body: '0123456789' })
    })
})

describe('policy=rfc9111', () => {
  vtc('they are the origin’s business', async (t) => {
    const c1 = await scene(t, 'rfc9111')
    for (const condition of CONDITIONS) await c1.ask('/pass/plain', { status: 200, body: '0123456789' }, condition)
    await c1.ask('/pass/page', { status: 200, body: '<p>a page' }, CONDITIONS[0])
    await c1.ask('/pass/plain', { status: 200, body: '0123456789' }, 'Range: bytes=2-5')
  })
})
