import { describe, expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { formatEndpoint, parseListen, parseListenAddress } from '../../../src/listen/address.ts'

const PLAIN = { name: 'a0', path: undefined, proxy: false, user: undefined, group: undefined, mode: undefined }
const UNIX = { ...PLAIN, host: undefined, port: 0 }

const GOOD: [string, object][] = [
  ['127.0.0.1:6081', { ...PLAIN, host: '127.0.0.1', port: 6081 }],
  [':6081', { ...PLAIN, host: undefined, port: 6081 }],
  ['*:6081', { ...PLAIN, host: undefined, port: 6081 }],
  [':0', { ...PLAIN, host: undefined, port: 0 }],
  ['localhost', { ...PLAIN, host: 'localhost', port: 80 }],
  ['10.0.0.1', { ...PLAIN, host: '10.0.0.1', port: 80 }],
  ['[::1]:80', { ...PLAIN, host: '::1', port: 80 }],
  ['[::1]', { ...PLAIN, host: '::1', port: 80 }],
  ['[fe80::1]:8080,PROXY', { ...PLAIN, host: 'fe80::1', port: 8080, proxy: true }],
  ['localhost:81,HTTP', { ...PLAIN, host: 'localhost', port: 81 }],
  ['localhost:81,PROXY', { ...PLAIN, host: 'localhost', port: 81, proxy: true }],
  ['public=:80', { ...PLAIN, name: 'public', host: undefined, port: 80 }],
  ['tls-side_1=[::1]:443,PROXY', { ...PLAIN, name: 'tls-side_1', host: '::1', port: 443, proxy: true }],
  ['/run/l.sock', { ...UNIX, path: '/run/l.sock' }],
  ['/run/l.sock,PROXY', { ...UNIX, path: '/run/l.sock', proxy: true }],
  ['local=/run/l.sock,mode=660', { ...UNIX, name: 'local', path: '/run/l.sock', mode: 0o660 }],
  ['/run/l.sock,HTTP,user=www,group=web,mode=0600', { ...UNIX, path: '/run/l.sock', user: 'www', group: 'web', mode: 0o600 }],
  ['/run/a=b.sock', { ...UNIX, path: '/run/a=b.sock' }],
]

describe('addresses of -a', () => {
  test.each(GOOD)('%s', (value, expected) => {
    expect(parseListenAddress(value, 'a0')).toEqual(expected)
  })

  test('several: the unnamed ones are called by their place', () => {
    expect(parseListen([':80', 'x=:81', ':82']).map((a) => a.name)).toEqual(['a0', 'x', 'a2'])
  })
})

const BAD: [string, string][] = [
  ['', '-a : has no address'],
  ['x=', '-a x=: has no address'],
  ['localhost:http', '-a localhost:http: the port must be a number from 0 to 65535'],
  ['localhost:', '-a localhost:: the port must be a number from 0 to 65535'],
  ['localhost:65536', '-a localhost:65536: the port must be a number from 0 to 65535'],
  ['localhost:-1', '-a localhost:-1: the port must be a number from 0 to 65535'],
  ['::1', '-a ::1: an IPv6 address is written in brackets: [::1]:80'],
  ['[::1', '-a [::1: no IPv6 address in the brackets'],
  ['[::1]80', '-a [::1]80: the port must be a number from 0 to 65535'],
  ['[127.0.0.1]:80', '-a [127.0.0.1]:80: no IPv6 address in the brackets'],
  ['256.0.0.1:80', '-a 256.0.0.1:80: "256.0.0.1" is not an IPv4 address'],
  ['1.2.3:80', '-a 1.2.3:80: "1.2.3" is not an IPv4 address'],
  ['a b:80', '-a a b:80: "a b" is not a host name or address'],
  ['http://x:80', '-a http://x:80: the port must be a number from 0 to 65535'],
  ['1x=:80', '-a 1x=:80: the name before "=" must be letters, digits, - and _, a letter first'],
  [':80,PROXI', '-a :80,PROXI: "PROXI" is not a protocol: use PROXY or HTTP'],
  [':80,PROXY,HTTP', '-a :80,PROXY,HTTP: only one protocol can be given'],
  [':80,mode=660', '-a :80,mode=660: "mode=660" is only for unix sockets'],
  ['/s,mode=999', '-a /s,mode=999: mode must be octal, at most 777'],
  ['/s,mode=7777', '-a /s,mode=7777: mode must be octal, at most 777'],
  ['/s,mode=600,mode=600', '-a /s,mode=600,mode=600: mode is given twice'],
  ['/s,user=', '-a /s,user=: user is empty'],
  ['/s,owner=x', '-a /s,owner=x: unknown option "owner": use user, group or mode'],
  ['/' + 'x'.repeat(107), `-a /${'x'.repeat(107)}: the path of a unix socket is at most 107 bytes`],
]

describe('refused addresses of -a', () => {
  test.each(BAD)('%s', (value, message) => {
    expect(() => parseListenAddress(value, 'a0')).toThrow(new OperatorError(message))
  })

  test('two of one name', () => {
    expect(() => parseListen(['x=:80', 'x=:81'])).toThrow(new OperatorError('-a: two addresses have the name "x"'))
    expect(() => parseListen(['a1=:80', ':81'])).toThrow(new OperatorError('-a: two addresses have the name "a1"'))
  })
})

test('an endpoint is printed as it can be written', () => {
  expect(formatEndpoint('127.0.0.1', 80)).toBe('127.0.0.1:80')
  expect(formatEndpoint('::1', 80)).toBe('[::1]:80')
})
