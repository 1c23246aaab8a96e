/**
 * Cost of the log of one hit: 41 records, as the flow writes them for a browser's request (6 field lines) and a response
 * of 9, of which 4 are the same each time. Target: at most 2 µs (shared ring of 8 MiB, default mask). Run: node bench/micro/log.ts
 */
import { Fields } from '../../src/http/fields.ts'
import { Run } from '../../src/log/encoded.ts'
import { defaultMask, TAG } from '../../src/log/tags.ts'
import { ownRing } from '../../src/log/ring-writer.ts'
import { LogWriter } from '../../src/log/writer.ts'

const req = new Fields()
req.append('Host', 'www.example.com')
req.append('User-Agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36')
req.append('Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8')
req.append('Accept-Encoding', 'gzip')
req.append('Accept-Language', 'en-GB,en;q=0.5')
const resp = new Fields()
resp.append('Date', 'Tue, 17 Nov 2026 10:00:00 GMT')
resp.append('Server', 'demo')
resp.append('Content-Type', 'text/html; charset=utf-8')
resp.append('Cache-Control', 'public, max-age=300')
resp.append('ETag', '"5f3759df"')

const RECV = new Run([TAG.VCL_call, 'RECV'])
const HASHED = new Run([TAG.VCL_return, 'hash'])
const HASH = new Run([TAG.VCL_call, 'HASH'], [TAG.VCL_return, 'lookup'])
const HIT = new Run([TAG.VCL_call, 'HIT'], [TAG.VCL_return, 'deliver'])
const TRACE = new Run([TAG.RespHeader, 'Via: 1.1 lacquer (Lacquer)'])
const DELIVER = new Run([TAG.VCL_call, 'DELIVER'], [TAG.VCL_return, 'deliver'])
const FILTERS = new Run([TAG.Filters, ''])
const head = { status: 200, reason: 'OK', fields: resp }

const tally = new Float64Array(6)
const writer = new LogWriter(ownRing(new SharedArrayBuffer(8 << 20), 3), {
  reclen_bytes: 255,
  buffer_bytes: 4096,
  mask: defaultMask(),
  tally,
})

function hit(now_ms: number): void {
  const txn = writer.open(writer.nextXid(), 'client')
  txn.receive(1, now_ms, 'boot', '192.0.2.17 51234 a0', 'GET')
  txn.record(TAG.ReqURL, '/catalogue/item?id=4711')
  txn.requestBlock('HTTP/1.1', req, '192.0.2.17', 7)
  txn.run(RECV)
  txn.run(HASHED)
  txn.run(HASH)
  txn.hit(5, 281.25, 10, 0)
  txn.run(HIT)
  txn.storedResponse(head, 5, 1024, 17, TRACE, 'lacquer; hit; ttl=', 3583)
  txn.run(DELIVER)
  txn.timestamp('Process', now_ms, 0.021, 0.021)
  txn.run(FILTERS)
  txn.timestamp('Resp', now_ms, 0.043, 0.022)
  txn.account(TAG.ReqAcct, 412, 0, 317, 1024)
  txn.end()
}

const BATCH = 100_000
const now_ms = performance.timeOrigin + performance.now()
for (let i = 0; i < BATCH; i++) hit(now_ms + i / 100)
const rounds_us: number[] = []
for (let round = 0; round < 9; round++) {
  const before_ms = performance.now()
  for (let i = 0; i < BATCH; i++) hit(now_ms + i / 100)
  rounds_us.push(((performance.now() - before_ms) * 1000) / BATCH)
}
rounds_us.sort((a, b) => a - b)
const records = tally[0] / (BATCH * 10)
console.log(`log of a hit: ${records} records, median ${rounds_us[4].toFixed(2)} µs, best ${rounds_us[0].toFixed(2)} µs`)
