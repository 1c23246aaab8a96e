import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { Made, Order } from './contract.ts'
import { pack, unpack } from './convert.ts'

/** A thread that makes copies in other codings, and nothing else: compression as br of half a megabyte is 20 ms, and as long again to give its memory back. */
if (parentPort === null) throw new Error('flow/recoding/thread is started by a worker, as a thread')
const port = parentPort

/** Nobody waits for it: whoever serves has the core first. To Linux a thread's priority is its own. */
const NICEST = 19

try {
  setPriority(NICEST)
} catch {
  // Where that is forbidden it takes its turn.
}

port.on('message', (order: Order) => {
  const { id, bytes, isGzip, codings, params } = order
  const plain = isGzip ? unpack(bytes, params) : bytes
  if (plain !== undefined) for (const coding of codings) tell(id, coding, pack(plain, coding, params), plain.length)
  tell(id, undefined, undefined, 0)
})

function tell(id: number, coding: number | undefined, packed: Uint8Array | undefined, plain_bytes: number): void {
  // Memory of its own: what zlib gives may share some with others.
  const bytes = packed === undefined ? undefined : Uint8Array.from(packed)
  const made: Made = { id, coding, bytes, plain_bytes }
  port.postMessage(made, bytes === undefined ? [] : [bytes.buffer])
}
