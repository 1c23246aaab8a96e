import { describe, expect } from 'vitest'
import { listBackends } from '../../../src/upkeep/health/backend-list.ts'
import { compile } from '../../kit/fake-context.ts'
import { startCache } from '../../kit/cache.ts'
import type { Conversation } from '../../kit/conversation.ts'
import type { TestOrigin } from '../../kit/origin.ts'
import { vtc } from '../../kit/vtc.ts'

/** Says its name, and how it is. */
async function named(t: Conversation, name: string): Promise<TestOrigin & { well: boolean }> {
  const origin = await t.origin(name, (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      if (!request.start.startsWith('GET /health ')) return s.answer(name)
      s.answer('', state.well ? 'HTTP/1.1 200 OK' : 'HTTP/1.1 500 Oh', 'Connection: close')
      s.close()
    }),
  )
  const state = Object.assign(origin, { well: true })
  return state
}

function rules(init: string, recv: string): string {
  return `vcl 4.1; import dynamic; import std; backend default none;
    probe up { .url = "/health"; .interval = 1s; .window = 2; .threshold = 1; .initial = 1; }
    acl here { "127.0.0.0"/8; }
    acl elsewhere { "192.0.2.0"/24; }
    sub vcl_init { ${init} }
    sub vcl_recv { ${recv} return (pass); }
    sub vcl_backend_response { set beresp.http.backend = beresp.backend; }
    unused up; unused here; unused elsewhere;`
}

describe('dynamic.director', () => {
  vtc('a backend by the name and port that the request has', async (t) => {
    const [s1, s2] = [await named(t, 's1'), await named(t, 's2')]
    const v1 = t.cache(
      await startCache({ vcl: rules('new d = dynamic.director();', 'set req.backend_hint = d.backend("127.0.0.1", req.http.port);') }),
    )
    const c1 = await t.connect('c1', v1)
    for (const [origin, name] of [
      [s1, 's1'],
      [s2, 's2'],
      [s1, 's1'],
    ] as const) {
      await c1.ask('/', { body: name, fields: { backend: `d(127.0.0.1:${origin.port})` } }, `port: ${origin.port}`)
    }
    expect([s1.connections, s2.connections]).toEqual([1, 1])
    expect(listBackends(v1.health).map(({ name }) => name)).toEqual([s1, s2].map(({ port }) => `boot.d(127.0.0.1:${port})`))
  })

  vtc('without a host, that of the request; what is no host is no backend', async (t) => {
    const s1 = await named(t, 's1')
    const v1 = t.cache(
      await startCache({
        vcl: rules(
          `new d = dynamic.director(port = "${s1.port}");`,
          'if (req.url == "/none") { set req.http.host = "a/b"; } set req.backend_hint = d.backend();',
        ),
      }),
    )
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 's1' }, 'Host: localhost:6081')
    await c1.ask('/none', { status: 503 })
    expect(v1.log().findLast(({ tag }) => tag === 'FetchError')?.text).toBe('No backend')
  })

  vtc('a name that does not resolve fails the fetch', async (t) => {
    const v1 = t.cache(
      await startCache({ vcl: rules('new d = dynamic.director();', 'set req.backend_hint = d.backend("no.such.invalid");') }),
    )
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 503 })
    expect(v1.log().findLast(({ tag }) => tag === 'FetchError')?.text).toContain('no.such.invalid')
  })

  vtc('addresses that the whitelist does not have are not used', async (t) => {
    const s1 = await named(t, 's1')
    const init = `new d = dynamic.director(whitelist = here, port = "${s1.port}"); new e = dynamic.director(whitelist = elsewhere, port = "${s1.port}");`
    const recv =
      'if (req.url == "/e") { set req.backend_hint = e.backend("localhost"); } else { set req.backend_hint = d.backend("localhost"); }'
    const c1 = await t.connect('c1', t.cache(await startCache({ vcl: rules(init, recv) })))
    await c1.ask('/', { body: 's1' })
    await c1.ask('/e', { status: 503 })
  })

  vtc('a probe: the manager probes it from when it is first wanted, and all see what came of it', async (t) => {
    const s1 = await named(t, 's1')
    const init = `new d = dynamic.director(probe = up, port = "${s1.port}");`
    const v1 = t.cache(
      await startCache({
        vcl: rules(init, 'set req.backend_hint = d.backend("127.0.0.1"); set req.http.x = std.healthy(req.backend_hint);'),
      }),
    )
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 's1' })
    const probe = async () => {
      const before = v1.events().length
      v1.advance(1000)
      v1.health.step()
      await t.until('it has been probed', () => v1.events().length > before)
    }
    s1.well = false
    await probe()
    await probe()
    await c1.ask('/', { status: 503 })
    expect(listBackends(v1.health)).toMatchObject([{ name: `boot.d(127.0.0.1:${s1.port})`, good: 0, window: 2, health: 'sick' }])
    s1.well = true
    await probe()
    await c1.ask('/', { body: 's1' })
    expect(v1.complaints.length).toBe(2)
  })

  vtc('what nobody has asked for is given up, and is not probed any more', async (t) => {
    const [s1, s2] = [await named(t, 's1'), await named(t, 's2')]
    const init = 'new d = dynamic.director(probe = up, domain_usage_timeout = 10m);'
    const v1 = t.cache(await startCache({ vcl: rules(init, 'set req.backend_hint = d.backend("127.0.0.1", req.http.port);') }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 's1' }, `port: ${s1.port}`)
    v1.advance(601_000)
    await c1.ask('/', { body: 's2' }, `port: ${s2.port}`)
    expect(listBackends(v1.health).map(({ name }) => name)).toEqual([`boot.d(127.0.0.1:${s2.port})`])
    await c1.ask('/', { body: 's1' }, `port: ${s1.port}`)
  })
})

describe('what is refused', () => {
  vtc('resolvers and services, with the reason', async () => {
    for (const init of ['new r = dynamic.resolver();', 'new d = dynamic.director();']) {
      const text = compile(rules(init, 'set req.backend_hint = d.service("a");')).text
      expect(text).toContain('names are looked up by the system')
    }
  })
})
