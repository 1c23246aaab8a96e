import { describe, expect, test } from 'vitest'
import type { LoadedVcl } from '../../src/vcl/runtime/context.ts'
import { compile, FakeContext, load, run } from '../kit/fake-context.ts'
import { answer, hostWith } from '../kit/measured.ts'

const HEAD = `vcl 4.1; import std; import directors;
backend default none;
backend b1 { .host = "127.0.0.1"; }
backend b2 { .host = "127.0.0.1"; }
backend b3 { .host = "127.0.0.1"; }
backend sick { .host = "127.0.0.1"; }
sub vcl_init {
  new h = directors.hash(); h.add_backend(b1); h.add_backend(b2, 2.0); h.add_backend(sick, 5.0); h.add_backend(b3, 0.5);
  new he = directors.hash(); he.add_backend(sick);
  new r = directors.round_robin(); r.add_backend(b1); r.add_backend(sick); r.add_backend(b2); r.add_backend(b3);
  new f = directors.fallback(); f.add_backend(sick); f.add_backend(b2); f.add_backend(b3);
  new fs = directors.fallback(sticky=true); fs.add_backend(sick); fs.add_backend(b2); fs.add_backend(b3);
  new deep = directors.fallback(); deep.add_backend(r.backend()); deep.add_backend(b1);
  new e = directors.round_robin();
  new rnd = directors.random(); rnd.add_backend(sick, 10); rnd.add_backend(b3, 1);
}
`

describe('what happens to the members', () => {
  const choose = (vcl: LoadedVcl) => answer(vcl, '/')

  test('round_robin: the sick one is passed over, and has its turn again', () => {
    const sick = new Set(['b2'])
    const vcl = load(HEAD + 'sub vcl_recv { set req.http.r = r.backend().resolve(); return (hash); }', hostWith(sick))
    expect([choose(vcl), choose(vcl), choose(vcl)]).toEqual(['b1', 'sick', 'b3'])
    sick.delete('b2')
    expect([choose(vcl), choose(vcl), choose(vcl), choose(vcl)]).toEqual(['b1', 'sick', 'b2', 'b3'])
  })

  test.each([
    ['f', ['b2', 'b3', 'sick', 'sick']],
    ['fs', ['b2', 'b3', 'b3', 'b3']],
  ])('fallback %s goes back to the first, unless it is sticky', (name, expected) => {
    const sick = new Set(['sick'])
    const vcl = load(HEAD + `sub vcl_recv { set req.http.r = ${name}.backend().resolve(); return (hash); }`, hostWith(sick))
    const first = choose(vcl)
    sick.add('b2')
    const second = choose(vcl)
    sick.clear()
    expect([first, second, choose(vcl), choose(vcl)]).toEqual(expected)
  })

  test('random: weights are shares, and the sick have none', () => {
    const rules = `vcl 4.1; import directors; backend b1 { .host = "h"; } backend b2 { .host = "h"; } backend sick { .host = "h"; }
      sub vcl_init { new d = directors.random(); d.add_backend(b1, 3); d.add_backend(sick, 5); d.add_backend(b2, 1); d.add_backend(b1, 0); }
      sub vcl_recv { set req.http.r = d.backend().resolve(); return (hash); }`
    const vcl = load(rules, hostWith(new Set(['sick'])))
    const counts: Record<string, number> = {}
    for (let i = 0; i < 4000; i++) {
      const name = choose(vcl)
      counts[name] = (counts[name] ?? 0) + 1
    }
    expect(Object.keys(counts).toSorted()).toEqual(['b1', 'b2'])
    expect(counts.b1 / 4000).toBeGreaterThan(0.7)
    expect(counts.b1 / 4000).toBeLessThan(0.8)
  })
})

test('lookup finds what is declared, in vcl_init only', () => {
  const rules = (sub: string, name: string) => `vcl 4.1; import directors; backend b { .host = "h"; } backend n none;
    sub vcl_init { new d = directors.round_robin(); ${sub === 'init' ? `d.add_backend(directors.lookup("${name}"));` : 'd.add_backend(b);'} }
    sub vcl_recv { set req.http.r = d.backend().resolve() + n; ${sub === 'recv' ? `set req.backend_hint = directors.lookup("${name}");` : ''} return (hash); }`
  expect(answer(load(rules('init', 'b')), '/')).toBe('b')
  for (const name of ['n', 'x', '']) expect(() => load(rules('init', name))).toThrow('d: None backend cannot be added')
  expect(compile(rules('recv', 'b')).text).toContain('directors.lookup() cannot be called in vcl_recv')
})

describe('what cannot be', () => {
  test.each([
    ['new d = directors.round_robin(); d.add_backend(default);', 'vcl_init failed: d: None backend cannot be added (vcl_init, test.vcl:1:'],
    ['new d = directors.fallback(); d.add_backend(d.backend());', 'd: d would choose among itself'],
    [
      'new d = directors.fallback(); new e = directors.fallback(); d.add_backend(e.backend()); e.add_backend(d.backend());',
      'e: d would choose among itself',
    ],
    ['d.add_backend(b); new d = directors.round_robin();', 'object d has not been made in vcl_init'],
  ])('%s', (statements, message) => {
    const rules = `vcl 4.1; import directors; backend default none; backend b { .host = "h"; } sub vcl_init { ${statements} } sub vcl_recv { set req.backend_hint = b; }`
    expect(() => load(rules)).toThrow(message)
  })

  test('members without end', () => {
    const rules = `vcl 4.1; import directors; backend b { .host = "h"; } sub vcl_init { new d = directors.round_robin(); }
      sub vcl_recv { d.add_backend(b); return (hash); }`
    const vcl = load(rules)
    for (let i = 0; i < 4096; i++) expect(answer(vcl, '/')).toBe('')
    expect(answer(vcl, '/')).toBe('FAIL')
  })
})

describe('objects', () => {
  const rules = (body: string) => `vcl 4.1; import directors; import std; backend b { .host = "h"; }\n${body}`

  test.each([
    [
      'sub vcl_init { new d = directors.round_robn(); }',
      "directors has no type 'round_robn' (known: round_robin, fallback",
      '2:34',
      "did you mean 'round_robin'?",
    ],
    ['sub vcl_init { new d = director.random(); }', "unknown module 'director'", '2:24', undefined],
    ['sub vcl_init { new d = std.random(); }', 'module std has no objects', '2:24', undefined],
    ['sub vcl_init { new d = directors.random(1); }', 'directors.random() takes no arguments', '2:41', undefined],
    [
      'sub vcl_init { new d = directors.fallback(stiky=true); }',
      "directors.fallback() has no argument 'stiky'",
      '2:43',
      "did you mean 'sticky'?",
    ],
    [
      'sub vcl_init { new d = directors.random(); d.add_backend(b); }',
      "d.add_backend() needs its argument 'weight' (REAL)",
      '2:44',
      undefined,
    ],
    [
      'sub vcl_init { new d = directors.random(); d.add_bakend(b, 1); }',
      "directors.random has no method 'add_bakend'",
      '2:46',
      "did you mean 'add_backend'?",
    ],
    [
      'sub vcl_init { new d = directors.random(); new d = directors.hash(); }',
      'object d: the name is already taken by a object',
      '2:48',
      'declared in line 2',
    ],
    ['sub vcl_init { new b = directors.random(); }', 'object b: the name is already taken by a backend', '2:20', undefined],
    ['sub vcl_init { new req = directors.random(); }', "'req' is a word of VCL and cannot be declared", '2:20', undefined],
    ['sub vcl_recv { new d = directors.random(); }', 'new d is not possible in vcl_recv', '2:16', 'possible in vcl_init'],
    [
      'sub vcl_recv { directors.random(); }',
      'directors.random is a type of objects',
      '2:26',
      'in vcl_init: new NAME = directors.random(…);',
    ],
    ['sub vcl_init { new d = directors.random(); } sub vcl_recv { d.a.b(); }', 'expected d.method(…)', '2:61', undefined],
    [
      'sub vcl_init { new d = directors.random(); } sub vcl_recv { set req.backend_hint = d; }',
      'd: a object cannot be used as a value here',
      '2:84',
      undefined,
    ],
    [
      'sub vcl_init { new d = directors.hash(); } sub vcl_recv { set req.http.x = d.add_backend(b); }',
      'd.add_backend() has no value',
      '2:76',
      undefined,
    ],
  ])('%s', (body, message, place, hint) => {
    const compiled = compile(rules(body))
    if (compiled.ok) throw new Error('accepted')
    const [first] = compiled.diagnostics
    expect(first.message).toContain(message)
    expect(`${first.at.line}:${first.at.column}`).toBe(place)
    if (hint !== undefined) expect(first.hint).toContain(hint)
  })

  test('a module that is not imported is named', () => {
    const compiled = compile('sub vcl_init { new d = directors.random(); }')
    if (compiled.ok) throw new Error('accepted')
    expect(compiled.text).toContain("is 'import directors;' missing?")
  })

  test('an alias, a sub that comes before vcl_init, another case, a sub that vcl_init calls', () => {
    const vcl = load(`vcl 4.1; import directors as d; backend b { .host = "h"; }
      sub vcl_recv { set req.http.r = X-Y.BACKEND().resolve(); return (hash); }
      sub make { new x-y = d.Round_Robin(); x-y.add_backend(b); }
      sub vcl_init { call make; }`)
    expect(answer(vcl, '/')).toBe('b')
  })

  test('one that vcl_init has left out fails the request that uses it, with its place', () => {
    const vcl = load(`vcl 4.1; import directors; backend b { .host = "h"; }
      sub vcl_init { if (server.identity == "elsewhere") { new d = directors.round_robin(); } else { new e = directors.round_robin(); } }
      sub vcl_recv { set req.backend_hint = e.backend(); set req.backend_hint = d.backend(); }`)
    const c = new FakeContext()
    expect(run(vcl, 'recv', c)).toBe('fail')
    expect(c.errors).toEqual(['object d has not been made in vcl_init (vcl_recv, test.vcl:3:58)'])
  })

  test('one that nobody uses is worth a warning, as it is no error in Varnish', () => {
    const compiled = compile(rules('sub vcl_init { new d = directors.random(); }'))
    expect([compiled.ok, compiled.text]).toEqual([true, expect.stringContaining('object d is made but not used')])
  })

  test('each load has its own', () => {
    const text = HEAD + 'sub vcl_recv { set req.http.r = r.backend().resolve(); return (hash); }'
    const [one, two] = [load(text), load(text)]
    expect([answer(one, '/'), answer(one, '/'), answer(two, '/')]).toEqual(['b1', 'sick', 'b1'])
  })
})
