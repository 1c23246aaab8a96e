import type { Fields } from '../http/fields.ts'
import type { StoredObject } from '../store/contract.ts'
import { variantKey } from '../policy/vary.ts'
import type { Busy } from './busy.ts'

/** Most Vary specifications remembered for one key; an origin that keeps changing its Vary loses the oldest variants. */
const SPECS_MAX = 4

/** What a key leads to for one combination of the request fields its Vary names (RFC 9111 section 4.1). */
export class Variant {
  readonly entry: Entry
  readonly key: string
  object: StoredObject | undefined
  /** For Expiry. */
  due_ms = 0
  /** Hit-for-miss or hit-for-pass: wall time until which it holds, 0 = none. */
  marker_until_ms = 0
  marker_pass = false
  /** Transaction of the fetch that left it. */
  marker_xid = 0
  /** The fetch under way for it, of which there is at most one (others wait). */
  busy: Busy | undefined

  constructor(entry: Entry, key: string) {
    this.entry = entry
    this.key = key
  }

  marked(now_ms: number): boolean {
    return this.marker_until_ms > now_ms
  }

  get vacant(): boolean {
    return this.object === undefined && this.busy === undefined && this.marker_until_ms === 0
  }
}

/**
 * One primary key (what vcl_hash made). Its variants are found by a second key built from the request, so that the
 * number of variants never makes a lookup slower: no list is scanned.
 */
export class Entry {
  readonly key: string
  /** Normalised Vary specifications seen, newest first; '' is a response without Vary. */
  private readonly specs: string[] = []
  private readonly variants = new Map<string, Variant>()

  constructor(key: string) {
    this.key = key
  }

  /** The variant this request selects: of several, the one whose response is the most recent (RFC 9111 section 4). */
  select(fields: Fields): Variant | undefined {
    const specs = this.specs
    if (specs.length <= 1) return this.variants.get(secondaryKey(specs.length === 0 ? '' : specs[0], fields))
    let best: Variant | undefined
    for (let i = 0; i < specs.length; i++) best = fresher(best, this.variants.get(secondaryKey(specs[i], fields)))
    return best
  }

  /** hash_ignore_vary: whichever variant has the most recent object. */
  selectAny(): Variant | undefined {
    let best: Variant | undefined
    for (const variant of this.variants.values()) best = fresher(best, variant)
    return best
  }

  /** The variant under the newest specification, made when missing: where a fetch for this request is announced. */
  claim(fields: Fields): Variant {
    return this.variant(secondaryKey(this.specs.length === 0 ? '' : this.specs[0], fields))
  }

  /** The variant for a response with this Vary to this request. */
  place(spec: string, fields: Fields): Variant {
    this.remember(spec)
    return this.variant(secondaryKey(spec, fields))
  }

  drop(variant: Variant): void {
    if (variant.vacant) this.variants.delete(variant.key)
  }

  get empty(): boolean {
    return this.variants.size === 0
  }

  all(): Iterable<Variant> {
    return this.variants.values()
  }

  private variant(key: string): Variant {
    let variant = this.variants.get(key)
    if (variant === undefined) this.variants.set(key, (variant = new Variant(this, key)))
    return variant
  }

  private remember(spec: string): void {
    const at = this.specs.indexOf(spec)
    if (at === 0) return
    if (at > 0) this.specs.splice(at, 1)
    this.specs.unshift(spec)
    if (this.specs.length > SPECS_MAX) this.specs.pop()
  }
}

/** "" for a response without Vary, else the names and this request's values for them. */
export function secondaryKey(spec: string, fields: Fields): string {
  return spec === '' ? '' : spec + '\n' + variantKey(spec, fields)
}

function fresher(a: Variant | undefined, b: Variant | undefined): Variant | undefined {
  if (a === undefined) return b
  if (b === undefined) return a
  if (b.object === undefined) return a.object === undefined && a.busy === undefined ? b : a
  return a.object === undefined || b.object.head.t_origin_ms > a.object.head.t_origin_ms ? b : a
}
