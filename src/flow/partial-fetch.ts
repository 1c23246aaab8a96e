import type { Busy } from '../cache/busy.ts'
import type { FetchBegun } from '../cache/begun.ts'
import { LooseObject } from '../cache/loose.ts'
import { missingFor, PartialObject } from '../cache/partial.ts'
import { Fields } from '../http/fields.ts'
import { RequestHead, type ResponseHead } from '../http/message.ts'
import { reasonPhrase } from '../http/status.ts'
import { dropConditions, freshen } from '../policy/conditional.ts'
import { partOf, type StorablePart } from '../policy/content-range.ts'
import { OBJ_PARTIAL } from '../policy/flags.ts'
import type { InitialAnswers } from '../policy/initial.ts'
import { withPart } from '../policy/parts.ts'
import type { ByteRange } from '../policy/range-set.ts'
import { rangeToForward } from '../policy/ranges.ts'
import { sameStrongValidator, strongValidator } from '../policy/strong.ts'
import { responseControl } from '../policy/targeted.ts'
import type { StoredObject } from '../store/contract.ts'
import type { BackendState } from './backend-state.ts'
import { prepareBereq } from './bereq.ts'
import type { Environment } from './environment.ts'
import { headToStore, objectHead } from './object-head.ts'
import type { Stale } from './stale.ts'

/** What a response is to a fetch that may have asked for a part. */
export const HEARD = {
  /** To go on with. If it is a part, `PartialFetch.part` says which. */
  fine: 0,
  /** For the one who asked, and not to be stored: what is right for his range is right for no other. */
  alone: 1,
  /** Of no use for what was missing: the whole is to be asked for. */
  again: 2,
} as const
export type Heard = (typeof HEARD)[keyof typeof HEARD]

/** Of those that no range concerns. */
const NO_WISH = new RequestHead()

/** What a fetch does about ranges: which it asks for, and what becomes of the part that it gets (RFC 9111 sections 3.3 and 3.4). */
export class PartialFetch {
  /** What the client wants, before the request became one for the store. */
  wish: Readonly<RequestHead> = NO_WISH
  /** What the response brings, when that is a part to be stored. */
  part: StorablePart | undefined
  private readonly env: Environment
  /** What is stored of it. */
  private view: PartialObject | undefined
  /** The Range that the request has got. */
  private asked: string | undefined
  /** Something is missing: the request has no conditions, and no 304 can answer it. */
  private lacking = false
  /** The Range is for what is missing, and not the client's own. */
  private own = false
  /** What is stored and joins the part. */
  private base: PartialObject | undefined
  /** What has come says nothing of what comes to who asks for another range. */
  particular = false

  constructor(env: Environment, stored: StoredObject | undefined) {
    this.env = env
    this.view = stored instanceof PartialObject ? stored : undefined
  }

  /** Makes `bereq`, a copy of the client's request, the origin's. `alone`: the response is hardly for sharing. */
  prepare(bereq: RequestHead, around: boolean, stale: Stale, alone: boolean): void {
    const ranged =
      !around && bereq.method !== 'QUERY' && this.env.policy.ranges === 'rfc' && (this.view !== undefined || bereq.fields.has('range'))
    if (ranged) this.wish = copyOf(bereq)
    prepareBereq(bereq, around, stale, !this.env.policy.decidesStorage && this.env.params.http_gzip_support)
    if (!ranged) return
    this.asked = this.view === undefined ? this.forwarded(alone) : this.toComplete(this.view, bereq.fields)
    if (this.asked !== undefined) bereq.fields.set('Range', this.asked)
  }

  private forwarded(alone: boolean): string | undefined {
    return rangeToForward(this.wish, alone ? 0 : this.env.params.range_offset_limit)
  }

  /** The Range for what is missing: with a strong validator the origin sends that only if it belongs to what is stored. */
  private toComplete(view: PartialObject, fields: Fields): string | undefined {
    const missing = view.missing(this.env.policy, this.wish)
    const theirs = rangeToForward(this.wish, 0)
    // It is to be validated: if it is no longer good, a part of what there is now.
    if (missing === undefined) return theirs
    this.lacking = true
    dropConditions(fields)
    const { exact, length_bytes } = view.list
    const validator = strongValidator(view.head.fields)
    // What cannot be combined is no help to whoever wants a range. To whom wants the whole the origin may yet answer 200.
    if (!exact || (validator === undefined && theirs !== undefined) || isAll(missing, length_bytes)) return theirs
    this.own = true
    if (validator !== undefined) fields.set('If-Range', validator)
    return `bytes=${missing.from}-${missing.to === length_bytes - 1 ? '' : missing.to}`
  }

  /** What has come. `sent_bytes`: its Content-Length, -1 for none. */
  hear(beresp: ResponseHead, bereq: RequestHead, around: boolean, sent_bytes: number): Heard {
    this.part = this.base = undefined
    const { policy } = this.env
    const { status } = beresp
    const sent = bereq.fields.get('range')
    this.particular = false
    if (status === 206 && policy.decidesStorage && (around || policy.ranges === 'off')) return HEARD.alone
    if (around || policy.ranges !== 'rfc') return HEARD.fine
    if (status === 304 && this.lacking) return HEARD.again
    if (status === 416 && sent !== undefined) return this.ofNoUse(sent)
    return status === 206 ? this.hearPart(beresp.fields, sent, sent_bytes) : HEARD.fine
  }

  private hearPart(fields: Fields, sent: string | undefined, sent_bytes: number): Heard {
    const { policy } = this.env
    // Nobody has asked for it, or rules have for another, and know what for.
    if (sent !== this.asked || (sent === undefined && !this.wish.fields.has('range'))) return HEARD.alone
    const part = partOf(fields, sent_bytes)
    if (part === undefined || responseControl(policy.targets, fields).unshared.length > 0) return this.ofNoUse(sent)
    if (this.joins(part, fields)) this.base = this.view
    if (this.own && !this.suffices(part)) return HEARD.again
    this.part = part
    return HEARD.fine
  }

  private ofNoUse(sent: string | undefined): Heard {
    this.particular = sent !== undefined && sent === this.asked
    return this.own ? HEARD.again : HEARD.alone
  }

  /** Section 3.4: the same strong validator, or it is another representation. */
  private joins(part: StorablePart, fields: Fields): boolean {
    const { view } = this
    if (view === undefined || !view.live || !part.exact || !view.list.exact) return false
    return view.list.length_bytes === part.length_bytes && sameStrongValidator(view.head.fields, fields)
  }

  private suffices(part: StorablePart): boolean {
    const { base, env, wish } = this
    if (base === undefined) return false
    const { parts } = withPart({ ...base.list, parts: base.parts }, { ...part, era: '' })
    return missingFor(env.policy, wish, base.list, parts, base.head.fields) === undefined
  }

  /** Rules have had their say, and it is not to be stored. True: of what was stored nothing is left to go with it. */
  get isUseless(): boolean {
    return this.part !== undefined && this.own
  }

  /**
   * Stores the part, under the head that the whole has now. `beresp` becomes that. Yields the object, and what its owner gets: a part that is
   * not what was asked for speaks for itself (RFC 9110 section 15.3.7).
   */
  store(
    fetch: BackendState & FetchBegun,
    part: StorablePart,
    settled: InitialAnswers,
    busy: Busy | undefined,
  ): [PartialObject, StoredObject] {
    const { env, beresp, bereq, key } = fetch
    const received = objectHead(env.policy, fetch.bereq_xid, beresp, settled, false)
    becomeWhole(beresp, this.base)
    const head = headToStore(fetch, settled)
    head.flags |= OBJ_PARTIAL
    const opened = env.cache.partials.open(key, head, part, this.base, this.own, fetch)
    const object = env.cache.insertPart(bereq, opened, head, busy, fetch)
    // What contradicts itself is passed on as it is. What was fetched for what was missing is never shown by itself.
    const suffices = this.own || (part.exact && object.serves(env.policy, this.wish))
    return [object, suffices ? object : new LooseObject(received, object.filling ?? object.body, object.store)]
  }

  /** The whole is asked for after all. */
  giveUp(): void {
    this.asked = this.view = this.base = this.part = undefined
    this.own = this.lacking = false
  }
}

function copyOf(head: RequestHead): RequestHead {
  const copy = new RequestHead()
  copy.copyFrom(head)
  return copy
}

function isAll({ from, to }: ByteRange, length_bytes: number): boolean {
  return from === 0 && to === length_bytes - 1
}

/** A 206 becomes the 200 of which it is a part: of what was stored of it before the fields stay that it does not have (RFC 9111 section 3.4). */
function becomeWhole(beresp: ResponseHead, base: PartialObject | undefined): void {
  if (base !== undefined) {
    const merged = new Fields()
    merged.copyFrom(base.head.fields)
    freshen(merged, beresp.fields)
    beresp.fields.copyFrom(merged)
  }
  beresp.fields.delete('content-range')
  beresp.status = 200
  beresp.reason = reasonPhrase(200)
}
