import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../../src/config/command-line.ts'
import { runFormat } from '../../../src/tools/fmt.ts'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'fmt-'))
})
afterAll(() => {
  rmSync(directory, { recursive: true })
})

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text, 'latin1')
  return path
}

function fmt(argv: readonly string[], stdin = ''): { code: number; out: string; complaints: string } {
  const texts = { out: '', complaints: '' }
  const options = parseCommandLine(['fmt', ...argv])
  if (options.command !== 'fmt') throw new Error('not fmt')
  const code = runFormat(options, {
    out: (text) => (texts.out += Buffer.from(text as string).toString('latin1')),
    complain: (text) => (texts.complaints += text),
    stdin: () => Buffer.from(stdin, 'latin1'),
  })
  return { code, out: texts.out.replaceAll(directory, 'DIR'), complaints: texts.complaints.replaceAll(directory, 'DIR') }
}

const UGLY = 'vcl 4.1;\nbackend default{.host="127.0.0.1";}\n'
const TIDY = 'vcl 4.1;\nbackend default {\n    .host = "127.0.0.1";\n}\n'

describe('files', () => {
  test('are replaced as a whole, with their mode, and named; those that are in order are left alone', () => {
    const ugly = file('ugly.vcl', UGLY)
    const tidy = file('tidy.vcl', TIDY)
    chmodSync(ugly, 0o640)
    const before = statSync(tidy).mtimeMs
    expect(fmt([ugly, tidy])).toEqual({ code: 0, out: 'DIR/ugly.vcl\n', complaints: '' })
    expect(readFileSync(ugly, 'latin1')).toBe(TIDY)
    expect(statSync(ugly).mode & 0o777).toBe(0o640)
    expect(statSync(tidy).mtimeMs).toBe(before)
    expect(readdirSync(directory).filter((name) => name.includes('.tmp'))).toEqual([])
    expect(fmt([ugly])).toEqual({ code: 0, out: '', complaints: '' })
  })

  test('bytes that are no UTF-8 stay what they are', () => {
    const path = file('bytes.vcl', UGLY + '# \xe9\xff\n')
    expect(fmt([path]).code).toBe(0)
    expect(readFileSync(path, 'latin1')).toBe(TIDY + '\n# \xe9\xff\n')
  })

  test('a link stays a link', () => {
    const target = file('target.vcl', UGLY)
    const link = join(directory, 'link.vcl')
    symlinkSync(target, link)
    expect(fmt([link]).code).toBe(0)
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(target, 'latin1')).toBe(TIDY)
  })

  test('--check changes nothing, names those that are not formatted, and fails', () => {
    const path = file('check.vcl', UGLY)
    expect(fmt(['--check', path, file('other.vcl', TIDY)])).toEqual({ code: 1, out: 'DIR/check.vcl\n', complaints: '' })
    expect(readFileSync(path, 'latin1')).toBe(UGLY)
    expect(fmt(['--check', join(directory, 'other.vcl')]).code).toBe(0)
  })

  test.each([
    ['a syntax error', UGLY + 'sub a{set b "c";}', /^DIR\/broken\.vcl:3:13 expected an assignment/],
    ['a string that is not closed', UGLY + 'sub a{set b="c;}', /^DIR\/broken\.vcl:3:13 this string is not closed on its line/],
    ['a brace too many', UGLY + 'sub a{}}', /^DIR\/broken\.vcl:3:8 unexpected '\}'/],
    ['a part with a parenthesis that is not closed', 'if(a{\nset b="c";}', /^DIR\/broken\.vcl:1:3 this is never closed/],
    ['a part that never ends', 'sub a{\n', /^DIR\/broken\.vcl:1:6 this is never closed/],
  ])('what is broken is left untouched, with a diagnostic: %s', (_what, text, complaint) => {
    const path = file('broken.vcl', text)
    const { code, out, complaints } = fmt([path, join(directory, 'other.vcl')])
    expect([code, out]).toEqual([1, ''])
    expect(complaints).toMatch(complaint)
    expect(readFileSync(path, 'latin1')).toBe(text)
  })

  test('parts that others include are formatted, with or without those that they include', () => {
    const main = file('main.vcl', 'vcl 4.1;\ninclude "./part.vcl";\nsub vcl_recv{include "./nowhere.vcl" ;}\n')
    const part = file('part.vcl', 'set req.url="/";\nif(a){return(pass);}\n')
    expect(fmt([main, part]).complaints).toBe('')
    expect(readFileSync(main, 'latin1')).toBe('vcl 4.1;\ninclude "./part.vcl";\nsub vcl_recv {\n    include "./nowhere.vcl";\n}\n')
    expect(readFileSync(part, 'latin1')).toBe('set req.url = "/";\nif (a) {\n    return (pass);\n}\n')
  })

  test('what cannot be read or written is told', () => {
    expect(fmt([join(directory, 'nope.vcl')])).toEqual({ code: 1, out: '', complaints: 'ERROR DIR/nope.vcl: there is no such file\n' })
    const closed = join(directory, 'closed')
    mkdirSync(closed)
    const path = file('closed/a.vcl', UGLY)
    // A directory in the way of the temporary file: root may write everywhere else.
    mkdirSync(join(closed, `.a.vcl.${process.pid}.tmp`))
    expect(fmt([path])).toEqual({ code: 1, out: '', complaints: 'ERROR DIR/closed/a.vcl: cannot be written (EEXIST); it is as it was\n' })
    expect(readFileSync(path, 'latin1')).toBe(UGLY)
  })
})

describe('standard input', () => {
  test('goes to standard output', () => {
    expect(fmt(['-'], UGLY)).toEqual({ code: 0, out: TIDY, complaints: '' })
    expect(fmt(['-'], '# \xe9\n').out).toBe('# \xe9\n')
  })

  test('with --check only its name does', () => {
    expect(fmt(['--check', '-'], UGLY)).toEqual({ code: 1, out: '<stdin>\n', complaints: '' })
    expect(fmt(['--check', '-'], TIDY)).toEqual({ code: 0, out: '', complaints: '' })
  })

  test('what is broken yields nothing', () => {
    const { code, out, complaints } = fmt(['-'], 'vcl 4.1; sub a { set b; }')
    expect([code, out]).toEqual([1, ''])
    expect(complaints).toMatch(/^<stdin>:1:23 expected an assignment/)
  })
})

test('without files there is nothing to do', () => {
  expect(() => parseCommandLine(['fmt'])).toThrow('name at least one rule file')
})
