import { describe, expect } from 'vitest'
import { DEFAULT_MASK, tracesRules } from '../../../src/config/log-mask.ts'
import { startCache, type TestCache } from '../../kit/cache.ts'
import { vtc } from '../../kit/vtc.ts'
import { answering, cacheable } from './told.ts'

/** VCL_trace: each statement that rules run, in their own transactions and the order in which they do; only of rules that were loaded when it was unmasked. */
const VCL = `sub tidy {
  unset req.http.Cookie;
}
sub vcl_recv {
  if (req.url == "/a") {
    call tidy;
    return (hash);
  }
  set req.http.Never = "1";
}
sub vcl_backend_response { set beresp.http.X = "1"; return (deliver); }
sub vcl_deliver { return (deliver); }`

/** As "tag text" of the transaction of that kind. */
function of(v1: TestCache, kind: string): string[] {
  const log = v1.log()
  const xid = log.find(({ tag, text }) => tag === 'Begin' && text.startsWith(`${kind} `))?.xid
  return log.filter((record) => record.xid === xid && /^VCL_(trace|call|return)$/.test(record.tag)).map(({ tag, text }) => `${tag} ${text}`)
}

describe('statements of rules', () => {
  vtc('are told where that is asked for', async (t) => {
    const params = { vsl_mask: '+VCL_trace' }
    const v1 = t.cache(await startCache({ origin: await answering(t, cacheable), vcl: VCL, params }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/a', { status: 200 }, 'Cookie: a=b')
    await t.until('both are told', () => v1.log().filter(({ tag }) => tag === 'ReqAcct' || tag === 'BereqAcct').length === 2)
    // Two lines stand before them: the version, and the backend.
    const req = of(v1, 'req')
    expect(req.slice(0, 5)).toEqual([
      'VCL_call RECV',
      expect.stringMatching(/^VCL_trace boot \d+ 0\.7\.\d+$/),
      expect.stringMatching(/^VCL_trace boot \d+ 0\.8\.5$/),
      expect.stringMatching(/^VCL_trace boot \d+ 0\.4\.3$/),
      expect.stringMatching(/^VCL_trace boot \d+ 0\.9\.5$/),
    ])
    expect(req.filter((line) => / 0\.11\./.test(line))).toEqual([])
    // The built-in rules are behind all files.
    expect(req[req.indexOf('VCL_call HASH') + 1]).toMatch(/^VCL_trace boot \d+ 1\.\d+\.\d+$/)
    expect(of(v1, 'bereq')).toContainEqual(expect.stringMatching(/^VCL_trace boot \d+ 0\.13\.28$/))
    expect(new Set(req.map((line) => line.split(' ')[2]).filter((n) => /^\d+$/.test(n))).size).toBe(
      req.filter((line) => line.startsWith('VCL_trace')).length,
    )
  })

  vtc('of a hit, too', async (t) => {
    const params = { vsl_mask: '+VCL_trace' }
    const v1 = t.cache(await startCache({ origin: await answering(t, cacheable), vcl: VCL, params }))
    const c1 = await t.connect('c1', v1)
    const traced = (): number => v1.log().filter(({ tag }) => tag === 'VCL_trace').length
    await c1.ask('/a', { status: 200 })
    const miss = traced()
    await c1.ask('/a', { status: 200 })
    const first = traced() - miss
    expect(first).toBeGreaterThan(4)
    // Nothing of what they did is remembered in place of doing it.
    await c1.ask('/a', { status: 200 })
    expect(traced() - miss).toBe(2 * first)
  })

  vtc('are not told by rules that were loaded without', async (t) => {
    expect(tracesRules(DEFAULT_MASK)).toBe(false)
    const v1 = t.cache(await startCache({ origin: await answering(t, cacheable), vcl: VCL }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/a', { status: 200 })
    expect(v1.log().filter(({ tag }) => tag === 'VCL_trace')).toEqual([])
  })
})
