import { describe, expect, test } from 'vitest'
import { ipOfBytes, parseIp } from '../../../src/base/ip.ts'

describe('addresses from text: canonical text and port', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4', 80],
    ['1.2.3.4:99', '1.2.3.4', 99],
    ['1.2.3.4 99', '1.2.3.4', 99],
    ['255.255.255.255:65535', '255.255.255.255', 65535],
    ['::', '::', 80],
    ['::1', '::1', 80],
    ['[::1]', '::1', 80],
    ['[::1]:99', '::1', 99],
    ['[::1] 99', '::1', 99],
    ['1::2:99', '1::2:99', 80],
    ['ABCD::EF', 'abcd::ef', 80],
    ['1:2::0:3', '1:2::3', 80],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8', 80],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', 80],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', 80],
    ['1:0:2:0:0:0:3:0', '1:0:2::3:0', 80],
    ['::ffff:1.2.3.4', '1.2.3.4', 80],
    ['::ffff:102:304', '1.2.3.4', 80],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304', 80],
  ])('%s', (text, canonical, port) => {
    const ip = parseIp(text, 80)
    expect([ip?.text, ip?.port]).toEqual([canonical, port])
    expect(ip && parseIp(ip.text, 80)?.bytes).toEqual(ip?.bytes)
  })
})

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '256.1.1.1',
  '1.2.3.4:',
  '1.2.3.4:70000',
  '1.2.3.4:-1',
  '1.2.3.4:http',
  ' 1.2.3.4',
  '0x7f.0.0.1',
  ':::1',
  'a::b::c',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '12345::',
  'fe80::1%eth0',
  '[1.2.3.4]:80',
  '[::1',
  '::1]',
  '[::1]:',
  '1.2.3.4::',
  '::1.2.3.4:5',
  'localhost',
  '1'.repeat(1000),
])('%j is no address', (text) => {
  expect(parseIp(text, 80)).toBeUndefined()
})

test('random bytes survive the trip through their text', () => {
  let seed = 1
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from({ length: 16 }, () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      // Mostly zeros, so that "::" has something to do.
      return (seed >>> 16) % 3 === 0 ? (seed >>> 24) & 255 : 0
    })
    const ip = ipOfBytes(bytes, 1)
    expect(parseIp(ip.text, 1)).toEqual(ip)
  }
})
