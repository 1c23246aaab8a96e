import { describe, expect, test } from 'vitest'
import { failuresOf, play } from './kit.ts'

/** What steps do, said as tests of rules that pass. */
const PASSING: Readonly<Record<string, string>> = {
  'a client has an address, fields and a body': `
    POST /api/x?y from 2001:db8::1
      Content-Type: text/plain
      Host: shop.example
      body "a\\nb"
    expect bereq.http.X-Forwarded-For == 2001:db8::1
    expect bereq.http.Content-Type == text/plain
    expect bereq.http.Content-Length == 3
    expect bereq.http.Host == shop.example
    expect bereq.body == "a\\nb"`,
  'HTTP/1.0 has no Host': `
    GET / HTTP/1.0
    expect req.http.Host absent
    expect hash == "/" "127.0.0.1"`,
  'answers: status, reason, fields, body': `
    origin 404 "Not Here"
      X-A: 1
      X-A: 2
      body "gone"
    GET /
    expect resp.status == 404
    expect resp.reason == Not Here
    expect resp.http.X-A == 1, 2
    expect resp.body == gone
    expect resp.http.Content-Length == 4`,
  'an answer without a body has its number': `
    GET /
    expect resp.body == 1
    GET /other
    expect resp.body == 2
    GET /
    expect resp.body == 1`,
  'answers for once come first, in their order': `
    origin 500
    origin 200 once
    origin 201 once
    GET /1
    expect resp.status == 200
    GET /2
    expect resp.status == 201
    GET /3
    expect resp.status == 500`,
  'of answers that stay the newest that fits is given, a backend’s own before everybody’s': `
    origin 200
    origin 404 for /old*
    origin api 418
    origin 201
    GET /old/x
    expect resp.status == 201
    GET /api/
    expect resp.status == 418
    origin 410 for /old* method GET
    GET /old/y
    expect resp.status == 410
    HEAD /new
    expect resp.status == 201`,
  'an answer to conditions': `
    origin 200
      ETag: "1"
      body "whole"
    origin 304 if If-None-Match
      ETag: "1"
    GET /
    wait 75s
    GET /
    expect miss
    expect bereq.http.If-None-Match == "\\"1\\""
    expect resp.body == whole
    expect beresp.status == 200
    origin 200 if X-Seen=no
      body "never"
    GET /new
    expect resp.body == whole`,
  'chunked answers say no length': `
    origin 200
      chunked
      body 50k
    GET /
    expect resp.size == 51200
    expect resp.body ~ "^x+$"`,
  'delays make time pass': `
    origin 200
      Date: Thu, 01 Jan 2026 00:00:03 GMT
      delay 3s
    GET /
    expect miss
    wait 10s
    GET /
    # The delay counts (RFC 9111 section 4.2.3).
    expect age == 13s`,
  'a delay beyond first_byte_timeout is a failure': `
    origin 200
      delay 6s
    GET /api/
    expect resp.status == 503
    expect error ~ "first byte timeout"
    GET /
    expect resp.status == 200`,
  'origins fail in their ways': `
    origin refused
    GET /1
    expect error ~ refused
    expect requests == 0
    origin unreachable
    GET /2
    expect error ~ "timed out"
    origin timeout
    GET /3
    expect error ~ "first byte timeout"
    origin closed
    GET /4
    expect error ~ "HTC eof"
    expect fetches == 1
    origin malformed
    GET /5
    expect error ~ "in HTTP"
    expect resp.status == 503`,
  'a body that breaks is not stored': `
    origin 200 once
      body "0123456789"
      breaks after 5b
    GET /
    expect broken
    expect resp.body == 01234
    GET /
    expect miss
    expect resp.body == 2`,
  'a length that is said holds': `
    origin 200 once
      Content-Length: 3
      body "hello"
    GET /1
    expect resp.body == hel
    origin 200 once
      Content-Length: 9
      body "hello"
    GET /2
    expect broken
    expect resp.body == hello`,
  'a body may be chunked': `
    POST /api/
      Transfer-Encoding: chunked
      body "a=1"
    expect bereq.body == a=1
    expect bereq.http.Content-Length absent`,
  'requests can be repeated': `
    GET /api/ times 5
    expect requests == 5
    expect fetches == 1`,
  'the sick get nothing, until they are healthy': `
    sick api
    GET /api/
    expect error ~ "backend api is sick"
    expect fetches == 0
    expect backend absent
    healthy api
    GET /api/
    expect backend == api`,
  'two wait for one fetch':
    `
    origin 200
      delay 2s
    begin a GET /
    begin b GET /
    expect not answered
    expect action == waits`.replace('\n    expect action == waits', '') +
    `
    finish a
    expect miss
    finish b
    expect hit
    expect fetches == 0
    expect requests == 1`,
  'who waits too long fetches for himself': `
    param busy_wait_timeout=10s
    origin 200
      delay 50s
    begin a GET /
    wait 20s
    origin 200
    begin b GET /
    wait 11s
    expect answered
    expect miss
    expect requests == 2
    finish a
    expect miss`,
  'a background fetch belongs to the request that caused it': `
    GET /
    wait 65s
    origin 200
      delay 1s
    GET /
    expect hit
    expect stale
    expect resp.body == 1
    expect fetches == 1
    wait 2s
    GET /
    expect hit
    expect not stale
    expect resp.body == 2
    expect fetches == 0`,
  'an operator purges': `
    GET /
    GET /?x
      Host: other.example
    purge /
    GET /
    expect miss
    GET /?x
      Host: other.example
    expect hit
    purge /?x host other.example
    GET /?x
      Host: other.example
    expect miss
    purge soft /
    GET /
    expect hit
    expect stale`,
  'an operator purges by tag': `
    param tag_fields=xkey:space
    origin 200
      xkey: red blue
    GET /
    purge-tags green
    GET /
    expect hit
    purge-tags soft green blue
    GET /
    expect stale
    wait 1s
    purge-tags red
    GET /
    expect miss`,
  'an operator bans': `
    GET /a
    GET /b
    ban req.url == /a
    GET /a
    expect miss
    GET /b
    expect hit`,
  'a pipe carries request and answer': `
    origin 101
      Upgrade: websocket
      body "frames"
    GET /ws
      Connection: Upgrade
      Upgrade: websocket
    expect pipe
    expect resp.status == 101
    expect resp.body == frames
    expect bereq.http.Upgrade == websocket
    expect backend == default
    expect fetches == 1`,
  'a pipe to nobody is a 503': `
    sick default
    GET /ws
    expect resp.status == 503`,
  'rules that fail': `
    GET /fail
    expect synth
    expect resp.status == 503
    expect error == as wished`,
  'parameters and policies of a test': `
    policy varnish
    param default_ttl=1h
    GET /x
      Cache-Control: no-cache
    expect miss
    GET /x
      Cache-Control: no-cache
    expect hit`,
  'other texts in the rules': `
    replace "Gone Away" "Moved $& away"
    GET /gone
    expect resp.reason == Moved $& away`,
  'absent is different from everything, and no number': `
    GET /
    expect resp.http.X != y
    expect resp.http.X ~ "^$"
    expect obj.ttl absent
    expect obj.ttl != 3s
    expect log absent
    expect log != x
    GET /
    expect resp.http.Age <= 0`,
}

describe('what steps do', () => {
  test.each(Object.entries(PASSING))('%s', async (name, steps) => {
    expect(await failuresOf(`test ${name}\n${steps}\n`)).toEqual([])
  })
})

describe('tests', () => {
  test('begin anew each time, with what stands in front of the first', async () => {
    expect(
      await failuresOf(
        'origin 200\n  body "same"\n\ntest one\nGET /\nexpect miss\n\ntest two\nGET /\nexpect miss\nexpect resp.body == same\n',
      ),
    ).toEqual([])
  })

  test('run under each policy that they are for', async () => {
    const { outcomes } = await play('policy rfc9111 varnish\ntest both\nGET /\ntest one\npolicy varnish\nGET /\n')
    expect(outcomes.map(({ name, policy }) => `${name} ${policy}`)).toEqual(['both rfc9111', 'both varnish', 'one varnish'])
  })

  test('are chosen by name and by policy', async () => {
    const tests = 'policy rfc9111 varnish\ntest The cart\nGET /\ntest the shop\npolicy rfc9111\nGET /\n'
    expect((await play(tests, undefined, { names: ['CART'] })).outcomes.map(({ name }) => name)).toEqual(['The cart', 'The cart'])
    const { outcomes, elsewhere } = await play(tests, undefined, { policy: 'varnish' })
    expect(outcomes.map(({ name }) => name)).toEqual(['The cart'])
    expect(elsewhere).toBe(1)
  })

  test('of one request all that is wrong is told, and what comes after it is not done', async () => {
    const tests = 'test x\nGET /\nexpect hit\nexpect resp.status == 200\nexpect resp.body == 2\nGET /\nexpect pass\n'
    expect(await failuresOf(tests)).toEqual(
      ['3: expected hit, got miss', '5: expected resp.body == "2", got "1"', '7: expected pass, got miss'].slice(0, 2),
    )
  })
})

describe('bodies that are made of others', () => {
  test('a page with its includes: what is expected is about the page', async () => {
    const tests = `test page
origin 200 for /page
  Content-Type: text/html
  body "<p><esi:include src=\\"/again\\"/>-<esi:include src=\\"/api/2\\"/></p>"
origin 200 for /again
  body "one"
origin api 200
  delay 2s
  body "two"
GET /page
expect miss
expect resp.body == <p>one-two</p>
expect includes == 2
expect fetches == 3
expect requests.api == 1
expect hash == "/page" "example.com"
expect bereq.url == /page
expect backend == default
expect restarts == 0
expect calls == recv hash miss backend_fetch backend_response deliver
expect log == again
wait 10s
GET /page
expect hit
expect age == 12s
expect resp.body == <p>one-two</p>
`
    expect(await failuresOf(tests)).toEqual([])
  })

  test('what other threads pack and unpack is waited for', async () => {
    const rules =
      'vcl 4.1; backend default { .host = "127.0.0.1"; } sub vcl_backend_response { set beresp.do_gzip = true; set beresp.ttl = 1m; }'
    const tests = `test packed
origin 200
  Content-Type: text/html
  body 300k
GET /
  Accept-Encoding: gzip
expect resp.http.Content-Encoding == gzip
expect resp.size < 2000
GET /
expect hit
expect age == 0
expect resp.http.Content-Encoding absent
expect resp.size == 307200
`
    expect(await failuresOf(tests, rules)).toEqual([])
  })
})

describe('labels', () => {
  const MAIN = `vcl 4.1;
backend default { .host = "127.0.0.1"; }
sub vcl_recv {
    if (req.http.Host == "shop.example") {
        return (vcl(shop));
    }
}
`

  test('return (vcl(..)) leads to the rules that a line names', async () => {
    const tests = `label shop x2.vcl
test The shop has rules of its own
GET /
  Host: shop.example
expect resp.http.X-From == shop
expect log == in the shop
expect backend == default
GET /
expect resp.http.X-From absent
sick default
GET /new
  Host: shop.example
expect error ~ "sick"
`
    const shop = `vcl 4.1;
import std;
backend default { .host = "127.0.0.2"; }
sub vcl_recv { std.log("in the shop"); }
sub vcl_deliver { set resp.http.X-From = "shop"; }
`
    const { outcomes } = await play(tests, MAIN, { all: true }, { 'x2.vcl': shop })
    expect(outcomes.map(({ failures }) => failures)).toEqual([[]])
    const texts = outcomes[0].traces[0].lines.map(({ text }) => text)
    expect(texts).toEqual(expect.arrayContaining(['return (vcl(shop));', 'std.log("in the shop"); }', 'set resp.http.X-From = "shop"; }']))
  })

  test('what no line names is refused with the rules', async () => {
    await expect(play('test x\nGET /\n', MAIN)).rejects.toThrow('the rules are not accepted:')
    await expect(play('label shop none.vcl\ntest x\nGET /\n', MAIN)).rejects.toThrow(/x\.test:1:12 .*none\.vcl: there is no such file/)
  })
})

describe('what cannot be done is a failure with its place', () => {
  test.each([
    ['GET / HTTP/1.0\n  Host: a b', '2: rules never see this request: it is refused with 400'],
    [
      'POST /\n  Content-Length: 3\n  body "a"',
      '2: rules never see this request: it is refused with 400, its Content-Length is 3, its body 1 bytes',
    ],
    ['param first_byte_timeout=0\norigin timeout\nGET /', '4: GET / is never answered'],
  ])('%j', async (steps, says) => {
    const failures = await failuresOf(`test x\n${steps}\n`)
    expect(failures.length).toBe(1)
    expect(failures[0]).toContain(says)
  })

  test('vcl_init that fails', async () => {
    const rules = 'vcl 4.1; backend default none; sub vcl_init { return (fail("no licence")); }'
    expect(await failuresOf('test x\nGET /\n', rules)).toEqual(['1: vcl_init failed: no licence'])
  })
})
