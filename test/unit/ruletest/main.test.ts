import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../../src/config/command-line.ts'
import { runTests } from '../../../src/ruletest/main.ts'
import { builtMain } from '../../kit/built.ts'
import { RULES } from './kit.ts'

const MAIN = builtMain()

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ruletest-main-'))
  writeFileSync(join(folder, 'x.vcl'), RULES)
  writeFileSync(join(folder, 'x.test'), 'policy rfc9111 varnish\ntest good\nGET /\nexpect miss\ntest also good\nGET /\n')
  writeFileSync(join(folder, 'bad.test'), 'rules x.vcl\ntest bad\nGET /\nexpect hit\n')
  writeFileSync(join(folder, 'unfit.test'), 'test unfit\nGot /\n')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

async function run(colours: boolean, ...argv: string[]): Promise<{ code: number; output: string }> {
  const options = parseCommandLine(['test', ...argv.map((word) => (/\.(?:test|vcl)$/.test(word) ? join(folder, word) : word))])
  if (options.command !== 'test') throw new Error('not a test')
  let output = ''
  const code = await runTests(options, { write: (text) => void (output += text), colours })
  return { code, output: output.replaceAll(`${folder}/`, '').replace(/\(\d+ ms\)/, '(N ms)') }
}

describe('lacquer test', () => {
  test('all pass: 0. A rule file stands for the tests beside it', async () => {
    const lines = ['  ok   good (rfc9111)', '  ok   good (varnish)', '  ok   also good (rfc9111)', '  ok   also good (varnish)']
    const output = `x.test (x.vcl)\n${lines.join('\n')}\n4 tests, all passed (N ms)\n`
    expect(await run(false, 'x.test')).toEqual({ code: 0, output })
    expect(await run(false, 'x.vcl')).toEqual({ code: 0, output })
  })

  test('one fails: 1, and the others have run', async () => {
    const { code, output } = await run(false, 'bad.test', 'x.test')
    expect(code).toBe(1)
    expect(output).toMatch(/^bad\.test \(x\.vcl\)\n {2}FAIL bad[^]*x\.test \(x\.vcl\)\n[^]*5 tests, 1 failed \(N ms\)\n$/)
  })

  test('one cannot be run: 2, and the others have run', async () => {
    const { code, output } = await run(false, 'unfit.test', 'x.test')
    expect(code).toBe(2)
    expect(output).toContain("unfit.test:2:1 unknown step 'Got'")
    expect(output).toContain('4 tests, all passed')
  })

  test('a folder stands for the tests in it', async () => {
    const options = parseCommandLine(['test', '-t', 'good', folder])
    if (options.command !== 'test') throw new Error('not a test')
    let output = ''
    expect(await runTests(options, { write: (text) => void (output += text), colours: false })).toBe(2)
    expect([...output.matchAll(/^\S*\/(\w+\.test)(?: |$)/gm)].map(([, name]) => name)).toEqual(['bad.test', 'unfit.test', 'x.test'])
  })

  test('-t and -p choose', async () => {
    expect((await run(false, '-t', 'also', '-p', 'policy=varnish', 'x.test')).output).toBe(
      'x.test (x.vcl)\n  ok   also good (varnish)\n1 test, all passed (N ms)\n',
    )
    await expect(run(false, '-t', 'nothing', 'x.test')).rejects.toThrow('none of the tests is meant by -t and -p')
    expect((await run(false, '-p', 'policy=varnish', 'x.test', 'bad.test')).output).toContain('1 left out: for another policy')
  })

  test('-v shows what rules did where all went well', async () => {
    expect((await run(false, '-v', '-t', 'also', 'x.test')).output).toContain('what the rules did for GET / (x.test:6):\n      vcl_recv\n')
  })

  test('--coverage: what no test has run, of the rules alone', async () => {
    const { output } = await run(false, '--coverage', 'bad.test')
    expect(output).toMatch(/\n {2}x\.vcl: 17 of 31 statements ran, not these:\n {4}x\.vcl:13 {2}set req\.backend_hint = api;\n/)
    expect(output.slice(output.indexOf('statements ran'))).not.toContain('builtin')
    const { output: json } = await run(false, '--coverage', '--json', 'bad.test')
    expect(JSON.parse(json.trimEnd().split('\n')[1])).toMatchObject({
      statements: 31,
      covered: 17,
      missed: expect.arrayContaining([{ file: 'x.vcl', line: 13, text: 'set req.backend_hint = api;' }]),
    })
  })

  test('--json: a line for each test', async () => {
    const { code, output } = await run(false, '--json', 'x.test', 'unfit.test')
    expect(code).toBe(2)
    const lines = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { ok: boolean; file: string })
    expect(lines.map(({ ok, file }) => `${file} ${ok}`)).toEqual([...Array<string>(4).fill('x.test true'), 'unfit.test false'])
  })

  test('colours are for terminals', async () => {
    // oxlint-disable-next-line no-control-regex
    const escape = /\x1b\[/
    expect((await run(false, 'bad.test')).output).not.toMatch(escape)
    expect((await run(true, 'bad.test')).output).toMatch(escape)
  })

  test('mistakes of the command line: 2, on one line', () => {
    for (const [args, says] of [
      [[], 'lacquer test: name at least one test file'],
      [['-x', 'a.test'], '-x: unknown flag'],
      [['-p', 'default_tll=1', 'a.test'], "unknown parameter 'default_tll': did you mean 'default_ttl'?"],
    ] as const) {
      const { status, stderr } = spawnSync(process.execPath, [MAIN, 'test', ...args], { encoding: 'utf8' })
      expect(stderr).toContain(says)
      expect(status).toBe(2)
    }
  })

  test('as a program', () => {
    const { status, stdout } = spawnSync(process.execPath, [MAIN, 'test', 'bad.test'], { cwd: folder, encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stdout).toMatch(/^bad\.test \(x\.vcl\)\n {2}FAIL bad \(rfc9111\)\n {4}bad\.test:4:1 expected hit, got miss\n/)
  })
})
