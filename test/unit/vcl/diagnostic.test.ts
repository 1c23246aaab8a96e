import { describe, expect, test } from 'vitest'
import { didYouMean, formatDiagnostic, nearest } from '../../../src/vcl/diagnostic.ts'
import { parseVcl } from '../../../src/vcl/parse.ts'

function shown(source: string): string {
  const { diagnostics, sources } = parseVcl(source, 'rules.vcl')
  return diagnostics.map((one) => formatDiagnostic(one, sources)).join('\n')
}

describe('what a person sees', () => {
  test.each([
    [
      'vcl 4.1;\nsub vcl_recv {\n\tsett req.url = "/";\n}\n',
      `rules.vcl:3:2 unknown statement 'sett'
    \tsett req.url = "/";
    \t^~~~
    hint: did you mean 'set'?`,
    ],
    [
      'vcl 4.1;\nsub vcl_recv {\n    set req.url = "/a" "b";\n}\n',
      `rules.vcl:3:24 expected ';' or an operator, found '"b"'
        set req.url = "/a" "b";
                           ^~~
    hint: strings are joined with +`,
    ],
    [
      'vcl 4.1;\nsub vcl_recv {\n    set req.url = "/"\n    return (hash);\n}\n',
      `rules.vcl:3:21 expected ';' or an operator behind this
        set req.url = "/"
                        ^
    hint: is a ';' or a + missing before it?`,
    ],
    [
      'vcl 4.1;\nsub vcl_recv {\n    if (req.url = "/") { }\n}\n',
      `rules.vcl:3:17 expected ')' or an operator, found '='
        if (req.url = "/") { }
                    ^
    hint: comparison is written ==`,
    ],
    [
      'vcl 4.1;\nsub vcl_recv { };\n',
      `rules.vcl:2:17 expected a declaration or end of file, found ';'
    sub vcl_recv { };
                    ^
    hint: no ';' here: a '}' needs none, and there are no empty statements`,
    ],
    [
      'vcl 4.1;\nsub vcl_fetch { remove beresp.http.x; }\n',
      `rules.vcl:2:17 unknown statement 'remove'
    sub vcl_fetch { remove beresp.http.x; }
                    ^~~~~~
    hint: use unset`,
    ],
  ])('%j', (source, expected) => {
    expect(shown(source)).toBe(expected)
  })

  test('the caret counts characters where the source is UTF-8', () => {
    const bytes = Buffer.from('vcl 4.1; sub a { set x = "né" "b"; }', 'utf8').toString('latin1')
    const [, line, caret] = shown(bytes).split('\n')
    expect(line.slice(caret.indexOf('^'))).toBe('"b"; }')
  })

  test('long lines are shown in part, control characters not at all', () => {
    const long = shown(`vcl 4.1; sub a { set x = "${'y'.repeat(1000)}\x1b[2J" "z"; }`)
    expect(Math.max(...long.split('\n').map((line) => line.length))).toBeLessThan(200)
    expect(long).not.toContain('\x1b')
    expect(long).toContain('?[2J')
  })
})

describe('nearest', () => {
  const NAMES = ['set', 'unset', 'return', 'req.http.host', 'beresp.ttl', 'vcl_recv']
  test.each([
    ['sett', 'set'],
    ['retrun', 'return'],
    ['VCL_RECV', 'vcl_recv'],
    ['beresp.tll', 'beresp.ttl'],
    ['completely', undefined],
    ['', undefined],
  ])('%j', (name, expected) => {
    expect(nearest(name, NAMES)).toBe(expected)
    expect(didYouMean(name, NAMES)).toBe(expected === undefined ? undefined : `did you mean '${expected}'?`)
  })
})
