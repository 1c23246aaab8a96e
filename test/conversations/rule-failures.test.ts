import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

/**
 * What goes wrong in rules while they run fails that request as VCL prescribes: a 503, from vcl_synth on the client's side and from
 * vcl_backend_error on the backend's. It counts, is logged with its place, and the connection and the worker go on.
 */

const FAULT = 'if (req.http.X-Fail) { set req.http.a = 1 / std.integer("0", 0); }'
const BACKEND_FAULT = 'if (bereq.http.X-Fail) { set bereq.http.a = 1 / std.integer("0", 0); }'

/** `reach`: what has to be so that the sub runs at all. */
const SUBS: readonly { readonly sub: string; readonly fault: string; readonly reach?: string; readonly warm?: true }[] = [
  { sub: 'vcl_recv', fault: FAULT },
  { sub: 'vcl_hash', fault: FAULT },
  { sub: 'vcl_miss', fault: FAULT },
  { sub: 'vcl_hit', fault: FAULT, warm: true },
  { sub: 'vcl_pass', fault: FAULT, reach: 'sub vcl_recv { return (pass); }' },
  { sub: 'vcl_purge', fault: FAULT, reach: 'sub vcl_recv { if (req.http.X-Fail) { return (purge); } }' },
  { sub: 'vcl_deliver', fault: FAULT },
  { sub: 'vcl_pipe', fault: FAULT, reach: 'sub vcl_recv { if (req.http.X-Fail) { return (pipe); } }' },
  { sub: 'vcl_synth', fault: FAULT, reach: 'sub vcl_recv { if (req.http.X-Fail) { return (synth(200)); } }' },
  { sub: 'vcl_backend_fetch', fault: BACKEND_FAULT },
  { sub: 'vcl_backend_response', fault: BACKEND_FAULT },
  {
    sub: 'vcl_backend_error',
    fault: BACKEND_FAULT,
    reach: 'sub vcl_backend_fetch { if (bereq.http.X-Fail) { return (error(500)); } }',
  },
]

describe('a failure', () => {
  for (const { sub, fault, reach = '', warm } of SUBS) {
    vtc(`in ${sub} is a 503 for that request and for no other`, async (t) => {
      const vcl = `import std;\n${reach}\nsub ${sub} {\n  ${fault}\n}`
      const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=100'), vcl }))
      const c1 = await t.connect('c1', v1)
      if (warm === true) await c1.ask('/', { status: 200 })
      const failing = await t.connect('failing', v1)
      await failing.ask('/', { status: 503 }, 'X-Fail: 1')
      await c1.ask('/', { status: 200 })
      await c1.ask('/other', { status: 200 })
      const errors = v1.log().filter(({ tag }) => tag === 'VCL_Error')
      expect(errors.map(({ text }) => text)[0]).toMatch(new RegExp(`^division by zero \\(${sub}, .*:\\d+:\\d+\\)$`))
      expect(v1.counters().vcl_fail).toBeGreaterThan(0)
    })
  }
})
