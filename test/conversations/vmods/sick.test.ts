import { describe, expect } from 'vitest'
import { startCache, type TestCache } from '../../kit/cache.ts'
import type { Client } from '../../kit/client.ts'
import type { Conversation } from '../../kit/conversation.ts'
import type { TestOrigin } from '../../kit/origin.ts'
import { vtc } from '../../kit/vtc.ts'

/** Three backends that say their names, behind a director that passes everything on. */
async function behind(t: Conversation, init: string, recv = 'set req.backend_hint = d.backend();'): Promise<{ v1: TestCache; c1: Client }> {
  const named = (name: string): Promise<TestOrigin> =>
    t.origin(name, (s) =>
      s.forever(async () => {
        await s.rx()
        s.answer(name)
      }),
    )
  const origins = { s1: await named('s1'), s2: await named('s2'), s3: await named('s3') }
  const vcl = `
    import directors; import std;
    sub vcl_init { ${init} }
    sub vcl_recv { ${recv} set req.http.healthy = std.healthy(d.backend(${init.includes('hash') ? '"x"' : ''})); return (pass); }
    sub vcl_backend_response { set beresp.http.healthy = bereq.http.healthy; }
    sub vcl_backend_error { set beresp.http.healthy = bereq.http.healthy; }`
  const v1 = t.cache(await startCache({ origins, vcl }))
  return { v1, c1: await t.connect('c1', v1) }
}

const ADD = 'd.add_backend(s1); d.add_backend(s2); d.add_backend(s3);'

function set(v1: TestCache, name: string, admin: 'sick' | 'healthy' | 'probe'): void {
  expect(v1.health.setAdmin((_set, backend) => name === '*' || backend === name, admin).length).toBeGreaterThan(0)
}

/** Who answers so many requests, one after the other. */
async function answers(c1: Client, count: number, target = '/'): Promise<string> {
  const names: string[] = []
  for (let i = 0; i < count; i++) names.push((await c1.ask(target, {})).body.replace(/^<!.*/s, '-'))
  return names.join(' ')
}

describe('directors pass over the sick', () => {
  vtc('round_robin', async (t) => {
    const { v1, c1 } = await behind(t, `new d = directors.round_robin(); ${ADD}`)
    expect(await answers(c1, 4)).toBe('s1 s2 s3 s1')
    set(v1, 's3', 'sick')
    expect(await answers(c1, 4)).toBe('s2 s1 s2 s1')
    set(v1, '*', 'sick')
    await c1.ask('/', { status: 503, fields: { healthy: 'false' } })
    set(v1, 's3', 'probe')
    await c1.ask('/', { body: 's3', fields: { healthy: 'true' } })
  })

  vtc('fallback: back to the first as soon as it is well; a sticky one stays', async (t) => {
    const { v1, c1 } = await behind(t, `new d = directors.fallback(); ${ADD}`)
    expect(await answers(c1, 2)).toBe('s1 s1')
    set(v1, 's1', 'sick')
    expect(await answers(c1, 2)).toBe('s2 s2')
    set(v1, 's2', 'sick')
    expect(await answers(c1, 1)).toBe('s3')
    set(v1, 's1', 'probe')
    expect(await answers(c1, 1)).toBe('s1')

    const sticky = await behind(t, `new d = directors.fallback(sticky = true); ${ADD}`)
    set(sticky.v1, 's1', 'sick')
    expect(await answers(sticky.c1, 2)).toBe('s2 s2')
    set(sticky.v1, 's1', 'probe')
    expect(await answers(sticky.c1, 2)).toBe('s2 s2')
    set(sticky.v1, 's2', 'sick')
    expect(await answers(sticky.c1, 1)).toBe('s3')
  })

  vtc('random: what a sick one would get goes to the others', async (t) => {
    const { v1, c1 } = await behind(t, 'new d = directors.random(); d.add_backend(s1, 1000); d.add_backend(s2, 1); d.add_backend(s3, 0);')
    set(v1, 's1', 'sick')
    expect(await answers(c1, 5)).toBe('s2 s2 s2 s2 s2')
    set(v1, 's2', 'sick')
    await c1.ask('/', { status: 503 })
  })

  vtc('hash: another one for the same text, and the first again when it is well', async (t) => {
    const { v1, c1 } = await behind(t, `new d = directors.hash(); ${ADD}`, 'set req.backend_hint = d.backend(req.url);')
    const before = await answers(c1, 1, '/a')
    set(v1, before, 'sick')
    const meanwhile = await answers(c1, 2, '/a')
    expect(meanwhile).not.toContain(before)
    expect(new Set(meanwhile.split(' ')).size).toBe(1)
    set(v1, before, 'probe')
    expect(await answers(c1, 1, '/a')).toBe(before)
  })

  vtc('shard: the next on the ring; healthy=IGNORE asks the sick one all the same', async (t) => {
    const init = `new d = directors.shard(); ${ADD} d.reconfigure();`
    const { v1, c1 } = await behind(t, init, 'set req.backend_hint = d.backend(by = URL);')
    const before = await answers(c1, 1, '/a')
    set(v1, before, 'sick')
    const meanwhile = await answers(c1, 1, '/a')
    expect(meanwhile).not.toBe(before)
    const third = ['s1', 's2', 's3'].find((name) => name !== before && name !== meanwhile)!
    set(v1, meanwhile, 'sick')
    expect(await answers(c1, 1, '/a')).toBe(third)
    set(v1, third, 'sick')
    expect(await answers(c1, 1, '/a')).toBe('-')

    const ignoring = await behind(t, init, 'set req.backend_hint = d.backend(by = URL, healthy = IGNORE);')
    set(ignoring.v1, before, 'sick')
    // It fails at once: the backend itself is not asked while it is sick.
    expect(await answers(ignoring.c1, 1, '/a')).toBe('-')
    expect(ignoring.v1.log().findLast(({ tag }) => tag === 'FetchError')?.text).toBe(`backend ${before}: unhealthy`)
  })

  vtc('shard with rampup: one that has just become well gets its share little by little', async (t) => {
    const init = `new d = directors.shard(); d.set_rampup(100s); ${ADD} d.reconfigure();`
    const { v1, c1 } = await behind(t, init, 'set req.backend_hint = d.backend(by = URL);')
    v1.advance(1_000_000)
    const before = await answers(c1, 1, '/a')
    set(v1, before, 'sick')
    set(v1, before, 'probe')
    // No time has passed: the dice can say what they want.
    expect(await answers(c1, 5, '/a')).not.toContain(before)
    v1.advance(100_000)
    expect(await answers(c1, 5, '/a')).toBe(Array.from({ length: 5 }, () => before).join(' '))
  })

  vtc('a director of directors', async (t) => {
    const init = `
      new a = directors.round_robin(); a.add_backend(s1); a.add_backend(s2);
      new d = directors.fallback(); d.add_backend(a.backend()); d.add_backend(s3);`
    const { v1, c1 } = await behind(t, init)
    set(v1, 's1', 'sick')
    expect(await answers(c1, 2)).toBe('s2 s2')
    set(v1, 's2', 'sick')
    expect(await answers(c1, 2)).toBe('s3 s3')
  })
})
