/** Conversations that are had with varnishd and with us: raw requests, each on a connection of its own that ends with it. */
export interface Scenario {
  readonly name: string
  readonly requests: readonly string[]
}

function get(url: string, ...lines: string[]): string {
  return ask('GET', url, ...lines)
}

function ask(method: string, url: string, ...lines: string[]): string {
  return `${[`${method} ${url} HTTP/1.1`, 'Host: example.com', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`
}

const twice = (url: string, ...lines: string[]): readonly string[] => [get(url, ...lines), get(url, ...lines)]

const TABLE: Readonly<Record<string, readonly string[]>> = {
  'a miss and a hit': twice('/a'),
  'a hit by HEAD': [ask('HEAD', '/a')],
  'a pass': [get('/pass')],
  'a body with its length': [`${ask('POST', '/post', 'Content-Length: 5')}hello`],
  'a body in chunks': [`${ask('POST', '/post', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`],
  'a pipe': [get('/pipe')],
  synth: [get('/synth')],
  'a restart': [get('/restart')],
  'a restart of vcl_deliver': [get('/drestart')],
  'synth of vcl_deliver': [get('/dsynth')],
  'a purge': [get('/purge')],
  'a backend that refuses': [get('/dead')],
  'access lists': [get('/acl')],
  'what rules log and change': [get('/log', 'User-Agent: test')],
  'rules that fail': [get('/fail')],
  'hit-for-miss': twice('/nocache'),
  'a private response': twice('/priv'),
  'hit-for-pass': twice('/hfp'),
  'a chunked body': twice('/chunk'),
  grace: twice('/grace'),
  'a 304': twice('/keep'),
  'a retry': [get('/retry')],
  'an error of vcl_backend_response': [get('/berr')],
  'an error that is retried until that is too often': [get('/berr2')],
  'a fetch that is abandoned': [get('/abandon')],
  'rules that change the response': twice('/hdr'),
  includes: twice('/esi'),
  'gzip made here': [get('/gz', 'Accept-Encoding: gzip')],
  'gzip expanded at the fetch': [get('/gunz')],
  'gzip of the origin': twice('/isgz', 'Accept-Encoding: gzip'),
  'gzip for who does not take it': [get('/isgz'), ask('HEAD', '/isgz'), get('/isgz', 'Range: bytes=0-3')],
  'no content': [get('/204')],
  'not found': [get('/404')],
  'no HTTP': [get('/junk')],
  'half a body': [get('/cut')],
  'no answer': [get('/close')],
  'a range': [get('/a', 'Range: bytes=0-3')],
  'a condition': [get('/a'), get('/a', 'If-None-Match: "nothing"')],
  'a client of HTTP/1.0': ['GET /a HTTP/1.0\r\nHost: example.com\r\n\r\n', 'GET /m10 HTTP/1.0\r\nHost: example.com\r\n\r\n'],
  'no request line': ['GET /a\r\n\r\n'],
  'white space in a name': [get('/a', 'Bad Header: x')],
  'addresses it came by': [get('/a', 'X-Forwarded-For: 192.0.2.1')],
  'a long field': [get('/a', `X-Long: ${'y'.repeat(400)}`)],
  'what will be banned': [get('/obj')],
  'a ban': [get('/ban')],
  'what was banned': [get('/obj')],
  'a method of its own': [ask('FOO', '/a')],
  'a cookie': [get('/a', 'Cookie: c=d')],
  credentials: [get('/a', 'Authorization: Basic YTpi')],
}

export const SCENARIOS: readonly Scenario[] = Object.entries(TABLE).map(([name, requests]) => ({ name, requests }))

/** Asked after the n-th scenario, so that its records can be told from those of the next. */
export const MARK = '/synth/mark/'

export function mark(n: number): string {
  return get(`${MARK}${n}`)
}
