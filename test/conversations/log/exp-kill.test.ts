import { describe, expect } from 'vitest'
import type { Conversation } from '../../kit/conversation.ts'
import { startCache, type TestCache } from '../../kit/cache.ts'
import { vtc } from '../../kit/vtc.ts'
import { answering } from './told.ts'

/** ExpKill, of no transaction, in the words of varnishd 7.1: which is masked unless it is asked for. */
const STORE_BYTES = 8 * 1024 * 1024
const PAGES = 120

/** More than the store holds, each once. */
async function fill(t: Conversation, params: Record<string, string>): Promise<TestCache> {
  const s1 = await answering(t, (request) => request.answer(' '.repeat(100_000), 'Cache-Control: max-age=100'))
  const v1 = t.cache(await startCache({ origin: s1, store_bytes: STORE_BYTES, params }))
  const c1 = await t.connect('c1', v1)
  for (let i = 0; i < PAGES; i++) await c1.ask(`/${i}`, { status: 200 })
  return v1
}

function told(v1: TestCache): string[] {
  return v1
    .log()
    .filter(({ tag }) => tag === 'ExpKill')
    .map(({ xid, text }) => `${xid} ${text}`)
}

describe('what leaves the store by itself', () => {
  vtc('is not told unless it is asked for', async (t) => {
    const v1 = await fill(t, {})
    expect(v1.counters().n_lru_nuked).toBeGreaterThan(10)
    expect(told(v1)).toEqual([])
  })

  vtc('is told by the transaction that made it: to make room, and when its time is over', async (t) => {
    const v1 = await fill(t, { vsl_mask: '+ExpKill' })
    const evicted = told(v1)
    const fetches = new Set(v1.log().flatMap(({ tag, xid, text }) => (tag === 'Begin' && text.startsWith('bereq') ? [xid] : [])))
    expect(evicted.length).toBe(v1.counters().n_lru_nuked)
    for (const line of evicted) expect(line).toMatch(/^0 LRU x=\d+$/)
    const gone = evicted.map((line) => Number(line.split('=')[1]))
    expect(gone.filter((xid) => !fetches.has(xid))).toEqual([])
    expect(new Set(gone).size).toBe(gone.length)
    // Fresh for 100 seconds, and in grace for ten.
    v1.advance(115_000)
    const expired = told(v1).slice(evicted.length)
    expect(expired.length).toBeGreaterThan(10)
    for (const line of expired) expect(line).toMatch(/^0 EXP_Expired x=\d+ t=-15$/)
    expect(expired.filter((line) => gone.includes(Number(/x=(\d+)/.exec(line)?.[1])))).toEqual([])
  })
})
