import { describe, expect, test } from 'vitest'
import { compile, FakeContext, recv } from '../kit/fake-context.ts'

function value(expression: string, prepare?: (c: FakeContext) => void): string | undefined {
  return recv(`set req.http.result = ${expression};`, prepare).req.fields.get('result')
}

function complaint(body: string): string {
  const compiled = compile(body)
  return compiled.ok ? 'accepted' : compiled.diagnostics.map(({ message }) => message).join('; ')
}

describe('functions of modules', () => {
  test.each([
    ['std.tolower("ABC")', 'abc'],
    ['STD.ToLower("ABC")', 'abc'],
    ['std.integer("7", 1)', '7'],
    ['std.integer(s="x", fallback=2)', '2'],
    ['std.integer(fallback=2, s="7")', '7'],
    ['std.integer("x", 0,)', '0'],
    ['std.duration("1.5h", 1s)', '5400.000'],
    ['std.querysort("/a?c=1&b=2&a&&b=1")', '/a?a&b=1&b=2&c=1'],
    ['std.port(std.ip("1.2.3.4:99", "0.0.0.0"))', '99'],
    ['std.ip(req.http.unset, "192.0.2.9")', '192.0.2.9'],
    ['std.strstr("abc", "bc")', 'bc'],
    ['std.tolower("A" + 1 + true)', 'a1true'],
  ])('%s is %s', (expression, text) => {
    expect(value(expression)).toBe(text)
  })

  test.each([
    ['std.tolower()', "std.tolower() needs its argument 's' (STRING)"],
    ['std.tolower("a", "b")', 'std.tolower() takes at most 1 arguments'],
    ['std.integer("1", s="2")', "argument 's' is given twice"],
    ['std.integer(s="1", 2)', 'a positional argument after a named one'],
    ['std.integer(s="1", falback=2)', "std.integer() has no argument 'falback'"],
    ['std.integer("1", 1s)', 'expected INT, found DURATION'],
    ['std.tolowr("a")', "std has no function 'tolowr'"],
    ['std("a")', 'expected std.function(…)'],
    ['std.log("a")', 'std.log() has no value'],
    ['std.tolower', 'std.tolower: a vmod cannot be used as a value here'],
    ['nope.f("a")', "unknown function 'nope.f'"],
    ['req.url("a")', 'req.url is not a function'],
    ['req.url.lowr()', "STRING has no method 'lowr'"],
    ['req.url.lower("a")', 'lower() takes no arguments'],
    ['req.restarts.lower()', "INT has no method 'lower'"],
    ['req.storage.spce', "STEVEDORE has no property 'spce'"],
    ['regsub("a", "b")', 'regsub() takes three arguments'],
    ['regsub("a", req.url, "c")', 'a regex must be a literal'],
    ['std.ip("1.2.3.4", "no.such.invalid")', "'no.such.invalid' is not an IP address"],
    ['std.ip("1.2.3.4", req.url)', 'expected IP, found STRING'],
  ])('%s is refused: %s', (expression, message) => {
    expect(complaint(`import std; sub vcl_recv { set req.http.x = ${expression}; }`)).toContain(message)
  })

  test('must be imported, before', () => {
    expect(compile('sub vcl_recv { std.log("x"); }').text).toContain("is 'import std;' missing?")
    expect(complaint('sub vcl_recv { std.log("x"); } import std;')).toBe('module std is imported after its use')
  })

  test('a misspelt module, object or backend has the nearest for a hint', () => {
    const object = 'import directors as d; sub vcl_init { new apps = d.random(); } '
    const hint = (text: string) => /hint: (.*)/.exec(compile(text).text)?.[1]
    expect(hint(`${object}sub vcl_recv { set req.backend_hint = aps.backend(); }`)).toBe("did you mean 'apps.backend'?")
    expect(hint('import std as tools; sub vcl_recv { tolos.log("x"); }')).toBe("did you mean 'tools.log'?")
    expect(hint('sub vcl_recv { sdt.log("x"); }')).toBe("did you mean 'std.log'?")
    expect(hint('sub vcl_recv { constructor.log("x"); }')).toBeUndefined()
  })

  test('an alias stands for the module', () => {
    expect(complaint('import std as s; sub vcl_recv { s.log("x"); }')).toBe('accepted')
  })

  test('are legal only where they say, through the call graph', () => {
    expect(complaint('import std; sub vcl_backend_fetch { std.rollback(bereq); } sub vcl_recv { std.rollback(req); }')).toBe('accepted')
    expect(complaint('import std; sub vcl_recv { std.rollback(bereq); }')).toContain('bereq cannot be read in vcl_recv')
  })

  test('a header that a function may change must be one that can be set', () => {
    expect(complaint('import std; sub vcl_hit { std.collect(obj.http.x); }')).toBe('obj.http.x cannot be set in vcl_hit')
    expect(complaint('import std; sub vcl_recv { std.collect("x"); }')).toBe('expected HEADER, found STRING')
  })

  test('header arguments belong to the message of the call', () => {
    const c = recv('std.collect(req.http.a); std.collect(req.http.b, "; ");', ({ req }) => {
      for (const [name, text] of ['a 1', 'b 1', 'a 2', 'b 2'].map((pair) => pair.split(' '))) req.fields.append(name, text)
    })
    expect([c.req.fields.combined('a'), c.req.fields.combined('b')]).toEqual(['1, 2', '1; 2'])
  })
})

test('only functions of modules are statements', () => {
  expect(complaint('sub vcl_recv { req.url.lower(); }')).toBe('only functions of modules are called as a statement')
  expect(complaint('sub vcl_recv { regsub("a", "b", "c"); }')).toBe("unknown statement 'regsub'")
  expect(complaint('import std; sub vcl_recv { std.tolower("x"); }')).toBe('accepted')
})
