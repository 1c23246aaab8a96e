import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { apr1 } from '../../../src/vcl/vmods/basicauth/apr1.ts'
import { FakeContext, load, run } from '../../kit/fake-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'basicauth-'))
const file = join(directory, 'htpasswd')

afterAll(() => rmSync(directory, { recursive: true }))

/** As `openssl passwd -apr1` writes them. */
const APR1 = [
  ['secret', 'abcdefgh', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/'],
  ['a much longer password than sixteen bytes', 'x', '$apr1$x$eVg/QpGhpgNiDA46nGsav0'],
  ['', '12345678', '$apr1$12345678$sHuPAw7VA9xjRbJz7zKV7/'],
] as const

test.each(APR1)('APR1 of %j', (password, salt, expected) => {
  expect(apr1(Buffer.from(password), salt)).toBe(expected)
})

const vcl = load(`import basicauth; sub vcl_recv {
  if (basicauth.match(req.http.File, req.http.Authorization)) { return (hash); } return (synth(401)); }`)

function ask(authorization: string | undefined, path: string = file, now_s = 1000): string {
  const c = Object.assign(new FakeContext(), { now_s })
  c.req.fields.append('File', path)
  if (authorization !== undefined) c.req.fields.append('Authorization', authorization)
  return run(vcl, 'recv', c)
}

const basic = (text: string): string => `Basic ${Buffer.from(text, 'latin1').toString('base64')}`

describe('match', () => {
  writeFileSync(
    file,
    [
      '# users',
      `apr:${APR1[0][2]}`,
      'sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
      'plain:a:b',
      'des:rl0uE1K5ZSsHg',
      'bcrypt:$2y$05$abc',
      'empty:',
      'plain:second',
      'nonsense',
    ].join('\n'),
  )

  test.each([
    [basic('apr:secret'), 'hash'],
    [basic('apr:secret'), 'hash'],
    [basic('apr:Secret'), 'synth'],
    [basic(`apr:${APR1[0][2]}`), 'synth'],
    [basic('sha:secret'), 'hash'],
    [basic('sha:'), 'synth'],
    [basic('plain:a:b'), 'hash'],
    [basic('plain:a'), 'synth'],
    [basic('plain:second'), 'synth'],
    [basic('des:rl0uE1K5ZSsHg'), 'synth'],
    [basic('bcrypt:$2y$05$abc'), 'synth'],
    [basic('empty:'), 'synth'],
    [basic('nobody:x'), 'synth'],
    [basic('__proto__:x'), 'synth'],
    [basic('nonsense'), 'synth'],
    [basic('plain:a:b').replace('Basic', 'bAsIc '), 'hash'],
    ['Bearer abc', 'synth'],
    ['Basic !!!', 'synth'],
    ['', 'synth'],
    [undefined, 'synth'],
  ])('%s: %s', (authorization, action) => {
    expect(ask(authorization)).toBe(action)
  })

  test('a file that is not there, or is none, lets nobody in', () => {
    for (const path of [join(directory, 'none'), directory, 'a\0b']) expect(ask(basic('plain:a:b'), path)).toBe('synth')
  })

  test('a changed file counts within a second', () => {
    const path = join(directory, 'changing')
    writeFileSync(path, 'u:one')
    expect(ask(basic('u:one'), path, 2000)).toBe('hash')
    writeFileSync(path, 'u:two')
    utimesSync(path, 1, 1)
    expect(ask(basic('u:one'), path, 2000.5)).toBe('hash')
    expect([ask(basic('u:one'), path, 2001), ask(basic('u:two'), path, 2001)]).toEqual(['synth', 'hash'])
  })

  test('files are bounded', () => {
    const actions = Array.from({ length: 110 }, (_, i) => ask(basic('u:x'), join(directory, `file${i}`), 3000))
    expect(new Set(actions)).toEqual(new Set(['synth', 'fail']))
  })
})
