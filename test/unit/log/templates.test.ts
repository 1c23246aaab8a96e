import { describe, expect, test, vi } from 'vitest'
import { NO_NUMBER } from '../../../src/base/digits.ts'
import { Fields } from '../../../src/http/fields.ts'
import { Run, type Snippet } from '../../../src/log/encoded.ts'
import type { LogVersion } from '../../../src/log/format.ts'
import { Journal } from '../../../src/log/journal.ts'
import { BATCH, END, HEAD_BYTES } from '../../../src/log/ring.ts'
import { ownRing } from '../../../src/log/ring-writer.ts'
import { parseMask, TAG } from '../../../src/log/tags.ts'
import { type LogOptions, LogWriter, type Transaction } from '../../../src/log/writer.ts'

/**
 * What is written by templates is what is written by a writer that has none, and what is written by one that remembers nothing at all: block for block and, but for
 * padding, byte for byte.
 */

const RING_BYTES = 4 << 20
const START_MS = 1_795_377_297_000

interface Writers {
  /** Does it to all. */
  each(act: (log: LogWriter) => void): void
  /** One transaction in each. */
  request(xid: number, tell: (transaction: Transaction, log: LogWriter) => void): void
  mask(text: string): void
  /** That all have written the same, `forgetful` the one that remembers nothing; how many of the transactions by templates. */
  same(forgetful?: boolean): number
}

function writers(options: Partial<LogOptions> = {}, version: LogVersion = 3): Writers {
  const open = (): { memory: SharedArrayBuffer; log: LogWriter } => {
    const memory = new SharedArrayBuffer(RING_BYTES)
    const all = { reclen_bytes: 255, buffer_bytes: 16_384, mask: parseMask('default'), ...options }
    return { memory, log: new LogWriter(ownRing(memory, version), all) }
  }
  const [learning, without, plain] = [open(), open(), open()]
  const all = [learning, without, plain]
  const written = vi.spyOn(learning.log, 'writeTwo')
  vi.spyOn(without.log.templates, 'ask').mockReturnValue(false)
  return {
    each(act) {
      for (const { log } of all) act(log)
    },
    request(xid, tell) {
      plain.log.setMask(Uint8Array.from(plain.log.mask))
      for (const { log } of all) {
        const transaction = log.open(xid, 'client')
        tell(transaction, log)
        transaction.end()
      }
    },
    mask(text) {
      this.each((log) => log.setMask(parseMask(text)))
    },
    same(forgetful = true) {
      const expected = blocksIn(without.memory, version)
      expect(blocksIn(learning.memory, version)).toEqual(expected)
      expect([...learning.log.tally]).toEqual([...without.log.tally])
      if (forgetful) expect(blocksIn(plain.memory, version)).toEqual(expected)
      return written.mock.calls.length
    },
  }
}

/** Every word and text, in order: of batches their own words, of records the head and what it says is theirs. */
function blocksIn(memory: SharedArrayBuffer, version: LogVersion): string[] {
  const words = new Uint32Array(memory, HEAD_BYTES)
  const bytes = Buffer.from(memory, HEAD_BYTES)
  const found: string[] = []
  for (let at = 0; words[at] !== END;) {
    const head = [...words.subarray(at, at + version)].map((word) => word.toString(16)).join(' ')
    const length = words[at] === BATCH ? 0 : words[at] & 0xffff
    const text_at = (at + version) * 4
    found.push(`${head} ${bytes.toString('latin1', text_at, text_at + length)}`)
    at += version + ((length + 3) >> 2)
  }
  return found
}

const request = new Fields()
request.append('Host', 'www.example.com')
request.append('User-Agent', 'x'.repeat(70))
const page = new Fields()
page.append('Content-Type', 'text/html')
page.append('ETag', '"5f3759df"')
const picture = new Fields()
picture.append('Content-Type', 'image/png')

const RECV = new Run([TAG.VCL_call, 'RECV'], [TAG.VCL_return, 'hash'])
const MASKED = new Run([TAG.Debug, 'nobody sees it'])
const VIA = new Run([TAG.RespHeader, 'Via: 1.1 x'])
const NONE = new Run([TAG.Filters, ''])

/** A hit as the flow tells it, and what can be different of it. */
class Hit {
  session = 3
  peer = '192.0.2.17 51234 a0'
  client = '192.0.2.17'
  method = 'GET'
  url = '/catalogue/item?id=4711'
  head = { status: 200, reason: 'OK', fields: page }
  object = 5
  length = 1024
  ttl_s = 281.25
  age_s = 17
  status = 'lacquer; hit; ttl='
  left_s = 282
  at_ms = START_MS + 0.125
  took_ms = 0.021
  body = 1024

  tell(transaction: Transaction): void {
    const { at_ms, took_ms, object } = this
    transaction.receive(this.session, at_ms, 'boot', this.peer, this.method)
    transaction.record(TAG.ReqURL, this.url)
    transaction.requestBlock('HTTP/1.1', request, this.client, 7)
    transaction.run(RECV)
    transaction.run(MASKED)
    transaction.hit(object, this.ttl_s, 10, 0)
    transaction.storedResponse(this.head, object, this.length, this.age_s, VIA, this.status, this.left_s)
    transaction.change(TAG.RespUnset, 'ETag', '"5f3759df"')
    transaction.timestamp('Process', at_ms + took_ms, took_ms, took_ms)
    transaction.run(NONE)
    transaction.timestamp('Resp', at_ms + took_ms * 2, took_ms * 2, took_ms)
    transaction.account(TAG.ReqAcct, 412, 0, 317, this.body)
  }
}

/** So many of them one after another, each as `change` has it. */
function hits(count: number, change: (hit: Hit, i: number) => void, options: Partial<LogOptions> = {}, version: LogVersion = 3): number {
  const all = writers(options, version)
  for (let i = 0; i < count; i++) {
    const hit = new Hit()
    change(hit, i)
    all.request(1000 + i, (transaction) => hit.tell(transaction))
  }
  return all.same()
}

describe('hits that differ in numbers', () => {
  test.each<[string, (hit: Hit, i: number) => void]>([
    ['none', () => {}],
    ['the clock', (hit, i) => (hit.at_ms += i * 123.457)],
    ['the clock, across many seconds and back', (hit, i) => (hit.at_ms += (i % 5) * 99_999.5 - i)],
    ['ttl', (hit, i) => (hit.ttl_s -= i * 1.000_003)],
    ['how long it took', (hit, i) => (hit.took_ms = i * 0.001)],
    ['how long it took, up to a minute', (hit, i) => (hit.took_ms = i * 1500)],
    ['age and what is left', (hit, i) => Object.assign(hit, { age_s: 17 + (i >> 1), left_s: 282 - (i >> 1) })],
  ])('%s', (_, change) => {
    for (const version of [2, 3] as const) expect(hits(40, change, {}, version)).toBeGreaterThan(20)
  })

  test.each<[string, (hit: Hit, i: number) => void]>([
    ['a width', (hit, i) => (hit.ttl_s = [9.5, 10.5, 99.5, 100.5, 0.25][(i >> 2) % 5])],
    ['the width of age', (hit, i) => (hit.age_s = [9, 10, 99, 100, 0, -1][(i >> 2) % 6])],
    ['a sign', (hit, i) => Object.assign(hit, { ttl_s: 2 - i / 4, left_s: 2 - (i >> 2) })],
    ['whether there is one', (hit, i) => (hit.left_s = i % 8 < 4 ? NO_NUMBER : 300 - i)],
    ['the year', (hit, i) => (hit.at_ms = [START_MS, 8.999e12, 1e12, 5, -5, Number.NaN][(i >> 2) % 6])],
    ['being one at all', (hit, i) => (hit.ttl_s = [Number.NaN, Infinity, 1e300, 5][(i >> 2) % 4])],
    ['more than a request may take', (hit, i) => (hit.took_ms = [1, 9999, 1e7, 1e15, -1][(i >> 2) % 5])],
  ])('and %s', (_, change) => {
    for (const version of [2, 3] as const) hits(90, change, {}, version)
  })

  test('and ids of every length, to the last', () => {
    const all = writers()
    for (const first of [1, 95, 995, 99_995, 2 ** 30 - 12]) {
      for (let xid = first; xid < first + 11; xid++) all.request(xid, (transaction) => new Hit().tell(transaction))
    }
    expect(all.same()).toBeGreaterThan(30)
  })
})

describe('hits that differ in more', () => {
  const CHANGES: [string, (hit: Hit, i: number) => void][] = [
    ['sessions', (hit, i) => Object.assign(hit, { session: 3 + (i % 3), peer: `192.0.2.17 ${50_000 + (i % 3)} a0` })],
    ['sessions that share a place', (hit, i) => (hit.session = 3 + ((i >> 3) % 2) * 1024)],
    ['clients', (hit, i) => (hit.client = `192.0.2.${(i >> 2) % 7}`)],
    ['clients whose addresses end alike', (hit, i) => (hit.client = ['198.51.100.17', '203.0.113.17'][(i >> 3) % 2])],
    ['methods', (hit, i) => Object.assign(hit, i & 4 ? { method: 'HEAD', body: 0 } : {})],
    ['targets', (hit, i) => (hit.url = `/${(i >> 3) % 4}`)],
    ['objects', (hit, i) => Object.assign(hit, i & 2 ? { object: 6, head: { status: 200, reason: 'OK', fields: picture } } : {})],
    [
      'objects in one place',
      (hit, i) => Object.assign(hit, i & 8 ? { object: 5 + 1024, head: { status: 200, reason: 'OK', fields: picture } } : {}),
    ],
    ['lengths', (hit, i) => (hit.length = [-1, 0, 1024][(i >> 3) % 3])],
    ['Cache-Status', (hit, i) => (hit.status = i & 8 ? '' : 'x; ttl=')],
    ['what is sent', (hit, i) => (hit.body = (i >> 3) * 1000)],
  ]

  test.each(CHANGES)('%s', (_, change) => {
    for (const version of [2, 3] as const) expect(hits(120, change, {}, version)).toBeGreaterThan(10)
  })

  test('objects in one place in turn, of which one has what could be its Age where the other has it', () => {
    const sevens = new Fields()
    sevens.append('X', '7'.repeat(200))
    const second = { object: 5 + 1024, head: { status: 200, reason: 'OK', fields: sevens } }
    const turns = [0, 0, 0, 1, 0, 1, 1, 1]
    const change = (hit: Hit, i: number): void => {
      Object.assign(hit, { status: '', left_s: NO_NUMBER, age_s: i < 6 ? 7 : 8 }, turns[i] === 1 ? second : {})
    }
    expect(hits(turns.length, change)).toBeGreaterThan(0)
  })

  const OPTIONS: [string, Partial<LogOptions>][] = [
    ['where records are cut', { reclen_bytes: 66 }],
    ['where they are cut shorter', { reclen_bytes: 32 }],
    ['where buffers are small', { buffer_bytes: 512 }],
    ['where buffers are just large enough', { buffer_bytes: 2000 }],
    ['where field lines are masked', { mask: parseMask('-RespHeader,-ReqHeader') }],
    ['where times are masked', { mask: parseMask('-Timestamp') }],
    ['where hits and accounts are masked', { mask: parseMask('-Hit,-ReqAcct,-End') }],
    ['where the link is masked', { mask: parseMask('-Link') }],
    ['where more than the default is told', { mask: parseMask('+Debug') }],
    ['where nothing is told', { mask: parseMask('all') }],
  ]

  test.each(OPTIONS)('%s', (_, options) => {
    for (const [, change] of CHANGES) hits(60, change, options)
  })
})

describe('whatever else is told', () => {
  type Tell = (transaction: Transaction, log: LogWriter, hit: Hit) => void
  /** Then what is remembered goes out in one piece. */
  const AT_ONCE = 'that each record is to be written at once'
  const recalled = new Map<LogWriter, Snippet>()
  const before: [string, Tell][] = [
    ['a line of rules', (transaction) => transaction.record(TAG.VCL_Log, 'x')],
    ['too many of them', (transaction) => Array.from({ length: 60 }, (_, i) => transaction.record(TAG.VCL_Log, `${i}`))],
    ['a long one', (transaction) => transaction.record(TAG.VCL_Log, 'y'.repeat(300))],
    ['a long label', (transaction, _, { at_ms }) => transaction.timestamp('z'.repeat(250), at_ms, 0, 0)],
    ['a field line', (transaction) => transaction.field(TAG.RespHeader, 'X', 'y')],
    ['a long one that is set', (transaction) => transaction.change(TAG.RespHeader, 'X', 'y'.repeat(300))],
    ['a number', (transaction) => transaction.number(TAG.RespStatus, 304)],
    ['a head', (transaction) => transaction.respHead({ status: 503, reason: 'No', fields: picture })],
    ['a second response', (transaction, _, { head }) => transaction.storedResponse(head, 5, 7, 1, VIA)],
    ['a child', (transaction) => transaction.link('bereq', 12, 'fetch')],
    ['a marker', (transaction) => transaction.marker(TAG.HitMiss, 9, 2.5)],
    ['that it waits', (transaction) => transaction.park()],
    ['an event beside it', (_, log) => log.event(TAG.CLI, 'ping')],
    ['another request within it', (_, log) => within(log, () => {})],
    ['another that waits', (_, log) => within(log, (other) => other.park())],
    ['a session beside it', (_, log) => log.reopen(3, 'client').end()],
    ['another mask', (_, log) => log.setMask(parseMask('-RespHeader'))],
    ['another size', (_, log) => log.setSizes({ reclen_bytes: 100, buffer_bytes: 16_384 })],
    [AT_ONCE, (_, log) => (log.sync = true)],
  ]

  function within(log: LogWriter, tell: (transaction: Transaction) => void): void {
    const other = log.open(77, 'client')
    new Hit().tell(other)
    tell(other)
    other.end()
  }

  test.each(before)('%s, at the end, once, and again and again', (name, more) => {
    const all = writers()
    for (let i = 0; i < 60; i++) {
      if (i === 25) all.each((log) => (log.sync = false))
      if (i === 25) all.mask('default')
      all.request(1000 + i, (transaction, log) => {
        const hit = new Hit()
        hit.at_ms += i
        hit.tell(transaction)
        if (i === 20 || i > 40) more(transaction, log, hit)
      })
    }
    expect(all.same(name !== AT_ONCE)).toBeGreaterThan(10)
  })

  test.each(before)('%s, at the beginning', (name, more) => {
    const all = writers()
    for (let i = 0; i < 40; i++) {
      all.request(1000 + i, (transaction, log) => {
        const hit = new Hit()
        transaction.receive(3, hit.at_ms, 'boot', hit.peer, 'GET')
        more(transaction, log, hit)
        transaction.run(RECV)
        transaction.storedResponse(hit.head, 5, 7, 1, VIA)
        transaction.account(TAG.ReqAcct, 1, 2, 3, 4)
      })
    }
    all.same(name !== AT_ONCE)
  })

  test('what rules have made of it before', () => {
    const all = writers()
    for (let i = 0; i < 20; i++) {
      all.request(1000 + i, (transaction, log) => {
        transaction.receive(3, START_MS, 'boot', 'x', 'GET')
        const snippet = recalled.get(log)
        if (snippet !== undefined) transaction.recall(snippet)
        else {
          const mark = transaction.mark()
          transaction.record(TAG.VCL_Log, 'once')
          const made = transaction.since(mark)
          if (made !== undefined) recalled.set(log, made)
        }
        transaction.account(TAG.ReqAcct, 1, 2, 3, 4)
      })
    }
    expect(all.same()).toBeGreaterThan(10)
  })

  test('other masks and sizes for all that follow, and the first ones again', () => {
    const all = writers()
    const settings: ((log: LogWriter) => void)[] = [
      (log) => log.setSizes({ reclen_bytes: 80, buffer_bytes: 16_384 }),
      (log) => log.setSizes({ reclen_bytes: 255, buffer_bytes: 1024 }),
      (log) => log.setSizes({ reclen_bytes: 255, buffer_bytes: 16_384 }),
      (log) => (log.sync = true),
      (log) => (log.sync = false),
    ]
    let xid = 1000
    const some = (): void => {
      for (let i = 0; i < 8; i++) all.request(xid++, (transaction) => new Hit().tell(transaction))
    }
    some()
    for (const mask of ['-RespHeader', '-Timestamp', '-Begin', '+Debug', 'default']) {
      all.mask(mask)
      some()
    }
    for (const setting of settings) {
      all.each(setting)
      some()
    }
    expect(all.same(false)).toBeGreaterThan(30)
  })
})

test('requests that are never the same are not asked for a template each time', () => {
  const all = writers()
  const asked = vi.spyOn(Journal.prototype, 'begin')
  for (let i = 0; i < 3000; i++) {
    all.request(100_000 + i, (transaction) => {
      transaction.receive(3, START_MS, 'boot', 'x', 'GET')
      transaction.record(TAG.VCL_Log, `${i}`)
    })
  }
  expect(all.same()).toBe(0)
  expect(asked.mock.calls.length).toBeLessThan(300)
})
