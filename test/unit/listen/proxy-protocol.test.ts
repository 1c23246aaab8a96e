import { describe, expect, test } from 'vitest'
import { ProxyHeader } from '../../../src/listen/proxy-protocol.ts'

const SIGNATURE = '0d0a0d0a000d0a515549540a'
const V4 = '01020304 05060708 1f90 0050'
const V6 = '20010db8000000000000000000000001 20010db8000000000000000000000002 1f90 01bb'
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const v2 = (rest: string): Buffer => bytes(SIGNATURE + rest)
const v1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** What the header says, "client > server", or "peer" where it says nothing. */
const GOOD: [string, Buffer, string][] = [
  ['v1 TCP4', v1('PROXY TCP4 1.2.3.4 5.6.7.8 8080 80\r\n'), '1.2.3.4:8080 > 5.6.7.8:80'],
  ['v1 TCP4, largest', v1('PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n'), '255.255.255.255:65535 > 255.255.255.255:65535'],
  ['v1 TCP6', v1('PROXY TCP6 2001:db8::1 ::1 1 0\r\n'), '2001:db8::1:1 > ::1:0'],
  ['v1 UNKNOWN', v1('PROXY UNKNOWN\r\n'), 'peer'],
  ['v1 UNKNOWN with addresses', v1('PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n'), 'peer'],
  ['v2 TCP4', v2('21 11 000c' + V4), '1.2.3.4:8080 > 5.6.7.8:80'],
  ['v2 TCP6', v2('21 21 0024' + V6), '2001:db8::1:8080 > 2001:db8::2:443'],
  ['v2 TCP4 mapped into IPv6', v2('21 21 0024' + '00000000000000000000ffff01020304'.repeat(2) + '0001 0002'), '1.2.3.4:1 > 1.2.3.4:2'],
  ['v2 TCP4 with TLVs', v2('21 11 0014' + V4 + '01 0002 6832 04 0000'), '1.2.3.4:8080 > 5.6.7.8:80'],
  ['v2 unix', v2('21 31 00d8' + '00'.repeat(216)), '0.0.0.0:0 > 0.0.0.0:0'],
  ['v2 LOCAL', v2('20 00 0000'), 'peer'],
  ['v2 LOCAL with addresses', v2('20 11 000c' + V4), 'peer'],
  ['v2 unspecified', v2('21 00 0003 aabbcc'), 'peer'],
]

const BAD: [string, Buffer, string][] = [
  ['HTTP', v1('GET / HTTP/1.1\r\n\r\n'), 'no PROXY header'],
  ['TLS', bytes('16030100'), 'no PROXY header'],
  ['lower case', v1('proxy TCP4 1.2.3.4 5.6.7.8 8080 80\r\n'), 'no PROXY header'],
  ['v1 unknown family', v1('PROXY TCP5 1.2.3.4 5.6.7.8 8080 80\r\n'), 'PROXY1: unknown family'],
  ['v1 no family', v1('PROXY \r\n'), 'PROXY1: unknown family'],
  ['v1 too few fields', v1('PROXY TCP4 1.2.3.4 5.6.7.8 8080\r\n'), 'PROXY1: wrong number of fields'],
  ['v1 too many fields', v1('PROXY TCP4 1.2.3.4 5.6.7.8 8080 80 1\r\n'), 'PROXY1: wrong number of fields'],
  ['v1 two spaces', v1('PROXY TCP4  1.2.3.4 5.6.7.8 8080 80\r\n'), 'PROXY1: wrong number of fields'],
  ['v1 IPv6 as TCP4', v1('PROXY TCP4 ::1 ::1 8080 80\r\n'), 'PROXY1: bad address'],
  ['v1 IPv4 as TCP6', v1('PROXY TCP6 1.2.3.4 1.2.3.4 8080 80\r\n'), 'PROXY1: bad address'],
  ['v1 zone', v1('PROXY TCP6 fe80::1%eth0 ::1 8080 80\r\n'), 'PROXY1: bad address'],
  ['v1 leading zero in an address', v1('PROXY TCP4 01.2.3.4 5.6.7.8 8080 80\r\n'), 'PROXY1: bad address'],
  ['v1 port too large', v1('PROXY TCP4 1.2.3.4 5.6.7.8 65536 80\r\n'), 'PROXY1: bad port'],
  ['v1 leading zero in a port', v1('PROXY TCP4 1.2.3.4 5.6.7.8 080 80\r\n'), 'PROXY1: bad port'],
  ['v1 negative port', v1('PROXY TCP4 1.2.3.4 5.6.7.8 -1 80\r\n'), 'PROXY1: bad port'],
  ['v1 bare LF', v1('PROXY TCP4 1.2.3.4 5.6.7.8 8080 80\n' + 'x'.repeat(80)), 'PROXY1: line too long'],
  ['v1 bare CR', v1('PROXY TCP4 1.2.3.4 5.6.7.8 8080 80\rx'), 'PROXY1: bare CR'],
  ['v1 endless', v1('PROXY UNKNOWN ' + 'x'.repeat(93)), 'PROXY1: line too long'],
  ['v1 one byte too long', v1('PROXY UNKNOWN ' + 'x'.repeat(92) + '\r\n'), 'PROXY1: line too long'],
  ['v2 version 1', v2('11 11 000c' + V4), 'PROXY2: unknown version or command'],
  ['v2 unknown command', v2('22 11 000c' + V4), 'PROXY2: unknown version or command'],
  ['v2 datagram', v2('21 12 000c' + V4), 'PROXY2: unknown family or transport'],
  ['v2 unknown family', v2('21 41 000c' + V4), 'PROXY2: unknown family or transport'],
  ['v2 too short', v2('21 11 000b' + V4), 'PROXY2: too short for its addresses'],
  ['v2 too long', v2('21 11 1001'), 'PROXY2: header too long'],
  ['v2 TLV beyond the end', v2('21 11 0010' + V4 + '01 0002 68'), 'PROXY2: malformed TLVs'],
  ['v2 stump of a TLV', v2('21 11 000e' + V4 + '01 00'), 'PROXY2: malformed TLVs'],
]

function said(header: ProxyHeader): string {
  const { client, server } = header
  return client === undefined || server === undefined ? 'peer' : `${client.text}:${client.port} > ${server.text}:${server.port}`
}

describe('PROXY headers', () => {
  test.each(GOOD)('%s', (_name, header, expected) => {
    const parser = new ProxyHeader()
    const text = Buffer.concat([Buffer.from('..'), header, Buffer.from('GET /')])
    expect(parser.parse(text, 2, text.length)).toBe(header.length)
    expect(said(parser)).toBe(expected)
  })

  test.each(GOOD)('%s: incomplete until its last byte', (_name, header) => {
    const parser = new ProxyHeader()
    for (let end = 0; end < header.length; end++) expect(parser.parse(header, 0, end)).toBe(0)
    expect(parser.parse(header, 0, header.length)).toBe(header.length)
  })

  test.each(BAD)('refused: %s', (_name, header, error) => {
    const parser = new ProxyHeader()
    expect(parser.parse(header, 0, header.length)).toBe(-1)
    expect(parser.error).toBe(error)
  })

  test('the bytes of the addresses are there for ACLs', () => {
    const parser = new ProxyHeader()
    const header = v1('PROXY TCP6 2001:db8::1:0 ::ffff:1.2.3.4 1 2\r\n')
    expect(parser.parse(header, 0, header.length)).toBe(header.length)
    expect(Buffer.from(parser.client?.bytes ?? []).toString('hex')).toBe('20010db8000000000000000000010000')
    expect([...(parser.server?.bytes ?? [])]).toEqual([1, 2, 3, 4])
  })
})

test('TLVs are kept, in a copy, and only of the header that has them', () => {
  const header = new ProxyHeader()
  const buffer = v2('21 11 0014' + V4 + '01 0002 6832 04 0000')
  header.parse(buffer, 0, buffer.length)
  buffer.fill(0)
  expect(Buffer.from(header.tlvs ?? []).toString('hex')).toBe('0100026832040000')
  const plain = v2('21 11 000c' + V4)
  header.parse(plain, 0, plain.length)
  expect(header.tlvs).toBeUndefined()
})
