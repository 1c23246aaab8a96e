import type { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/message.ts'
import { clientNotModified } from '../policy/conditional.ts'
import { missingOfAll, type PartList, type StoredPart } from '../policy/parts.ts'
import type { Policy } from '../policy/policy.ts'
import type { ByteRange } from '../policy/range-set.ts'
import { rangesFor } from '../policy/ranges.ts'
import type { Body, ObjectHead, Store, StoredObject } from '../store/contract.ts'
import { SparseBody } from '../store/sparse-body.ts'
import { StandIn } from './stand-in.ts'

/**
 * A representation of which parts are stored (RFC 9111 section 3.3), as it was found: to whoever delivers, a 200 whose body has gaps. What is in
 * the store under the key is its `manifest`, which tells the parts; they are objects of their own.
 */
export class PartialObject extends StandIn {
  readonly body: SparseBody
  /** What the manifest tells. */
  readonly list: PartList
  /** What was found of it, and looked for: what concerns the request. */
  readonly parts: readonly StoredPart[]
  readonly bodies: readonly Body[]
  readonly cold = undefined
  readonly unread = undefined
  /** The part that is being filled by whoever has just stored it. */
  readonly filling: Body | undefined

  constructor(manifest: StoredObject, list: PartList, parts: readonly StoredPart[], bodies: readonly Body[], filling?: Body) {
    super(manifest)
    this.list = list
    this.parts = parts
    this.bodies = bodies
    this.filling = filling
    this.body = new SparseBody(list.length_bytes, parts, bodies)
  }

  /** See `missingFor`. */
  missing(policy: Policy, req: RequestHead): ByteRange | undefined {
    return missingFor(policy, req, this.list, this.parts, this.head.fields)
  }

  serves(policy: Policy, req: RequestHead): boolean {
    return this.missing(policy, req) === undefined
  }

  /** The same parts under what the manifest has become. */
  under(manifest: StoredObject): PartialObject {
    return new PartialObject(manifest, this.list, this.parts, this.bodies)
  }

  get manifest(): StoredObject {
    return this.base
  }
  get head(): ObjectHead {
    return this.base.head
  }
  get store(): Store | undefined {
    return this.base.store
  }
  get live(): boolean {
    return this.base.live
  }
  get size_bytes(): number {
    return this.base.size_bytes
  }
}

/**
 * From the first to the last byte that this request needs and that is not among the parts; undefined when it can be answered: with what it asked
 * for, with a 416, or with a 304. `fields` are the representation's.
 */
export function missingFor(
  policy: Policy,
  req: RequestHead,
  { exact, length_bytes }: PartList,
  parts: readonly ByteRange[],
  fields: Fields,
): ByteRange | undefined {
  if (clientNotModified(req.fields, 200, fields)) return undefined
  const whole = { from: 0, to: length_bytes - 1 }
  const wanted = rangesFor(policy, req, length_bytes, fields)
  if (wanted === 'unsatisfiable') return exact ? undefined : whole
  if (wanted !== 'whole') return missingOfAll(parts, wanted)
  return exact ? missingOfAll(parts, [whole]) : whole
}
