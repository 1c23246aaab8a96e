/**
 * Request heads and what they must come to. One row is a message and its outcome; the parser test runs every row whole and cut at every
 * byte, and the connection tests run the same rows over sockets. Strings are latin1: one character is one byte.
 */
import type { ParseLimits, Refusal } from '../../../src/http/parse.ts'

export interface Accepted {
  kind: 'request'
  method: string
  url: string
  /** "Name: value", in order, as handed on (an absolute-form target has replaced Host). */
  fields: string[]
  proto: 'HTTP/1.1' | 'HTTP/1.0'
  framing: 'none' | 'length' | 'chunked'
  content_length: number
  keep_alive: boolean
  expect_continue: boolean
  upgrade: boolean
}

export interface Refused {
  kind: 'refused'
  status: number
  close: Refusal['close']
}

export interface Row {
  name: string
  /** The head, and for rows with `rest` what follows it. */
  bytes: string
  /** What must be left unread: a body or the next request. */
  rest: string
  outcome: Accepted | Refused | { kind: 'incomplete' }
  /** Where they differ from LIMITS. */
  limits?: ParseLimits
}

/** The defaults of the parameters, except that the table's long messages are kept short. */
export const LIMITS: ParseLimits = { http_req_size: 32 * 1024, http_req_hdr_len: 8 * 1024, http_max_hdr: 64 }
const SMALL: ParseLimits = { http_req_size: 200, http_req_hdr_len: 60, http_max_hdr: 4 }

export const requests: Row[] = []

/** Lines with their ends, and the empty line. */
function head(...lines: string[]): string {
  return lines.join('\r\n') + '\r\n\r\n'
}

type Extras = Partial<Omit<Accepted, 'kind' | 'method' | 'url' | 'fields'>> & { rest?: string; limits?: ParseLimits }

function accepts(name: string, bytes: string, start: string, fields: string[], extras: Extras = {}): void {
  const [method, url] = start.split(' ')
  const { rest = '', limits, ...facts } = extras
  const outcome: Accepted = {
    kind: 'request',
    method,
    url,
    fields,
    proto: 'HTTP/1.1',
    framing: 'none',
    content_length: 0,
    keep_alive: true,
    expect_continue: false,
    upgrade: false,
    ...facts,
  }
  requests.push({ name, bytes: bytes + rest, rest, outcome, limits })
}

function refuses(name: string, bytes: string, status: number, close: Refusal['close'] = 'RX_BAD', limits?: ParseLimits): void {
  requests.push({ name, bytes, rest: '', outcome: { kind: 'refused', status, close }, limits })
}

function waits(name: string, bytes: string): void {
  requests.push({ name, bytes, rest: '', outcome: { kind: 'incomplete' } })
}

// ---- Request line (RFC 9112 section 3)

accepts('the least', head('GET / HTTP/1.1', 'Host: a'), 'GET /', ['Host: a'])
accepts('HEAD', head('HEAD /x HTTP/1.1', 'Host: a'), 'HEAD /x', ['Host: a'])
accepts('POST without a body', head('POST /x HTTP/1.1', 'Host: a'), 'POST /x', ['Host: a'])
accepts('PURGE', head('PURGE /x HTTP/1.1', 'Host: a'), 'PURGE /x', ['Host: a'])
accepts('a method nobody knows', head('X-BAN.1!# /x HTTP/1.1', 'Host: a'), 'X-BAN.1!# /x', ['Host: a'])
accepts('methods keep their case', head('get / HTTP/1.1', 'Host: a'), 'get /', ['Host: a'])
accepts('GETX is not GET', head('GETX / HTTP/1.1', 'Host: a'), 'GETX /', ['Host: a'])
accepts('a method of one letter', head('G / HTTP/1.1', 'Host: a'), 'G /', ['Host: a'])
accepts('a query', head('GET /a?b=c&d=%20 HTTP/1.1', 'Host: a'), 'GET /a?b=c&d=%20', ['Host: a'])
accepts('only a query behind the slash', head('GET /? HTTP/1.1', 'Host: a'), 'GET /?', ['Host: a'])
accepts('two slashes', head('GET //a//b HTTP/1.1', 'Host: a'), 'GET //a//b', ['Host: a'])
accepts('dot segments stay', head('GET /a/../b/. HTTP/1.1', 'Host: a'), 'GET /a/../b/.', ['Host: a'])
accepts('a scheme inside the query', head('GET /?u=http://b/ HTTP/1.1', 'Host: a'), 'GET /?u=http://b/', ['Host: a'])
accepts('printable bytes that browsers send raw', head('GET /a|b{c}^"<>`\\ HTTP/1.1', 'Host: a'), 'GET /a|b{c}^"<>`\\', ['Host: a'])
accepts('a broken percent sign is not ours to judge', head('GET /%zz% HTTP/1.1', 'Host: a'), 'GET /%zz%', ['Host: a'])
accepts('minor versions above 1 are 1.1', head('GET / HTTP/1.9', 'Host: a'), 'GET /', ['Host: a'])
accepts('one empty line before', '\r\n' + head('GET / HTTP/1.1', 'Host: a'), 'GET /', ['Host: a'])
accepts('two empty lines before', '\r\n\r\n' + head('GET / HTTP/1.1', 'Host: a'), 'GET /', ['Host: a'])
refuses('three empty lines before', '\r\n\r\n\r\n' + head('GET / HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a bare LF before', '\n' + head('GET / HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a bare CR before', '\r' + head('GET / HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a space before', ' ' + head('GET / HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('NUL before', '\0' + head('GET / HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('two spaces behind the method', head('GET  / HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a tab behind the method', head('GET\t/ HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('two spaces before the version', head('GET /  HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a tab before the version', head('GET /\tHTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a space behind the version', head('GET / HTTP/1.1 ', 'Host: a'), 400, 'RX_JUNK')
refuses('a space in the target', head('GET /a b HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a method with a colon', head('GET: / HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a method with a slash', head('GE/T / HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a method in quotes', head('"GET" / HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a method above ASCII', head('G\xc9T / HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a fragment in the target', head('GET /a#b HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('NUL in the target', head('GET /a\0b HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('DEL in the target', head('GET /a\x7fb HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('obs-text in the target', head('GET /\xc3\xa9 HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a bare CR in the target', head('GET /a\rb HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('an escape sequence in the target', head('GET /\x1b[2J HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('no target', head('GET HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('an empty target', head('GET  HTTP/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('HTTP/0.9', 'GET /\r\n', 400, 'RX_JUNK')
refuses('HTTP/0.9 with a bare LF', 'GET /\n', 400, 'RX_JUNK')
refuses('HTTP/0.9 by name', head('GET / HTTP/0.9', 'Host: a'), 505)
refuses('HTTP/2 by name', head('GET / HTTP/2.0', 'Host: a'), 505)
refuses('HTTP/3 by name', head('GET / HTTP/3.0', 'Host: a'), 505)
refuses('the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505)
refuses('http in lower case', head('GET / http/1.1', 'Host: a'), 400, 'RX_JUNK')
refuses('another protocol', head('GET / ICAP/1.0', 'Host: a'), 400, 'RX_JUNK')
refuses('RTSP', head('DESCRIBE rtsp://a/b RTSP/1.0', 'CSeq: 1'), 400, 'RX_JUNK')
refuses('a version without its minor', head('GET / HTTP/1', 'Host: a'), 400, 'RX_JUNK')
refuses('a version with two minor digits', head('GET / HTTP/1.10', 'Host: a'), 400, 'RX_JUNK')
refuses('a version with two major digits', head('GET / HTTP/11.1', 'Host: a'), 400, 'RX_JUNK')
refuses('a version with a comma', head('GET / HTTP/1,1', 'Host: a'), 400, 'RX_JUNK')
refuses('a version in letters', head('GET / HTTP/a.b', 'Host: a'), 400, 'RX_JUNK')
refuses('a request line that ends in a bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400, 'RX_JUNK')
refuses('a request line that ends in a bare CR', 'GET / HTTP/1.1\rHost: a\r\r', 400, 'RX_JUNK')
refuses('a TLS ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'RX_JUNK')
refuses('a PROXY v2 header where none is expected', '\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c', 400, 'RX_JUNK')
refuses('an SSH client', 'SSH-2.0-OpenSSH_9.2\r\n', 400, 'RX_JUNK')
refuses('an SMTP client', 'EHLO mail.example.com\r\n', 400, 'RX_JUNK')
refuses('a response', head('HTTP/1.1 200 OK', 'Content-Length: 0'), 400, 'RX_JUNK')
refuses('a sentence', 'hello there, how are you\r\n', 400, 'RX_JUNK')

// ---- Forms of the target (RFC 9112 section 3.2)

accepts('absolute-form', head('GET http://b/x HTTP/1.1', 'Host: b'), 'GET /x', ['Host: b'])
accepts('its host replaces Host', head('GET http://b/x HTTP/1.1', 'Accept: */*', 'Host: a', 'A: 1'), 'GET /x', [
  'Accept: */*',
  'Host: b',
  'A: 1',
])
accepts('absolute-form with a port', head('GET http://b:8080/x HTTP/1.1', 'Host: a'), 'GET /x', ['Host: b:8080'])
accepts('absolute-form, https', head('GET https://b/x HTTP/1.1', 'Host: b'), 'GET /x', ['Host: b'])
accepts('the scheme has no case', head('GET HTtP://b/x HTTP/1.1', 'Host: b'), 'GET /x', ['Host: b'])
accepts('absolute-form without a path', head('GET http://b HTTP/1.1', 'Host: b'), 'GET /', ['Host: b'])
accepts('absolute-form with only a query', head('GET http://b?x=1 HTTP/1.1', 'Host: b'), 'GET /?x=1', ['Host: b'])
accepts('absolute-form, IPv6', head('GET http://[::1]:80/ HTTP/1.1', 'Host: b'), 'GET /', ['Host: [::1]:80'])
accepts('absolute-form OPTIONS without a path is "*"', head('OPTIONS http://b HTTP/1.1', 'Host: b'), 'OPTIONS *', ['Host: b'])
accepts('absolute-form OPTIONS with a path', head('OPTIONS http://b/ HTTP/1.1', 'Host: b'), 'OPTIONS /', ['Host: b'])
accepts('an at sign in the path is no userinfo', head('GET http://b/@c HTTP/1.1', 'Host: b'), 'GET /@c', ['Host: b'])
accepts('absolute-form in HTTP/1.0 brings its Host', head('GET http://b/x HTTP/1.0', 'A: 1'), 'GET /x', ['A: 1', 'Host: b'], {
  proto: 'HTTP/1.0',
  keep_alive: false,
})
refuses('absolute-form does not excuse the missing Host', head('GET http://b/x HTTP/1.1'), 400)
refuses('absolute-form does not excuse an invalid Host', head('GET http://b/x HTTP/1.1', 'Host: a/b'), 400)
refuses('userinfo', head('GET http://u@b/ HTTP/1.1', 'Host: b'), 400)
refuses('userinfo with a password', head('GET http://u:p@b/ HTTP/1.1', 'Host: b'), 400)
refuses('userinfo that hides a host', head('GET http://a:80@b/ HTTP/1.1', 'Host: b'), 400)
refuses('absolute-form without a host', head('GET http:///x HTTP/1.1', 'Host: b'), 400)
refuses('absolute-form with only a port', head('GET http://:80/x HTTP/1.1', 'Host: b'), 400)
refuses('absolute-form with a port beyond 65535', head('GET http://b:65536/ HTTP/1.1', 'Host: b'), 400)
refuses('absolute-form with a backslash', head('GET http:\\\\b/ HTTP/1.1', 'Host: b'), 400)
refuses('absolute-form with a backslash in the host', head('GET http://b\\c/ HTTP/1.1', 'Host: b'), 400)
refuses('absolute-form with one slash', head('GET http:/b HTTP/1.1', 'Host: b'), 400)
refuses('another scheme', head('GET ftp://b/x HTTP/1.1', 'Host: b'), 400)
refuses('a scheme that starts like http', head('GET httpx://b/x HTTP/1.1', 'Host: b'), 400)
refuses('a target that is neither', head('GET x HTTP/1.1', 'Host: b'), 400)
refuses('a target without its slash', head('GET index.html HTTP/1.1', 'Host: b'), 400)
refuses('a query alone', head('GET ?x HTTP/1.1', 'Host: b'), 400)
accepts('asterisk-form', head('OPTIONS * HTTP/1.1', 'Host: a'), 'OPTIONS *', ['Host: a'])
refuses('asterisk-form with another method', head('GET * HTTP/1.1', 'Host: a'), 400)
refuses('asterisk and more', head('OPTIONS *x HTTP/1.1', 'Host: a'), 400)
accepts('authority-form', head('CONNECT b:443 HTTP/1.1', 'Host: b:443'), 'CONNECT b:443', ['Host: b:443'], { upgrade: true })
accepts('authority-form, IPv6', head('CONNECT [::1]:443 HTTP/1.1', 'Host: b'), 'CONNECT [::1]:443', ['Host: b'], { upgrade: true })
refuses('authority-form without a port', head('CONNECT b HTTP/1.1', 'Host: b'), 400)
refuses('authority-form with an empty port', head('CONNECT b: HTTP/1.1', 'Host: b'), 400)
refuses('authority-form without a host', head('CONNECT :443 HTTP/1.1', 'Host: b'), 400)
refuses('CONNECT with origin-form', head('CONNECT / HTTP/1.1', 'Host: b'), 400)
refuses('CONNECT with absolute-form', head('CONNECT http://b:80/ HTTP/1.1', 'Host: b'), 400)
refuses('CONNECT with a length', head('CONNECT b:443 HTTP/1.1', 'Host: b', 'Content-Length: 1'), 400)
refuses('CONNECT with a chunked body', head('CONNECT b:443 HTTP/1.1', 'Host: b', 'Transfer-Encoding: chunked'), 400)
refuses('authority-form with another method', head('GET b:443 HTTP/1.1', 'Host: b'), 400)

// ---- Host (RFC 9112 section 3.2, RFC 9110 section 7.2)

for (const host of [
  'example.com',
  'EXAMPLE.com:80',
  '127.0.0.1:8080',
  '[::1]',
  '[2001:db8::1]:443',
  'a_b.c~d',
  'xn--bcher-kva.example',
  'a:',
  'a%20b',
])
  accepts(`Host ${host}`, head('GET / HTTP/1.1', `Host: ${host}`), 'GET /', [`Host: ${host}`])
accepts('an empty Host', head('GET / HTTP/1.1', 'Host:'), 'GET /', ['Host: '])
accepts('a blank Host', head('GET / HTTP/1.1', 'Host: \t '), 'GET /', ['Host: '])
refuses('no Host', head('GET / HTTP/1.1'), 400)
refuses('no Host among others', head('GET / HTTP/1.1', 'X-Host: a', 'Hos: b', 'Hosts: c'), 400)
refuses('two Hosts', head('GET / HTTP/1.1', 'Host: a', 'Host: b'), 400)
refuses('two Hosts that agree', head('GET / HTTP/1.1', 'Host: a', 'A: 1', 'host: a'), 400)
refuses('two Hosts in HTTP/1.0', head('GET / HTTP/1.0', 'Host: a', 'Host: a'), 400)
for (const host of [
  'a b',
  'a/b',
  'a@b',
  'a?b',
  'a#b',
  'a\\b',
  'a"b',
  '<a>',
  'a:b',
  'a:1:2',
  'a:+80',
  'a:99999',
  'a:123456',
  ':80',
  '[::1',
  '::1',
  '[]',
  '[::1]x',
  '[fe80::1%25eth0]',
  'http://a',
  '\xe9',
  'a\tb',
  '{a}',
])
  refuses(`Host ${JSON.stringify(host)}`, head('GET / HTTP/1.1', `Host: ${host}`), 400)

// ---- HTTP/1.0 and persistence (RFC 9112 section 9.3)

accepts('HTTP/1.0 closes and needs no Host', head('GET / HTTP/1.0'), 'GET /', [], { proto: 'HTTP/1.0', keep_alive: false })
accepts('HTTP/1.0 with keep-alive', head('GET / HTTP/1.0', 'Connection: keep-alive'), 'GET /', ['Connection: keep-alive'], {
  proto: 'HTTP/1.0',
})
accepts('HTTP/1.0 with both', head('GET / HTTP/1.0', 'Connection: keep-alive, close'), 'GET /', ['Connection: keep-alive, close'], {
  proto: 'HTTP/1.0',
  keep_alive: false,
})
accepts(
  'HTTP/1.0 ignores Upgrade',
  head('GET / HTTP/1.0', 'Connection: upgrade', 'Upgrade: x'),
  'GET /',
  ['Connection: upgrade', 'Upgrade: x'],
  {
    proto: 'HTTP/1.0',
    keep_alive: false,
  },
)
accepts('Connection: close', head('GET / HTTP/1.1', 'Host: a', 'Connection: close'), 'GET /', ['Host: a', 'Connection: close'], {
  keep_alive: false,
})
accepts('close has no case', head('GET / HTTP/1.1', 'Host: a', 'connection: CLOSE'), 'GET /', ['Host: a', 'connection: CLOSE'], {
  keep_alive: false,
})
accepts('close in a list', head('GET / HTTP/1.1', 'Host: a', 'Connection: x ,\tclose,'), 'GET /', ['Host: a', 'Connection: x ,\tclose,'], {
  keep_alive: false,
})
accepts(
  'close in the second line',
  head('GET / HTTP/1.1', 'Host: a', 'Connection: keep-alive', 'Connection: close'),
  'GET /',
  ['Host: a', 'Connection: keep-alive', 'Connection: close'],
  { keep_alive: false },
)
accepts('closed is not close', head('GET / HTTP/1.1', 'Host: a', 'Connection: closed'), 'GET /', ['Host: a', 'Connection: closed'])
accepts(
  'Upgrade',
  head('GET /ws HTTP/1.1', 'Host: a', 'Connection: keep-alive, Upgrade', 'Upgrade: websocket'),
  'GET /ws',
  ['Host: a', 'Connection: keep-alive, Upgrade', 'Upgrade: websocket'],
  { upgrade: true },
)
accepts(
  'an Upgrade with a body is just a request',
  head('POST / HTTP/1.1', 'Host: a', 'Connection: upgrade', 'Upgrade: x', 'Content-Length: 1'),
  'POST /',
  ['Host: a', 'Connection: upgrade', 'Upgrade: x', 'Content-Length: 1'],
  { framing: 'length', content_length: 1, rest: 'x' },
)
accepts('an Upgrade that Connection does not name', head('GET / HTTP/1.1', 'Host: a', 'Upgrade: x'), 'GET /', ['Host: a', 'Upgrade: x'])
accepts('Connection: upgrade without the field', head('GET / HTTP/1.1', 'Host: a', 'Connection: upgrade'), 'GET /', [
  'Host: a',
  'Connection: upgrade',
])

// ---- Field lines (RFC 9112 section 5)

const field = (name: string, line: string, as = line): void =>
  accepts(name, head('GET / HTTP/1.1', 'Host: a', line), 'GET /', ['Host: a', as])
const badField = (name: string, line: string): void => refuses(name, head('GET / HTTP/1.1', 'Host: a', line, 'B: 2'), 400)

field('no space behind the colon', 'A:b', 'A: b')
field('whitespace around a value', 'A: \t b c \t ', 'A: b c')
field('an empty value', 'A:', 'A: ')
field('a value of spaces', 'A:    ', 'A: ')
field('a value with colons', 'A: b:c::d')
field('tabs inside a value', 'A: b\tc')
field('obs-text in a value', 'A: caf\xe9 \x80\xff')
field('a quoted string', 'A: "b\\"c, d"')
field('every tchar in a name', "a!#$%&'*+-.^_`|~09Z: 1")
field('a name of one byte', 'a: 1')
field('a known name in lower case', 'user-agent: x')
field('a known name in odd case', 'uSER-aGENT: x')
field('a name that almost is known', 'User-Agenx: x')
field('a name that a known one starts with', 'User: x')
field('a name that starts with a known one', 'User-Agents: x')
field('a name JavaScript knows too', '__proto__: x')
field('another', 'constructor: x')
field('a long value', 'A: ' + 'b'.repeat(5000))
accepts('lines keep their order and repetitions', head('GET / HTTP/1.1', 'B: 1', 'Host: a', 'A: 2', 'B: 3', 'b: 4'), 'GET /', [
  'B: 1',
  'Host: a',
  'A: 2',
  'B: 3',
  'b: 4',
])
badField('a space before the colon', 'A : 1')
badField('a tab before the colon', 'A\t: 1')
badField('a space in a name', 'A B: 1')
badField('a folded line', 'A: 1\r\n 2')
badField('a line folded with a tab', 'A: 1\r\n\t2')
badField('a fold after an empty value', 'A:\r\n 1')
refuses('a fold behind the request line', head('GET / HTTP/1.1', ' Host: a'), 400)
refuses('whitespace on a line of its own', head('GET / HTTP/1.1', 'Host: a', ' '), 400)
badField('an empty name', ': 1')
badField('no colon', 'A')
badField('a request line in the fields', 'GET / HTTP/1.1')
badField('a name in quotes', '"A": 1')
badField('a name in brackets', 'A[]: 1')
badField('a name above ASCII', '\xc3\xa4: 1')
badField('NUL in a name', 'A\0B: 1')
badField('DEL in a name', 'A\x7f: 1')
badField('a bare LF behind a value', 'A: 1\nC: 2')
badField('a bare LF in a name', 'A\nC: 2')
badField('a bare CR in a value', 'A: 1\rC: 2')
badField('a bare CR behind the colon', 'A:\rC: 2')
badField('two CRs', 'A: 1\r')
badField('a bare CR before the name', '\rA: 1')
for (let byte = 0; byte <= 0x7f; byte++)
  if ((byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 127)
    badField(`byte 0x${byte.toString(16)} in a value`, `A: b${String.fromCharCode(byte)}c`)
refuses('an empty line that ends in a bare LF', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 400)
refuses('an empty line with two CRs', 'GET / HTTP/1.1\r\nHost: a\r\n\r\r\n', 400)

// ---- Framing (RFC 9112 section 6)

const length = (value: string): string[] => ['Host: a', `Content-Length: ${value}`]
accepts('a length', head('POST / HTTP/1.1', ...length('5')), 'POST /', length('5'), { framing: 'length', content_length: 5, rest: 'hello' })
accepts('a length of 0', head('POST / HTTP/1.1', ...length('0')), 'POST /', length('0'), { framing: 'length' })
accepts('leading zeros', head('POST / HTTP/1.1', ...length('0005')), 'POST /', length('0005'), {
  framing: 'length',
  content_length: 5,
  rest: 'hello',
})
accepts('GET with a body', head('GET / HTTP/1.1', ...length('1')), 'GET /', length('1'), {
  framing: 'length',
  content_length: 1,
  rest: 'x',
})
accepts('a length in HTTP/1.0', head('POST / HTTP/1.0', 'content-length: 3'), 'POST /', ['content-length: 3'], {
  proto: 'HTTP/1.0',
  keep_alive: false,
  framing: 'length',
  content_length: 3,
  rest: 'abc',
})
accepts('the longest length', head('POST / HTTP/1.1', ...length('9007199254740991')), 'POST /', length('9007199254740991'), {
  framing: 'length',
  content_length: Number.MAX_SAFE_INTEGER,
})
accepts('a pipelined request', head('GET /1 HTTP/1.1', 'Host: a'), 'GET /1', ['Host: a'], { rest: head('GET /2 HTTP/1.1', 'Host: a') })
for (const value of ['', '-1', '+5', '5 5', '5,5', '5, 5', '5, 6', '5;', '0x5', '5.0', '1e3', '5a', '"5"', '\xb25', ' ,5', 'NaN', '1_000'])
  refuses(`Content-Length ${JSON.stringify(value)}`, head('POST / HTTP/1.1', ...length(value)), 400)
refuses('a length beyond what a number holds', head('POST / HTTP/1.1', ...length('9007199254740992')), 413)
refuses('a length of 30 digits', head('POST / HTTP/1.1', ...length('9'.repeat(30))), 413)
refuses('a length of 400 digits', head('POST / HTTP/1.1', ...length('9'.repeat(400))), 413)
refuses('two lengths', head('POST / HTTP/1.1', ...length('5'), 'Content-Length: 6'), 400)
refuses('two lengths that agree', head('POST / HTTP/1.1', ...length('5'), 'content-length: 5'), 400)
refuses('a length with whitespace before the colon', head('POST / HTTP/1.1', 'Host: a', 'Content-Length : 5'), 400)

const coding = (value: string): string[] => ['Host: a', `Transfer-Encoding: ${value}`]
accepts('chunked', head('POST / HTTP/1.1', ...coding('chunked')), 'POST /', coding('chunked'), { framing: 'chunked', rest: '0\r\n\r\n' })
accepts('chunked has no case', head('POST / HTTP/1.1', ...coding('cHuNkEd')), 'POST /', coding('cHuNkEd'), {
  framing: 'chunked',
  rest: '1\r\nx\r\n0\r\n\r\n',
})
accepts('chunked with spaces around', head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding:\t chunked \t'), 'POST /', coding('chunked'), {
  framing: 'chunked',
  rest: '0\r\n\r\n',
})
accepts('chunked on a GET', head('GET / HTTP/1.1', ...coding('chunked')), 'GET /', coding('chunked'), {
  framing: 'chunked',
  rest: '0\r\n\r\n',
})
refuses('chunked and a length', head('POST / HTTP/1.1', ...coding('chunked'), 'Content-Length: 5'), 400)
refuses('a length and chunked', head('POST / HTTP/1.1', ...length('5'), 'transfer-encoding: chunked'), 400)
refuses('another coding and a length', head('POST / HTTP/1.1', ...length('5'), 'Transfer-Encoding: gzip'), 400)
refuses('chunked in HTTP/1.0', head('POST / HTTP/1.0', ...coding('chunked')), 400)
for (const value of ['gzip', 'gzip, chunked', 'gzip,chunked', 'identity', 'xchunked', 'chunked1', 'deflate , chunked'])
  refuses(`Transfer-Encoding ${value}`, head('POST / HTTP/1.1', ...coding(value)), 501)
for (const value of [
  '',
  'chunked, gzip',
  'chunked, chunked',
  'chunked,',
  ',chunked',
  ', gzip',
  'chunked;q=1',
  '"chunked"',
  'chun ked',
  'chunked\x80',
  'chunked, identity',
])
  refuses(`Transfer-Encoding ${JSON.stringify(value)}`, head('POST / HTTP/1.1', ...coding(value)), 400)
refuses('chunked behind a vertical tab', head('POST / HTTP/1.1', ...coding('\x0bchunked')), 400)
refuses('chunked twice', head('POST / HTTP/1.1', ...coding('chunked'), 'Transfer-Encoding: chunked'), 400)
refuses('codings in two lines', head('POST / HTTP/1.1', ...coding('gzip'), 'Transfer-Encoding: chunked'), 400)
refuses('a coding hidden by a fold', head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding:\r\n chunked'), 400)
accepts('Content_Length is not Content-Length', head('POST / HTTP/1.1', 'Host: a', 'Content_Length: 5'), 'POST /', [
  'Host: a',
  'Content_Length: 5',
])

// ---- Expect (RFC 9110 section 10.1.1)

const expecting = [...length('5'), 'Expect: 100-continue']
accepts('100-continue', head('POST / HTTP/1.1', ...expecting), 'POST /', expecting, {
  framing: 'length',
  content_length: 5,
  expect_continue: true,
})
accepts(
  '100-continue has no case',
  head('POST / HTTP/1.1', ...length('5'), 'expect: 100-Continue'),
  'POST /',
  [...length('5'), 'expect: 100-Continue'],
  { framing: 'length', content_length: 5, expect_continue: true },
)
accepts('100-continue without a body', head('GET / HTTP/1.1', 'Host: a', 'Expect: 100-continue'), 'GET /', [
  'Host: a',
  'Expect: 100-continue',
])
accepts('100-continue in HTTP/1.0 is ignored', head('POST / HTTP/1.0', ...expecting), 'POST /', expecting, {
  proto: 'HTTP/1.0',
  keep_alive: false,
  framing: 'length',
  content_length: 5,
})
refuses('another expectation', head('POST / HTTP/1.1', ...length('5'), 'Expect: 200-ok'), 417)
refuses('an empty expectation', head('GET / HTTP/1.1', 'Host: a', 'Expect:'), 417)
refuses('two expectations', head('GET / HTTP/1.1', 'Host: a', 'Expect: 100-continue, x=y'), 417)
refuses('another expectation in the second line', head('POST / HTTP/1.1', ...expecting, 'Expect: x'), 417)

// ---- Limits

accepts(
  'a head of exactly http_req_size',
  head('GET / HTTP/1.1', 'Host: a', 'B: ' + 'b'.repeat(51), 'C: ' + 'c'.repeat(54), 'D: ' + 'd'.repeat(53)),
  'GET /',
  ['Host: a', 'B: ' + 'b'.repeat(51), 'C: ' + 'c'.repeat(54), 'D: ' + 'd'.repeat(53)],
  { limits: SMALL, rest: 'the next request may follow at once' },
)
refuses(
  'one byte more',
  head('GET / HTTP/1.1', 'Host: a', 'B: ' + 'b'.repeat(52), 'C: ' + 'c'.repeat(54), 'D: ' + 'd'.repeat(53)),
  431,
  'RX_OVERFLOW',
  SMALL,
)
refuses('an endless request line', 'GET /' + 'a'.repeat(300), 414, 'RX_OVERFLOW', SMALL)
refuses('an endless method', 'G'.repeat(300), 414, 'RX_OVERFLOW', SMALL)
refuses('a request line beyond http_req_size', head('GET /' + 'a'.repeat(300) + ' HTTP/1.1', 'Host: a'), 414, 'RX_OVERFLOW', SMALL)
accepts(
  'a request line longer than http_req_hdr_len',
  head('GET /' + 'a'.repeat(100) + ' HTTP/1.1', 'Host: a'),
  'GET /' + 'a'.repeat(100),
  ['Host: a'],
  { limits: SMALL },
)
accepts(
  'a field line of exactly http_req_hdr_len',
  head('GET / HTTP/1.1', 'Host: a', 'A: ' + 'b'.repeat(57)),
  'GET /',
  ['Host: a', 'A: ' + 'b'.repeat(57)],
  { limits: SMALL },
)
refuses('a field line of one byte more', head('GET / HTTP/1.1', 'Host: a', 'A: ' + 'b'.repeat(58)), 431, 'RX_OVERFLOW', SMALL)
refuses('an endless field value', 'GET / HTTP/1.1\r\nHost: a\r\nA: ' + 'b'.repeat(300), 431, 'RX_OVERFLOW', SMALL)
refuses('an endless field name', 'GET / HTTP/1.1\r\nHost: a\r\n' + 'b'.repeat(300), 431, 'RX_OVERFLOW', SMALL)
accepts('http_max_hdr lines', head('GET / HTTP/1.1', 'Host: a', 'B: 2', 'C: 3', 'D: 4'), 'GET /', ['Host: a', 'B: 2', 'C: 3', 'D: 4'], {
  limits: SMALL,
})
refuses('one line more', head('GET / HTTP/1.1', 'Host: a', 'B: 2', 'C: 3', 'D: 4', 'E: 5'), 431, 'RX_OVERFLOW', SMALL)
refuses('more lines than the default', head('GET / HTTP/1.1', 'Host: a', ...Array<string>(64).fill('A: b')), 431, 'RX_OVERFLOW')

// ---- Not yet a head

waits('nothing', '')
waits('half an empty line', '\r')
waits('an empty line', '\r\n')
waits('half a method', 'GE')
waits('a method', 'GET ')
waits('half a target', 'GET /ab')
waits('half a version', 'GET / HTT')
waits('a version without its line end', 'GET / HTTP/1.1')
waits('half a line end', 'GET / HTTP/1.1\r')
waits('no fields yet', 'GET / HTTP/1.1\r\n')
waits('half a name', 'GET / HTTP/1.1\r\nHo')
waits('a name', 'GET / HTTP/1.1\r\nHost:')
waits('half a value', 'GET / HTTP/1.1\r\nHost: a')
waits('a line without its LF', 'GET / HTTP/1.1\r\nHost: a\r')
waits('no empty line yet', 'GET / HTTP/1.1\r\nHost: a\r\n')
waits('half the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\r')
