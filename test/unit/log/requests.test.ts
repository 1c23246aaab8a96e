import { describe, expect, test } from 'vitest'
import { Fields } from '../../../src/http/fields.ts'
import { readRing } from '../../../src/log/reader.ts'
import { parseMask, TAG } from '../../../src/log/tags.ts'
import { TALLY } from '../../../src/log/tally.ts'
import type { LogOptions, LogWriter } from '../../../src/log/writer.ts'
import { open, readTransactions } from './kit.ts'

describe('a request and its session', () => {
  test('the link stands before the request’s first batch, in the session’s name', () => {
    const { ring, log } = open()
    const request = log.open(7, 'client')
    request.beginRequest(3, 1_795_377_297_000)
    request.record(TAG.ReqMethod, 'GET')
    request.park()
    request.record(TAG.ReqURL, '/')
    request.end()
    expect([...readRing(ring)].map(({ name, xid, side, text }) => `${xid} ${side} ${name} ${text}`)).toEqual([
      '3 client Link req 7 rxreq',
      '7 client Begin req 3 rxreq',
      '7 client Timestamp Start: 1795377297.000000 0.000000 0.000000',
      '7 client Timestamp Req: 1795377297.000000 0.000000 0.000000',
      '7 client ReqMethod GET',
      '7 client ReqURL /',
      '7 client End ',
    ])
    expect(log.tally[TALLY.records]).toBe(7)
    expect(log.tally[TALLY.writes]).toBe(2)
  })

  test('a mask takes the link away', () => {
    const { ring, log } = open({ mask: parseMask('-Link') })
    const request = log.open(7, 'client')
    request.beginRequest(3, 0)
    request.end()
    expect([...readRing(ring)].map(({ name }) => name)).toEqual(['Begin', 'Timestamp', 'Timestamp', 'End'])
  })
})

describe('how the requests of a session begin', () => {
  const AT_MS = 1_795_377_297_000.5

  function lines(options: Partial<LogOptions>, requests: (log: LogWriter) => void): string[][] {
    const { ring, log } = open(options)
    requests(log)
    return readTransactions(ring).map((records) => records.map(({ xid, name, text }) => `${xid} ${name} ${text}`))
  }

  function receive(
    log: LogWriter,
    xid: number,
    session: number,
    at_ms: number,
    rules = 'boot',
    peer = '192.0.2.1 5 a0',
    method = 'GET',
  ): void {
    const request = log.open(xid, 'client')
    request.receive(session, at_ms, rules, peer, method)
    request.end()
  }

  /** The same without anything remembered. */
  function anew(
    log: LogWriter,
    xid: number,
    session: number,
    at_ms: number,
    rules = 'boot',
    peer = '192.0.2.1 5 a0',
    method = 'GET',
  ): void {
    const request = log.open(xid, 'client')
    request.beginRequest(session, at_ms)
    request.record(TAG.VCL_use, rules)
    request.record(TAG.ReqStart, peer)
    request.record(TAG.ReqMethod, method)
    request.end()
  }

  const requests: Parameters<typeof receive>[] = []
  function asked(
    ...[xid, session, ...more]: [xid: number, session: number, at_ms?: number, rules?: string, peer?: string, method?: string]
  ): void {
    const [at_ms = AT_MS + requests.length * 777.25, rules, peer, method] = more
    requests.push([undefined as never, xid, session, at_ms, rules, peer, method])
  }
  for (let xid = 5; xid < 15; xid++) asked(xid, 3)
  for (let xid = 98; xid < 103; xid++) asked(xid, 3 + 1024)
  for (let xid = 2 ** 30 - 3; xid < 2 ** 30; xid++) asked(xid, 3)
  for (const rules of ['boot', 'boot', 'new', 'new', 'new', 'boot']) asked(20, 3, undefined, rules)
  for (const method of ['GET', 'HEAD', 'HEAD', 'HEAD', 'GET']) asked(21, 3, undefined, 'boot', '192.0.2.1 5 a0', method)
  for (const peer of ['192.0.2.1 5 a0', '192.0.2.1 5 a0', '192.0.2.100 5 a0']) asked(22, 3, undefined, 'boot', peer)
  for (const at_ms of [AT_MS, AT_MS, 0, 1e12 - 1, 1e12, 1e13 - 1, 1e13, -5, Number.NaN, AT_MS]) asked(23, 3, at_ms)

  test.each<[string, Partial<LogOptions>]>([
    ['always', {}],
    ['where records are cut', { reclen_bytes: 32 }],
    ['where one is masked', { mask: parseMask('-ReqStart') }],
    ['where the link is masked', { mask: parseMask('-Link') }],
    ['where buffers are small', { buffer_bytes: 300 }],
  ])('is the same, remembered or not: %s', (_, options) => {
    const again = lines(options, (log) => requests.forEach(([, ...request]) => receive(log, ...request)))
    const fresh = lines(options, (log) => requests.forEach(([, ...request]) => anew(log, ...request)))
    expect(again).toEqual(fresh)
    expect(again).not.toEqual([])
  })

  test('follows the mask', () => {
    const names = lines({}, (log) => {
      for (const xid of [1, 2, 3]) receive(log, xid, 3, AT_MS)
      log.setMask(parseMask('-VCL_use'))
      receive(log, 4, 3, AT_MS)
      receive(log, 5, 3, AT_MS)
      log.setMask(parseMask('default'))
      for (const xid of [6, 7, 8]) receive(log, xid, 3, AT_MS)
    })
    expect(names.flat().filter((line) => line.includes('VCL_use'))).toEqual([1, 2, 3, 6, 7, 8].map((xid) => `${xid} VCL_use boot`))
  })
})

describe('the field lines of a request', () => {
  test('are the same each time, with the address of each client', () => {
    const fields = new Fields()
    fields.append('Host', 'a')
    const other = new Fields()
    other.append('Host', 'b')
    const { ring, log } = open()
    const asked: [Fields, string][] = [
      [fields, ''],
      [fields, ''],
      [fields, ''],
      [fields, '192.0.2.1'],
      [fields, '192.0.2.1'],
      [fields, '192.0.2.1'],
      [fields, '192.0.2.2'],
      [other, '192.0.2.2'],
      [other, '192.0.2.2'],
      [other, '192.0.2.2'],
      [fields, '192.0.2.2'],
    ]
    for (const [i, [lines, forwarded]] of asked.entries()) {
      const transaction = log.open(i + 1, 'client')
      transaction.requestBlock('HTTP/1.1', lines, forwarded, 9)
      transaction.end()
    }
    expect(readTransactions(ring).map((records) => records.map(({ name, text }) => `${name} ${text}`))).toEqual(
      asked.map(([lines, forwarded]) => [
        'ReqProtocol HTTP/1.1',
        `ReqHeader Host: ${lines.values[0]}`,
        ...(forwarded === '' ? [] : [`ReqHeader X-Forwarded-For: ${forwarded}`]),
        'End ',
      ]),
    )
  })
})

describe('what rules set and take out', () => {
  const [A, B] = [TAG.ReqHeader, TAG.ReqUnset]
  const LONG = 'x'.repeat(250)
  // In the order of one request; the third and fifth are in one place, as are the last two.
  const said: readonly [tag: number, name: string, value: string][] = [
    [A, 'Host', 'example.com'],
    [B, 'Host', 'example.com'],
    [A, 'X-Device', 'phone'],
    [A, 'X-Device', 'phone'],
    [A, 'X-Device', 'dhone'],
    [A, 'Empty', ''],
    [A, 'Long', LONG],
    [A, 'Longer', 'y'.repeat(300)],
    [A, 'X-A', 'same'],
    [A, 'X-B', 'same'],
  ]
  const texts = said.map(([tag, name, value]) =>
    `${tag === A ? 'ReqHeader' : 'ReqUnset'} ${name}: ${value}`.slice(0, 254 + 'ReqHeader '.length),
  )

  function tell(log: LogWriter, xid: number): void {
    const transaction = log.open(xid, 'client')
    for (const [tag, name, value] of said) transaction.change(tag, name, value)
    transaction.end()
  }

  test('is the same the first and the fifth time, under each one’s id', () => {
    const { ring, log } = open({ buffer_bytes: 4096 })
    for (let xid = 11; xid < 16; xid++) tell(log, xid)
    const all = readTransactions(ring)
    expect(all.map((records) => records.map(({ name, text }) => `${name} ${text}`.trimEnd()))).toEqual(
      Array.from({ length: 5 }, () => [...texts.map((text) => text.trimEnd()), 'End']),
    )
    expect(all.map((records) => new Set(records.map(({ xid }) => xid)))).toEqual([11, 12, 13, 14, 15].map((xid) => new Set([xid])))
  })

  test('is not told by who masks it', () => {
    const { ring, log } = open()
    for (let xid = 11; xid < 14; xid++) tell(log, xid)
    log.setMask(parseMask('-ReqHeader'))
    tell(log, 14)
    expect(
      readTransactions(ring)
        .at(-1)
        ?.map(({ name }) => name),
    ).toEqual(['ReqUnset', 'End'])
  })
})
