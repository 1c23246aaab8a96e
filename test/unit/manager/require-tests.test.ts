import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defaultParameters } from '../../../src/config/parameters.ts'
import { requireTests } from '../../../src/ruletest/require.ts'
import { Patience } from '../../kit/patience.ts'
import { Instance } from './instance.ts'

let folder = ''
let instance: Instance | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'require-'))
})
afterEach(() => {
  instance?.kill()
  rmSync(folder, { recursive: true })
})

const RULES = 'vcl 4.1;\nbackend default none;\nsub vcl_recv {\n    return (synth(200, "one"));\n}\n'
const TESTS = 'test It answers one\n  GET /\n  expect resp.reason == one\n'

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** What is said of these rules. */
async function verdict(rules: string, params: Partial<ReturnType<typeof defaultParameters>> = {}): Promise<string> {
  const path = join(folder, 'x.vcl')
  try {
    await requireTests([{ path, text: rules }], { ...defaultParameters(), ...params })
    return 'let in'
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '')
  }
}

test('rules are let in when their tests pass', async () => {
  write('x.test', TESTS)
  expect(await verdict(RULES)).toBe('let in')
})

test('what fails is printed, and what passes is not', async () => {
  write('x.test', `${TESTS}test It answers two\n  GET /\n  expect resp.reason == two\n`)
  expect(await verdict(RULES)).toMatch(
    /^x\.vcl is not let in: 1 of 2 tests failed\nx\.test \(x\.vcl\)\n {2}FAIL It answers two \(rfc9111\)\n {4}x\.test:6:3 expected resp\.reason == "two", got "one"\n/,
  )
})

test('it is about the rules that were read, whatever lies there now', async () => {
  write('x.vcl', RULES)
  write('x.test', TESTS)
  expect(await verdict(RULES.replace('"one"', '"two"'))).toContain('expected resp.reason == "one", got "two"')
})

test.each([
  ['no tests', undefined, 'x.vcl has no tests: --require-tests wants them in x.test'],
  ['a file that cannot be read', 'GET /\nexpct hit\n', 'the tests cannot be read:\nx.test:2:1 unknown step'],
  ['tests of other rules', `rules y.vcl\n${TESTS}`, 'x.test has the tests of y.vcl, not of x.vcl'],
  ['tests for another policy', `policy varnish\n${TESTS}`, 'x.test has no test for policy=rfc9111'],
])('%s', async (_, tests, says) => {
  if (tests !== undefined) write('x.test', tests)
  expect(await verdict(RULES)).toContain(says)
})

test('rules that are in no file cannot have any', async () => {
  await expect(requireTests([{ path: '<vcl.inline>', text: RULES }], defaultParameters())).rejects.toThrow('not from a file')
})

test('tests run under the policy and with the parameters that the rules will have', async () => {
  write('x.test', 'policy rfc9111 varnish\ntest x\nGET /\nexpect beresp.ttl == 1h\n')
  const rules = 'vcl 4.1;\nbackend default { .host = "127.0.0.1"; }\n'
  expect(await verdict(rules, { policy: 'varnish', default_ttl: 3600 })).toBe('let in')
  expect(await verdict(rules, { policy: 'varnish', default_ttl: 60 })).toContain('1 of 1 tests failed')
})

test('serve: refused at the start; at a reload the old ones stay', async () => {
  const rules = write('x.vcl', RULES)
  write('x.test', TESTS.replace('== one', '== two'))
  const refused = new Instance(['-f', rules, '--require-tests'])
  instance = refused
  await expect(refused.ready()).rejects.toThrow('1 of 1 tests failed')
  expect(await refused.exited).toBe(1)

  write('x.test', TESTS)
  instance = await new Instance(['-f', rules, '--require-tests']).ready()
  const { port } = instance
  write('x.vcl', RULES.replace('"one"', '"two"'))
  instance.child.kill('SIGHUP')
  await new Patience().until('the reload is refused', () => instance!.said.includes('is not let in: 1 of 1 tests failed'))
  expect((await fetch(`http://127.0.0.1:${port}/`)).statusText).toBe('one')

  write('x.test', TESTS.replace('== one', '== two'))
  instance.child.kill('SIGHUP')
  await new Patience().until('the reload is done', () => instance!.said.includes('are active as reload_'))
  expect((await fetch(`http://127.0.0.1:${port}/`)).statusText).toBe('two')
})
