import type { RequestHead } from '../http/message.ts'
import type { StorablePart } from '../policy/content-range.ts'
import { decodeParts, encodeParts, needless, withPart, type PartList, type StoredPart } from '../policy/parts.ts'
import type { Policy } from '../policy/policy.ts'
import type { ByteRange } from '../policy/range-set.ts'
import { rangesFor } from '../policy/ranges.ts'
import type { StoreRefusal } from '../policy/storable.ts'
import type { Body, ObjectHead, Store, StoredObject } from '../store/contract.ts'
import { refusalBy } from './admission.ts'
import type { FetchBegun } from './begun.ts'
import { LooseObject } from './loose.ts'
import { headBeside } from './note.ts'
import { PartialObject } from './partial.ts'

/** A part that comes next to a stored one is stored with it as one, when both are no more than this: who reads piece by piece makes no thousand parts. */
const JOINED_MAX_BYTES = 1024 * 1024

/**
 * Parts of representations in the store. Under the id of the variant there is a manifest: the head of the whole, with OBJ_PARTIAL, and for a body
 * the list of the parts. Each part is an object under an id of its own, with a name that only a manifest knows: parts are never found by
 * themselves, and when the manifest has left nobody finds them. One that was evicted is missing from what `view` shows.
 */
export class Partials {
  private readonly store: Store
  private readonly policy: Policy
  /** Of manifests that this worker has looked at. The body of an object does not change. */
  private readonly lists = new WeakMap<StoredObject, PartList>()

  constructor(store: Store, policy: Policy) {
    this.store = store
    this.policy = policy
  }

  /**
   * What there is of what the request needs; undefined when the manifest cannot be read. Unless it `waits` for the disk, the store's `cold` may be
   * set afterwards.
   */
  view(key: string, manifest: StoredObject, req: RequestHead, waits: boolean): PartialObject | undefined {
    const list = this.listOf(manifest)
    if (list === undefined) return undefined
    const wanted = rangesFor(this.policy, req, list.length_bytes, manifest.head.fields)
    const parts: StoredPart[] = []
    const bodies: Body[] = []
    const gone = new Set<StoredPart>()
    for (const part of list.parts) {
      if (typeof wanted !== 'string' && !wanted.some((range) => touches(part, range))) continue
      const body = this.bodyOf(key, part, waits)
      if (this.store.cold !== undefined) return undefined
      if (body === undefined) {
        gone.add(part)
        continue
      }
      parts.push(part)
      bodies.push(body)
    }
    const left = gone.size === 0 ? list : { ...list, parts: list.parts.filter((part) => !gone.has(part)) }
    const found = new PartialObject(manifest, left, parts, bodies)
    // Nothing is completed then.
    return this.policy.ranges === 'rfc' || found.serves(this.policy, req) ? found : undefined
  }

  /**
   * Opens one part more, and makes the list that a manifest is to tell. `base`: the parts that it joins; with `joins` it may begin with the bytes
   * of the one before it.
   */
  open(key: string, head: ObjectHead, came: StorablePart, base: PartialObject | undefined, joins: boolean, begun: FetchBegun): NewPart {
    const before = base !== undefined && joins ? prefixFor(came, base) : []
    const joined = before.length === 0 ? undefined : this.place(key, head, came, came.from - lengthOf(before), begun)
    for (const piece of before) joined?.object?.body.append(piece)
    const { part, object, refusal } = joined?.object === undefined ? this.place(key, head, came, came.from, begun) : joined
    const { length_bytes, exact } = came
    const list = withPart(base === undefined ? { length_bytes, exact, parts: [] } : this.tidied(key, base), part)
    return new NewPart(this.store, key, list, part, object, object?.body ?? this.store.transit(part.to - part.from + 1), base, refusal)
  }

  /** The list without what has become part of a larger part since: not before all of that had come. */
  private tidied(key: string, { list, parts, bodies }: PartialObject): PartList {
    const needed = new Set(list.parts)
    for (const part of needless(
      list.parts,
      parts.filter((_, i) => bodies[i].state === 'complete'),
    )) {
      needed.delete(part)
      this.store.discard(partId(key, part))
    }
    return { ...list, parts: [...needed] }
  }

  private place(key: string, head: ObjectHead, { to }: ByteRange, from: number, begun: FetchBegun) {
    const part: StoredPart = { from, to, era: `${head.xid}-${head.t_origin_ms}` }
    const id = partId(key, part)
    const beside = { ...headBeside(head), xid: head.xid }
    const bytes = to - from + 1
    const object = this.store.open(id, beside, bytes, begun.into, begun.serial)
    const refusal: StoreRefusal | '' = object === undefined ? refusalBy(begun.into, id, beside, bytes) : ''
    return { part, object, refusal }
  }

  /** The parts of a manifest that has left, too: their room is for others. */
  discard(key: string, manifest: StoredObject): void {
    for (const part of this.listOf(manifest)?.parts ?? []) this.store.discard(partId(key, part))
  }

  private listOf(manifest: StoredObject): PartList | undefined {
    const known = this.lists.get(manifest)
    if (known !== undefined) return known
    const list = decodeParts(textOf(manifest.body))
    if (list !== undefined) this.lists.set(manifest, list)
    return list
  }

  private bodyOf(key: string, part: StoredPart, waits: boolean): Body | undefined {
    const id = partId(key, part)
    const object = waits ? this.store.find(id) : this.store.seek(id)
    if (object === undefined || object.body.expected_bytes !== part.to - part.from + 1) return undefined
    this.store.touch(object)
    return object.body
  }
}

function touches(part: ByteRange, range: ByteRange): boolean {
  // One that ends right before it may be joined to what is fetched.
  return part.from <= range.to && part.to + 1 >= range.from
}

/** Bytes of a stored part that end where the new one begins, as far back as that part goes; none when that is too much, or not all in memory. */
function prefixFor({ from, to }: ByteRange, { parts, bodies }: PartialObject): Buffer[] {
  const i = parts.findIndex((part) => part.from < from && part.to >= from - 1 && part.to < to)
  if (i < 0 || to - parts[i].from >= JOINED_MAX_BYTES) return []
  const wanted_bytes = from - parts[i].from
  const reader = bodies[i].read(0)
  const pieces: Buffer[] = []
  let left = wanted_bytes
  for (let piece = reader.next(); piece !== undefined && left > 0; piece = reader.next()) {
    pieces.push(Buffer.from(piece.subarray(0, left)))
    left -= pieces[pieces.length - 1].length
  }
  reader.release()
  return left === 0 ? pieces : []
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

/** A part that is about to be filled, and the manifest to be written for it. */
export class NewPart {
  readonly key: string
  readonly table: Buffer
  readonly list: PartList
  /** False: there was no room for it. */
  readonly kept: boolean
  /** Why not; '' when there was. */
  readonly refusal: StoreRefusal | ''
  private readonly store: Store
  private readonly part: StoredPart
  private readonly object: StoredObject | undefined
  private readonly body: Body
  private readonly base: PartialObject | undefined

  constructor(
    store: Store,
    key: string,
    list: PartList,
    part: StoredPart,
    object: StoredObject | undefined,
    body: Body,
    base: PartialObject | undefined,
    refusal: StoreRefusal | '',
  ) {
    this.store = store
    this.refusal = refusal
    this.key = key
    this.list = list
    this.part = part
    this.object = object
    this.body = body
    this.base = base
    this.kept = object !== undefined
    this.table = Buffer.from(encodeParts(list), 'latin1')
  }

  /** Under a manifest, or for those who wait for it only. */
  file(manifest: StoredObject | undefined, head: ObjectHead, serial: number): PartialObject {
    manifest?.body.append(this.table)
    manifest?.body.complete()
    // Nobody would find it.
    if (manifest === undefined && this.object !== undefined) this.store.remove(this.object)
    const parts: StoredPart[] = []
    const bodies: Body[] = []
    for (const part of this.list.parts) {
      const body = part === this.part ? this.body : this.bodyOf(part)
      if (body === undefined) continue
      parts.push(part)
      bodies.push(body)
    }
    return new PartialObject(manifest ?? new LooseObject(head, this.body, undefined, serial), this.list, parts, bodies, this.body)
  }

  /** Of those that the base has found. */
  private bodyOf(part: StoredPart): Body | undefined {
    const { base } = this
    return base?.bodies[base.parts.indexOf(part)]
  }
}

function partId(key: string, { era, from, to }: StoredPart): string {
  return `R${era}\n${from}-${to}\n${key}`
}

/** '' for what is not all there: it is still being written, by another worker, or lies on a disk. */
function textOf(body: Body): string {
  const { whole } = body
  return whole === undefined ? '' : whole.toString('latin1')
}
