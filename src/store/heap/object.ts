import type { ObjectHead, Store, StoredObject } from '../contract.ts'
import type { HeapBody } from './body.ts'
import type { Expiring } from './expiry.ts'

/**
 * What an object costs beside its body and its head's text on Node 26, as bench/micro/store/overhead.ts measures it:
 * 1250 bytes of heap, up to 2000 resident (the allocator's and V8's own records of a Buffer). The resident figure counts:
 * being wrong here means a process larger than its -s argument.
 */
export const OBJECT_OVERHEAD_BYTES = 2048
/** Per field line: headers of three strings and their array slots, same bench. */
export const FIELD_OVERHEAD_BYTES = 128

export function headCost(head: ObjectHead): number {
  const fields = head.fields
  let bytes = OBJECT_OVERHEAD_BYTES + head.headText.length + (head.hiddenText?.length ?? 0) + fields.count * FIELD_OVERHEAD_BYTES
  for (let i = 0; i < fields.count; i++) bytes += 2 * fields.names[i].length + fields.values[i].length
  return bytes
}

export class HeapObject implements StoredObject {
  readonly store: Store
  readonly id: string
  head: ObjectHead
  readonly body: HeapBody
  hits = 0
  lastHit_ms = 0
  checked: number
  place: unknown = undefined
  live = true
  readonly cold = undefined
  readonly unread = undefined
  /** May be evicted now, and is in the list of those that may. */
  listed = false
  head_bytes: number
  /** Empty once it has left. */
  readonly end: { object: HeapObject | undefined; due_ms: number } & Expiring

  constructor(store: Store, id: string, head: ObjectHead, head_bytes: number, body: HeapBody, serial: number) {
    this.store = store
    this.id = id
    this.head = head
    this.head_bytes = head_bytes
    this.body = body
    this.checked = serial
    this.end = { object: this, due_ms: 0 }
  }

  /** Nobody else has it. */
  recheck(): number {
    return this.checked
  }

  raise(serial: number): void {
    this.checked = serial
  }

  get size_bytes(): number {
    return this.head_bytes + this.body.retained_bytes
  }
}
