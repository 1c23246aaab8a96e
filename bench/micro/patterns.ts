import { boundBacktracking, compileRegex, type VclRegex } from '../../src/pattern/regex.ts'
import { regsub, regsuball } from '../../src/pattern/regsub.ts'

/**
 * What patterns of rules cost, in nanoseconds: those that V8 runs, those that it runs on its linear engine because the subject is long, and those
 * of our own matcher. Prints the best of many rounds.
 *
 *   node bench/micro/patterns.ts
 */
const ROUNDS = 100
const COOKIE = '__utma=1.2.3; has_js=1; session=0123456789abcdef; _ga=GA1.2.3; lang=en; theme=dark'

type Work = (regex: VclRegex, subject: string) => unknown
const test: Work = (regex, subject) => regex.test(subject)
const clean: Work = (regex, subject) => regsuball(subject, regex, '')
const swap: Work = (regex, subject) => regsub(subject, regex, '\\2\\1')

const CASES: readonly (readonly [what: string, work: Work, pattern: string, subjects: readonly string[]])[] = [
  ['~, the same subject', test, '^(?:www\\.)?example\\.(com|org)$', ['www.example.com']],
  [
    '~, other subjects',
    test,
    '(?i)\\.(?:jpe?g|png|gif|css|js|svg|woff2?)(?:\\?.*)?$',
    ['/img/a/b/c/photo.jpeg', '/css/main.css?v=12', '/article/2024/05/some-title'],
  ],
  ['~, subjects that are not remembered', test, '^/(?:admin|api|login)', [`/admin/${'x'.repeat(80)}`, `/shop/${'y'.repeat(80)}`]],
  ['regsub, two groups', swap, '^([^?]*)\\?(.*)$', ['/a/b/c?d=1&e=2', '/x/y?z=3']],
  ['regsuball of a cookie', clean, '(^|;\\s*)(_[_a-z]+|has_js)=[^;]*', [COOKIE]],
  ['regsuball of a cookie of 4000 bytes', clean, '(^|;\\s*)(_[_a-z]+|has_js)=[^;]*', [`${COOKIE}; `.repeat(48)]],
  ['~, lookahead', test, '^(?!/admin|/api)(?:/[^/]*)+\\.php$', ['/shop/index.php', '/api/index.php', '/a/b/c/d']],
  ['~, possessive', test, '^/[a-z]++/\\d++$', ['/article/123456', '/article/title']],
  ['~, 8000 bytes, linear engine', test, '(?i)<script[^>]*>', ['<p class="x">text</p>'.repeat(400), '<p class="y">text</p>'.repeat(400)]],
  ['~, own matcher: backreference that may be unset', test, '^(<)?[a-z]+(?(1)>|$)', ['<abc>', 'abcdef', '<abcdef']],
  ['~, own matcher: (?i) backreference', test, '(?i)/([a-z]+)/\\1/', ['/shop/SHOP/', '/article/2024/05/some-title']],
  ['regsub, own matcher: \\K', swap, '^/[a-z]+\\K/x', ['/article/x/2024', '/article/y/2024']],
]

function nanoseconds(work: Work, regex: VclRegex, subjects: readonly string[]): number {
  let times = 2000
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const started_ms = performance.now()
    for (let i = 0; i < times; i++) work(regex, subjects[i % subjects.length])
    const took_ms = performance.now() - started_ms
    best = Math.min(best, (took_ms / times) * 1e6)
    if (took_ms > 100) times = Math.max(10, times >> 2)
  }
  return best
}

boundBacktracking()
for (const [what, work, pattern, subjects] of CASES) {
  console.log(`${what.padEnd(52)} ${nanoseconds(work, compileRegex(pattern), subjects).toFixed(0).padStart(8)} ns`)
}
const patterns = CASES.map(([, , pattern]) => pattern)
const started_ms = performance.now()
for (let i = 0; i < 1000; i++) compileRegex(patterns[i % patterns.length])
console.log(`${'compiling a pattern'.padEnd(52)} ${((performance.now() - started_ms) * 1000).toFixed(0).padStart(8)} ns`)
