import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { get, Operated, RULES } from './admin-kit.ts'

/** What the commands of the admin port do to a server of two workers. */

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let operated: Operated
beforeAll(async () => void (operated = await Operated.start('-r', 'timeout_idle,first_byte_timeout')))
beforeEach(() => operated.enter())
afterAll(() => operated.stop())

const ok = (...words: string[]): Promise<string> => operated.ok(...words)

/** From both: the kernel deals them out. */
async function all(port = operated.instance.port): Promise<Set<string>> {
  return new Set((await Promise.all(Array.from({ length: 20 }, () => get(port)))).map(({ reason }) => reason))
}

describe('an operator', () => {
  test('loads, uses, labels and discards rules', async () => {
    expect(await ok('vcl.load', 'two', join(operated.directory, 'two.vcl'))).toBe('')
    expect(await all()).toEqual(new Set(['one']))
    expect(await ok('vcl.use', 'two')).toBe("VCL 'two' now active")
    expect(await all()).toEqual(new Set(['two']))
    await ok('vcl.label', 'site', 'boot')
    expect(await ok('vcl.list')).toMatch(
      /^available +auto +warm +0 +boot +<- +\(1 label\)\nactive +auto +warm +0 +two\navailable +label +warm +0 +site +-> +boot\n$/,
    )
    await ok('vcl.use', 'boot')
    expect(await ok('vcl.show', 'two')).toBe(RULES('two'))
    await ok('vcl.discard', 'two', 'site')
    expect(await ok('vcl.list')).toMatch(/^active[^\n]*boot\n$/)
  })

  test('gives rules as a text, in quotes or as a here-document; what is wrong with them is shown', async () => {
    await ok('vcl.inline', 'three', RULES('three'))
    expect((await operated.client.line(`vcl.inline four << %XJEIFLH|)Xspa8P\n${RULES('four')}\n%XJEIFLH|)Xspa8P\n`)).status).toBe(200)
    await ok('vcl.use', 'four')
    expect(await all()).toEqual(new Set(['four']))
    await ok('vcl.use', 'boot')
    await ok('vcl.discard', 'three', 'four')
    const { status, body } = await operated.client.ask(['vcl.inline', 'bad', 'vcl 4.1; backend b none; sub vcl_recv { return (nope); }'])
    expect(status).toBe(106)
    expect(body).toMatch(/unknown action 'nope'/)
  })

  test('changes parameters while requests are served', async () => {
    await ok('param.set', 'default_ttl', '3')
    expect((await get(operated.instance.port)).headers['ttl']).toBe('3.000')
    expect(await ok('param.show', 'changed')).toContain('default_ttl                   3.000 [seconds]\n')
    expect(await ok('param.show', 'default_ttl')).toMatch(
      /^default_ttl\n {8}Value is: 3\.000 \[seconds\]\n {8}Default is: 120\.000\n {8}Minimum is: 0\.000\n\n {8}\S/,
    )
    await ok('param.reset', 'default_ttl')
    expect((await get(operated.instance.port)).headers['ttl']).toBe('120.000')
    const refused = await operated.client.ask(['param.set', 'default_ttl', 'x'])
    expect(refused.status).toBe(106)
    expect(refused.body).toMatch(/not a duration[^]*\n\n\(attempting to set param 'default_ttl' to 'x'\)$/)
  })

  test('bans, lists bans, backends and stores', async () => {
    await ok('ban', 'req.url', '~', '^/a b', '&&', 'obj.status', '==', '200')
    expect(await ok('ban.list')).toMatch(/^Present bans:\n\d+\.\d{6} {5}0 - {2}req\.url ~ "\^\/a b" && obj\.status == 200\n/)
    expect((await operated.client.ask(['ban', 'foo', '==', 'bar'])).body).toContain('Unknown or unsupported field "foo"')
    expect(await ok('backend.list')).toMatch(/^Backend name +Admin +Probe +Health +Last change\nboot\.default +healthy +0\/0 +healthy +\S/)
    await ok('backend.set_health', 'default', 'sick')
    expect(await ok('backend.list', 'boot.*')).toMatch(/boot\.default +sick +0\/0 +healthy /)
    await ok('backend.set_health', 'boot.default', 'auto')
    expect(await ok('storage.list')).toBe('Storage devices:\n\tstorage.s0 = memory\n\tstorage.Transient = memory\n')
    for (const command of ['backend.list', 'ban.list', 'vcl.list', 'param.show', 'storage.list', 'status', 'pid'])
      expect((JSON.parse(await ok(command, '-j')) as unknown[]).slice(0, 4)).toEqual([
        expect.any(Number),
        [command, '-j'],
        expect.any(Number),
        expect.anything(),
      ])
  })

  test('lists directors behind the backends of their rules, and who is in them', async () => {
    const probe = '.probe = { .interval = 1h; .initial = 0; .timeout = 50ms; }'
    const rules = `vcl 4.1; import directors;
backend a { .host = "127.0.0.1"; .port = "9"; ${probe} } backend b { .host = "127.0.0.1"; .port = "9"; }
sub vcl_init {
  new rr = directors.round_robin(); rr.add_backend(a); rr.add_backend(b);
  new fb = directors.fallback(); fb.add_backend(a); fb.add_backend(rr.backend());
  new rnd = directors.random(); rnd.add_backend(a, 1); rnd.add_backend(b, 3);
  new h = directors.hash(); h.add_backend(a, 1);
  new sh = directors.shard(); sh.add_backend(a, "first"); sh.reconfigure();
}
sub vcl_recv { set req.backend_hint = fb.backend(); set req.backend_hint = rnd.backend(); set req.backend_hint = h.backend("x"); set req.backend_hint = sh.backend(); }`
    await ok('vcl.inline', 'several', rules)
    const lines = (await ok('backend.list', 'several.*')).split('\n').map((line) => line.split(/ {2,}/).slice(0, 4).join(' '))
    expect(lines.slice(1, -1)).toEqual([
      expect.stringMatching(/^several\.a probe \d\/8 sick$/),
      'several.b healthy 0/0 healthy',
      'several.rr probe 1/2 healthy',
      'several.fb probe 1/2 healthy',
      'several.rnd probe 1/2 healthy',
      'several.h probe 0/1 sick',
      'several.sh probe 0/1 sick',
    ])
    const members = (await ok('backend.list', '-p', 'several.[frs]*')).split('\n').filter((line) => line.startsWith('     '))
    expect(members.map((line) => line.trim().split(/ +/).join(' '))).toEqual([
      'Backend Weight Health',
      'a - sick',
      'b - healthy',
      'Backend Current Health',
      'a sick',
      'rr * healthy',
      'Backend Weight Health',
      'a 0.00% sick',
      'b 100.00% healthy',
      'Backend Ident Health',
      'a first sick',
    ])
    const [, , , shown] = JSON.parse(await ok('backend.list', '-j', 'several.rr')) as [unknown, unknown, unknown, object]
    expect(shown).toEqual({
      'several.rr': { type: 'round-robin', admin_health: 'probe', probe_message: [1, 2, 'healthy'], last_change: expect.any(Number) },
    })
    await ok('vcl.discard', 'several')
  })

  test('what is said of a director holds in all workers, for who asks for its health, until other rules come', async () => {
    const rules = `vcl 4.1; import directors; import std;
backend a { .host = "127.0.0.1"; .port = "9"; } backend b { .host = "127.0.0.1"; .port = "10"; }
sub vcl_init {
  new rr = directors.round_robin(); rr.add_backend(a);
  new fb = directors.fallback(); fb.add_backend(rr.backend()); fb.add_backend(b);
}
sub vcl_recv { set req.backend_hint = fb.backend(); return (synth(200, std.healthy(rr.backend()) + "," + std.healthy(fb.backend()))); }`
    const seen = async (): Promise<string[]> => {
      const answers = await Promise.all(Array.from({ length: 16 }, () => get(operated.instance.port)))
      return [...new Set(answers.map(({ reason }) => reason))]
    }
    await ok('vcl.inline', 'told', rules)
    await ok('vcl.use', 'told')
    expect(await seen()).toEqual(['true,true'])
    await ok('backend.set_health', 'rr', 'sick')
    expect(await seen()).toEqual(['false,true'])
    expect(await ok('backend.list', 'told.*')).toMatch(/told\.rr +sick +1\/1 +healthy [^]*told\.fb +probe +1\/2 +healthy/)
    await ok('backend.set_health', 'b', 'sick')
    expect(await seen()).toEqual(['false,false'])
    await ok('backend.set_health', 'told.fb', 'healthy')
    expect(await seen()).toEqual(['false,true'])
    await ok('backend.set_health', '*', 'auto')
    expect(await seen()).toEqual(['true,true'])
    await ok('backend.set_health', 'f*', 'sick')
    await ok('vcl.inline', 'told2', rules)
    await ok('vcl.use', 'told2')
    expect(await seen()).toEqual(['true,true'])
    await ok('vcl.use', 'boot')
    await ok('vcl.discard', 'told*')
  })

  test('tells what rules declare', async () => {
    const rules = `vcl 4.1; import directors; import std as standard;
backend a { .host = "127.0.0.1"; }
sub vcl_init { new rr = directors.round_robin(); rr.add_backend(a); }
acl near { "127.0.0.1"; }
sub mine { standard.log("x"); }
sub vcl_recv { call mine; if (client.ip ~ near) { set req.backend_hint = rr.backend(); } }`
    await ok('vcl.inline', 'declared', rules)
    const text = await ok('vcl.symtab')
    const of = text.split(/^Vcl: /m).find((part) => part.startsWith('declared\n'))
    const objects = of?.split('      {object}\n').slice(2) ?? []
    const shown = objects.map((object) =>
      [...object.matchAll(/\["(\w+)"\]: \{string\} <(.*)>/g)].map(([, key, value]) => `${key}=${value}`).join(' '),
    )
    expect(shown).toEqual([
      'dir=import type=$VMOD name=directors at=<vcl.inline>:1',
      'dir=import type=$VMOD name=std alias=standard at=<vcl.inline>:1',
      'dir=declare type=backend name=a at=<vcl.inline>:2',
      'dir=declare type=acl name=near at=<vcl.inline>:4',
      'dir=declare type=directors.round_robin name=rr at=<vcl.inline>:3',
      'dir=declare type=sub name=vcl_init at=<vcl.inline>:3',
      'dir=declare type=sub name=mine at=<vcl.inline>:5',
      'dir=declare type=sub name=vcl_recv at=<vcl.inline>:6',
    ])
    await ok('vcl.discard', 'declared')
  })

  /** What a load balancer is told. */
  async function health(): Promise<string> {
    const where = /metrics on (http:\/\/\S+)\/metrics/.exec(operated.instance.said)?.[1]
    const answer = await fetch(`${where}/healthz`)
    return `${answer.status} ${await answer.text()}`
  }

  test('stops the workers and starts them again, with what they have been told meanwhile; what is read once is read then', async () => {
    const { port } = operated.instance
    expect(await ok('param.set', 'cache_status_name', 'other')).toBe('\nChange will take effect when child is restarted')
    await ok('stop')
    expect(await ok('status')).toBe('Child in state stopped')
    expect(await health()).toBe('503 stopped\n')
    expect((await operated.client.ask(['stop'])).status).toBe(300)
    await expect(get(port)).rejects.toThrow('ECONNREFUSED')
    expect(await ok('vcl.load', 'two', join(operated.directory, 'two.vcl'))).toBe('VCL compiled.\n')
    await ok('vcl.use', 'two')
    await ok('start')
    expect(await ok('status')).toBe('Child in state running')
    expect(await health()).toBe('200 ok\n')
    expect(await all(port)).toEqual(new Set(['two']))
    expect(await ok('param.show', 'cache_status_name')).toContain('Value is: other\n')
    await ok('vcl.use', 'boot')
    await ok('vcl.discard', 'two')
    expect(await ok('debug.listen_address')).toBe(`a0 127.0.0.1 ${port}\n`)
    expect((await operated.client.ask(['panic.show'])).status).toBe(300)
  })
})

describe('explain', () => {
  test('to a person, with the values of secrets shortened unless they are asked for', async () => {
    const told = await ok('explain', '-H', 'Cookie: id=0123456789', 'http://a/x')
    expect(told).toMatch(/^GET \/x HTTP\/1.1 {3}\(worker 0, rules .*, policy=rfc9111\)\n/)
    expect(told).toContain('return (synth(200')
    expect(told).toMatch(/=> 200 \w+: head \d+ bytes, body \d+ bytes, [\d.]+ ms\n$/)
    expect(await ok('explain', '-v', '-H', 'Cookie: id=0123456789', 'http://a/x')).toContain('Cookie: id=012...(10 characters)\n')
    expect(await ok('explain', '-v', '-s', '-H', 'Cookie: id=0123456789', 'http://a/x')).toContain('Cookie: id=0123456789\n')
  })

  test('what cannot be asked is refused with what is wrong with it', async () => {
    expect(await operated.client.ask(['explain', '/x'])).toEqual({
      status: 106,
      body: "/x: of which host? Write http://HOST/x, or add -H 'Host: ...'",
    })
    expect(await operated.client.ask(['explain', '-w', '7', 'http://a/'])).toEqual({
      status: 300,
      body: 'there are 2 workers: the last is 1',
    })
  })

  test('an answer as JSON that cli_limit would cut is not given', async () => {
    await ok('param.set', 'cli_limit', '2k')
    const { status, body } = await operated.client.ask(['explain', '-j', 'http://a/x'])
    await ok('param.set', 'cli_limit', '48k')
    expect([status, body]).toEqual([300, expect.stringMatching(/^The answer has \d+ bytes, more than cli_limit: param.set cli_limit \d+k/)])
  })
})

test('-r: what may not be changed', async () => {
  expect(await operated.client.ask(['param.set', 'timeout_idle', '7'])).toEqual({
    status: 107,
    body: 'parameter "timeout_idle" is protected.',
  })
  expect(await operated.client.ask(['param.set', 'max_retries', '4'])).toMatchObject({ status: 200 })
})
