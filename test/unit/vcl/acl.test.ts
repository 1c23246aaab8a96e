import { describe, expect, test } from 'vitest'
import { parseIp } from '../../../src/base/ip.ts'
import { Acl, masked, parseAclAddress, type AclNetwork } from '../../../src/vcl/runtime/acl.ts'

/** `'! 10.0.0.0/8'` */
function network(entry: string): AclNetwork {
  const negated = entry.startsWith('!')
  const address = parseAclAddress(entry.replace(/^! ?/, ''), undefined, true)
  if (address.kind !== 'network') throw new Error(entry)
  return { negated, bytes: address.bytes, mask_bits: address.mask_bits, text: entry }
}

function verdicts(entries: string[], addresses: string[]): string[] {
  const acl = new Acl('a', entries.map(network))
  return addresses.map((text) => {
    const ip = parseIp(text, 0)
    if (ip === undefined) throw new Error(text)
    return `${text} ${acl.matches(ip) ? 'yes' : 'no'} ${acl.find(ip)?.text ?? '-'}`
  })
}

describe('the most specific network decides', () => {
  test.each([
    [
      ['10.0.0.0/8', '! 10.1.0.0/16', '10.1.2.3'],
      ['10.9.9.9 yes 10.0.0.0/8', '10.1.1.1 no ! 10.1.0.0/16', '10.1.2.3 yes 10.1.2.3'],
    ],
    [
      ['10.1.2.3', '! 10.1.0.0/16', '10.0.0.0/8'],
      ['10.9.9.9 yes 10.0.0.0/8', '10.1.1.1 no ! 10.1.0.0/16', '10.1.2.3 yes 10.1.2.3'],
    ],
    [['192.168'], ['192.168.7.7 yes 192.168', '192.169.0.1 no -']],
    [
      ['0.0.0.0/0', '! 128.0.0.0/1'],
      ['1.1.1.1 yes 0.0.0.0/0', '200.1.1.1 no ! 128.0.0.0/1', '::1 no -'],
    ],
    [
      ['2001:db8::/32', '! 2001:db8:1::/48'],
      ['2001:db8::1 yes 2001:db8::/32', '2001:db8:1::1 no ! 2001:db8:1::/48', '1.2.3.4 no -'],
    ],
    [['::/0'], ['::1 yes ::/0', '1.2.3.4 no -']],
    [['1.2.3.4'], ['::ffff:1.2.3.4 yes 1.2.3.4']],
    [
      ['255.255.255.255', '0.0.0.0'],
      ['255.255.255.255 yes 255.255.255.255', '0.0.0.0 yes 0.0.0.0', '127.0.0.1 no -'],
    ],
    [['1.1.1.1', '! 1.1.1.1'], ['1.1.1.1 yes 1.1.1.1']],
    [[], ['1.1.1.1 no -']],
  ])('%j', (entries, expected) => {
    expect(
      verdicts(
        entries,
        expected.map((line) => line.split(' ')[0]),
      ),
    ).toEqual(expected)
  })
})

test('random networks: the matcher agrees with reading the list from the longest mask', () => {
  let seed = 7
  const next = (n: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return (seed >>> 8) % n
  }
  const bytes = () => Uint8Array.from({ length: 4 }, () => next(4))
  const list = Array.from({ length: 200 }, (): AclNetwork => {
    const mask_bits = next(33)
    return { negated: next(2) === 1, bytes: masked(bytes(), mask_bits), mask_bits, text: '' }
  })
  const acl = new Acl('a', list)
  const sorted = list.toSorted((a, b) => b.mask_bits - a.mask_bits)
  for (let round = 0; round < 2000; round++) {
    const address = bytes()
    const expected = sorted.find((one) => masked(address, one.mask_bits).every((byte, i) => byte === one.bytes[i]))
    expect(acl.find(parseIp(address.join('.'), 0)!)).toBe(expected)
  }
})

describe('entries as they are written', () => {
  test.each([
    ['10.0.0.0', 8, '10.0.0.0/8'],
    ['10.0.0.0/8', undefined, '10.0.0.0/8'],
    ['192.168', undefined, '192.168.0.0/16'],
    ['192.168', 24, '192.168.0.0/24'],
    ['10', undefined, '10.0.0.0/8'],
    ['1.2.3.4', undefined, '1.2.3.4/32'],
    ['0.0.0.0', 0, '0.0.0.0/0'],
  ])('%s / %s', (address, mask, expected) => {
    const read = parseAclAddress(address, mask, true)
    expect(read.kind === 'network' && `${read.bytes.join('.')}/${read.mask_bits}`).toBe(expected)
  })

  test.each([
    ['10.0.0.1', 8, '"10.0.0.1"/8 has host bits set', 'write "10.0.0.0"/8'],
    ['2001:db8::1/32', undefined, '"2001:db8::1"/32 has host bits set', 'write "2001:db8:0:0:0:0:0:0"/32'],
    ['10.0.0.0', 33, 'mask /33 is longer than the address', 'at most /32'],
    ['::', 129, 'mask /129 is longer than the address', 'at most /128'],
    ['10.0.0.0/8', 8, 'bad mask in "10.0.0.0/8"', undefined],
    ['10.0.0.0/x', undefined, 'bad mask in "10.0.0.0/x"', undefined],
    ['1.2.3.4.5', undefined, '"1.2.3.4.5" is neither an address nor a host name', undefined],
    ['', undefined, '"" is neither an address nor a host name', undefined],
    ['a b', undefined, '"a b" is neither an address nor a host name', undefined],
  ])('%s / %s is refused', (address, mask, message, hint) => {
    expect(parseAclAddress(address, mask, true)).toEqual(
      hint === undefined ? { kind: 'problem', message } : { kind: 'problem', message, hint },
    )
  })

  test('without pedantic, host bits are cleared', () => {
    const read = parseAclAddress('10.1.2.3', 8, false)
    expect(read.kind === 'network' && [...read.bytes]).toEqual([10, 0, 0, 0])
  })

  test('a name is handed back for the resolver', () => {
    expect(parseAclAddress('localhost', undefined, true)).toEqual({ kind: 'name', name: 'localhost', mask_bits: undefined })
  })
})
