import { Fields } from '../http/fields.ts'
import type { StorablePart } from '../policy/content-range.ts'
import { decodeParts, encodeParts, withPart, type PartList, type StoredPart } from '../policy/parts.ts'
import type { Body, ObjectHead, Store, StoredObject } from '../store/contract.ts'
import type { FetchBegun } from './begun.ts'
import { LooseObject } from './loose.ts'
import { PartialObject } from './partial.ts'

/**
 * Parts of representations in the store. Under the id of the variant there is a manifest: the head of the whole, with OBJ_PARTIAL, and for a body
 * the list of the parts. Each part is an object under an id of its own, with a name that only a manifest knows: parts are never found by
 * themselves, and when the manifest has left nobody finds them. One that was evicted is missing from what `view` shows.
 */
export class Partials {
  private readonly store: Store

  constructor(store: Store) {
    this.store = store
  }

  /** What there is; undefined when the manifest cannot be read. Unless it `waits` for the disk, the store's `cold` may be set afterwards. */
  view(key: string, manifest: StoredObject, waits: boolean): PartialObject | undefined {
    const list = decodeParts(textOf(manifest.body))
    if (list === undefined) return undefined
    const parts: StoredPart[] = []
    const bodies: Body[] = []
    for (const part of list.parts) {
      const id = partId(key, part)
      const object = waits ? this.store.find(id) : this.store.seek(id)
      if (this.store.cold !== undefined) return undefined
      if (object === undefined || object.body.expected_bytes !== part.to - part.from + 1) continue
      this.store.touch(object)
      parts.push(part)
      bodies.push(object.body)
    }
    return new PartialObject(manifest, { ...list, parts }, bodies)
  }

  /** Opens one part more, and makes the list that a manifest is to tell. `base`: the parts that it joins. */
  open(
    key: string,
    head: ObjectHead,
    { from, to, length_bytes, exact }: StorablePart,
    base: PartialObject | undefined,
    begun: FetchBegun,
  ): NewPart {
    const part: StoredPart = { from, to, era: `${head.xid}-${head.t_origin_ms}` }
    const size_bytes = to - from + 1
    const object = this.store.open(partId(key, part), headOfPart(head), size_bytes, begun.into, begun.serial)
    const list = withPart(base?.list ?? { length_bytes, exact, parts: [] }, part)
    return new NewPart(this.store, key, list, part, object, object?.body ?? this.store.transit(size_bytes), base)
  }

  /** The parts of a manifest that has left, too: their room is for others. */
  discard(key: string, manifest: StoredObject): void {
    for (const part of decodeParts(textOf(manifest.body))?.parts ?? []) this.store.discard(partId(key, part))
  }
}

/** A part that is about to be filled, and the manifest to be written for it. */
export class NewPart {
  readonly key: string
  readonly table: Buffer
  readonly list: PartList
  /** False: there was no room for it. */
  readonly kept: boolean
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
  ) {
    this.store = store
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
    const bodies = this.list.parts.map((part) => (part === this.part ? this.body : this.bodyOf(part)))
    return new PartialObject(manifest ?? new LooseObject(head, this.body, undefined, serial), this.list, bodies, this.body)
  }

  private bodyOf(part: StoredPart): Body {
    const at = this.base?.list.parts.indexOf(part) ?? -1
    if (this.base === undefined || at < 0) throw new Error('a part of the list is new, or the base has it')
    return this.base.bodies[at]
  }
}

function partId(key: string, { era, from, to }: StoredPart): string {
  return `R${era}\n${from}-${to}\n${key}`
}

/** No response's: it says nothing of itself, and lives as long as the manifest that was written with it. */
function headOfPart({ xid, t_origin_ms, ttl_ms, grace_ms, keep_ms }: ObjectHead): ObjectHead {
  return {
    xid,
    status: 0,
    reason: '',
    fields: new Fields(),
    t_origin_ms,
    ttl_ms,
    grace_ms,
    keep_ms,
    flags: 0,
    validatable: false,
    headText: '',
  }
}

/** '' for what is not all there: it is still being written, by another worker, or lies on a disk. */
function textOf(body: Body): string {
  const { whole } = body
  return whole === undefined ? '' : whole.toString('latin1')
}
