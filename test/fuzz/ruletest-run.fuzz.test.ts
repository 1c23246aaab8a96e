/**
 * Whatever a test asks, and whatever origins answer, the engine comes to an end: no step throws what is not meant for the operator, and every
 * request that was waited for is answered, or said not to be.
 *
 * Bounded in the suite; LACQUER_FUZZ_ROUNDS=100000 LACQUER_FUZZ_SEED=... for more. A failure prints the test.
 */
import { expect, test } from 'vitest'
import { defaultParameters } from '../../src/config/parameters.ts'
import { setParameter } from '../../src/config/parameter-values.ts'
import { parseTests } from '../../src/ruletest/language/parse.ts'
import { runTest } from '../../src/ruletest/run.ts'
import { compileVcl } from '../../src/vcl/load.ts'
import { RULES } from '../unit/ruletest/kit.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 150)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261126)

const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PURGE', 'OPTIONS', 'QUERY', 'BREW']
const TARGETS = ['/', '/a', '/api/x', '/gone', '/ws', '/again', '/fail', '/retry', '/hfp', '/hfm', '//', '/%00', 'http://a/b']
const ASKED = [
  'Cookie: a=b',
  'Authorization: x',
  'Range: bytes=0-3',
  'Range: bytes=9-',
  'If-None-Match: "e"',
  'If-Match: "e"',
  'Cache-Control: only-if-cached',
  'Cache-Control: no-cache',
  'Connection: upgrade',
  'Upgrade: x',
  'Expect: 100-continue',
  'Transfer-Encoding: chunked',
]
const ANSWERED = [
  'Vary: Cookie',
  'Vary: *',
  'Set-Cookie: a=b',
  'ETag: "e"',
  'Cache-Control: max-age=5, stale-while-revalidate=60, stale-if-error=600',
  'Cache-Control: private',
  'Content-Range: bytes 0-3/9',
  'Content-Length: 3',
  'Age: 4',
  'Date: Thu, 01 Jan 2026 00:00:00 GMT',
  'Last-Modified: Mon, 01 Dec 2025 00:00:00 GMT',
]
const ANSWERS = [
  '200',
  '200',
  '200',
  '204',
  '206',
  '301',
  '304',
  '404',
  '416',
  '500',
  '503',
  '999',
  'refused',
  'timeout',
  'closed',
  'malformed',
  'unreachable',
]
const PARTS = ['body "0123456789"', 'body 60k', 'body ""', 'chunked', 'delay 1s', 'delay 200s', 'breaks after 4b', 'breaks after 0']

function story(next: (n: number) => number): string {
  const pick = (list: readonly string[]): string => list[next(list.length)]
  const some = (list: readonly string[]): string[] => Array.from({ length: next(3) }, () => `  ${pick(list)}`)
  const open: string[] = []
  const step = (): string[] => {
    switch (next(9)) {
      case 0:
      case 1:
        return [
          `origin${['', ' api', ' default'][next(3)]} ${pick(ANSWERS)}${['', ' once', ' for /a*'][next(3)]}`,
          ...some([...ANSWERED, ...PARTS]),
        ]
      case 2:
        return [`wait ${pick(['1s', '6s', '70s', '1h', '100ms'])}`]
      case 3:
        return [
          pick([
            'sick api',
            'healthy api',
            'sick default',
            'healthy default',
            'purge /',
            'purge soft /a',
            'ban req.url ~ .',
            'purge-tags a',
          ]),
        ]
      case 4: {
        if (open.length > 0 && next(2) === 0) return [`finish ${open.pop()}`]
        const name = `c${next(1_000_000)}`
        open.push(name)
        return [`begin ${name} ${pick(METHODS)} ${pick(TARGETS)}`, ...some(ASKED)]
      }
      default:
        return [`${pick(METHODS)} ${pick(TARGETS)} from ${pick(['192.0.2.1', '::1', '203.0.113.1'])}`, ...some([...ASKED, 'body "a=1"'])]
    }
  }
  return ['test x', ...Array.from({ length: 1 + next(12) }, step).flat(), ...open.map((name) => `finish ${name}`)].join('\n')
}

/** What may be said of a step that could not be done. */
const KNOWN = /^rules never see this request: |is never answered$|^more than \d+ events/

test(`${ROUNDS} stories`, { timeout: 120_000 }, async () => {
  const random = randomFrom(SEED)
  const next = (n: number): number => Math.floor(random() * n)
  let answered = 0
  let finished = 0
  for (let round = 0; round < ROUNDS; round++) {
    const text = story(next)
    const parsed = parseTests(text, 'x.test')
    if (!parsed.ok) throw new Error(`${parsed.diagnostics[0].message}\n${text}`)
    const params = defaultParameters()
    setParameter(params, `policy=${next(2) === 0 ? 'rfc9111' : 'varnish'}`)
    const compiled = compileVcl(RULES, { path: 'x.vcl', policy: params.policy, vcl_path: [], trace: true })
    if (!compiled.ok) throw new Error(compiled.text)
    const [{ name, at, steps }] = parsed.file.tests
    const { failures, traces } = await runTest(
      { name, at, policy: params.policy, steps, image: compiled.program.image, labels: new Map(), params },
      true,
    )
    expect(
      failures.map(({ message }) => message).filter((message) => !KNOWN.test(message)),
      text,
    ).toEqual([])
    answered += traces.length
    if (failures.length === 0) finished++
  }
  expect(answered).toBeGreaterThan(ROUNDS)
  expect(finished).toBeGreaterThan(ROUNDS / 3)
})
