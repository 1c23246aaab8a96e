import { describe, expect, test } from 'vitest'
import { NO_NUMBER } from '../../../src/base/digits.ts'
import { Fields } from '../../../src/http/fields.ts'
import { Run } from '../../../src/log/encoded.ts'
import { readRing, readTransactions } from '../../../src/log/reader.ts'
import { parseMask, TAG } from '../../../src/log/tags.ts'
import type { LogOptions, Transaction } from '../../../src/log/writer.ts'
import { LogWriter, TALLY } from '../../../src/log/writer.ts'

const RING_BYTES = 64 * 1024

function open(options: Partial<LogOptions> = {}): { ring: SharedArrayBuffer; log: LogWriter } {
  const ring = new SharedArrayBuffer(RING_BYTES)
  return { ring, log: new LogWriter(ring, { reclen_bytes: 255, buffer_bytes: 1024, mask: parseMask('default'), ...options }) }
}

/** "Tag text" of each record of the one transaction that `say` writes. */
function written(say: (transaction: Transaction) => void, options: Partial<LogOptions> = {}): string[] {
  const { ring, log } = open(options)
  const transaction = log.open(log.nextXid(), 'client')
  say(transaction)
  transaction.end()
  return [...readRing(ring)].map((record) => `${record.name} ${record.text}`)
}

describe('records', () => {
  const fields = new Fields()
  fields.append('Host', 'example.com')
  fields.append('User-Agent', 'a browser with a name that is longer than twenty characters')

  test.each<[string, (t: Transaction) => void, string[]]>([
    ['begin', (t) => t.begin('req', 1001, 'rxreq'), ['Begin req 1001 rxreq']],
    ['link', (t) => t.link('bereq', 1003, 'fetch'), ['Link bereq 1003 fetch']],
    ['text', (t) => t.record(TAG.ReqMethod, 'GET'), ['ReqMethod GET']],
    ['empty text', (t) => t.record(TAG.Filters, ''), ['Filters ']],
    ['bytes above 127', (t) => t.record(TAG.ReqURL, '/caf\xe9'), ['ReqURL /caf\xe9']],
    ['long bytes above 127', (t) => t.record(TAG.ReqURL, '/caf\xe9'.repeat(9)), [`ReqURL ${'/caf\xe9'.repeat(9)}`]],
    ['a field', (t) => t.field(TAG.ReqHeader, 'Host', 'a'), ['ReqHeader Host: a']],
    ['fields', (t) => t.fields(TAG.ReqHeader, fields), fields.names.map((name, i) => `ReqHeader ${name}: ${fields.values[i]}`)],
    ['account', (t) => t.account(TAG.ReqAcct, 412, 0, 317, 10_000_000_000), ['ReqAcct 412 0 412 317 10000000000 10000000317']],
    ['hit', (t) => t.hit(32_770, -0.5, 10, 0), ['Hit 32770 -0.500000 10.000000 0.000000']],
    ['a field with a number', (t) => t.numberField(TAG.RespHeader, 'Age', 12), ['RespHeader Age: 12']],
    ['what a marker says', (t) => t.marker(TAG.HitMiss, 10, 119.5), ['HitMiss 10 119.500000']],
    [
      'a head',
      (t) => t.respHead({ status: 200, reason: 'OK', fields }),
      [
        'RespProtocol HTTP/1.1',
        'RespStatus 200',
        'RespReason OK',
        ...fields.names.map((name, i) => `RespHeader ${name}: ${fields.values[i]}`),
      ],
    ],
    ['a masked tag is not written', (t) => t.record(TAG.Hash, 'x'), []],
  ])('%s', (_, say, expected) => {
    expect(written(say)).toEqual([...expected, 'End '])
  })

  test.each([
    [1_795_377_297_123.456, 0, 0, '1795377297.123456 0.000000 0.000000'],
    [1_795_377_297_000, 0.0215, 1234.5, '1795377297.000000 0.000022 1.234500'],
    [0.001, 59_999.9999, -1, '0.000001 60.000000 -0.001000'],
    [999.9996, 1e10, 0.9994, '1.000000 10000000.000000 0.000999'],
  ])('timestamp of %d ms', (at_ms, start_ms, last_ms, text) => {
    expect(written((t) => t.timestamp('Start', at_ms, start_ms, last_ms))[0]).toBe(`Timestamp Start: ${text}`)
  })

  test.each([0, 7, 10, 99, 100, 101, 12_345, 999_999, 1_000_000, 123_456_789, 999_999_999, 1_000_000_000, 1_000_000_007, 2 ** 53 - 1, -42])(
    'number %d',
    (value) => expect(written((t) => t.number(TAG.Length, value))[0]).toBe(`Length ${value}`),
  )
})

describe('a number that cannot be is cut to one that can', () => {
  test.each<[string, (t: Transaction) => void, string]>([
    ['NaN', (t) => t.number(TAG.Length, Number.NaN), 'Length 0'],
    ['infinity', (t) => t.number(TAG.Length, Infinity), 'Length 9007199254740991'],
    ['minus infinity', (t) => t.number(TAG.Length, -Infinity), 'Length -9007199254740991'],
    ['lifetimes', (t) => t.hit(1, Infinity, -Infinity, Number.NaN), 'Hit 1 9007199254.740991 -9007199254.740991 0.000000'],
    ['times', (t) => t.timestamp('T', Number.NaN, Infinity, 1e300), 'Timestamp T: 0.000000 9007199254.740991 9007199254.740991'],
    ['a time before 1970', (t) => t.timestamp('T', -5, 0, 0), 'Timestamp T: 0.000000 0.000000 0.000000'],
  ])('%s', (_, say, expected) => expect(written(say)[0]).toBe(expected))
})

describe('field lines of stored responses', () => {
  const NO_TRACE = new Run()
  const stored = new Fields()
  stored.append('Content-Type', 'text/html')
  stored.append('ETag', '"abc"')
  const expected = ['Content-Type: text/html', 'ETag: "abc"']

  function texts(ring: SharedArrayBuffer): string[][] {
    return readTransactions(ring).map((records) => records.filter((record) => record.name === 'RespHeader').map((record) => record.text))
  }

  function respond(log: LogWriter, xid: number, lines: Fields, key: number): void {
    const transaction = log.open(xid, 'client')
    transaction.begin('req', 1, 'rxreq')
    transaction.storedResponse({ status: 200, reason: 'OK', fields: lines }, key, -1, -1, NO_TRACE)
    transaction.end()
  }

  test('are the same the first, second and third time, under each one’s id', () => {
    const { ring, log } = open()
    for (const xid of [11, 12, 13, 14]) respond(log, xid, stored, 5)
    expect(texts(ring)).toEqual([expected, expected, expected, expected])
    expect(readTransactions(ring).map((records) => new Set(records.map((record) => record.xid)))).toEqual(
      [11, 12, 13, 14].map((xid) => new Set([xid])),
    )
  })

  test('with the length, the age and the trace of each request', () => {
    const { ring, log } = open()
    const [hit, miss] = [new Run([TAG.RespHeader, 'X-Cache: hit']), new Run([TAG.RespHeader, 'X-Cache: miss'])]
    const asked: [length: number, age: number, trace: Run][] = [
      [1024, 7, hit],
      [1024, 7, hit],
      [1024, 7, hit],
      [1024, 8, hit],
      [1024, 9, hit],
      [1024, 10, hit],
      [1024, 11, hit],
      [1024, 99, hit],
      [1024, 100, hit],
      [1024, 5, hit],
      [-1, 5, hit],
      [-1, 5, hit],
      [-1, 6, hit],
      [-1, -1, hit],
      [-1, -1, hit],
      [-1, -1, hit],
      [-1, 0, hit],
      [0, 0, miss],
      [0, 0, miss],
      [0, 3, miss],
      [0, 3, hit],
    ]
    const head = { status: 200, reason: 'OK', fields: stored }
    for (const [i, [length, age, trace]] of asked.entries()) {
      const transaction = log.open(i + 1, 'client')
      transaction.storedResponse(head, 5, length, age, trace)
      transaction.end()
    }
    expect(texts(ring)).toEqual(
      asked.map(([length, age, trace]) => [
        ...expected,
        ...(length < 0 ? [] : [`Content-Length: ${length}`]),
        ...(age < 0 ? [] : [`Age: ${age}`]),
        trace === hit ? 'X-Cache: hit' : 'X-Cache: miss',
      ]),
    )
  })

  test('with a Cache-Status whose number changes', () => {
    const { ring, log } = open()
    const asked: [status: string, ttl_s: number, age_s: number][] = []
    for (const ttl_s of [100, 100, 100, 99, 98, 10, 9, 0, -1, -2, -10, NO_NUMBER, NO_NUMBER, NO_NUMBER, 5])
      asked.push(['c; hit; ttl=', ttl_s, 10])
    asked.push(
      ['c; hit; ttl=', 5, 11],
      ['c; hit; ttl=', 4, 11],
      ['c; fwd=miss; ttl=', 4, 11],
      ['c; fwd=miss', NO_NUMBER, -1],
      ['', NO_NUMBER, -1],
    )
    const via = new Run([TAG.RespHeader, 'Via: x'])
    for (const [i, [status, ttl_s, age_s]] of asked.entries()) {
      const transaction = log.open(i + 1, 'client')
      transaction.storedResponse({ status: 200, reason: 'OK', fields: stored }, 5, -1, age_s, via, status, ttl_s)
      transaction.end()
    }
    expect(texts(ring)).toEqual(
      asked.map(([status, ttl_s, age_s]) => [
        ...expected,
        ...(age_s < 0 ? [] : [`Age: ${age_s}`]),
        'Via: x',
        ...(status === '' ? [] : [`Cache-Status: ${status}${ttl_s === NO_NUMBER ? '' : ttl_s}`]),
      ]),
    )
  })

  test('of two objects in one place are not mixed up', () => {
    const { ring, log } = open()
    const other = new Fields()
    other.append('X', 'y')
    for (const [i, lines] of [stored, stored, stored, other, other, other, stored].entries())
      respond(log, i + 1, lines, i < 3 ? 5 : 5 + 1024)
    expect(texts(ring)).toEqual([expected, expected, expected, ['X: y'], ['X: y'], ['X: y'], expected])
  })

  test('follow the mask', () => {
    const { ring, log } = open()
    for (const xid of [1, 2, 3]) respond(log, xid, stored, 5)
    log.setMask(parseMask('-RespHeader'))
    respond(log, 4, stored, 5)
    log.setMask(parseMask('default'))
    respond(log, 5, stored, 5)
    expect(texts(ring)).toEqual([expected, expected, expected, [], expected])
  })

  test('that cross the end of a buffer are whole each time', () => {
    const { ring, log } = open({ buffer_bytes: 600 })
    const many = new Fields()
    for (let i = 0; i < 12; i++) many.append(`X-${i}`, 'v'.repeat(i))
    for (let xid = 1; xid < 40; xid++) {
      const transaction = log.open(xid, 'client')
      transaction.record(TAG.VCL_Log, 'x'.repeat(xid * 6))
      transaction.storedResponse({ status: 200, reason: 'OK', fields: many }, 5, -1, -1, NO_TRACE)
      transaction.end()
    }
    const lines = many.names.map((name, i) => `${name}: ${many.values[i]}`)
    expect(texts(ring)).toEqual(Array.from({ length: 39 }, () => lines))
  })
})

describe('records that never change', () => {
  const run = new Run([TAG.VCL_call, 'HIT'], [TAG.VCL_return, 'deliver'], [TAG.Debug, 'masked'])

  function written(log: LogWriter, ring: SharedArrayBuffer): string[] {
    const transaction = log.open(log.nextXid(), 'client')
    transaction.begin('req', 1, 'rxreq')
    transaction.run(run)
    transaction.end()
    const records = readTransactions(ring).at(-1) ?? []
    expect(new Set(records.map((record) => record.xid)).size).toBe(1)
    return records.map((record) => `${record.name} ${record.text}`).slice(1, -1)
  }

  test('are the same the first, second and third time, and follow the mask', () => {
    const { ring, log } = open()
    const plain = ['VCL_call HIT', 'VCL_return deliver']
    expect([1, 2, 3].map(() => written(log, ring))).toEqual([plain, plain, plain])
    log.setMask(parseMask('+Debug'))
    expect([1, 2].map(() => written(log, ring))).toEqual([
      [...plain, 'Debug masked'],
      [...plain, 'Debug masked'],
    ])
    log.setMask(parseMask('-VCL_call,-VCL_return'))
    expect([1, 2].map(() => written(log, ring))).toEqual([[], []])
  })

  test('go into a transaction of which nothing is written yet', () => {
    const { ring, log } = open()
    for (const xid of [1, 2]) {
      const transaction = log.open(xid, 'client')
      transaction.run(run)
      transaction.end()
    }
    const texts = readTransactions(ring).map((records) => records.map((record) => record.text))
    expect(texts).toEqual([
      ['HIT', 'deliver', ''],
      ['HIT', 'deliver', ''],
    ])
  })
})

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

test('accounts are right when they repeat and when they do not', () => {
  const numbers = [1, 1, 1, 2, 1, 1, 1, 1, 1e10, 1e10, 1e10]
  expect(written((t) => numbers.forEach((n) => t.account(TAG.ReqAcct, n, 0, n, 5)))).toEqual([
    ...numbers.map((n) => `ReqAcct ${n} 0 ${n} ${n} 5 ${n + 5}`),
    'End ',
  ])
})

describe('vsl_reclen', () => {
  const long = 'x'.repeat(1000)
  test.each<[string, (t: Transaction) => void, string]>([
    ['a text', (t) => t.record(TAG.ReqURL, long), `ReqURL ${long.slice(0, 31)}`],
    ['a field', (t) => t.field(TAG.ReqHeader, 'Cookie', long), `ReqHeader Cookie: ${long.slice(0, 23)}`],
    ['a text that just fits', (t) => t.record(TAG.ReqURL, long.slice(0, 31)), `ReqURL ${long.slice(0, 31)}`],
    ['numbers', (t) => t.timestamp('Start', 1_795_377_297_123.456, 0, 0), 'Timestamp Start: 1795377297.123456 0.0000'],
    ['a label from rules', (t) => t.timestamp(long, 0, 0, 0), `Timestamp ${long.slice(0, 31)}`],
    ['a reason', (t) => t.begin('req', 1, long), `Begin req 1 ${long.slice(0, 25)}`],
  ])('cuts %s', (_, say, expected) => expect(written(say, { reclen_bytes: 32 })[0]).toBe(expected))

  test('the longest possible record fits', () => {
    expect(written((t) => t.record(TAG.ReqURL, 'y'.repeat(20_000)), { reclen_bytes: 4096, buffer_bytes: 267 })[0]).toHaveLength(7 + 4095)
  })
})

describe('transactions', () => {
  test('are written whole when they end, whatever is written between', () => {
    const { ring, log } = open()
    const [a, b] = [log.open(5, 'client'), log.open(6, 'backend')]
    a.begin('req', 1, 'rxreq')
    b.begin('bereq', 5, 'fetch')
    a.record(TAG.ReqMethod, 'GET')
    expect([...readRing(ring)]).toEqual([])
    b.end()
    a.end()
    expect([...readRing(ring)].map((r) => [r.xid, r.side, r.name])).toEqual([
      [6, 'backend', 'Begin'],
      [6, 'backend', 'End'],
      [5, 'client', 'Begin'],
      [5, 'client', 'ReqMethod'],
      [5, 'client', 'End'],
    ])
  })

  test('a session is written as it goes, and an event at once', () => {
    const { ring, log } = open()
    const session = log.open(7, 'client')
    session.begin('sess', 0, 'HTTP/1')
    log.event(TAG.Error, 'out of file descriptors')
    session.record(TAG.SessClose, 'REM_CLOSE 0.5')
    expect([...readRing(ring)].map((r) => [r.xid, r.side, r.name])).toEqual([
      [7, 'client', 'Begin'],
      [0, 'none', 'Error'],
      [7, 'client', 'SessClose'],
    ])
  })

  test('one that is longer than vsl_buffer is written in parts, in order', () => {
    const tally = new Float64Array(5)
    const { ring, log } = open({ tally })
    const transaction = log.open(9, 'client')
    transaction.begin('req', 1, 'rxreq')
    for (let i = 0; i < 100; i++) transaction.record(TAG.VCL_Log, `line ${i} ${'x'.repeat(i)}`)
    transaction.end()
    const [records] = readTransactions(ring)
    expect(records.map((record) => record.text)).toEqual([
      'req 1 rxreq',
      ...Array.from({ length: 100 }, (_, i) => `line ${i} ${'x'.repeat(i)}`),
      '',
    ])
    expect(tally[TALLY.records]).toBe(102)
    expect(tally[TALLY.flushes]).toBeGreaterThan(3)
    expect(tally[TALLY.writes]).toBe(tally[TALLY.flushes] + 1)
  })

  test('one that waits writes what it has and goes on later', () => {
    const { ring, log } = open()
    const waiting = log.open(9, 'client')
    waiting.begin('req', 1, 'rxreq')
    waiting.park()
    waiting.park()
    expect([...readRing(ring)].map((record) => record.name)).toEqual(['Begin'])
    waiting.record(TAG.ReqMethod, 'GET')
    waiting.end()
    expect([...readRing(ring)].map((record) => record.name)).toEqual(['Begin', 'ReqMethod', 'End'])
  })

  test('nothing is written after the end, or twice', () => {
    const { log } = open()
    const transaction = log.open(9, 'client')
    transaction.end()
    expect(() => transaction.record(TAG.ReqMethod, 'GET')).toThrow('open transaction')
    expect(() => transaction.close()).toThrow('ends once')
  })

  test('a mask set while running holds for the next record', () => {
    const { ring, log } = open()
    const transaction = log.open(9, 'client')
    log.setMask(parseMask('none,-ReqURL'))
    transaction.record(TAG.ReqURL, '/')
    transaction.record(TAG.Hash, 'key')
    transaction.end()
    expect([...readRing(ring)].map((record) => record.name)).toEqual(['Hash', 'End'])
  })
})

describe('ids', () => {
  test('two workers never hand out the same, nor 0', () => {
    const xids = new Int32Array(new SharedArrayBuffer(4))
    const [a, b] = [open({ xids }).log, open({ xids }).log]
    const ids = Array.from({ length: 50_000 }, (_, i) => (i % 2 === 0 ? a : b).nextXid())
    expect(new Set(ids).size).toBe(ids.length)
    expect(Math.min(...ids)).toBe(1)
  })

  test('wrap after 30 bits', () => {
    const xids = new Int32Array([0x3fff_ffff - 32_767])
    const { log } = open({ xids })
    const ids = Array.from({ length: 32_769 }, () => log.nextXid())
    expect([ids[32_767], ids[32_768]]).toEqual([0x3fff_ffff, 1])
  })
})
