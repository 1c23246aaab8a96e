import { describe, expect, test } from 'vitest'
import { Run } from '../../../src/log/encoded.ts'
import { readRing } from '../../../src/log/reader.ts'
import { parseMask, TAG } from '../../../src/log/tags.ts'
import { TALLY } from '../../../src/log/tally.ts'
import type { LogWriter } from '../../../src/log/writer.ts'
import { open, readTransactions } from './kit.ts'

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
    const tally = new Float64Array(6)
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

test('logs of different formats and masks in one thread do not mix up what never changes', () => {
  const run = new Run([TAG.VCL_call, 'RECV'], [TAG.Hash, 'x'])
  const logs = [open({}, 2), open({}, 3), open({ mask: parseMask('+Hash') }, 3)]
  for (let round = 0; round < 3; round++) {
    for (const { log } of logs) {
      const transaction = log.open(round + 1, 'client')
      transaction.run(run)
      transaction.end()
    }
  }
  const names = logs.map(({ ring }) => readTransactions(ring).map((records) => records.map(({ name }) => name).join(' ')))
  expect(names).toEqual([Array(3).fill('VCL_call End'), Array(3).fill('VCL_call End'), Array(3).fill('VCL_call Hash End')])
})

test('debug=+syncvsl: each record is there at once, and what there is in the end is the same', () => {
  const say = (log: LogWriter, seen: () => number): number[] => {
    const counts: number[] = []
    for (let xid = 10; xid < 14; xid++) {
      const request = log.open(xid, 'client')
      request.receive(3, 1_795_377_297_000, 'boot', '192.0.2.1 5 a0', 'GET')
      request.record(TAG.ReqURL, '/')
      request.account(TAG.ReqAcct, 1, 2, 3, 4)
      counts.push(seen())
      request.end()
    }
    return counts
  }
  const logs = [open(), open()]
  logs[1].log.sync = true
  const all = logs.map(({ ring, log }) => {
    const counts = say(log, () => [...readRing(ring)].length)
    return { counts, records: [...readRing(ring)].map(({ xid, name, text }) => `${xid} ${name} ${text}`) }
  })
  expect(all[1].records).toEqual(all[0].records)
  expect(all[0].counts).toEqual([0, 10, 20, 30])
  expect(all[1].counts).toEqual([9, 19, 29, 39])
})

test('vsl_reclen and vsl_buffer hold for transactions that are opened from then on, and what is open goes on', () => {
  const { ring, log } = open({ reclen_bytes: 64, buffer_bytes: 512 })
  const long = 'x'.repeat(2000)
  const say = (): void => {
    const transaction = log.open(log.nextXid(), 'client')
    for (let i = 0; i < 20; i++) transaction.record(TAG.VCL_Log, long)
    transaction.end()
  }
  const early = log.open(500, 'client')
  early.record(TAG.VCL_Log, long)
  say()
  log.setSizes({ reclen_bytes: 1001, buffer_bytes: 4096 })
  say()
  for (let i = 0; i < 20; i++) early.record(TAG.VCL_Log, long)
  log.setSizes({ reclen_bytes: 33, buffer_bytes: 300 })
  for (let i = 0; i < 20; i++) early.record(TAG.VCL_Log, long)
  early.end()
  say()
  const lengths = readTransactions(ring).map((records) => [...new Set(records.slice(0, -1).map(({ text }) => text.length)), records.length])
  expect(lengths).toEqual([
    [63, 21],
    [1000, 21],
    [63, 42],
    [32, 21],
  ])
})
