/**
 * Rules are written by people and by programs that write rules: whatever the bytes, the parser yields a tree whose places lie inside the
 * sources, or a diagnostic that does. It never throws and never hangs. And it reads what the grammar of the language reads
 * (docs/vcl/grammar.peggy): the same verdict, the same tree, the same places.
 *
 * Bounded in the suite; LACQUER_FUZZ_ROUNDS=1000000 LACQUER_FUZZ_SEED=... for more. A failure prints the text.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Place } from '../../src/vcl/ast.ts'
import type { SourceSet } from '../../src/vcl/diagnostic.ts'
import { formatDiagnostic } from '../../src/vcl/diagnostic.ts'
import { parseVcl } from '../../src/vcl/parse.ts'
import { parsedByGrammar } from '../vcl/grammar.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 3000)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261123)

const built_in = ['varnish', 'rfc9111'].map((name) => readFileSync(new URL(`../../src/vcl/builtin.${name}.vcl`, import.meta.url), 'latin1'))
const probes = JSON.parse(readFileSync(new URL('../vcl/probes.json', import.meta.url), 'utf8')) as { version: string; body: string }[]
const corpus = [...built_in, ...probes.map(({ version, body }) => `${version}\n${body}`)]

const TOKENS = (
  'vcl 4.0 4.1 ; import include acl backend probe sub unused { } ( ) . , = == != <= >= < > ~ !~ ! && || + - * / % += -- ++ << & | ' +
  'set unset if else elseif elif return call new ban hash_data synthetic C{ }C {" "} """ " \' # // /* */ :YQ==: : ? $ _ \\ 1 10 1.5 .5 10s 5 ms KB q ' +
  'req.url req.http.x beresp.ttl true std.log now "a" {"b"} "./x.vcl" +glob none a b-c \n \r\n \t \0 \xff \xef\xbb\xbf'
)
  .split(' ')
  .concat(' ')

function soup(next: (n: number) => number): string {
  const glue = next(2) === 0 ? ' ' : ''
  const tokens = Array.from({ length: next(40) }, () => TOKENS[next(TOKENS.length)])
  return (next(4) > 0 ? 'vcl 4.1; sub a { ' : '') + tokens.join(glue)
}

/** Real rules with a few pieces cut out, doubled, swapped or replaced. */
function damaged(next: (n: number) => number): string {
  let text = corpus[next(corpus.length)]
  for (let cuts = 1 + next(4); cuts > 0; cuts--) {
    const at = next(text.length + 1)
    const end = Math.min(text.length, at + next(12))
    const insert = [TOKENS[next(TOKENS.length)], text.slice(at, end).repeat(2), '', text.slice(0, next(30))][next(4)]
    text = text.slice(0, at) + insert + text.slice(end)
  }
  return text
}

function inside(at: Place, sources: SourceSet): boolean {
  const source = sources.sources[at.source]
  const line_start = source.line_starts[at.line - 1]
  return at.offset >= 0 && at.length >= 0 && at.offset + at.length <= source.text.length && line_start + at.column - 1 === at.offset
}

/** Every place in a tree. */
function* places(node: object): Generator<Place> {
  for (const [key, value] of Object.entries(node)) {
    if (typeof value !== 'object' || value === null) continue
    if (key === 'at' || key === 'op_at') yield value as Place
    else yield* places(value as object)
  }
}

/** `asks` the grammar, too: not of what is made to be too deep for it. */
function check(text: string, asks = true): 'tree' | 'refused' {
  const files: Record<string, string> = { '/x.vcl': '# included\nset req.url = "x";\n' }
  const readFile = (path: string) => files[path] ?? fail(path)
  const host = { vcl_path: ['/'], readFile, glob: () => ['/x.vcl'] }
  const { ast, rest, diagnostics, sources } = parseVcl(text, '/main.vcl', host)
  if (asks) expect(ast, text).toEqual(parsedByGrammar(text, '/main.vcl', host))
  expect(diagnostics.length > 0, text).toBe(ast === undefined)
  for (const diagnostic of diagnostics) {
    expect(inside(diagnostic.at, sources), text).toBe(true)
    expect(formatDiagnostic(diagnostic, sources)).toMatch(/^\/(?:main|x)\.vcl:\d+:\d+ \S.*\n/)
  }
  for (const place of places(ast ?? rest?.ast ?? {})) expect(inside(place, sources), text).toBe(true)
  return ast === undefined ? 'refused' : 'tree'
}

function fail(path: string): never {
  throw new Error(`no ${path}`)
}

test(`${ROUNDS} texts of random tokens and of damaged rules`, () => {
  const random = randomFrom(SEED)
  const next = (n: number) => Math.floor(random() * n)
  const seen = { tree: 0, refused: 0 }
  for (let round = 0; round < ROUNDS; round++) seen[check(round % 2 === 0 ? soup(next) : damaged(next))]++
  // Both kinds must come up, or the generator has gone stale.
  expect(seen.tree).toBeGreaterThan(ROUNDS / 50)
  expect(seen.refused).toBeGreaterThan(ROUNDS / 4)
})

test('the corpus itself', () => {
  for (const text of corpus) check(text)
})

test('what once went wrong, and what is made to go wrong', () => {
  const shapes = ['vcl 4.1; sub a { if (', 'vcl 4.1; sub a { set x = ', 'vcl 4.1; acl a { ', 'vcl 4.1; sub a { x.y(']
  for (const shape of shapes) {
    for (const piece of ['(', '{', '- ', '! ', '"a" + ', 'a.', 'if (a) {', 'a = ', '"', '{"', '/*', '1', ',', '1 + (', 'f('])
      check(shape + piece.repeat(3000), false)
  }
})
