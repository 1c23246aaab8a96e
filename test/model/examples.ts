import type { Line, Step } from './scenario.ts'
import type { Lines } from './rfc9111/message.ts'

/** Scenarios that chance seldom makes: each row of the table of disagreements needs one of them in every run. */

function step(wait_s: number, request: Lines, lines: readonly Line[], more: Partial<Step> = {}): Step {
  return { wait_s, method: 'GET', target: '/a', request, origin: { kind: 'whole', delay_s: 0, status: 200, lines }, ...more }
}

/** A response, and a request some time later. */
function twice(response: readonly Line[], wait_s: number, request: Lines = [], first: Lines = []): [Step[]] {
  return [[step(0, first, response), step(wait_s, request, [['Cache-Control', 'no-store']])]]
}

const cc = (value: string): Line => ['Cache-Control', value]
const asks = (value: string): Lines => [['Cache-Control', value]]

const POST = step(1, [], [], { method: 'POST' })

export const EXAMPLES: [Step[]][] = [
  twice([cc('max-age=10, must-revalidate')], 1),
  twice([cc('max-age=10, proxy-revalidate')], 1),
  twice([cc('s-maxage=10, stale-while-revalidate=60')], 15),
  twice([cc('no-cache, stale-while-revalidate=60'), ['ETag', '"a"']], 1),
  twice([cc('MAX-AGE=10')], 1),
  twice([cc('max-age=10'), ['Date', -20]], 1),
  twice([cc('max-age=10'), ['Age', '50;x']], 1),
  twice([cc('max-age=10')], 1, [['Pragma', 'no-cache']]),
  [[step(0, [], [cc('max-age=10')], { origin: { kind: 'whole', delay_s: 0, status: 403, lines: [cc('max-age=10')] } }), step(1, [], [])]],
  twice([cc('max-age=10, must-understand, no-store')], 1),
  twice([cc('max-age=10'), ['Set-Cookie', 'sid=1']], 1),
  twice([cc('immutable'), ['ETag', '"a"']], 1),
  twice([cc('max-age=10'), ['Vary', 'Accept-Encoding']], 1, [['Accept-Encoding', 'br,gzip']], [['Accept-Encoding', 'gzip, br']]),
  [[step(0, [], [cc('max-age=10')]), POST, step(1, [], [cc('max-age=10')])]],
  twice(
    [
      ['Date', 'never'],
      ['Expires', 100, 'asctime'],
    ],
    1,
  ),
  twice(
    [
      ['Expires', ''],
      ['Last-Modified', -1000],
    ],
    1,
  ),
  twice([cc('max-age=10, stale-while-revalidate=60')], 15, asks('max-age=50')),
  twice([cc('stale-if-error=60'), ['ETag', '"a"']], 1, asks('max-stale')),
  [[step(0, [], [cc('max-age=10')]), step(15, [], [], { origin: { kind: 'closed', delay_s: 0, status: 200, lines: [] } })]],
]
