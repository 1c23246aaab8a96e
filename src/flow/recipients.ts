import type { Busy } from '../cache/busy.ts'
import type { Cache } from '../cache/cache.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead, ResponseHead } from '../http/message.ts'
import type { Forwarded } from '../policy/cache-status.ts'
import type { StoredObject } from '../store/contract.ts'
import type { Intake } from './intake.ts'

/** Who asked for the response of a fetch; none for a background fetch. */
export interface FetchOwner {
  /** Content-Length of a response to HEAD. */
  announced_bytes: number
  /** The object is about to be handed out: take a reader. */
  take(object: StoredObject): void
  fetched(): void
  notFetched(status: number, reason: string): void
  informational(status: number, reason: string, fields: Fields): void
  /** The response's head is in. `replaced`: it is about to be stored in place of what was there for its URL. */
  answered(head: ResponseHead, replaced: boolean): void
  /** The body of the request has gone out, or broke on its way in. */
  bodySent(): void
}

/** How long those who waited for a fetch that rules abandoned do not wait for one another. */
const SCATTERED_MS = 1000

/** Who gets what a fetch brings: the request that caused it, and those who wait on its busy object. */
export class Recipients {
  private readonly cache: Cache
  private owner: FetchOwner | undefined
  private busy: Busy | undefined
  private readonly forwarded: Forwarded

  constructor(cache: Cache, owner: FetchOwner | undefined, busy: Busy | undefined, forwarded: Forwarded) {
    this.cache = cache
    this.owner = owner
    this.busy = busy
    this.forwarded = forwarded
    if (busy !== undefined) busy.came = forwarded
  }

  informational(status: number, reason: string, fields: Fields): void {
    this.owner?.informational(status, reason, fields)
  }

  answered(head: ResponseHead, replaced: boolean): void {
    this.owner?.answered(head, replaced)
  }

  bodySent(): void {
    this.owner?.bodySent()
  }

  /** The owner's response, before any of its bytes are consumed. */
  give(object: StoredObject, stored = false): void {
    this.forwarded.stored = stored
    this.owner?.take(object)
  }

  /** To the owner and to those who wait and for whom it will do: an error or a stale object in place of a response. */
  giveAll(object: StoredObject, willDo: (req: RequestHead) => boolean, detail = ''): void {
    this.forwarded.detail = detail
    this.give(object)
    const busy = this.takeBusy()
    if (busy !== undefined) this.cache.fail(busy, object, willDo)
  }

  /** The right to fetch, to be ended by the cache. */
  takeBusy(): Busy | undefined {
    const { busy } = this
    this.busy = undefined
    return busy
  }

  /** The response is there. */
  tellOwner(announced_bytes: number): void {
    const { owner } = this
    this.owner = undefined
    if (owner === undefined) return
    owner.announced_bytes = announced_bytes
    owner.fetched()
  }

  /** There is no response: the owner makes one of his own. */
  disappoint(status: number, reason: string): void {
    const { owner } = this
    this.owner = undefined
    owner?.notFetched(status, reason)
  }

  /** No response, and no telling whether the next request gets one: who waited fetches side by side, not one after the other. */
  scatter(key: string, req: RequestHead, xid: number): void {
    if (this.busy === undefined || this.busy.count < 2) return
    this.cache.mark(key, req, this.takeBusy(), SCATTERED_MS, false, xid)
  }

  releaseWaiters(): void {
    const busy = this.takeBusy()
    if (busy !== undefined) this.cache.abandon(busy)
  }

  ownerLeft(): void {
    this.owner = undefined
  }
}

/** To the owner first, who takes a reader of a body that must not be left without one. */
export function handOver(recipients: Recipients, intake: Intake | undefined, announced_bytes: number): void {
  recipients.tellOwner(announced_bytes)
  intake?.letGo()
}
