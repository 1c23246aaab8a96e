import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatDiagnostic } from '../../../src/vcl/diagnostic.ts'
import { parseVcl } from '../../../src/vcl/parse.ts'

function parse(main: string, files: Record<string, string>, path = '/etc/main.vcl') {
  const readFile = (name: string) => {
    const text = files[name]
    if (text === undefined) throw new Error('no such file')
    return text
  }
  const glob = (pattern: string) => Object.keys(files).filter((name) => name.startsWith(pattern.split('*')[0]))
  return parseVcl(main, path, { vcl_path: ['/usr/share/vcl', '/opt/vcl'], readFile, glob })
}

function outcome(main: string, files: Record<string, string>, path?: string): string {
  const { ast, diagnostics, sources } = parse(main, files, path)
  if (ast === undefined) return formatDiagnostic(diagnostics[0], sources).split('\n')[0]
  return ast.declarations.map((one) => ('name' in one ? one.name.text : one.kind)).join(' ')
}

const INC = { '/etc/inc.vcl': 'sub inc { }', '/usr/share/vcl/inc.vcl': 'vcl 4.0; sub shared { }', '/opt/vcl/other.vcl': 'sub other { }' }

describe('where files are found', () => {
  test.each([
    ['include "/etc/inc.vcl";', 'inc'],
    ['include "./inc.vcl";', 'inc'],
    ['include "inc.vcl";', 'shared'],
    ['include "other.vcl";', 'other'],
    ['include /* c */ "other.vcl" # c\n ;', 'other'],
    ['include {"other.vcl"};', 'other'],
    ['include +glob "/etc/i*.vcl";', 'inc'],
    ['include +glob "./i*.vcl";', 'inc'],
    ['include "inc.vcl"; include "other.vcl"; sub last { }', 'shared other last'],
    ['# include "nope.vcl";\n/* include "nope"; */ sub a { set x = "include \\"; }', 'a'],
    ['include "nope.vcl";', '/etc/main.vcl:1:18 cannot find nope.vcl'],
    ['include "./nope.vcl";', '/etc/main.vcl:1:18 cannot read /etc/nope.vcl: no such file'],
    ['include +glob "/nope/*";', '/etc/main.vcl:1:24 no file matches /nope/*'],
    ['include +glob "inc*";', '/etc/main.vcl:1:24 +glob needs an absolute path or one that begins with ./'],
    ['include "inc.vcl" sub a { }', "/etc/main.vcl:1:18 expected ';' after the file name"],
    ['include "";', '/etc/main.vcl:1:18 include of an empty file name'],
  ])('%s', (directive, expected) => {
    expect(outcome(`vcl 4.1; ${directive}`, INC)).toBe(expected)
  })

  test('./ needs a file to be relative to', () => {
    expect(outcome('vcl 4.1; include "./inc.vcl";', INC, '<inline>')).toContain('"./" needs a file to be relative to')
  })
})

test('an include may stand anywhere in the token stream: in a sub, an acl, a backend, an expression', () => {
  const files = {
    '/etc/s.vcl': 'set req.url = "a";',
    '/etc/a.vcl': '"10.0.0.0"/8; // no line end',
    '/etc/b.vcl': '.host = "h";',
    '/etc/e.vcl': '"x" + ',
  }
  const main = `vcl 4.1;
sub s { include "./s.vcl"; set req.url = include "./e.vcl"; "y"; }
acl a { include "./a.vcl"; }
backend b { include "./b.vcl"; }`
  expect(outcome(main, files)).toBe('s a b')
})

test('places point into the included file', () => {
  const files = { '/etc/a.vcl': '# first line\nsub a {\n  set x y;\n}\n', '/etc/b.vcl': 'sub b { }' }
  expect(outcome('vcl 4.1;\ninclude "./b.vcl"; include "./a.vcl";\nsub c { }', files)).toBe(
    "/etc/a.vcl:3:9 expected an assignment (= += -= *= /=), found 'y'",
  )
  const { ast, sources } = parse('vcl 4.1;\ninclude "./b.vcl"; sub c { }', files)
  const places = ast?.declarations.map(({ at }) => [sources.sources[at.source].path, at.line, at.column])
  expect(places).toEqual([
    ['/etc/b.vcl', 1, 1],
    ['/etc/main.vcl', 2, 20],
  ])
})

test('an included file may lower the version, not raise it', () => {
  const files = { '/etc/a.vcl': 'vcl 4.1; sub a { }' }
  expect(outcome('vcl 4.1; include "./a.vcl";', files)).toBe('a')
  expect(outcome('vcl 4.0; include "./a.vcl";', files)).toContain('/etc/a.vcl:1:5 VCL version 4.1 is higher')
})

test('recursion is an error at the include that closes the circle', () => {
  const files = { '/etc/a.vcl': 'include "./b.vcl";', '/etc/b.vcl': '\ninclude "./a.vcl";' }
  const { diagnostics } = parse('vcl 4.1; include "./a.vcl";', files)
  expect(diagnostics[0]).toMatchObject({
    message: '/etc/a.vcl includes itself',
    hint: '/etc/main.vcl → /etc/a.vcl → /etc/b.vcl → /etc/a.vcl',
    at: { line: 2, column: 9 },
  })
})

test('files that multiply are stopped', () => {
  const files: Record<string, string> = {}
  for (let i = 0; i < 20; i++) files[`/etc/${i}.vcl`] = `include "./${i + 1}.vcl"; include "./${i + 1}.vcl";`
  files['/etc/20.vcl'] = '# end'
  expect(outcome('vcl 4.1; include "./0.vcl";', files)).toContain('the rules are too large')
})

test('rules that are too large by themselves are stopped', () => {
  const { diagnostics } = parse(`vcl 4.1;${' '.repeat(8 << 20)}`, {})
  expect(diagnostics[0]).toMatchObject({ message: 'the rules are too large', at: { line: 1, column: 1 } })
})

test('the disk is the default, and +glob leaves hidden files out', () => {
  const directory = mkdtempSync(join(tmpdir(), 'include-'))
  try {
    writeFileSync(join(directory, 'b.vcl'), 'sub b { }')
    writeFileSync(join(directory, 'a.vcl'), 'sub a { }')
    writeFileSync(join(directory, '.c.vcl'), 'sub c { }')
    const { ast } = parseVcl('vcl 4.1; include +glob "./*.vcl";', join(directory, 'main.vcl'))
    expect(ast?.declarations.map((one) => one.kind === 'sub' && one.name.text)).toEqual(['a', 'b'])
  } finally {
    rmSync(directory, { recursive: true })
  }
})
