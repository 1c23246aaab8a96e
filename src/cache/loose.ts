import type { Body, ObjectHead, StoredObject } from '../store/contract.ts'

/** A response that has the shape of an object but is in no store: passed, uncacheable, synthetic, or too large. */
export class LooseObject implements StoredObject {
  head: ObjectHead
  readonly body: Body
  hits = 0
  lastHit_ms = 0
  place: unknown = undefined
  readonly live = false
  readonly size_bytes = 0

  constructor(head: ObjectHead, body: Body) {
    this.head = head
    this.body = body
  }
}
