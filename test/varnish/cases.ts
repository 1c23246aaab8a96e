/** Requests and responses that both caches get. Plain data; what depends on the time is written as seconds from now. */

export type Line = readonly [name: string, value: string | number]

export interface Answer {
  readonly status: number
  readonly lines: readonly Line[]
}

export interface Ask {
  readonly method: string
  readonly lines: readonly Line[]
  /** The answer of the step before was stale, and a fetch in the background brings this one: it is waited for. */
  readonly refreshed?: true
}

export interface Case {
  readonly name: string
  /** First part of the path: which rules of rules.vcl. */
  readonly rules: string
  readonly asks: readonly Ask[]
  /** The origin's, one after the other; the last one again and again. 304 is given to conditional requests only, in place of 200. */
  readonly answers: readonly Answer[]
}

const get = (...lines: Line[]): Ask => ({ method: 'GET', lines })
const by = (method: string, ...lines: Line[]): Ask => ({ method, lines })
const say = (status: number, ...lines: Line[]): Answer => ({ status, lines })
const cc = (value: string): Line => ['Cache-Control', value]

const STATUSES = [
  ...'200 201 202 203 204 205 300 301 302 303 307 308 400 401 402 403 404 405 406'.split(' '),
  ...'409 410 411 412 413 414 415 416 417 418 429 451 500 501 502 503 504 599'.split(' '),
].map(Number)

/** What a response may say about its life. */
const LIVES: readonly (readonly Line[])[] = [
  [],
  [cc('max-age=60')],
  [cc('max-age=0')],
  [cc('s-maxage=30, max-age=60')],
  [cc('max-age=60, s-maxage=30')],
  [cc('s-maxage=0, max-age=60')],
  [cc('max-age=60'), cc('s-maxage=30')],
  [cc('max-age=60'), cc('max-age=30')],
  [cc('max-age=60, max-age=30')],
  [cc('max-age=-1')],
  [cc('max-age=abc')],
  [cc('max-age=1.5')],
  [cc('max-age=60x')],
  [cc('max-age="60"')],
  [cc('max-age= 60')],
  [cc('max-age =60')],
  [cc('max-age')],
  [cc('max-age=')],
  [cc('MAX-AGE=60')],
  [cc('max-age=99999999999')],
  [cc('max-age=2147483648')],
  [cc('public')],
  [cc('immutable')],
  [cc('must-revalidate')],
  [cc('stale-while-revalidate=30')],
  [cc('max-age=60, stale-while-revalidate=30')],
  [cc('max-age=60, stale-while-revalidate=0')],
  [cc('max-age=60, stale-while-revalidate=x')],
  [cc('max-age=60, stale-if-error=30')],
  [cc('x-max-age=60')],
  [['Expires', 60]],
  [
    ['Expires', 60],
    ['Date', 0],
  ],
  [
    ['Expires', 60],
    ['Date', -5],
  ],
  [
    ['Expires', 60],
    ['Date', -30],
  ],
  [
    ['Expires', 60],
    ['Date', 30],
  ],
  [
    ['Expires', 60],
    ['Date', 100],
  ],
  [
    ['Expires', -60],
    ['Date', 0],
  ],
  [
    ['Expires', -60],
    ['Date', -100],
  ],
  [
    ['Expires', 0],
    ['Date', 0],
  ],
  [['Expires', '0']],
  [
    ['Expires', '-1'],
    ['Date', 0],
  ],
  [
    ['Expires', 'never'],
    ['Date', 0],
  ],
  [
    ['Expires', 60],
    ['Date', 'never'],
  ],
  [['Expires', 60], cc('max-age=30')],
  [['Expires', -60], cc('max-age=30')],
  [['Expires', 60], cc('max-age=0')],
  [
    ['Expires', 60],
    ['Expires', 120],
  ],
  [['Age', '10'], cc('max-age=60')],
  [['Age', '70'], cc('max-age=60')],
  [['Age', '0'], cc('max-age=60')],
  [['Age', '-5'], cc('max-age=60')],
  [['Age', 'x'], cc('max-age=60')],
  [['Age', '5x'], cc('max-age=60')],
  [['Age', '1.5'], cc('max-age=60')],
  [['Age', '5, 10'], cc('max-age=60')],
  [['Age', '5'], ['Age', '10'], cc('max-age=60')],
  [
    ['Age', '10'],
    ['Expires', 60],
  ],
  [
    ['Age', '10'],
    ['Expires', 60],
    ['Date', 0],
  ],
  [['Age', '10']],
  [['Age', '200']],
  [['Age', '99999999999'], cc('max-age=60')],
  [['Date', -100], cc('max-age=60')],
  [['Date', 100], cc('max-age=60')],
  [['Date', 'x'], cc('max-age=60')],
  [['Last-Modified', -1000]],
  [
    ['Last-Modified', -1000],
    ['Date', 0],
  ],
  [['Pragma', 'no-cache']],
  [['Pragma', 'no-cache'], cc('max-age=60')],
]

/** What a response may say about who may have it. */
const SHARING: readonly (readonly Line[])[] = [
  [cc('private')],
  [cc('private, max-age=60')],
  [cc('PRIVATE, max-age=60')],
  [cc('no-cache')],
  [cc('no-cache, max-age=60')],
  [cc('no-cache="X-A", max-age=60')],
  [cc('private="X-A", max-age=60')],
  [cc('no-store')],
  [cc('no-store, max-age=60')],
  [cc('x-no-store, max-age=60')],
  [cc('max-age=60'), cc('private')],
  [['Set-Cookie', 'a=b']],
  [['Set-Cookie', 'a=b'], cc('max-age=60')],
  [['Set-Cookie', 'a=b'], cc('public, max-age=60')],
  [['Surrogate-Control', 'no-store'], cc('max-age=60')],
  [['Surrogate-Control', 'max-age=60'], cc('no-store')],
  [['Surrogate-Control', 'NO-STORE']],
  [['Vary', '*'], cc('max-age=60')],
  [['Vary', '*, X'], cc('max-age=60')],
  [['Vary', 'X, *'], cc('max-age=60')],
  [['Vary', 'X'], ['Vary', '*'], cc('max-age=60')],
  [['Vary', ''], cc('max-age=60')],
]

/** What a request may say. */
const WISHES: readonly (readonly Line[])[] = [
  [cc('no-cache')],
  [cc('no-store')],
  [cc('max-age=0')],
  [cc('min-fresh=1000')],
  [cc('only-if-cached')],
  [cc('max-stale')],
  [['Pragma', 'no-cache']],
  [['Cookie', 'a=b']],
  [['Authorization', 'Basic eDp4']],
  [
    ['Cookie', 'a=b'],
    ['Authorization', 'Basic eDp4'],
  ],
]

function lives(): Case[] {
  const few = LIVES.slice(0, 6)
  return STATUSES.flatMap((status) =>
    (status === 200 ? LIVES : few).map((lines) => ({
      name: `${status} ${JSON.stringify(lines)}`,
      rules: 'deliver',
      asks: [get(), get()],
      answers: [say(status, ...lines)],
    })),
  )
}

function sharing(): Case[] {
  return ['builtin', 'deliver', 'ttl'].flatMap((rules) =>
    [...SHARING, ...(rules === 'builtin' ? LIVES : [])].map((lines) => ({
      name: `${rules} ${JSON.stringify(lines)}`,
      rules,
      asks: [get(), get()],
      answers: [say(200, ...lines)],
    })),
  )
}

function wishes(): Case[] {
  return ['builtin', 'anybody'].flatMap((rules) =>
    WISHES.map((lines) => ({
      name: `${rules} asked with ${JSON.stringify(lines)}`,
      rules,
      asks: [get(...lines), get(), get(...lines)],
      answers: [say(200, cc('max-age=60'))],
    })),
  )
}

/** Methods beside GET: none invalidates, and HEAD is answered from what GET has stored. */
function methods(): Case[] {
  const answers = [say(200, cc('max-age=60')), say(200, cc('max-age=60'), ['Location', '/x'])]
  return [
    ...['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].map((method) => ({
      name: `${method} between`,
      rules: 'builtin',
      asks: [get(), by(method), get()],
      answers,
    })),
    { name: 'HEAD, then GET', rules: 'builtin', asks: [by('HEAD'), get(), by('HEAD')], answers },
    { name: 'PURGE between', rules: 'builtin', asks: [get(), by('PURGE'), get(), get()], answers },
  ]
}

function variants(): Case[] {
  const varying = [say(200, cc('max-age=60'), ['Vary', 'X-V'])]
  const encoding = [say(200, cc('max-age=60'), ['Vary', 'Accept-Encoding'])]
  const v = (value: string): Ask => get(['X-V', value])
  const ae = (value: string): Ask => get(['Accept-Encoding', value])
  return [
    { name: 'Vary: the same, another, none', rules: 'builtin', asks: [v('1'), v('1'), v('2'), get(), v('2'), get()], answers: varying },
    { name: 'Vary: white space and case', rules: 'builtin', asks: [v('a, b'), v('a,b'), v('A, b'), v('a, b')], answers: varying },
    {
      name: 'Vary: two lines',
      rules: 'builtin',
      asks: [get(['X-V', 'a'], ['X-V', 'b']), v('a, b'), get(['X-V', 'a'], ['X-V', 'b'])],
      answers: varying,
    },
    {
      name: 'Vary: Accept-Encoding is one of two',
      rules: 'builtin',
      asks: [ae('gzip'), ae('br, gzip'), ae('br'), get(), ae('gzip;q=0')],
      answers: encoding,
    },
  ]
}

/** Stale ones: grace, keep, and what a 304 makes of them. */
function stale(): Case[] {
  const old = (...lines: Line[]): Answer => say(200, ['Age', '70'], cc('max-age=60'), ...lines)
  const E: Line = ['ETag', '"1"']
  const LM: Line = ['Last-Modified', 'Wed, 01 Jan 2020 00:00:00 GMT']
  const young = say(200, cc('max-age=60'))
  const kept = (name: string, answers: readonly Answer[], asks: readonly Ask[] = [get(), get(), get()]): Case => ({
    name,
    rules: 'keep',
    asks,
    answers,
  })
  return [
    {
      name: 'grace of the parameter: past',
      rules: 'deliver',
      asks: [get(), get()],
      answers: [say(200, ['Age', '75'], cc('max-age=60')), young],
    },
    {
      name: 'stale-while-revalidate is grace',
      rules: 'deliver',
      asks: [get(), get(), { ...get(), refreshed: true }],
      answers: [say(200, ['Age', '75'], cc('max-age=60, stale-while-revalidate=60')), young],
    },
    { name: 'grace by rules', rules: 'grace', asks: [get(), get(), { ...get(), refreshed: true }], answers: [old(), young] },
    { name: 'grace by rules, limited by the request', rules: 'grace', asks: [get(), get(['X-Req-Grace', '1'])], answers: [old(), young] },
    {
      name: 'grace, validated in the background',
      rules: 'grace',
      asks: [get(), get(), { ...get(), refreshed: true }],
      answers: [old(E), say(304, cc('max-age=60'), E, ['X-New', '1'])],
    },
    {
      name: 'stale with Cache-Control: no-cache in the request',
      rules: 'grace',
      asks: [get(), get(cc('no-cache'))],
      answers: [old(), young],
    },
    { name: 'grace by rules, and no ttl', rules: 'zero', asks: [get(), get()], answers: [young] },
    {
      name: 'grace by rules, limited by the request, and an error',
      rules: 'grace',
      asks: [get(), get(['X-Req-Grace', '1'])],
      answers: [old(), say(503)],
    },
    kept('keep: ETag', [old(E), say(304, cc('max-age=60'), E)]),
    kept('keep: weak ETag', [old(['ETag', 'W/"1"']), say(304, cc('max-age=60'), ['ETag', 'W/"1"'])]),
    kept('keep: Last-Modified', [old(LM), say(304, cc('max-age=60'))]),
    kept('keep: both', [old(E, LM), say(304, cc('max-age=60'), E)]),
    kept('keep: no validator', [old(), young]),
    kept('keep: changed', [old(E), say(200, cc('max-age=60'), ['ETag', '"2"'])]),
    kept('304 brings fields', [old(E, ['X-Old', '1'], ['X-Both', 'a']), say(304, cc('max-age=60'), E, ['X-New', '1'], ['X-Both', 'b'])]),
    kept('304 says nothing of its life', [old(E), say(304, E)]),
    kept('304 with its own Age', [old(E), say(304, ['Age', '20'], cc('max-age=60'), E)]),
    kept('304 with another ETag', [old(E), say(304, cc('max-age=60'), ['ETag', '"2"'])]),
    kept('304 with Set-Cookie', [old(E), say(304, cc('max-age=60'), E, ['Set-Cookie', 'a=b'])]),
    kept('304 says private', [old(E), say(304, cc('private, max-age=60'), E)]),
    kept(
      '304, client conditional',
      [old(E), say(304, cc('max-age=60'), E)],
      [get(), get(['If-None-Match', '"1"']), get(['If-None-Match', '"2"'])],
    ),
    kept('kept 404 with ETag', [say(404, ['Age', '70'], cc('max-age=60'), E), say(304, cc('max-age=60'), E)]),
    kept('error in place of a validation', [old(E), say(503)]),
  ]
}

function marked(): Case[] {
  const answers = [say(200, cc('max-age=60'), ['ETag', '"1"'])]
  return [
    { name: 'hit-for-pass', rules: 'hitpass', asks: [get(), get(), get()], answers },
    { name: 'hit-for-miss', rules: 'hitmiss', asks: [get(), get(), get()], answers },
    {
      name: 'hit-for-miss, then something to store',
      rules: 'builtin',
      asks: [get(), get(), get()],
      answers: [say(200, cc('private')), say(200, cc('max-age=60'))],
    },
    ...[302, 404, 500, 503, 599].map((status) => ({
      name: `${status} with a ttl of the rules`,
      rules: 'ttl' as const,
      asks: [get(), get()],
      answers: [say(status), say(200, cc('max-age=60'))],
    })),
    { name: 'hit-for-miss by status', rules: 'builtin', asks: [get(), get(), get()], answers: [say(503), say(200, cc('max-age=60'))] },
  ]
}

/** Conditions and ranges of clients. */
function conditions(): Case[] {
  const answers = [say(200, cc('max-age=60'), ['ETag', '"1"'], ['Last-Modified', 'Wed, 01 Jan 2020 00:00:00 GMT'])]
  const asked: readonly (readonly Line[])[] = [
    [['If-None-Match', '"1"']],
    [['If-None-Match', 'W/"1"']],
    [['If-None-Match', '"0", "1"']],
    [['If-None-Match', '"0"']],
    [['If-None-Match', '*']],
    [['If-Modified-Since', 'Wed, 01 Jan 2020 00:00:00 GMT']],
    [['If-Modified-Since', 'Tue, 31 Dec 2019 00:00:00 GMT']],
    [['If-Modified-Since', 'Thu, 02 Jan 2020 00:00:00 GMT']],
    [['If-Modified-Since', 'x']],
    [
      ['If-None-Match', '"0"'],
      ['If-Modified-Since', 'Thu, 02 Jan 2020 00:00:00 GMT'],
    ],
    [['Range', 'bytes=0-1']],
    [['Range', 'bytes=-2']],
    [['Range', 'bytes=100-']],
    [['Range', 'lines=0-1']],
  ]
  return asked.map((lines) => ({ name: `asked with ${JSON.stringify(lines)}`, rules: 'builtin', asks: [get(), get(...lines)], answers }))
}

export const CASES: readonly Case[] = [
  ...lives(),
  ...sharing(),
  ...wishes(),
  ...methods(),
  ...variants(),
  ...stale(),
  ...marked(),
  ...conditions(),
]
