/**
 * Rules that are large on purpose: whatever grows, loading takes about as much longer, and nothing runs out of stack. Measured in CPU
 * time of the thread, with a bound that only something quadratic comes near on any machine.
 */
import { describe, expect, test } from 'vitest'
import { parseVcl } from '../../src/vcl/parse.ts'
import { compileVcl } from '../../src/vcl/load.ts'
import { formatRules } from '../../src/vcl/format/format.ts'
import { fakeHost } from '../kit/fake-context.ts'

const HEAD = 'vcl 4.1;\nimport std;\nimport directors;\nbackend default { .host = "127.0.0.1"; }\n'
const MANY = 10_000
/** These take 10 to 300 ms; what is quadratic takes minutes. */
const BOUND_MS = 6000

const times = (n: number, make: (i: number) => string): string => Array.from({ length: n }, (_, i) => make(i)).join('\n')

function cpu_ms(work: () => void): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

const OPTIONS = { path: 'large.vcl', policy: 'rfc9111', vcl_path: [], errUnref: false, resolveHost: () => [] } as const

describe('sound ones are loaded', () => {
  test.each<[string, string]>([
    ['elseif', `sub vcl_recv { if (req.url) {} ${times(MANY, (i) => `elseif (req.url == "${i}") { set req.http.a = "${i}"; }`)} }`],
    ['statements', `sub vcl_recv { ${times(MANY, (i) => `set req.http.h${i % 100} = "${i}";`)} }`],
    ['pieces of vcl_recv', times(MANY, (i) => `sub vcl_recv { set req.http.a = "${i}"; }`)],
    ['subs', `${times(MANY, (i) => `sub s${i} { set req.http.a = "${i}"; }`)} sub vcl_recv { ${times(MANY, (i) => `call s${i};`)} }`],
    [
      'entries of an acl',
      `acl a { ${times(MANY, (i) => `"10.${i >> 8}.${i & 255}.1";`)} } sub vcl_recv { if (client.ip ~ a) { return (pass); } }`,
    ],
    ['backends', times(3000, (i) => `backend b${i} { .host = "127.0.0.1"; .port = "${i + 1}"; }`)],
    ['patterns', `sub vcl_recv { ${times(3000, (i) => `if (req.url ~ "^/${i}/") { return (pass); }`)} }`],
    ['a long string', `sub vcl_recv { set req.http.a = {"${'x'.repeat(4 << 20)}"}; }`],
    ['comments', `${'/* x */ # y\n'.repeat(100_000)} sub vcl_recv { }`],
    ['joins', `sub vcl_recv { ${times(50, () => `set req.http.a = "a"${' + req.url'.repeat(500)};`)} }`],
    ['blocks in blocks', `sub vcl_recv { ${'if (req.url) { '.repeat(95)}${'}'.repeat(95)} }`],
    ['objects', `sub vcl_init { ${times(3000, (i) => `new d${i} = directors.round_robin();`)} }`],
    [
      'twice as many calls in each sub',
      `${times(150, (i) => `sub s${i} { ${i < 149 ? `call s${i + 1}; call s${i + 1};` : ''} }`)} sub vcl_recv { call s0; }`,
    ],
  ])('%s', (_what, rules) => {
    const spent = cpu_ms(() => {
      const compiled = compileVcl(HEAD + rules, OPTIONS)
      expect(compiled.text.slice(0, 300)).not.toMatch(/error/)
      expect(compiled.ok).toBe(true)
      if (compiled.ok) compiled.program.instantiate(fakeHost())
    })
    expect(spent).toBeLessThan(BOUND_MS)
  })
})

describe('unsound ones are refused', () => {
  test.each<[string, string]>([
    ['calls one below the other', `${times(MANY, (i) => `sub s${i} { call s${i + 1}; }`)} sub s${MANY} { } sub vcl_recv { call s0; }`],
    [
      'the same, the last first',
      `sub vcl_recv { call s0; } sub s${MANY} { } ${times(MANY, (i) => `sub s${MANY - 1 - i} { call s${MANY - i}; }`)}`,
    ],
    ['a ring of calls', times(MANY, (i) => `sub s${i} { call s${(i + 1) % MANY}; }`)],
    ['unknown names', `sub vcl_recv { ${times(MANY, (i) => `set req.http.a = nope${i}.x;`)} }`],
    ['rights', `sub vcl_recv { ${'set beresp.ttl = 1s; '.repeat(MANY)} }`],
    ['names that are taken', 'acl a { }\n'.repeat(MANY)],
    ['statements without an end', `sub vcl_recv { ${'set x '.repeat(MANY)} }`],
    ['braces', `sub vcl_recv { ${'{'.repeat(100_000)}`],
    ['closing braces', '}'.repeat(100_000)],
    ['parentheses', `sub vcl_recv { set req.http.a = ${'('.repeat(100_000)}`],
    ['minus signs', `sub vcl_recv { set req.http.a = ${'- '.repeat(100_000)}1; }`],
    ['strings that are not closed', `sub vcl_recv { ${'set req.http.a = "b;\n'.repeat(MANY)} }`],
    ['methods of methods', `sub vcl_recv { set req.http.a = req.url${'.lower()'.repeat(MANY)}; }`],
    ['words', 'a '.repeat(500_000)],
    ['a pattern', `sub vcl_recv { if (req.url ~ "${'(a'.repeat(MANY)}") { } }`],
  ])('%s', (_what, rules) => {
    const spent = cpu_ms(() => {
      const compiled = compileVcl(HEAD + rules, OPTIONS)
      expect(compiled.ok).toBe(false)
      expect(compiled.ok || compiled.diagnostics.length).toBeLessThanOrEqual(100)
      expect(compiled.text.length).toBeGreaterThan(20)
    })
    expect(spent).toBeLessThan(BOUND_MS)
  })
})

describe('includes', () => {
  const load = (files: Readonly<Record<string, string>>): string => {
    const readFile = (path: string): string => files[path] ?? ''
    const { diagnostics } = parseVcl(files['/main.vcl'], '/main.vcl', { readFile })
    return diagnostics[0]?.message ?? ''
  }

  test('many, and of many files', () => {
    const files = { '/main.vcl': `vcl 4.1;\n${'include "/a.vcl";\n'.repeat(900)}`, '/a.vcl': '# nothing' }
    expect(cpu_ms(() => expect(load(files)).toBe(''))).toBeLessThan(BOUND_MS)
    const more = { ...files, '/main.vcl': `vcl 4.1;\n${'include "/a.vcl";\n'.repeat(MANY)}` }
    expect(cpu_ms(() => expect(load(more)).toBe('the rules are too large'))).toBeLessThan(BOUND_MS)
  })

  test('of itself, in a circle, and twice as many in each file', () => {
    expect(load({ '/main.vcl': 'vcl 4.1; include "/main.vcl";' })).toBe('/main.vcl includes itself')
    expect(load({ '/main.vcl': 'vcl 4.1; include "/a.vcl";', '/a.vcl': 'include "/b.vcl";', '/b.vcl': 'include "/a.vcl";' })).toBe(
      '/a.vcl includes itself',
    )
    const doubling = Object.fromEntries(
      Array.from({ length: 31 }, (_, i) => [`/${i}.vcl`, `include "/${i + 1}.vcl"; include "/${i + 1}.vcl";`]),
    )
    const spent = cpu_ms(() => expect(load({ ...doubling, '/main.vcl': 'vcl 4.1; include "/0.vcl";' })).not.toBe(''))
    expect(spent).toBeLessThan(BOUND_MS)
  })
})

test('formatting grows with its text', () => {
  const text = `sub vcl_recv { ${times(MANY, (i) => `if (req.http.a == "${i}" && req.url ~ "b" + "c") { set req.http.a = "${i}" /* d */ + "e"; }`)} }`
  expect(cpu_ms(() => expect(formatRules(text)?.length).toBeGreaterThan(MANY * 50))).toBeLessThan(BOUND_MS)
  const long = `sub vcl_recv { if (${'req.http.a || '.repeat(MANY)}req.http.b) { } }`
  expect(cpu_ms(() => expect(formatRules(long)).toContain('req.http.b'))).toBeLessThan(BOUND_MS)
})
