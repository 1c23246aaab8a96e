import { afterEach, beforeEach, describe, expect, type MockInstance, vi } from 'vitest'
import { Outcomes } from '../../src/flow/outcomes.ts'
import { STEADY_WRITES } from '../../src/vcl/emit-steady.ts'
import { compileVcl } from '../../src/vcl/load.ts'
import { rulesFor, startCache } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import { vtc } from '../kit/vtc.ts'
import { told } from './log/told.ts'
import { named } from './origins.ts'

let recalls: MockInstance<Outcomes['recalls']>
beforeEach(() => {
  recalls = vi.spyOn(Outcomes.prototype, 'recalls')
})
afterEach(() => recalls.mockRestore())

/** How many requests found remembered what rules make of them. */
function recalled(): number {
  return recalls.mock.results.filter(({ value }) => value === true).length
}

const SHOP = `
  import std;
  acl staff +log { "127.0.0.1"; }
  sub vcl_recv {
    unset req.http.Proxy;
    if (client.ip ~ staff) { set req.http.X-Staff = client.ip; }
    if (req.method == "BAN") { std.ban("req.url ~ " + req.url); return (synth(200)); }
    set req.http.Host = regsub(req.http.Host, ":[0-9]+$", "");
    set req.url = regsuball(req.url, "(utm_[a-z]+)=[^&]*&?", "");
    set req.url = std.querysort(req.url);
    if (req.http.Cookie ~ "currency=([A-Z]+)") { set req.http.X-Currency = regsub(req.http.Cookie, ".*currency=([A-Z]+).*", "\\1"); }
    unset req.http.Cookie;
    set req.grace = 10s;
    set req.backend_hint = default;
    std.log("url:" + req.url);
    return (hash);
  }
  sub vcl_hash { hash_data(req.url); hash_data(req.http.X-Currency); }
  sub vcl_deliver { set resp.http.Seen = req.url + " " + req.http.X-Currency + " " + req.http.Cookie + " " + req.grace; }`

async function rounds(one: (round: number) => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 8; round++) await one(round)
}

describe('what rules have made of a request is recalled for the next one that is the same', () => {
  vtc('with the same records, fields, key and answer', async (t) => {
    const all = await told(t, { origin: await named(t), vcl: SHOP }, async (c1) => {
      await rounds(async () => {
        const answer = await c1.ask('/a?z=1&utm_x=y&b=2', { body: 'shop /a?b=2&z=1' }, 'Host: shop:80', 'Cookie: currency=EUR', 'Proxy: x')
        expect(answer.field('seen')).toBe('/a?b=2&z=1 EUR  10.000')
      })
    })
    expect(recalled()).toBe(4)
    const hits = all
      .filter((lines) => lines.some((line) => line.startsWith('Hit ')))
      .map((lines) => lines.filter((line) => !/^(Begin|Hit) /.test(line)))
    expect(hits).toHaveLength(7)
    expect(hits[0].filter((line) => line.startsWith('VCL_')).length).toBeGreaterThan(6)
    for (const other of hits) expect(other).toEqual(hits[0])
  })

  vtc('and of others, that differ in whatever counts, nothing', async (t) => {
    const v1 = t.cache(await startCache({ origin: await named(t), vcl: SHOP }))
    const c1 = await t.connect('c1', v1)
    await rounds(async (round) => {
      for (const currency of ['EUR', 'USD', 'EUR', 'CHF']) {
        const target = round % 2 === 0 ? '/a?x=1&b=2' : '/a?x=1&c=2'
        const answer = await c1.ask(target, {}, 'Host: shop', `Cookie: currency=${currency}`)
        expect(answer.field('seen')).toBe(`${target.replace(/x=1&(.=2)/, '$1&x=1')} ${currency}  10.000`)
      }
    })
    expect(recalled()).toBeGreaterThan(4)
  })

  vtc('not for another address', async (t) => {
    const vcl =
      'sub vcl_recv { set req.http.By = client.ip; } sub vcl_deliver { set resp.http.By = req.http.By + " " + req.http.X-Forwarded-For; }'
    const v1 = t.cache(await startCache({ origin: await named(t), vcl, listen: '127.0.0.1:0,PROXY' }))
    const clients = await Promise.all(['192.0.2.1', '192.0.2.2'].map((ip) => proxied(t, v1, ip)))
    await rounds(async () => {
      for (const { c, ip } of clients) for (let i = 0; i < 4; i++) expect((await c.ask('/', {})).field('by')).toBe(`${ip} ${ip}`)
    })
    expect(recalled()).toBeGreaterThan(8)
  })

  vtc('not of URLs that take a lot of room', async (t) => {
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: await named(t), vcl: SHOP })))
    const ask = (url: string) => rounds(() => c1.ask(url, { body: `shop ${url}` }, 'Host: shop'))
    await ask('/'.padEnd(1025, 'x'))
    expect(recalled()).toBe(0)
    await ask('/'.padEnd(1024, 'x'))
    expect(recalled()).toBeGreaterThan(3)
  })

  vtc('not by other rules', async (t) => {
    const options = {
      origin: await named(t),
      vcl: 'sub vcl_recv { set req.http.By = "one"; } sub vcl_deliver { set resp.http.By = req.http.By; }',
    }
    const v1 = t.cache(await startCache(options))
    const c1 = await t.connect('c1', v1)
    await rounds(async () => expect((await c1.ask('/', {})).field('by')).toBe('one'))
    const other = compileVcl(rulesFor({ ...options, vcl: options.vcl.replace('one', 'two') }), {
      path: 'x.vcl',
      policy: 'rfc9111',
      vcl_path: [],
    })
    if (!other.ok) throw new Error(other.text)
    v1.rules.obey({ does: 'load', set: { id: 2, name: 'v2', image: other.program.image, counters: [] } })
    v1.rules.obey({ does: 'use', id: 2 })
    await rounds(async () => expect((await c1.ask('/', {})).field('by')).toBe('two'))
    expect(recalled()).toBe(10)
  })

  vtc('with every variable that they may set', async (t) => {
    const sets = [
      'client.identity = "me"',
      'req.backend_hint = other',
      'req.esi = false',
      'req.grace = 7s',
      'req.hash_always_miss = true',
      'req.hash_ignore_busy = true',
      'req.hash_ignore_vary = true',
      'req.max_age = 20s',
      'req.method = "HEAD"',
      'req.ttl = 30s',
      'req.url = "/b"',
    ]
    const names = sets.map((set) => set.split(' ')[0])
    expect(new Set(names)).toEqual(STEADY_WRITES)
    // Of two names that mean one thing the one that is set last counts.
    const vcl = `vcl 4.0; backend default none; backend other { .host = "127.0.0.1"; .port = "1"; }
      sub vcl_recv { ${sets.map((set) => `set ${set};`).join(' ')} return (hash); }
      sub vcl_miss { return (synth(200)); }
      sub vcl_synth { set resp.http.Seen = ${names.join(' + " " + ')}; return (deliver); }`
    const c1 = await t.connect('c1', t.cache(await startCache({ vcl })))
    const seen: (string | undefined)[] = []
    await rounds(async () => seen.push((await c1.ask('/a', { status: 200 })).field('seen')))
    expect(recalled()).toBe(4)
    expect(new Set(seen)).toEqual(new Set(['me other false 7.000 true true true 30.000 HEAD 30.000 /b']))
  })

  vtc('under either policy, also when Accept-Encoding is made gzip', async (t) => {
    const vcl = 'sub vcl_recv { set req.http.X = "1"; } sub vcl_deliver { set resp.http.Coding = req.http.Accept-Encoding + req.http.X; }'
    const v1 = t.cache(await startCache({ origin: await named(t), vcl, params: { policy: 'varnish' } }))
    const c1 = await t.connect('c1', v1)
    await rounds(async () => expect((await c1.ask('/', {}, 'Accept-Encoding: br, gzip')).field('coding')).toBe('gzip1'))
    expect(recalled()).toBe(4)
  })

  vtc('but what passes, is answered by rules or restarts goes through them each time', async (t) => {
    const vcl = `sub vcl_recv {
      if (req.url == "/pass") { return (pass); }
      if (req.url == "/synth") { return (synth(404)); }
      if (req.url == "/again" && req.restarts == 0) { return (restart); }
      set req.http.Times = req.restarts;
    }
    sub vcl_deliver { set resp.http.Times = req.http.Times; }`
    const v1 = t.cache(await startCache({ origin: await named(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await rounds(async () => {
      await c1.ask('/pass', { body: 'example.com /pass' })
      await c1.ask('/synth', { status: 404 })
      expect((await c1.ask('/again', {})).field('times')).toBe('1')
    })
    expect(recalled()).toBe(0)
  })
})

describe('nothing is recalled where rules look at what a request does not say', () => {
  const looks: readonly string[] = ['set req.http.X = req.xid;', 'set req.http.X = std.random(0, 1000000);']
  for (const look of looks) {
    vtc(look, async (t) => {
      const vcl = `import std; sub vcl_recv { ${look} } sub vcl_deliver { set resp.http.X = req.http.X; }`
      const v1 = t.cache(await startCache({ origin: await named(t), vcl }))
      const c1 = await t.connect('c1', v1)
      const seen = new Set<string | undefined>()
      await rounds(async () => seen.add((await c1.ask('/', {})).field('x')))
      expect(seen.size).toBe(8)
      expect(recalled()).toBe(0)
    })
  }

  vtc('set req.http.X = std.port(client.ip);', async (t) => {
    const vcl = 'import std; sub vcl_recv { set req.http.X = std.port(client.ip); } sub vcl_deliver { set resp.http.X = req.http.X; }'
    const v1 = t.cache(await startCache({ origin: await named(t), vcl }))
    const clients = await Promise.all(['c1', 'c2'].map((name) => t.connect(name, v1)))
    const seen = new Set<string | undefined>()
    for (const c of clients) await rounds(async () => seen.add((await c.ask('/', {})).field('x')))
    expect(seen.size).toBe(2)
    expect(recalled()).toBe(0)
  })

  vtc('or keep what they have read for later', async (t) => {
    const vcl = 'import cookie; sub vcl_recv { cookie.parse(req.http.Cookie); } sub vcl_deliver { set resp.http.X = cookie.get("a"); }'
    const v1 = t.cache(await startCache({ origin: await named(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await rounds(async () => expect((await c1.ask('/', {}, 'Cookie: a=b')).field('x')).toBe('b'))
    expect(recalled()).toBe(0)
  })
})

async function proxied(t: Conversation, v1: { readonly port: number }, ip: string) {
  const c = await t.connect(ip, v1)
  c.raw(`PROXY TCP4 ${ip} 127.0.0.1 4000 80\r\n`)
  return { c, ip }
}
