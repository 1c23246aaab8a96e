import { describe, expect, test } from 'vitest'
import { FakeContext, load, run } from '../kit/fake-context.ts'

// The rules that run when an operator's own say nothing, in both editions.

type Prepare = (c: FakeContext) => void

const editions = { rfc9111: load('', undefined, 'rfc9111'), varnish: load('', undefined, 'varnish') }

const host: Prepare = (c) => c.req.fields.append('Host', 'a.example')
const method =
  (name: string): Prepare =>
  (c) => {
    host(c)
    c.req.method = name
  }
const field =
  (name: string, value: string): Prepare =>
  (c) => {
    host(c)
    c.req.fields.append(name, value)
  }

describe('vcl_recv: prepared request, then what rfc9111 and varnish answer', () => {
  test.each<[string, Prepare, string, string]>([
    ['GET', host, 'hash', 'hash'],
    ['HEAD', method('HEAD'), 'hash', 'hash'],
    ['POST', method('POST'), 'hash', 'pass'],
    ['PATCH', method('PATCH'), 'hash', 'pass'],
    ['unknown method', method('PURGE'), 'pass', 'pipe'],
    ['CONNECT', method('CONNECT'), 'synth 405', 'pipe'],
    ['PRI', method('PRI'), 'synth 405', 'synth 405'],
    ['Authorization', field('Authorization', 'Basic eA=='), 'hash', 'pass'],
    ['Cookie', field('Cookie', 'a=1'), 'hash', 'pass'],
    ['no Host', () => {}, 'hash', 'synth 400'],
    ['no Host in HTTP/1.0', (c) => (c.req.proto = 'HTTP/1.0'), 'hash', 'hash'],
  ])('%s', (_what, prepare, rfc9111, varnish) => {
    const answers = Object.values(editions).map((vcl) => {
      const c = new FakeContext()
      prepare(c)
      const action = run(vcl, 'recv', c)
      return action === 'synth' ? `synth ${c.action_status}` : action
    })
    expect(answers).toEqual([rfc9111, varnish])
  })
})

describe.each(Object.entries(editions))('%s', (policy, vcl) => {
  test('Host becomes lower case, and stays one line', () => {
    const c = new FakeContext()
    c.req.fields.append('Host', 'WWW.Example.COM:8080')
    run(vcl, 'recv', c)
    expect([c.req.fields.get('host'), c.req.fields.count]).toEqual(['www.example.com:8080', 1])
  })

  test('the key is URL and Host, or the server address without one', () => {
    const c = new FakeContext()
    host(c)
    c.req.url = '/x'
    expect(run(vcl, 'hash', c)).toBe('lookup')
    const nameless = new FakeContext()
    run(vcl, 'hash', nameless)
    expect([c.hashed, nameless.hashed]).toEqual([
      ['/x', 'a.example'],
      ['/', '192.0.2.2'],
    ])
  })

  test.each([
    ['pipe', 'pipe'],
    ['pass', 'fetch'],
    ['miss', 'fetch'],
    ['hit', 'deliver'],
    ['deliver', 'deliver'],
    ['backend_fetch', 'fetch'],
    ['backend_response', 'deliver'],
  ] as const)('vcl_%s ends in %s', (sub, action) => {
    expect(run(vcl, sub, new FakeContext())).toBe(action)
  })

  test('a purge is answered 200 Purged', () => {
    const c = new FakeContext()
    expect([run(vcl, 'purge', c), c.action_status, c.action_reason]).toEqual(['synth', 200, 'Purged'])
  })

  test('only GET loses its request body', () => {
    const bodies = ['GET', 'POST'].map((name) => {
      const c = new FakeContext()
      c.bereq.method = name
      run(vcl, 'backend_fetch', c)
      return c.body_unset
    })
    expect(bodies).toEqual([true, false])
  })

  test('error pages: HTML, Retry-After, transaction id, and no markup out of the reason', () => {
    const c = new FakeContext()
    Object.assign(c.resp, { status: 404, reason: 'No <b>/x</b> & more' })
    Object.assign(c.beresp, { status: 503, reason: 'Backend fetch failed' })
    expect(run(vcl, 'synth', c)).toBe('deliver')
    expect(c.body).toContain('404 No ?b?/x?/b? ? more</h1>')
    expect(c.body).toContain('XID: 1001')
    expect(c.resp.fields.get('content-type')).toBe('text/html; charset=utf-8')
    // RFC 9110 section 10.2.3; Varnish says it always.
    expect(c.resp.fields.get('retry-after')).toBe(policy === 'varnish' ? '5' : undefined)
    c.resp.status = 503
    run(vcl, 'synth', c)
    expect(c.resp.fields.get('retry-after')).toBe('5')
    expect(run(vcl, 'backend_error', c)).toBe('deliver')
    expect(c.body).toContain('<title>503 Backend fetch failed</title>')
    expect(c.body).toContain('XID: 1002')
    expect([c.beresp.fields.get('content-type'), c.beresp.fields.get('retry-after')]).toEqual(['text/html; charset=utf-8', '5'])
  })

  test('its steps may be called and extended', () => {
    const own = load('sub vcl_req_cookie { return (pipe); } sub vcl_hit { call vcl_builtin_hit; }', undefined, policy as 'varnish')
    const c = new FakeContext()
    host(c)
    expect(run(own, 'recv', c)).toBe('pipe')
  })
})

describe('vcl_backend_response: what varnish makes hit-for-miss, rfc9111 leaves to the policy', () => {
  test.each<[string, Prepare, boolean]>([
    ['fresh', () => {}, false],
    ['ttl 0', (c) => (c.beresp_ttl_s = 0), true],
    ['Set-Cookie', (c) => c.beresp.fields.append('Set-Cookie', 'a=1'), true],
    ['Cache-Control: private', (c) => c.beresp.fields.append('Cache-Control', 'Private'), true],
    ['Cache-Control: no-cache', (c) => c.beresp.fields.append('Cache-Control', 'x, no-cache'), true],
    ['Cache-Control: max-age', (c) => c.beresp.fields.append('Cache-Control', 'max-age=1'), false],
    ['Surrogate-Control: no-store', (c) => c.beresp.fields.append('Surrogate-Control', 'no-store'), true],
    ['Vary: *', (c) => c.beresp.fields.append('Vary', '*'), true],
    ['Vary: Accept', (c) => c.beresp.fields.append('Vary', 'Accept'), false],
  ])('%s', (_what, prepare, hitmiss) => {
    const seen = Object.values(editions).map((vcl) => {
      const c = new FakeContext()
      prepare(c)
      run(vcl, 'backend_response', c)
      return c.beresp_uncacheable ? c.beresp_ttl_s : 'kept'
    })
    expect(seen).toEqual(['kept', hitmiss ? 120 : 'kept'])
  })

  test('Surrogate-Control hides Cache-Control', () => {
    const c = new FakeContext()
    c.beresp.fields.append('Surrogate-Control', 'max-age=60')
    c.beresp.fields.append('Cache-Control', 'no-store')
    run(editions.varnish, 'backend_response', c)
    expect(c.beresp_uncacheable).toBe(false)
  })
})
