import { startCache, type TestCacheOptions } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import type { Conversation } from '../kit/conversation.ts'

export const TEN = '0123456789'
/** What makes every range one that is asked for by itself. */
export const FORWARDED = { range_offset_limit: '0' }

/** An origin that knows ranges. */
export interface Ranged {
  body: string
  tag: string | undefined
  lines: string[]
  /** Range and If-Range of each request, "whole" for one without. */
  readonly asked: string[]
}

export async function ranged(t: Conversation, options: Partial<Ranged> & Pick<TestCacheOptions, 'params' | 'vcl' | 'store_bytes'> = {}) {
  const { params = FORWARDED, vcl, store_bytes, ...given } = options
  const origin: Ranged = { body: TEN, tag: '"v1"', lines: ['Cache-Control: max-age=100', 'Content-Type: text/plain'], asked: [], ...given }
  const s1 = await t.origin('s1', (s) =>
    s.forever(async () => {
      const exchange = await s.rx()
      const { request } = exchange
      const range = request.field('range')
      const ifRange = request.field('if-range')
      origin.asked.push(range === undefined ? 'whole' : ifRange === undefined ? range : `${range} if ${ifRange}`)
      const lines = origin.tag === undefined ? origin.lines : [...origin.lines, `ETag: ${origin.tag}`]
      const { body } = origin
      if (origin.tag !== undefined && request.field('if-none-match') === origin.tag) return s.tx('HTTP/1.1 304 Not Modified', ...lines)
      const span = /^bytes=(\d*)-(\d*)$/.exec(range ?? '')
      if (span === null || (ifRange !== undefined && ifRange !== origin.tag)) return s.answer(body, ...lines)
      const from = span[1] === '' ? Math.max(0, body.length - Number(span[2])) : Number(span[1])
      const to = span[1] === '' || span[2] === '' ? body.length - 1 : Math.min(Number(span[2]), body.length - 1)
      if (from >= body.length) return s.answer('', 'HTTP/1.1 416 Range Not Satisfiable', ...lines, `Content-Range: bytes */${body.length}`)
      s.answer(body.slice(from, to + 1), 'HTTP/1.1 206 Partial Content', ...lines, `Content-Range: bytes ${from}-${to}/${body.length}`)
    }),
  )
  const v1 = t.cache(
    await startCache({ origin: s1, params, ...(vcl === undefined ? {} : { vcl }), ...(store_bytes === undefined ? {} : { store_bytes }) }),
  )
  return { origin, s1, v1, c1: await t.connect('c1', v1) }
}

export async function part(c1: Client, range: string, from: number, to: number, body = TEN): Promise<void> {
  const fields = { 'Content-Range': `bytes ${from}-${to}/${body.length}`, 'Content-Length': String(to - from + 1) }
  await c1.ask('/', { status: 206, body: body.slice(from, to + 1), fields }, `Range: ${range}`)
}
