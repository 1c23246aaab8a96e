import { describe, expect, test } from 'vitest'
import { DIAGNOSTIC_CODES, type DiagnosticCode } from '../../../src/vcl/diagnostic-codes.ts'
import { compileVcl } from '../../../src/vcl/load.ts'

/** Everything that is wrong is told in one run, once, and nothing that follows from it. */

const BACKEND = 'vcl 4.1;\nbackend default { .host = "127.0.0.1"; }\n'

function complaints(rules: string): string[] {
  const compiled = compileVcl(BACKEND + rules, { path: 'rules.vcl', policy: 'rfc9111', vcl_path: [], resolveHost: () => [] })
  const found = compiled.ok ? compiled.warnings : compiled.diagnostics
  // Lines counted from the rules' own.
  return found.map(({ at, message, hint }) => `${at.line - 2}:${at.column} ${message}${hint === undefined ? '' : ` (${hint})`}`)
}

describe('several errors in one run', () => {
  test.each<[string, string, string[]]>([
    [
      'a missing semicolon hides nothing behind it',
      'sub vcl_recv {\n  set req.url = "a"\n  set req.http.b = 1 == 1;\n  unset req.urk;\n}\n',
      [
        "2:19 expected ';' or an operator behind this (is a ';' or a + missing before it?)",
        "4:9 unknown symbol 'req.urk' (did you mean 'req.url'?)",
      ],
    ],
    [
      'statements of all kinds, blocks of conditions that make no sense, and the checker behind them',
      'sub vcl_recv {\n  sett req.http.b = "c";\n  if (req.url = "x") {\n    set req.http.y = 1 + ;\n  } elseif (req.ulr) {\n    return (hsh);\n  }\n  call nowhere;\n}\n',
      [
        "2:3 unknown statement 'sett' (did you mean 'set'?)",
        "3:15 expected ')' or an operator, found '=' (comparison is written ==)",
        "4:26 expected an expression, found ';'",
        "6:13 unknown action 'hsh' (did you mean 'hash'? possible here: fail, hash, pass, pipe, purge, restart, synth, vcl)",
        "8:8 unknown sub 'nowhere'",
      ],
    ],
    [
      'a byte that no string can hold',
      'sub vcl_recv {\n  set req.http.a = "b\0c";\n  set req.http.b = {"d\n\0"};\n  set req.http.c = reqq.url;\n}\n',
      [
        '2:22 a string cannot hold byte 0x00',
        '4:1 a string cannot hold byte 0x00',
        "5:20 unknown symbol 'reqq.url' (did you mean 'req.url'?)",
      ],
    ],
    [
      'what is no token is told, not what is odd around it',
      'sub vcl_recv {\n  set req.http.a = "a\\"b";\n  set req.http.b = \'c\';\n  set req.http.d = "open;\n  set req.http.e = req.http;\n}\n',
      [
        '2:25 this string is not closed on its line (a "string" cannot span lines and knows no escapes; use {"…"} for quotes or line ends inside)',
        '3:20 unexpected single quote (strings use double quotes)',
        '4:20 this string is not closed on its line (a "string" cannot span lines and knows no escapes; use {"…"} for quotes or line ends inside)',
        '5:20 req.http needs a header name (req.http.host, for example)',
      ],
    ],
    [
      'entries and attributes',
      'acl a { "1.1.1.1"; 2.2.2.2; "3.3.3.3"/x; }\nbackend b { .host = "x" .port = "80"; .foo = 1; }\nsub vcl_recv { if (client.ip ~ a) { set req.backend_hint = b; } }\n',
      [
        "1:20 expected '}' or an address (\"10.0.0.0\"/8;), found '2.2'",
        "1:39 expected a number, found 'x'",
        "2:25 expected ';', found '.'",
        "2:40 unknown attribute '.foo'",
      ],
    ],
    [
      'a } too many',
      'sub vcl_recv { }\n}\nsub vcl_hash { hash_data(req.ulr); }\n',
      ["2:1 expected a declaration or end of file, found '}'", "3:26 unknown symbol 'req.ulr' (did you mean 'req.url'?)"],
    ],
    [
      'the language of Varnish 3',
      'sub vcl_recv {\n  if (req.request == "GET") { lookup; }\n  return (lookup);\n}\nsub vcl_fetch { return (deliver); }\n',
      [
        "2:7 unknown symbol 'req.request' (since VCL 4.0 it is req.method)",
        "2:31 unknown statement 'lookup' (use return (hash); in vcl_recv, return (lookup); in vcl_hash)",
        '3:11 return (lookup) is not possible in vcl_recv (since VCL 4.0 it is return (hash);)',
        "5:5 unknown sub 'vcl_fetch': names that begin with vcl_ are reserved (since VCL 4.0 it is vcl_backend_response)",
      ],
    ],
  ])('%s', (_what, rules, expected) => {
    expect(complaints(rules)).toEqual(expected)
  })
})

describe('what follows from an error is not told', () => {
  test.each<[string, string, string[]]>([
    [
      'names declared in what could not be read',
      'acl office +log( { "10.0.0.0"/8; }\nsub vcl_recv { if (client.ip ~ office) { return (pass); } }\n',
      ["1:18 expected a flag (+name or -name), found '{'"],
    ],
    [
      'names used in what could not be read',
      'acl office { "10.0.0.0"/8; }\nsub vcl_recv { if (client.ip ~ office client) { return (pass); } }\n',
      ["2:39 expected ')' or an operator, found 'client'"],
    ],
    [
      'functions of a module whose import could not be read',
      'import std\nsub vcl_recv { std.log("a"); }\n',
      ["1:10 expected ';', 'as' or 'from' behind this"],
    ],
    [
      'anything, when a file is not there',
      'include "./nope.vcl";\nacl a { }\nsub vcl_recv { call there; if (client.ip ~ elsewhere) { return (pass) } }\n',
      ['1:9 cannot read nope.vcl: there is no such file', "3:71 expected ';', found '}'"],
    ],
    [
      'behind a string that never ends',
      'sub vcl_recv { set req.http.x = {"abc; }\n',
      ['1:33 this {" string is never closed ({" starts a long string that ends with "}; for a brace and a string write { ")'],
    ],
    ['braces that are never closed, counted once', 'sub vcl_recv {\n  if (req.url) {\n', ["2:16 this '{' is never closed (it needs a })"]],
  ])('%s', (_what, rules, expected) => {
    expect(complaints(rules)).toEqual(expected)
  })

  test('a } that is missing is looked for by indentation', () => {
    const rules =
      'sub vcl_recv {\n  if (req.url ~ "x") {\n    set req.http.a = "1";\n  set req.http.b = "2";\n}\n\nsub vcl_hash {\n  hash_data(req.ulr);\n}\n'
    expect(complaints(rules)).toEqual([
      "7:1 expected '}' before 'sub' (the '{' of line 4 is not closed)",
      "8:13 unknown symbol 'req.ulr' (did you mean 'req.url'?)",
    ])
  })
})

test('a flood is cut off', () => {
  const many = complaints(`sub vcl_recv {\n${'  sett x;\n'.repeat(100_000)}}\n`)
  expect(many.length).toBe(100)
  expect(complaints(`sub vcl_recv {\n${'  set req.urk = 1;\n'.repeat(50_000)}}\n`).length).toBe(100)
  expect(complaints("'\n".repeat(100_000)).length).toBeLessThanOrEqual(100)
})

describe('codes', () => {
  const codes = Object.keys(DIAGNOSTIC_CODES) as DiagnosticCode[]

  test.each(codes)('%s: its example has it, and nothing else', (code) => {
    const { example, severity } = DIAGNOSTIC_CODES[code]
    const head = code === 'no-backend' ? 'vcl 4.1;\n' : BACKEND
    const compiled = compileVcl(head + example, { path: 'x.vcl', policy: 'rfc9111', vcl_path: [] })
    const found = compiled.ok ? compiled.warnings : compiled.diagnostics
    expect(found.map((one) => one.code)).toEqual([code])
    expect(compiled.ok).toBe(severity === 'warning')
  })

  test('unused is a warning when vcc_err_unref is off', () => {
    const rules = BACKEND + DIAGNOSTIC_CODES.unused.example
    const compiled = compileVcl(rules, { path: 'x.vcl', policy: 'rfc9111', vcl_path: [], errUnref: false })
    expect(compiled.ok && compiled.warnings.map((one) => [one.code, one.severity])).toEqual([['unused', 'warning']])
  })
})
