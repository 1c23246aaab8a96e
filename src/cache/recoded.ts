import type { Body, Cold, ObjectHead, Store, StoredObject } from '../store/contract.ts'

/** A stored object with its body in another coding: all else is the base's, but for what its head says of the bytes. */
export class RecodedObject implements StoredObject {
  readonly head: ObjectHead
  private readonly base: StoredObject
  private readonly copy: StoredObject

  constructor(base: StoredObject, copy: StoredObject, head: ObjectHead) {
    this.base = base
    this.copy = copy
    this.head = head
  }

  get body(): Body {
    return this.copy.body
  }

  get store(): Store | undefined {
    return this.copy.store
  }

  get hits(): number {
    return this.base.hits
  }

  set hits(hits: number) {
    this.base.hits = hits
  }

  get lastHit_ms(): number {
    return this.base.lastHit_ms
  }

  set lastHit_ms(wall_ms: number) {
    this.base.lastHit_ms = wall_ms
  }

  get place(): unknown {
    return this.base.place
  }

  set place(place: unknown) {
    this.base.place = place
  }

  get checked(): number {
    return this.base.checked
  }

  recheck(): number {
    return this.base.recheck()
  }

  raise(serial: number): void {
    this.base.raise(serial)
  }

  get live(): boolean {
    return this.base.live && this.copy.live
  }

  /** The copy alone: the base was found a moment ago. */
  get isThere(): boolean {
    return this.copy.live
  }

  /** Of the copy: that it was used. */
  touch(): void {
    this.copy.store?.touch(this.copy)
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
}
