import { again, FRESH, of, type LaterCase } from './case.ts'

const STORED = { answer: { lines: [FRESH, 'ETag: "a"'] } }
const SHORT = { answer: { lines: ['Cache-Control: max-age=2', 'ETag: "a"'] }, pause: true } as const
/** Without what says for how long. */
const GUESSED = [300, 301, 308]
const STATED = [300, 405, 414, 451, 501]

/** What the suite's maintainer has noted that no edition asks yet (issues 178 to 195 of http-tests/cache-tests). */
export const GAPS: readonly LaterCase[] = [
  ...GUESSED.map((status) =>
    of(
      `gap-heuristic-${status}`,
      'optimal',
      { answer: { status, lines: ['Last-Modified: {-86400}', 'Date: {0}', 'Location: /x'] } },
      { expect: { from: 'store', status, fields: { Location: '/x' } } },
    ),
  ),
  ...STATED.flatMap((status) => [
    of(`gap-status-${status}-fresh`, 'optimal', { answer: { status, lines: [FRESH] } }, { expect: { from: 'store', status } }),
    of(
      `gap-status-${status}-stale`,
      'required',
      { answer: { status, lines: ['Cache-Control: max-age=1'] }, pause: true },
      { expect: { from: 'origin' } },
    ),
  ]),
  ...['GET', 'HEAD', 'OPTIONS'].map((method) =>
    of(
      `gap-${method}-does-not-invalidate`,
      'required',
      STORED,
      { ask: { method, lines: ['Cache-Control: no-store'] }, answer: { lines: [FRESH, 'ETag: "a"'] } },
      { expect: { from: 'store' } },
    ),
  ),
  of('gap-if-none-match-any', 'required', STORED, { ask: { lines: ['If-None-Match: *'] }, expect: { from: 'store', status: 304 } }),
  of('gap-if-match-forwarded', 'required', {
    ask: { lines: ['If-Match: "b"'] },
    answer: { status: 412 },
    expect: { from: 'origin', asked: { 'If-Match': '"b"' } },
  }),
  of('gap-if-unmodified-since-forwarded', 'required', {
    ask: { lines: ['If-Unmodified-Since: Wed, 01 Jan 2020 00:00:00 GMT'] },
    answer: { status: 412 },
    expect: { from: 'origin', asked: { 'If-Unmodified-Since': 'Wed, 01 Jan 2020 00:00:00 GMT' } },
  }),
  of('gap-only-if-cached-stored', 'required', STORED, {
    ask: { lines: ['Cache-Control: only-if-cached'] },
    expect: { from: 'store', status: 200 },
  }),
  of('gap-only-if-cached-stale', 'required', SHORT, {
    ask: { lines: ['Cache-Control: only-if-cached'] },
    expect: { from: 'nowhere', status: 504 },
  }),
  of(
    'gap-200-replaces',
    'required',
    SHORT,
    { answer: { lines: [FRESH, 'ETag: "b"'], body: 'new' }, expect: { from: 'origin', asked: { 'If-None-Match': '"a"' } } },
    { expect: { from: 'store', body: 'new', fields: { ETag: '"b"' } } },
  ),
  of(
    'gap-304-extends-freshness',
    'required',
    SHORT,
    { answer: { status: 304, lines: [FRESH, 'ETag: "a"'] }, expect: { from: 'validated', status: 200 }, pause: true },
    { expect: { from: 'store', fields: { Turn: '1' } } },
  ),
  of(
    'gap-range-unsatisfiable',
    'optimal',
    { answer: { lines: [FRESH], body: '0123' } },
    { ask: { lines: ['Range: bytes=9-'] }, expect: { status: 416 } },
  ),
  of(
    'gap-if-range-matches',
    'optimal',
    { answer: { lines: [FRESH, 'ETag: "a"'], body: '0123' } },
    { ask: { lines: ['Range: bytes=1-2', 'If-Range: "a"'] }, expect: { from: 'store', status: 206, body: '12' } },
  ),
  of(
    'gap-if-range-differs',
    'optimal',
    { answer: { lines: [FRESH, 'ETag: "a"'], body: '0123' } },
    { ask: { lines: ['Range: bytes=1-2', 'If-Range: "b"'] }, expect: { from: 'store', status: 200, body: '0123' } },
  ),
  again('gap-public-permits', 'optimal', 'store', ['Cache-Control: public', 'Last-Modified: {-864000}', 'Date: {0}']),
]
