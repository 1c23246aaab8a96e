import { describe } from 'vitest'
import { startCache } from '../../kit/cache.ts'
import { vtc } from '../../kit/vtc.ts'
import { numbered } from '../origins.ts'

describe('vsthrottle', () => {
  vtc('the third request in ten seconds is one too many', async (t) => {
    const vcl = `
      import vsthrottle;
      sub vcl_recv { if (vsthrottle.is_denied("" + client.ip, 2, 10s)) { return (synth(429, "Too Many Requests")); } return (pass); }`
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '2' })
    await c1.ask('/', { start: 'HTTP/1.1 429 Too Many Requests' })
    v1.advance(5000)
    await c1.ask('/', { body: '3' })
    await c1.ask('/', { status: 429 })
  })
})

describe('var', () => {
  vtc('variables last from vcl_recv to vcl_deliver and over a restart, not into the next request', async (t) => {
    const vcl = `
      import var;
      sub vcl_recv {
        if (req.restarts == 0) { var.set("first", req.url); var.set_int("n", 7); return (restart); }
        return (pass);
      }
      sub vcl_backend_fetch { set bereq.http.X = "fetch:" + var.get("first"); }
      sub vcl_deliver { set resp.http.First = var.get("first") + (var.get_int("n") + 1); var.clear(); }`
    const origin = await t.origin('s1', async (s) => {
      await s.rx({ fields: { X: 'fetch:' } })
      s.answer('a')
      await s.rx()
      s.answer('b')
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin, vcl })))
    await c1.ask('/one', { fields: { First: '/one8' } })
    await c1.ask('/two', { fields: { First: '/two8' } })
  })

  vtc('global ones are flags for all', async (t) => {
    const vcl = `
      import var;
      sub vcl_recv {
        if (req.url == "/close") { var.global_set("closed", "yes"); return (synth(200)); }
        if (var.global_get("closed")) { return (synth(503, "Closed")); }
      }`
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: '1' })
    await c1.ask('/close', { status: 200 })
    await c1.ask('/', { start: 'HTTP/1.1 503 Closed' })
  })
})

describe('cookie', () => {
  vtc('only the session reaches the origin, and pages vary by it alone', async (t) => {
    const vcl = `
      import cookie;
      sub vcl_recv {
        cookie.parse(req.http.Cookie);
        cookie.keep("session");
        set req.http.Cookie = cookie.get_string();
        if (req.http.Cookie == "") { unset req.http.Cookie; }
      }`
    const origin = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Cookie: undefined } })
      s.answer('anonymous', 'Cache-Control: max-age=60', 'Vary: Cookie')
      await s.rx({ fields: { Cookie: 'session=7;' } })
      s.answer('seven', 'Cache-Control: max-age=60', 'Vary: Cookie')
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin, vcl })))
    await c1.ask('/', { body: 'anonymous' }, 'Cookie: _ga=1; consent=yes')
    await c1.ask('/', { body: 'seven' }, 'Cookie: _ga=2; session=7')
    await c1.ask('/', { body: 'anonymous' })
    await c1.ask('/', { body: 'seven' }, 'Cookie: session=7; x=y')
  })
})
