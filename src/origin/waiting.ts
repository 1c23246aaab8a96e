import type { FetchFailure, OriginCall, OriginHandler, Traffic } from './contract.ts'
import type { Deadlines, Timed } from './deadlines.ts'
import { NO_TRAFFIC } from './meter.ts'

/** Somebody who waits for a connection to become free. */
export interface Waiter {
  /** One is free, or looks as if it were. */
  go(): void
  /** It took too long. */
  giveUp(): void
}

/** Those who wait for connections of a backend, in the order in which they came (.wait_limit, .wait_timeout). */
export class WaitingLine {
  private readonly deadlines: Deadlines
  private readonly expired: () => void
  private readonly places: Place[] = []

  /** `expired` is called for each who has waited in vain. */
  constructor(deadlines: Deadlines, expired: () => void) {
    this.deadlines = deadlines
    this.expired = expired
  }

  get length(): number {
    return this.places.length
  }

  /** Returns a function that leaves the line. */
  join(waiter: Waiter, timeout_ms: number): () => void {
    const place = new Place(waiter, (one) => this.expire(one))
    this.places.push(place)
    this.deadlines.add(place)
    this.deadlines.set(place, timeout_ms)
    return () => void this.leave(place)
  }

  /** The first one goes. */
  next(): void {
    const [first] = this.places
    if (first !== undefined && this.leave(first)) first.waiter.go()
  }

  private expire(place: Place): void {
    if (!this.leave(place)) return
    this.expired()
    place.waiter.giveUp()
  }

  /** False when it had left already. */
  private leave(place: Place): boolean {
    const i = this.places.indexOf(place)
    if (i < 0) return false
    this.places.splice(i, 1)
    this.deadlines.remove(place)
    return true
  }
}

class Place implements Timed {
  deadline_ms = Infinity
  slot = -1
  readonly waiter: Waiter
  private readonly expired: (place: Place) => void

  constructor(waiter: Waiter, expired: (place: Place) => void) {
    this.waiter = waiter
    this.expired = expired
  }

  expire(): void {
    this.expired(this)
  }
}

/** A fetch that waits for a connection, and then is the fetch that it waited for. */
export class WaitingCall implements OriginCall, Waiter, Traffic {
  private readonly begin: () => OriginCall | FetchFailure
  private readonly handler: OriginHandler
  private readonly failure: FetchFailure
  private call: OriginCall | undefined
  private paused = false
  private done = false
  leave = (): void => {}

  /** `failure` is what it comes to when it has waited in vain. */
  constructor(begin: () => OriginCall | FetchFailure, handler: OriginHandler, failure: FetchFailure) {
    this.begin = begin
    this.handler = handler
    this.failure = failure
  }

  go(): void {
    const begun = this.begin()
    if ('kind' in begun) return this.fail(begun)
    this.call = begun
    if (this.paused) begun.pause()
  }

  giveUp(): void {
    this.fail(this.failure)
  }

  private fail(failure: FetchFailure): void {
    this.done = true
    this.handler.onError(failure)
  }

  pause(): void {
    this.paused = true
    this.call?.pause()
  }

  resume(): void {
    this.paused = false
    this.call?.resume()
  }

  abort(): void {
    if (this.done) return
    this.done = true
    this.leave()
    this.call?.abort()
  }

  get traffic(): Traffic {
    return this
  }

  get sent_head_bytes(): number {
    return this.real.sent_head_bytes
  }
  get sent_body_bytes(): number {
    return this.real.sent_body_bytes
  }
  get received_head_bytes(): number {
    return this.real.received_head_bytes
  }
  get received_body_bytes(): number {
    return this.real.received_body_bytes
  }
  get recycled(): boolean {
    return this.real.recycled
  }

  private get real(): Traffic {
    return this.call?.traffic ?? NO_TRAFFIC
  }
}
