import type { Body, ObjectHead, Store, StoredObject } from '../store/contract.ts'

/** A response that has the shape of an object but is in no store: passed, uncacheable, synthetic, or too large. */
export class LooseObject implements StoredObject {
  head: ObjectHead
  readonly body: Body
  hits = 0
  lastHit_ms = 0
  place: unknown = undefined
  readonly live = false
  readonly cold = undefined
  readonly size_bytes = 0
  readonly store: Store | undefined

  /** `store` has the body, when one does. */
  constructor(head: ObjectHead, body: Body, store?: Store) {
    this.store = store
    this.head = head
    this.body = body
  }
}
