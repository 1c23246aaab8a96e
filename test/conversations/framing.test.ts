import { expect, describe } from 'vitest'
import { STEPS } from '../../src/flow/steps.ts'
import { STEP } from '../../src/flow/step.ts'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

/** Whatever rules do to a response, the client can tell where it ends, and that it is one. */
describe('rules and framing', () => {
  const deeds: [what: string, vcl: string, status: number, body: string | RegExp][] = [
    ['resp.status = 100 in vcl_deliver', 'sub vcl_deliver { set resp.status = 100; }', 503, '1'],
    ['resp.status = 1101 in vcl_deliver', 'sub vcl_deliver { set resp.status = 1101; }', 503, '1'],
    ['resp.status = 204 in vcl_deliver', 'sub vcl_deliver { set resp.status = 204; }', 204, ''],
    ['resp.status = 304 in vcl_deliver', 'sub vcl_deliver { set resp.status = 304; }', 304, ''],
    ['beresp.status = 204', 'sub vcl_backend_response { set beresp.status = 204; }', 204, ''],
    ['beresp.status = 101', 'sub vcl_backend_response { set beresp.status = 101; }', 503, '1'],
    ['synth(100)', 'sub vcl_recv { return (synth(100)); } sub vcl_synth { set resp.body = "s"; return (deliver); }', 503, 's'],
    [
      'resp.status = 150 in vcl_synth',
      'sub vcl_recv { return (synth(400)); } sub vcl_synth { set resp.status = 150; set resp.body = "s"; return (deliver); }',
      503,
      's',
    ],
    [
      'Connection in vcl_backend_response of a pass',
      'sub vcl_recv { return (pass); } sub vcl_backend_response { set beresp.http.Connection = "upgrade"; set beresp.http.Upgrade = "x"; }',
      200,
      '1',
    ],
    ['line breaks in a field', 'sub vcl_deliver { set resp.http.X = "a" + {"\r\nSet-Cookie: b\r\n\r\nc"}; }', 503, /503/],
    ['line breaks in the reason', 'sub vcl_deliver { set resp.reason = {"a\r\nSet-Cookie: b\r\n\r\nc"}; }', 503, /503/],
  ]
  for (const [what, vcl, status, body] of deeds) {
    vtc(what, async (t) => {
      const v1 = t.cache(await startCache({ origin: await numbered(t, 'Cache-Control: max-age=10'), vcl }))
      const c1 = await t.connect('c1', v1)
      c1.get('/')
      c1.request('OPTIONS', '/next')
      const answer = await c1.rx({ status, body })
      expect(answer.field('transfer-encoding')).toBeUndefined()
      expect(answer.field('set-cookie')).toBeUndefined()
      expect(answer.field('upgrade')).toBeUndefined()
      expect(answer.lines.filter((line) => /^content-length:/i.test(line)).length).toBeLessThan(2)
      // What fails ends the connection, too, as in varnishd.
      if (answer.field('connection') === 'close') await c1.rxClosed()
      else await c1.rx({ status })
    })
  }
})

describe('a mistake in the program', () => {
  vtc('ends the one request that made it; those who wait with it get their answer', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      await t.until('two wait', () => v1.counters().busy_sleep === 2)
      s.answer('for all', 'Cache-Control: max-age=10')
    })
    const v1 = t.cache(await startCache(s1))
    const row = STEPS[STEP.deliver]
    const { run } = row
    Object.assign(row, {
      run: (task: Parameters<typeof run>[0]) => {
        if (task.req.fields.has('x-trap')) throw new Error('trapped')
        return run(task)
      },
    })
    const c1 = await t.connect('c1', v1)
    const c2 = await t.connect('c2', v1)
    const c3 = await t.connect('c3', v1)
    c1.get('/')
    await t.until('c1 asks', () => s1.seen.length === 1)
    c2.get('/', 'X-Trap: 1')
    await t.until('c2 waits', () => v1.counters().busy_sleep === 1)
    c3.get('/')
    await c1.rx({ body: 'for all' })
    await c3.rx({ body: 'for all' })
    expect(await c2.rxClosed()).toBe('reset')
    c3.get('/', 'X-Trap: 1')
    expect(await c3.rxClosed()).toBe('reset')
    await c1.ask('/', { body: 'for all' })
    Object.assign(row, { run })
    expect(v1.counters().client_resp_500).toBe(2)
    expect(v1.complaints.join()).toContain('trapped')
  })
})
