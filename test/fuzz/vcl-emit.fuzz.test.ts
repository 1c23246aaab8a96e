/**
 * Rules become JavaScript, and rules are hostile: whatever their names, texts and comments hold, the code names nothing but what it
 * was given (`runtime` and `host`) and what it declares itself.
 *
 * Bounded in the suite; LACQUER_FUZZ_ROUNDS=1000000 LACQUER_FUZZ_SEED=... for more. A failure prints the rules.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DIAGNOSTIC_CODES } from '../../src/vcl/diagnostic-codes.ts'
import { compileVcl } from '../../src/vcl/load.ts'
import { FakeContext, fakeHost, run as runSub } from '../kit/fake-context.ts'
import { namesIn, type Names } from './free-identifiers.ts'
import { randomFrom } from './generate.ts'
import { hostileRules } from './hostile-rules.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 300)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261125)
const CORPUS = new URL('corpus/vcl/', import.meta.url)

/** Of the language itself; nothing can be reached from them that does harm. */
const INTRINSIC = ['Math', 'undefined']
/** Ways from any value to the world. */
const FORBIDDEN = ['constructor', 'prototype', '__proto__', 'eval', 'Function', 'process', 'globalThis', 'require', 'caller', 'callee']
/** What would be a way to run text, or to name what is not ours. */
const FORBIDDEN_KINDS = [
  'ImportExpression',
  'MetaProperty',
  'WithStatement',
  'TemplateLiteral',
  'TaggedTemplateExpression',
  'ThisExpression',
  'NewExpression',
]

function judge(js: string, rules: string): Names {
  const names = namesIn(js)
  expect(
    [...names.free].filter((name) => !INTRINSIC.includes(name)),
    rules,
  ).toEqual([])
  expect(
    FORBIDDEN.filter((name) => names.members.has(name)),
    rules,
  ).toEqual([])
  expect(
    FORBIDDEN_KINDS.filter((kind) => names.kinds.has(kind)),
    rules,
  ).toEqual([])
  return names
}

function compile(rules: string) {
  return compileVcl(rules, { path: '/etc/`${x}`\u2028*/.vcl', policy: 'rfc9111', vcl_path: [], readFile: () => '', resolveHost: () => [] })
}

const HOST = fakeHost()

/** Every sub that needs only a request is run once. */
function run(rules: string, compiled: ReturnType<typeof compile> & { ok: true }): void {
  const vcl = compiled.program.instantiate(HOST)
  const c = new FakeContext()
  c.req.url = '/a'
  for (const name of ['recv', 'synth'] as const) expect(runSub(vcl, name, c), rules).toMatch(/^[a-z]+$/)
}

test('the judge sees what gets out', () => {
  expect([...namesIn('const a = 1; function b(c) { try { d(a, c.e) } catch (f) { return f } }; return process').free]).toEqual([
    'd',
    'process',
  ])
  expect([...namesIn('const x = {}; x.constructor("a")').members]).toEqual(['constructor'])
  expect(() => judge('return runtime.x.constructor', '')).toThrow()
  expect(() => judge('return `${host}`', '')).toThrow()
  expect(() => judge('return new host()', '')).toThrow()
  expect(() => judge('return arguments', '')).toThrow()
})

test(`${ROUNDS} rule files of hostile names and texts`, () => {
  const random = randomFrom(SEED)
  const next = (n: number): number => Math.floor(random() * n)
  const before = Object.getOwnPropertyNames(Object.prototype).length
  const seen = { sound: 0, refused: 0, failed: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    const rules = hostileRules(next)
    const compiled = compile(rules)
    if (!compiled.ok) {
      seen.refused++
      for (const { code } of compiled.diagnostics) expect(Object.keys(DIAGNOSTIC_CODES), rules).toContain(code)
      continue
    }
    seen.sound++
    judge(compiled.program.js, rules)
    run(rules, compiled)
  }
  // Most must be sound, or nothing has been looked at.
  expect(seen.sound).toBeGreaterThan(ROUNDS / 2)
  expect(Object.getOwnPropertyNames(Object.prototype).length).toBe(before)
})

describe('the corpus', () => {
  const files = readdirSync(CORPUS).filter((name) => name.endsWith('.vcl'))

  test.each(files)('%s', (name) => {
    const rules = readFileSync(new URL(name, CORPUS), 'latin1')
    const compiled = compile(rules)
    // The first line says which of the two it is.
    expect(compiled.ok, compiled.text).toBe(rules.startsWith('# accepted'))
    if (!compiled.ok) return
    judge(compiled.program.js, rules)
    run(rules, compiled)
  })

  test('has both kinds', () => {
    expect(files.length).toBeGreaterThan(10)
  })
})
