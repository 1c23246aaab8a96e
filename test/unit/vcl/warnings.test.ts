import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { compileVcl } from '../../../src/vcl/load.ts'

const HEAD = 'vcl 4.1;\nbackend default { .host = "127.0.0.1"; }\n'

/** Line (of the rules given) and message of each warning. */
function warnings(rules: string, policy: 'rfc9111' | 'varnish' = 'rfc9111'): string[] {
  const compiled = compileVcl(HEAD + rules, { path: 'rules.vcl', policy, vcl_path: [] })
  if (!compiled.ok) throw new Error(compiled.text)
  return compiled.warnings.map(({ at, message, hint }) => `${at.line - 2} ${message}: ${hint}`)
}

describe('what is never reached', () => {
  test.each<[string, string, string[]]>([
    [
      'behind a return, once for all that follows',
      'sub vcl_recv {\n  return (hash);\n  unset req.http.a;\n  unset req.http.b;\n}',
      ['3 this is never reached: line 4 has ended the sub'],
    ],
    [
      'behind an if that returns in every branch',
      'sub vcl_recv {\n  if (req.url) {\n    return (hash);\n  } elseif (req.restarts) {\n    return (pass);\n  } else {\n    return (pipe);\n  }\n  unset req.http.b;\n}',
      ['9 this is never reached: line 4 has ended the sub'],
    ],
    [
      'behind a call of a sub that always returns',
      'sub out { if (req.url) { return (pass); } else { return (hash); } }\nsub vcl_recv {\n  call out;\n  unset req.http.b;\n}',
      ['4 this is never reached: line 5 has ended the sub'],
    ],
    [
      'in a block',
      'sub vcl_recv {\n  if (req.url) {\n    return (hash);\n    unset req.http.a;\n  }\n}',
      ['4 this is never reached: line 5 has ended the sub'],
    ],
    [
      'behind return; of a sub of your own',
      'sub own {\n  return;\n  unset req.http.a;\n}\nsub vcl_recv { call own; }',
      ['3 this is never reached: line 4 has ended the sub'],
    ],
    [
      'a second part of a sub',
      'sub vcl_recv {\n  return (hash);\n}\nsub vcl_recv {\n  unset req.http.a;\n}',
      ['5 this part of vcl_recv is never reached: line 4 always ends the sub before'],
    ],
    ['not behind an if without else', 'sub vcl_recv { if (req.url) { return (pass); } unset req.http.a; }', []],
    ['not behind a call of a sub that only leaves itself', 'sub own { return; }\nsub vcl_recv { call own; unset req.http.a; }', []],
    ['not the built-in rules', 'sub vcl_recv { return (hash); }', []],
  ])('%s', (_what, rules, expected) => {
    expect(warnings(rules)).toEqual(expected)
  })
})

describe('Vary', () => {
  const set = (value: string, rest = ''): string[] => warnings(`${rest}\nsub vcl_backend_response { set beresp.http.Vary = ${value}; }`)

  test('by what every client has otherwise', () => {
    expect(set('"User-Agent"')).toEqual([
      '2 a response that varies by User-Agent is stored anew for nearly every client: bring it down to a few values in vcl_recv, in a field of your own, and vary by that; Vary: User-Agent can be set in vcl_deliver',
    ])
    expect(set('beresp.http.Vary + ", cookie"')).toHaveLength(1)
    expect(set('"Cookie, User-Agent"')).toHaveLength(2)
  })

  test('not by others, nor when rules change the field first, nor for clients', () => {
    expect(set('"Accept-Encoding, X-Device"')).toEqual([])
    expect(set('"X-Set-Cookie-Kind, Set-Cookie"')).toEqual([])
    expect(set('"User-Agent"', 'sub vcl_recv { set req.http.User-Agent = "phone"; }')).toEqual([])
    expect(warnings('sub vcl_deliver { set resp.http.Vary = "User-Agent"; }')).toEqual([])
  })
})

describe('cookies', () => {
  test('a ttl for responses that set one', () => {
    const rules = (body: string): string[] => warnings(`sub vcl_backend_response {\n  if (beresp.http.Set-Cookie) { ${body} }\n}`)
    expect(rules('set beresp.ttl = 1h;')).toEqual([
      '2 a ttl for responses that set a cookie: they belong to one client: unset beresp.http.Set-Cookie to store it without; or set beresp.uncacheable = true',
    ])
    expect(rules('set beresp.ttl = 1h; unset beresp.http.Set-Cookie;')).toEqual([])
    expect(rules('set beresp.ttl = 0s;')).toEqual([])
    expect(rules('set beresp.ttl = 120s; set beresp.uncacheable = true;')).toEqual([])
    expect(rules('set beresp.ttl = 120s; return (pass);')).toEqual([])
  })

  const RECV = 'sub vcl_recv {\n  return (hash);\n}'
  const RESPONSE = 'sub vcl_backend_response {\n  return (deliver);\n}'

  test('policy=varnish: what skips the built-in rules and never looks', () => {
    expect(warnings(RECV, 'varnish')).toEqual([
      '2 return (hash) answers requests with a Cookie from the cache: leave it out: the built-in vcl_recv passes requests with Cookie or Authorization, and ends in it for others',
    ])
    expect(warnings(RESPONSE, 'varnish')).toEqual([
      '2 return (deliver) stores responses with their Set-Cookie: leave it out: the built-in vcl_backend_response does not store them; or unset beresp.http.Set-Cookie',
    ])
  })

  test('not under rfc9111, which keeps them apart itself; not where rules look; not in an if', () => {
    expect(warnings(`${RECV}\n${RESPONSE}`)).toEqual([])
    expect(warnings('sub vcl_recv { if (req.http.Cookie) { return (pass); } return (hash); }', 'varnish')).toEqual([])
    expect(warnings('sub vcl_recv { unset req.http.cookie; return (hash); }', 'varnish')).toEqual([])
    expect(warnings('sub vcl_recv { if (req.url ~ "^/static/") { return (hash); } }', 'varnish')).toEqual([])
    expect(warnings('sub vcl_backend_response { unset beresp.http.Set-Cookie; return (deliver); }', 'varnish')).toEqual([])
  })
})

describe('no false alarm', () => {
  const folder = fileURLToPath(new URL('../../../vcl-examples', import.meta.url))
  const files = readdirSync(folder).filter((name) => name.endsWith('.vcl'))

  test.each(files)('%s', (name) => {
    for (const policy of ['rfc9111', 'varnish'] as const) {
      const compiled = compileVcl(readFileSync(join(folder, name), 'latin1'), { path: name, policy, vcl_path: [] })
      expect(compiled.text).toBe('')
    }
  })
})

test('warnings are told beside errors, in the order of the file, but not of what is unused', () => {
  const rules = 'import std from "/std.so";\nacl nobody { "::1"; }\nsub vcl_recv { set req.http.a = reqq.url; }\n'
  const compiled = compileVcl(HEAD + rules, { path: 'rules.vcl', policy: 'rfc9111', vcl_path: [], errUnref: false })
  expect(compiled.ok).toBe(false)
  const told = compiled.ok
    ? []
    : compiled.diagnostics.map(({ at, severity, message }) => `${at.line - 2} ${severity ?? 'error'} ${message}`)
  expect(told).toEqual(['1 warning import from "…" is ignored', "3 error unknown symbol 'reqq.url'"])
})
