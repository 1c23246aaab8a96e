import * as fc from 'fast-check'
import type { WrittenRecord, WrittenTransaction } from '../kit/vsl-file.ts'

/** Log records that nobody would think of. */

export const byte = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code))
const word = fc.oneof(
  fc.constantFrom('a', 'GET', '/x?y=z', '?', '200', '0', '"', '\\', 'hit', 'HIT', 'recv', 'restart', 'pipe', 'Basic am9l', 'é', '\t', ''),
  byte,
  fc.string({ unit: byte, maxLength: 8 }),
)
const anyText = fc.array(word, { maxLength: 5 }).map((words) => words.join(' '))
const name = fc.constantFrom('Host', 'host', 'X', 'Authorization', 'Referer')
const header = fc.oneof(
  fc.tuple(name, fc.constantFrom(':', ': ', ' : ', ''), anyText).map((parts) => parts.join('')),
  fc.constantFrom('Authorization: Basic am9lOng=', 'authorization:BASIC   eDp5', 'Authorization: Basic !', 'Host: http://h', 'Host:'),
)
const event = fc.constantFrom(
  'Start: ',
  'Start:',
  'Resp: ',
  'Process: ',
  'start: ',
  'PipeSess: ',
  'Pipe: ',
  'BerespBody: ',
  'Beresp: ',
  'Req: ',
)
const time = fc.oneof(
  fc.integer({ min: 0, max: 2_000_000_000 }).map((us) => (1_795_646_000 + us / 1e6).toFixed(6)),
  fc.constantFrom('0', '12', '-1.5', '1e9', '0x10', 'x', '1795646604.9x'),
)
const timestamp = fc.tuple(event, time, anyText).map(([what, when, rest]) => `${what}${when} ${rest}`)

function records(side: 'Req' | 'Bereq'): fc.Arbitrary<WrittenRecord> {
  const resp = side === 'Req' ? 'Resp' : 'Beresp'
  const of = (tag: WrittenRecord['tag'], text: fc.Arbitrary<string>): fc.Arbitrary<WrittenRecord> => text.map((text) => ({ tag, text }))
  return fc.oneof(
    of(`${side}Method`, anyText),
    of(`${side}URL`, anyText),
    of(`${side}Protocol`, anyText),
    of(`${side}Header`, header),
    of(`${resp}Status`, anyText),
    of(`${resp}Header`, header),
    of('Timestamp', timestamp),
    of('Timestamp', timestamp),
    of(
      `${side}Acct`,
      fc.array(fc.nat(99), { maxLength: 7 }).map((numbers) => numbers.join(' ')),
    ),
    of('PipeAcct', fc.constant('1 2 3 4')),
    side === 'Req' ? of('ReqStart', anyText) : of('BackendOpen', fc.constantFrom('22 b 1.2.3.4 80 1.1.1.1 9 connect', '22 b')),
    of('VCL_call', fc.constantFrom('RECV', 'HIT', 'MISS', 'PASS', 'SYNTH', 'PIPE', 'hit', 'DELIVER', 'HIT ')),
    of('VCL_return', fc.constantFrom('pipe', 'deliver', 'miss', 'PIPE', 'fetch', 'restart')),
    of(
      'VCL_Log',
      fc.tuple(fc.constantFrom('k:', 'K:', 'k: ', 'k', ':'), anyText).map((parts) => parts.join('')),
    ),
    of('HttpGarbage', anyText),
    of('Hash', anyText),
    fc.record({ tag: fc.constant('Error' as const), text: anyText, is_bare: fc.boolean() }),
  )
}

const transaction = fc
  .boolean()
  .chain((is_client) =>
    fc.tuple(fc.constant(is_client), is_client ? fc.constantFrom('rxreq', 'esi', 'restart') : fc.constantFrom('fetch', 'pass', 'bgfetch')),
  )
  .chain(([is_client, reason]) =>
    fc.array(records(is_client ? 'Req' : 'Bereq'), { maxLength: 14 }).map((list) => ({
      side: is_client ? ('client' as const) : ('backend' as const),
      records: [{ tag: 'Begin' as const, text: `${is_client ? 'req' : 'bereq'} 1 ${reason}` }, ...list, { tag: 'End' as const, text: '' }],
    })),
  )

/** Complete transactions of clients and backends. */
export const traffic = fc
  .array(transaction, { minLength: 1, maxLength: 20 })
  .map((list) => list.map((one, i): WrittenTransaction => ({ ...one, vxid: i + 2 })))
