import type { Body, ObjectHead, Store, StoredObject } from '../store/contract.ts'

/** A response that has the shape of an object but is in no store: passed, uncacheable, synthetic, or too large. */
export class LooseObject implements StoredObject {
  head: ObjectHead
  readonly body: Body
  hits = 0
  lastHit_ms = 0
  place: unknown = undefined
  checked: number
  readonly live = false
  readonly cold = undefined
  readonly unread = undefined
  readonly size_bytes = 0
  readonly store: Store | undefined

  /** `store` has the body, when one does. `serial` as for `Store.open`. */
  constructor(head: ObjectHead, body: Body, store?: Store, serial = 0) {
    this.store = store
    this.checked = serial
    this.head = head
    this.body = body
  }

  recheck(): number {
    return this.checked
  }

  raise(serial: number): void {
    this.checked = serial
  }
}
