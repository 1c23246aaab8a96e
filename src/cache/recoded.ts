import type { Body, Cold, ObjectHead, Store, StoredObject } from '../store/contract.ts'
import { StandIn } from './stand-in.ts'

/** A stored object with its body in another coding: all else is the base's, but for what its head says of the bytes. */
export class RecodedObject extends StandIn {
  readonly head: ObjectHead
  private readonly copy: StoredObject

  constructor(base: StoredObject, copy: StoredObject, head: ObjectHead) {
    super(base)
    this.copy = copy
    this.head = head
  }

  get body(): Body {
    return this.copy.body
  }
  get store(): Store | undefined {
    return this.copy.store
  }
  get live(): boolean {
    return this.base.live && this.copy.live
  }
  get cold(): Cold | undefined {
    return this.copy.cold
  }
  get unread(): Cold | undefined {
    return this.base.unread
  }
  get size_bytes(): number {
    return this.copy.size_bytes
  }

  /** The copy alone: the base was found a moment ago. */
  get isThere(): boolean {
    return this.copy.live
  }

  /** Of the copy: that it was used. */
  touch(): void {
    this.copy.store?.touch(this.copy)
  }
}
