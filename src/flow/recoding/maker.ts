import { Worker } from 'node:worker_threads'
import { underWay } from '../filters/zlib.ts'
import type { Made, Order, RecodeParams } from './contract.ts'

/** The thread's file: TypeScript when we run from src/, JavaScript from dist/. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : '../recoding/main.js', import.meta.url)
/**
 * Bodies lie outside the heap, and so does zlib's memory, but V8 is told of it: what is new of that is not to be half of what the heap may be, or all garbage is
 * collected at once. Of br's 32 MB it had been with each copy, by the helper thread that workers wait for.
 */
const LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 16 }

/** Whoever has copies made. */
export interface Customer {
  /** Undefined: it could not be made. */
  made(coding: number, bytes: Buffer | undefined, plain_bytes: number): void
  /** That was all. */
  over(): void
}

let thread: Worker | undefined
let last_id = 0
const customers = new Map<number, Customer>()

/** Has copies made by a thread, which is started with the first and kept. A thread that dies, or cannot be had, leaves its orders undone; the next order has another. */
export function makeCopies(
  bytes: Uint8Array<ArrayBuffer>,
  isGzip: boolean,
  codings: readonly number[],
  params: RecodeParams,
  customer: Customer,
): void {
  const { recode_br_level, recode_zstd_level, recode_max_size } = params
  const order: Order = { id: ++last_id, bytes, isGzip, codings, params: { recode_br_level, recode_zstd_level, recode_max_size } }
  underWay.copies++
  customers.set(order.id, customer)
  try {
    thread ??= started()
  } catch {
    // The system has none to give (ERR_WORKER_INIT_FAILED): whoever serves goes on without copies.
    return void setImmediate(() => over(order.id))
  }
  thread.postMessage(order, [bytes.buffer])
}

function started(): Worker {
  const fresh = new Worker(ENTRY, { name: 'lacquer-recode', resourceLimits: LIMITS })
  fresh.on('message', heard)
  const ended = (): void => {
    if (thread !== fresh) return
    thread = undefined
    // Whoever hears of it may order from another thread at once: that order is not among those that are over.
    for (const id of Array.from(customers.keys())) over(id)
  }
  fresh.on('error', ended).on('exit', ended)
  // It does not keep the worker alive, and ends with it.
  fresh.unref()
  return fresh
}

function heard({ id, coding, bytes, plain_bytes }: Made): void {
  if (coding === undefined) return over(id)
  customers.get(id)?.made(coding, bytes === undefined ? undefined : Buffer.from(bytes.buffer), plain_bytes)
}

function over(id: number): void {
  const customer = customers.get(id)
  if (customer === undefined) return
  customers.delete(id)
  underWay.copies--
  customer.over()
}
