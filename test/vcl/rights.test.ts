import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { VARIABLES } from '../../src/vcl/check/variables.ts'
import { compile } from '../kit/fake-context.ts'

/**
 * Who may read, set and unset what, from VCL's own table (variables.json: name, syntax, type, read, write, unset). For
 * each variable and right one rule file holds the statement in every sub, a sub a line, and the lines that are
 * refused must be exactly those the table refuses.
 */
type Row = [name: string, syntax: string, type: string, read: string, write: string, unset: string]
const ROWS = JSON.parse(readFileSync(new URL('./variables.json', import.meta.url), 'utf8')) as Row[]

const CLIENT = ['recv', 'pipe', 'pass', 'hash', 'purge', 'miss', 'hit', 'deliver', 'synth']
const BACKEND = ['backend_fetch', 'backend_refresh', 'backend_response', 'backend_error']
const SUBS = [...CLIENT, ...BACKEND, 'init', 'fini']
const SETS: Record<string, string[]> = {
  A: SUBS,
  C: CLIENT,
  B: BACKEND,
  'BR*': ['backend_refresh', 'backend_response', 'backend_error'],
  bfetch: ['backend_fetch'],
  bresp: ['backend_response'],
  berr: ['backend_error'],
  brefresh: ['backend_refresh'],
  '-': [],
}
const VALUES: Record<string, string> = {
  STRING: '"x"',
  HEADER: '"x"',
  BODY: '"x"',
  INT: '200',
  DURATION: '1s',
  BOOL: 'true',
  BYTES: '1KB',
  BACKEND: 'default',
  STEVEDORE: 'storage.s0',
}

function legal(words: string): string[] {
  const names = words.split(' ').flatMap((word) => SETS[word] ?? [word])
  return SUBS.filter((sub) => names.includes(sub))
}

/** The subs whose line is not refused. */
function accepted(row: Row, statement: string): string[] {
  const version = row[1].startsWith('<=') ? 'vcl 4.0;' : 'vcl 4.1;'
  const lines = SUBS.map((sub) => `sub vcl_${sub} { ${statement} }`)
  const compiled = compile([`${version} backend default { .host = "127.0.0.1"; }`, ...lines].join('\n'))
  if (compiled.ok) return SUBS
  const refused = compiled.diagnostics.filter(({ message }) => /cannot be (read|set|unset)|unknown symbol|exists only/.test(message))
  return SUBS.filter((_, i) => !refused.some(({ at }) => at.line === i + 2))
}

function nameOf(row: Row): string {
  return row[0].replace('NAME', 's0').replace('*', 'x-test')
}

/** Read-only from 8.0 on, and so in the table; before, they could be set. */
function isFraming(row: Row): boolean {
  return /\.http\.(?:content-length|transfer-encoding)$/.test(row[0])
}

/** Lacquer's own. */
const NOT_PUBLISHED = ['beresp.do_recode  BOOL']

test('the table has every variable of VCL with its type, and no other but our own', () => {
  const ours = VARIABLES.filter((one) => one.name !== 'storage.*').map((one) => `${one.name} ${one.syntax} ${one.type}`)
  const theirs = ROWS.map((row) => `${row[0].replace('NAME', '*')} ${row[1].replace(' ', '')} ${row[2]}`)
  expect(ours.toSorted()).toEqual([...theirs, ...NOT_PUBLISHED].toSorted())
})

describe('rights', () => {
  test.each(ROWS.filter((row) => row[3] !== '-'))('%s %s %s is read in: %s', (...row) => {
    expect(accepted(row, `if ("" + ${nameOf(row)} == "x") { }`)).toEqual(legal(row[3]))
  })

  test.each(ROWS.filter((row) => !isFraming(row)))('%s %s %s is set (read in %s) in: %s', (...row) => {
    const value = VALUES[row[2]] ?? '"x"'
    expect(accepted(row, `set ${nameOf(row)} = ${value};`)).toEqual(legal(row[4]))
  })

  test.each(ROWS.filter((row) => !isFraming(row)))('%s %s %s is unset (read in %s, set in %s) in: %s', (...row) => {
    expect(accepted(row, `unset ${nameOf(row)};`)).toEqual(legal(row[5]))
  })
})

describe('the length of a body', () => {
  test.each(ROWS.filter(isFraming))('%s %s %s (read in %s) may be set there, without effect and with a warning', (...row) => {
    const [name, , , read] = row
    for (const statement of [`set ${name} = "1";`, `unset ${name};`]) {
      expect(accepted(row, statement)).toEqual(legal(read))
      const compiled = compile(`sub vcl_${legal(read)[0]} { ${statement} }`)
      if (!compiled.ok) throw new Error(compiled.text)
      expect(compiled.warnings.map(({ message }) => message)).toEqual([`${statement.split(' ')[0]} ${name} has no effect`])
      expect(compiled.program.js).not.toContain(name.split('.')[2])
    }
  })

  test.each(['std.collect(req.http.Content-Length);'])('%s is refused', (statement) => {
    expect(compile(`import std; sub vcl_recv { ${statement} }`).text).toContain('req.http.content-length cannot be set')
  })
})

describe('the other syntax', () => {
  test.each([
    ['vcl 4.1;', 'recv', 'set req.esi = false;', 'req.esi exists only in vcl 4.0'],
    ['vcl 4.0;', 'recv', 'set req.http.x = local.socket;', 'local.socket exists only in vcl 4.1 and later'],
    ['vcl 4.0;', 'recv', 'set req.http.x = sess.xid;', 'sess.xid exists only in vcl 4.1 and later'],
    ['vcl 4.1;', 'backend_response', 'set beresp.storage_hint = "s0";', 'beresp.storage_hint exists only in vcl 4.0'],
  ])('%s vcl_%s: %s', (version, sub, statement, message) => {
    const compiled = compile(`${version} backend b { .host = "h"; } sub vcl_${sub} { ${statement} }`)
    expect(compiled.ok ? 'accepted' : compiled.diagnostics[0].message).toBe(message)
  })
})

describe('nothing is said against what is acted upon', () => {
  test.each([
    ['backend_response', 'set beresp.do_esi = false; set beresp.do_gzip = false; set beresp.do_stream = false;'],
    ['deliver', 'set resp.do_esi = false;'],
    ['deliver', 'set resp.http.x = resp.filters;'],
    ['recv', 'set req.filters = "gzip";'],
    ['backend_fetch', 'set bereq.filters = "gunzip";'],
  ])('vcl_%s { %s }', (sub, statements) => {
    expect(compile(`sub vcl_${sub} { ${statements} }`).text).toBe('')
  })
})
