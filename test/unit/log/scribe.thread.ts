import { workerData } from 'node:worker_threads'
import { type RingPlace, takeSeat } from '../../../src/log/place.ts'
import { defaultMask, TAG } from '../../../src/log/tags.ts'
import { LogWriter } from '../../../src/log/writer.ts'

/** Threads of claims.test.ts: each writes its transactions as fast as it can. */
export interface ScribeData {
  readonly place: RingPlace
  readonly slot: number
  readonly transactions: number
  /** One number: how many it has written. */
  readonly beats: SharedArrayBuffer
}

const { place, slot, transactions, beats } = workerData as ScribeData
const log = new LogWriter(takeSeat(place, slot), { reclen_bytes: 255, buffer_bytes: 4096, mask: defaultMask() })

/** A request like the one before it: by a template, soon. */
function hit(number: number): void {
  const transaction = log.open(5 + number * 8 + slot, 'client')
  transaction.receive(8 * (slot + 1), 1_795_377_297_000 + number, 'boot', '192.0.2.1 5 a0', 'GET')
  transaction.record(TAG.ReqURL, `/${slot}`)
  transaction.account(TAG.ReqAcct, 1, 2, 3, 4)
  transaction.end()
}

const written = new Int32Array(beats)
for (let number = 0; number < transactions; number++) {
  const length = number % 12
  const transaction = log.open(1 + number * 8 + slot, 'client')
  transaction.record(TAG.Begin, `req ${slot} ${number} ${length}`)
  for (let i = 0; i < length; i++) transaction.record(TAG.VCL_Log, `${slot} ${number} ${'x'.repeat(i * 9)}`)
  transaction.end()
  hit(number)
  Atomics.add(written, 0, 1)
}
