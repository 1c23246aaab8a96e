import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../../src/config/command-line.ts'
import { runCheck } from '../../../src/tools/check.ts'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'check-'))
})
afterAll(() => {
  rmSync(directory, { recursive: true })
})

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

function check(...argv: string[]): { code: number; output: string } {
  let output = ''
  const options = parseCommandLine(['check', ...argv])
  if (options.command !== 'check') throw new Error('not a check')
  const code = runCheck(options, (text) => (output += text))
  return { code, output: output.replaceAll(directory, 'DIR') }
}

const GOOD = 'vcl 4.1;\nbackend default { .host = "127.0.0.1"; }\n'

test('a sound file is OK', () => {
  expect(check(file('good.vcl', GOOD))).toEqual({ code: 0, output: 'OK DIR/good.vcl\n' })
})

test('a complaint has its place, the line and a caret; the others are still checked', () => {
  const bad = file('bad.vcl', `${GOOD}sub vcl_recv {\n\tset req.urk = "ü";\n}\n`)
  expect(check(bad, file('good.vcl', GOOD))).toEqual({
    code: 1,
    output: [
      "ERROR DIR/bad.vcl: 4:6 unknown symbol 'req.urk'",
      '    \tset req.urk = "ü";',
      '    \t    ^~~~~~~',
      "    hint: did you mean 'req.url'?",
      'OK DIR/good.vcl',
      '',
    ].join('\n'),
  })
})

test('a complaint in an included file names that file', () => {
  file('part.vcl', 'sub vcl_recv { return (hsh); }\n')
  const main = file('main.vcl', `${GOOD}include "./part.vcl";\n`)
  expect(check(main).output).toMatch(/^ERROR DIR\/part\.vcl: 1:24 unknown action 'hsh'\n/)
})

test('stores that rules name are those of -s; without it any will do', () => {
  const rules = file('stores.vcl', `${GOOD}sub vcl_backend_response {\n\tset beresp.storage = storage.imagse;\n}\n`)
  expect(check(rules).code).toBe(0)
  expect(check('-s', 'main=memory,1G', '-s', 'images=memory,1G', rules)).toEqual({
    code: 1,
    output: [
      "ERROR DIR/stores.vcl: 4:31 there is no store 'imagse': -s declares main, images, Transient",
      '    \tset beresp.storage = storage.imagse;',
      '    \t                             ^~~~~~',
      "    hint: did you mean 'images'?",
      '',
    ].join('\n'),
  })
})

test.each([
  ['storage.images', 0],
  ['storage.IMAGES', 0],
  ['storage.Transient', 0],
  ['storage.transient', 0],
  ['storage.s0', 1],
])('%s beside -s images=memory,1G', (name, code) => {
  const rules = file('store.vcl', `${GOOD}sub vcl_backend_response { if (${name}.happy) { set beresp.storage = ${name}; } }\n`)
  expect(check('-s', 'images=memory,1G', rules).code).toBe(code)
})

test('includes are found in vcl_path', () => {
  file('found.vcl', 'sub vcl_recv { return (hash); }\n')
  const main = file('path.vcl', `${GOOD}include "found.vcl";\n`)
  expect(check('-p', 'vcl_path=/nowhere', main).output).toContain('hint: searched in /nowhere; a file next to this one is ./found.vcl')
  expect(check(main).code).toBe(1)
  expect(check('-p', `vcl_path=/nowhere:${directory}`, main).code).toBe(0)
})

test('warnings do not fail a file', () => {
  const { code, output } = check(file('old.vcl', `${GOOD}sub vcl_hit { return (miss); }\n`))
  expect(code).toBe(0)
  expect(output).toMatch(/^WARNING DIR\/old\.vcl: 3:23 return \(miss\) in vcl_hit is an old form[^]*\nOK DIR\/old\.vcl\n$/)
})

test('a file of Varnish 3 is told all that has changed, beside the version that is missing', () => {
  const old = file(
    'old3.vcl',
    'backend default { .host = "127.0.0.1"; }\nsub vcl_fetch { }\nsub vcl_recv { set req.backend = default; error 404; }\n',
  )
  const hints = check(old).output.match(/(?<=hint: ).*/g)
  expect(hints).toEqual([
    'begin with vcl 4.1;',
    'since VCL 4.0 it is vcl_backend_response',
    'since VCL 4.0 it is req.backend_hint',
    'use return (synth(status, "reason"));',
  ])
  expect(check(file('no.vcl', '#!/bin/sh\nexec lacquer\n')).output).toMatch(/^ERROR DIR\/no\.vcl: 2:1 the VCL version is missing\n[^E]*$/)
})

test('what cannot be read is an ERROR line', () => {
  expect(check(join(directory, 'nope.vcl'))).toEqual({ code: 1, output: 'ERROR DIR/nope.vcl: 0:0 there is no such file\n' })
  expect(check(directory).output).toBe('ERROR DIR: 0:0 is a directory\n')
})

test('--emit prints the JavaScript of the policy’s rules', () => {
  const path = file('emit.vcl', `${GOOD}sub vcl_recv { set req.http.X-Seen = "1"; }\n`)
  const { output } = check('--emit', '-p', 'policy=varnish', path)
  expect(output).toContain('"X-Seen", "x-seen", "1")')
  expect(output).toContain('builtin.varnish.vcl:')
})

describe('--json', () => {
  test('all complaints of all files are one array; columns count what editors count', () => {
    const first = file('first.vcl', `${GOOD}sub vcl_recv {\n\tset req.http.a = "ü" + req.urk;\n\tset req.url = "/"\n}\n`)
    const second = file('second.vcl', `${GOOD}acl a { }\n`)
    const { code, output } = check('--json', '-p', 'vcc_err_unref=off', first, second, file('good.vcl', GOOD))
    expect(code).toBe(1)
    expect(JSON.parse(output)).toEqual([
      {
        file: 'DIR/first.vcl',
        line: 4,
        column: 25,
        endLine: 4,
        endColumn: 32,
        severity: 'error',
        code: 'unknown-name',
        message: "unknown symbol 'req.urk'",
        hint: "did you mean 'req.url'?",
      },
      {
        file: 'DIR/first.vcl',
        line: 5,
        column: 18,
        endLine: 5,
        endColumn: 19,
        severity: 'error',
        code: 'syntax',
        message: "expected ';' or an operator behind this",
      },
      {
        file: 'DIR/second.vcl',
        line: 3,
        column: 5,
        endLine: 3,
        endColumn: 6,
        severity: 'warning',
        code: 'unused',
        message: 'unused acl a',
        hint: 'use it, remove it, or say: unused a;',
      },
    ])
  })

  test('nothing wrong is an empty array; a file that cannot be read is a complaint', () => {
    expect(check('--json', file('good.vcl', GOOD))).toEqual({ code: 0, output: '[]\n' })
    expect(JSON.parse(check('--json', join(directory, 'nope.vcl')).output)).toMatchObject([
      { file: 'DIR/nope.vcl', line: 1, severity: 'error' },
    ])
  })
})
