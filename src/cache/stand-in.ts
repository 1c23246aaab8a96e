import type { Body, Cold, ObjectHead, Store, StoredObject } from '../store/contract.ts'

/** An object that is shown in place of a stored one: who counts, files and judges it does that with the stored one. */
export abstract class StandIn implements StoredObject {
  protected readonly base: StoredObject
  abstract readonly head: ObjectHead
  abstract readonly body: Body
  abstract readonly store: Store | undefined
  abstract readonly live: boolean
  abstract readonly cold: Cold | undefined
  abstract readonly unread: Cold | undefined
  abstract readonly size_bytes: number

  constructor(base: StoredObject) {
    this.base = base
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
}
