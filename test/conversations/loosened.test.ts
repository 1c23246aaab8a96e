import { describe } from 'vitest'
import { httpDate, startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

/** What the default policy refuses to store, rules may have stored: by a ttl where only permission is missing, else by removing what forbids it. */

const TTL = 'set beresp.ttl = 60s;'
const FRESH = 'Cache-Control: max-age=60'

interface Row {
  readonly what: string
  readonly lines: readonly string[]
  readonly ask?: readonly string[]
  /** In vcl_backend_response. */
  readonly response?: string
  /** In vcl_recv. */
  readonly recv?: string
}

const LOOSENED: readonly Row[] = [
  { what: 'a response that says nothing', lines: [], response: TTL },
  { what: 'a 500: negative caching', lines: ['HTTP/1.1 500 Oops'], response: `if (beresp.status >= 500) { ${TTL} }` },
  { what: 'a 404 without a lifetime', lines: ['HTTP/1.1 404 No'], response: TTL },
  { what: 'a 302', lines: ['HTTP/1.1 302 Found', 'Location: /x'], response: TTL },
  { what: 'a 429', lines: ['HTTP/1.1 429 Slow'], response: TTL },
  { what: 'max-age=0', lines: ['Cache-Control: max-age=0'], response: TTL },
  { what: 'no-cache', lines: ['Cache-Control: no-cache'], response: TTL },
  {
    what: 'must-understand with a status that we do not',
    lines: ['HTTP/1.1 599 ?', 'Cache-Control: must-understand, max-age=60'],
    response: TTL,
  },
  { what: 'no-store', lines: ['Cache-Control: no-store'], response: `unset beresp.http.Cache-Control; ${TTL}` },
  { what: 'private', lines: ['Cache-Control: private, max-age=60'], response: 'set beresp.http.Cache-Control = "max-age=60";' + TTL },
  { what: 'Set-Cookie', lines: ['Set-Cookie: a=b', `Expires: ${httpDate(60)}`], response: `unset beresp.http.Set-Cookie; ${TTL}` },
  { what: 'Vary: *', lines: [FRESH, 'Vary: *'], response: `unset beresp.http.Vary; ${TTL}` },
  { what: 'an answer to an authorised request', lines: [FRESH], ask: ['Authorization: Basic x'], recv: 'unset req.http.Authorization;' },
  {
    what: 'the same, by what the response says',
    lines: [FRESH],
    ask: ['Authorization: Basic x'],
    response: `set beresp.http.Cache-Control = "public, max-age=60"; ${TTL}`,
  },
  { what: 'a request that says no-store', lines: [FRESH], ask: ['Cache-Control: no-store'], recv: 'unset req.http.Cache-Control;' },
]

const NOT_BY_TTL: readonly Row[] = [
  { what: 'no-store', lines: ['Cache-Control: no-store'], response: TTL },
  { what: 'private', lines: ['Cache-Control: private'], response: TTL },
  { what: 'Set-Cookie', lines: ['Set-Cookie: a=b'], response: TTL },
  { what: 'Vary: *', lines: ['Vary: *'], response: TTL },
  { what: 'an answer to an authorised request', lines: [], ask: ['Authorization: Basic x'], response: TTL },
  { what: 'the answer to a request that says no-store', lines: [], ask: ['Cache-Control: no-store'], response: TTL },
]

const STRICTER: readonly Row[] = [
  { what: 'beresp.uncacheable', lines: [FRESH], response: 'set beresp.uncacheable = true;' },
  { what: 'a ttl of nothing', lines: [FRESH], response: 'set beresp.ttl = 0s;' },
  { what: 'private, added', lines: [FRESH], response: 'set beresp.http.Cache-Control = "private";' },
  {
    what: 'Set-Cookie, added, where only Expires permits storing',
    lines: [`Expires: ${httpDate(60)}`],
    response: 'set beresp.http.Set-Cookie = "a=b";',
  },
  { what: 'return (pass)', lines: [FRESH], response: 'return (pass(60s));' },
  { what: 'a request with a cookie that is passed', lines: [FRESH], ask: ['Cookie: a=b'], recv: 'if (req.http.Cookie) { return (pass); }' },
]

function play(rows: readonly Row[], body: string): void {
  for (const { what, lines, ask = [], response = '', recv = '' } of rows) {
    vtc(what, async (t) => {
      const vcl = `sub vcl_recv { ${recv} } sub vcl_backend_response { ${response} }`
      const c1 = await t.connect('c1', t.cache(await startCache({ origin: await numbered(t, ...lines), vcl })))
      await c1.ask('/', { body: '1' }, ...ask)
      await c1.ask('/', { body }, ...ask)
    })
  }
}

describe('stored because rules will have it', () => play(LOOSENED, '1'))
describe('not stored because of a ttl alone', () => play(NOT_BY_TTL, '2'))
describe('not stored because rules are stricter', () => play(STRICTER, '2'))
