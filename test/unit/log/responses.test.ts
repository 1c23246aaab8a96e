import { describe, expect, test } from 'vitest'
import { NO_NUMBER } from '../../../src/base/digits.ts'
import { Fields } from '../../../src/http/fields.ts'
import { Run } from '../../../src/log/encoded.ts'
import { parseMask, TAG } from '../../../src/log/tags.ts'
import type { LogWriter } from '../../../src/log/writer.ts'
import { open, readTransactions } from './kit.ts'

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
