import type { Clock } from '../base/clock.ts'
import type { FairTurns } from '../base/fair-turns.ts'
import type { FlowEntry } from '../flow/client.ts'
import { RequestHead } from '../http/message.ts'
import { RequestParser } from '../http/parse.ts'
import type { SendRing } from '../shm/send-ring.ts'
import type { ConnectionLimits } from './limits.ts'
import type { ConnectionObserver } from './observer.ts'
import { ProxyHeader } from './proxy-protocol.ts'
import { Scratch } from './response-writer.ts'
import { Sweep } from './sweep.ts'

export interface Http1Parts {
  readonly flow: FlowEntry
  readonly observer: ConnectionObserver
  readonly clock: Clock
  /** Of connections with more requests at hand than they may have answered at once. */
  readonly turns: FairTurns
  /** Read whenever they are needed: may be parameters that change while we run. */
  readonly limits: ConnectionLimits
  /** Next session transaction id. */
  nextXid(): number
  /** Where answers that leave together leave in one system call; undefined: each in its own. */
  readonly ring?: SendRing | undefined
}

/** Heads kept for reuse: as many as there are requests under way, in practice. */
const SPARE_HEADS_MAX = 256

/** What all connections of a worker share. */
export class Http1Context {
  readonly flow: FlowEntry
  readonly observer: ConnectionObserver
  readonly clock: Clock
  readonly turns: FairTurns
  readonly sweep: Sweep
  readonly scratch: Scratch
  readonly proxyHeader = new ProxyHeader()
  readonly nextXid: () => number
  readonly limits: ConnectionLimits
  readonly parser: RequestParser
  /** Requests under way are finished, nothing else is begun. */
  draining = false
  /** An idle connection holds no head; those of requests under way are lent from here. */
  private readonly spare: RequestHead[] = []

  constructor(parts: Http1Parts) {
    this.flow = parts.flow
    this.observer = parts.observer
    this.clock = parts.clock
    this.turns = parts.turns
    this.nextXid = () => parts.nextXid()
    this.sweep = new Sweep(parts.clock)
    this.scratch = new Scratch(parts.ring)
    this.limits = parts.limits
    this.parser = new RequestParser(parts.limits)
  }

  takeHead(): RequestHead {
    return this.spare.pop() ?? new RequestHead()
  }

  giveHead(head: RequestHead): void {
    if (this.spare.length < SPARE_HEADS_MAX) this.spare.push(head)
  }
}
