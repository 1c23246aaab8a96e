import type { Fields } from '../http/fields.ts'
import type { ObjectHead, Store, StoredObject } from '../store/contract.ts'
import { FWD, type Fwd } from '../policy/cache-status.ts'
import { isWeak } from '../policy/conditional.ts'
import { contentLanguage, preferredLanguage } from '../policy/language.ts'
import { OBJ_PARTIAL } from '../policy/flags.ts'
import { languageKey, variantKey } from '../policy/vary.ts'
import type { Busy } from './busy.ts'
import { eraOf, isNote, leadHead, listedIn, listHead, noteHead, specsOf, withSpec } from './note.ts'

/** Variants of one key that a worker remembers; the store may hold more. */
const VARIANTS_MAX = 256

/** What a key leads to for one combination of the request fields its Vary names (RFC 9111 section 4.1). */
export class Variant {
  readonly entry: Entry
  readonly key: string
  /** As last found; `live` tells whether it still is. */
  object: StoredObject | undefined
  /** Hit-for-miss or hit-for-pass: wall time until which it holds, 0 = none. */
  marker_until_ms = 0
  marker_pass = false
  /** Transaction of the fetch that left it. */
  marker_xid = 0
  /** The count of purges when it was left: a purge by another worker voids it. */
  marker_purges = 0
  /** The fetch under way for it, of which there is at most one (others wait). */
  busy: Busy | undefined

  constructor(entry: Entry, key: string) {
    this.entry = entry
    this.key = key
  }

  get vacant(): boolean {
    return this.busy === undefined && this.marker_until_ms === 0 && (this.object === undefined || !this.object.live)
  }
}

/**
 * What a worker remembers of one primary key (what vcl_hash made): where the store has its objects. Variants are found
 * by a second key built from the request, so that their number never makes a lookup slower: no list is scanned.
 */
export class Entry {
  readonly key: string
  /** Of the key: `Claims.hash`. */
  readonly hash: number
  /** Of `Keys`. */
  chained: Entry | undefined = undefined
  /** What the store has under the key itself when its responses vary. */
  note: StoredObject | undefined = undefined
  /** Fetches under way for its variants. */
  busies = 0
  /** It is to be found again, until others are used more recently. */
  remembered = false
  private era = ''
  private specs: readonly string[] = PLAIN
  private readonly store: Store
  private readonly by_meaning: boolean
  /** The variant without Vary: all there is of most keys. */
  private plain: Variant | undefined = undefined
  /** The others, by their second key. */
  private varying: Map<string, Variant> | undefined = undefined

  constructor(key: string, hash: number, store: Store, by_meaning: boolean) {
    this.key = key
    this.hash = hash
    this.store = store
    this.by_meaning = by_meaning
  }

  /**
   * Learns what others have made of the key since. One look at the object or note it knows, when that is still there. Unless it
   * `waits` for the disk, the store's `cold` may be set afterwards, and nothing is known.
   */
  refresh(waits: boolean): void {
    const { note } = this
    if (note === undefined) {
      const { plain } = this
      if (plain !== undefined && plain.object !== undefined && plain.object.live) return
    } else if (note.live) return
    const found = this.look(plainId(this.key), waits)
    if (found === undefined && this.store.cold !== undefined) return
    if (found !== undefined && isNote(found)) return this.adopt(found)
    if (note !== undefined) this.forgetNote()
    if (found !== undefined) hold(this.variant(''), found)
  }

  /** The variant this request selects: of several, the one whose response is the most recent (RFC 9111 section 4). */
  select(fields: Fields, waits: boolean, now_ms: number): Variant | undefined {
    if (this.note === undefined) return this.plain
    const { specs } = this
    let best: Variant | undefined
    for (let i = 0; i < specs.length; i++) best = better(best, this.find(secondaryKey(specs[i], fields), waits), now_ms)
    return this.by_meaning && (best === undefined || !isLive(best)) ? (this.ledByLanguage(fields, waits) ?? best) : best
  }

  /** hash_ignore_vary: of the variants this worker knows, the one that has the most recent object. */
  selectAny(fields: Fields, waits: boolean, now_ms: number): Variant | undefined {
    let best = this.select(fields, waits, now_ms)
    for (const variant of this.all()) best = better(best, variant, now_ms)
    return best
  }

  /** The variant under the newest specification, made when missing: where a fetch for this request is announced. */
  claim(fields: Fields): Variant {
    return this.variant(secondaryKey(this.specs[0], fields))
  }

  variant(key: string): Variant {
    return this.known(key) ?? this.add(new Variant(this, key))
  }

  /** What the variant is stored under. */
  idOf(key: string): string {
    return this.note === undefined ? plainId(this.key) : variantId(this.era, key, this.key)
  }

  /** What is to lead from the key to variants under this Vary, unless something does. `xid` is that of the fetch. */
  noteFor(spec: string, xid: number, now_ms: number): ObjectHead | undefined {
    if (this.note === undefined) return spec === '' ? undefined : noteHead(`${xid}-${now_ms}`, [spec], now_ms)
    return this.specs[0] === spec ? undefined : noteHead(this.era, withSpec(this.specs, spec), now_ms)
  }

  /** The note is what the store has under the key. */
  adopt(note: StoredObject): void {
    const era = eraOf(note)
    if (era !== this.era) this.forgetObjects()
    this.note = note
    this.era = era
    this.specs = specsOf(note)
  }

  /** Notes beside a response that has been stored, or updated, for requests that it does not match by their words. */
  leaveNotes(spec: string, fields: Fields, head: ObjectHead, into: Store): void {
    if (!this.by_meaning || spec === '') return
    this.leadByLanguage(spec, fields, head, into)
    if (mayBeNamed(head) && NEGOTIATED.test(spec)) this.list(secondaryKey(spec, fields), head, into)
  }

  /** A response in one language: who prefers that to all others is led to it, in whatever words. */
  private leadByLanguage(spec: string, fields: Fields, head: ObjectHead, into: Store): void {
    // What is absent matches only what is absent (RFC 9111 section 4.1).
    const language = fields.has('accept-language') ? contentLanguage(head.fields) : undefined
    const second = language === undefined ? undefined : languageKey(spec, fields, language)
    if (second === undefined) return
    this.store
      .open(variantId(this.era, secondary(spec, second), this.key), leadHead(secondaryKey(spec, fields), head), 0, into)
      ?.body.complete()
  }

  /** The variant in the language that the request prefers to all others, if there is one. */
  private ledByLanguage(fields: Fields, waits: boolean): Variant | undefined {
    const language = preferredLanguage(fields)
    if (language === undefined) return undefined
    for (const spec of this.specs) {
      const second = languageKey(spec, fields, language)
      if (second === undefined || this.store.cold !== undefined) continue
      const lead = this.look(variantId(this.era, secondary(spec, second), this.key), waits)
      const variant = lead !== undefined && isNote(lead) ? this.find(lead.head.headText, waits) : undefined
      // What it leads to may have been replaced by a response in another language.
      if (variant !== undefined && isLive(variant) && contentLanguage(variant.object?.head.fields) === language) return variant
    }
    return undefined
  }

  drop(variant: Variant): void {
    if (variant.vacant && this.known(variant.key) === variant) this.delete(variant)
  }

  get empty(): boolean {
    return this.plain === undefined && (this.varying === undefined || this.varying.size === 0)
  }

  /** Of `Keys`. */
  get chain_key(): number {
    return this.hash
  }

  /** Variants that are stored, as far as they are known here. */
  get stored(): number {
    return this.all().filter(isLive).length
  }

  /** Under which second keys there is something to be named to the origin, for all workers; the latest first. */
  private list(second: string, head: ObjectHead, into: Store): void {
    const listed = this.listed()
    if (listed[0] === second) return
    const keys = [second, ...listed.filter((other) => other !== second)].slice(0, NAMED_MAX)
    this.store.open(variantId(this.era, LIST, this.key), listHead(keys, head.t_origin_ms), 0, into)?.body.complete()
  }

  private listed(): string[] {
    const list = this.store.seek(variantId(this.era, LIST, this.key))
    // Nobody waits for a disk for what he can do without.
    this.store.cold = undefined
    return list !== undefined && isNote(list) ? listedIn(list) : []
  }

  /** Others that are stored, with an entity-tag to ask about. */
  others(own: StoredObject | undefined): StoredObject[] | undefined {
    if (!this.by_meaning || this.note === undefined || !this.specs.every((spec) => NEGOTIATED.test(spec))) return undefined
    const found: StoredObject[] = []
    for (const second of this.listed()) {
      const object = this.find(second, false)?.object
      this.store.cold = undefined
      if (object !== undefined && object !== own && object.live && object.body.state === 'complete' && mayBeNamed(object.head))
        found.push(object)
    }
    return found
  }

  /** Why no variant was found (RFC 9211 section 2.2). Of those that other workers have stored it does not know. */
  get absence(): Fwd {
    if (this.note === undefined) return FWD.uri_miss
    return this.all().some(isLive) ? FWD.vary_miss : FWD.miss
  }

  all(): Variant[] {
    const varying = this.varying === undefined ? [] : Array.from(this.varying.values())
    return this.plain === undefined ? varying : [this.plain, ...varying]
  }

  private look(id: string, waits: boolean): StoredObject | undefined {
    return waits ? this.store.find(id) : this.store.seek(id)
  }

  private find(key: string, waits: boolean): Variant | undefined {
    const known = this.known(key)
    if (known !== undefined && known.object !== undefined && known.object.live) return known
    // One look at a disk at a time.
    if (!waits && this.store.cold !== undefined) return known
    const found = this.look(this.idOf(key), waits)
    if (found === undefined) return known
    const variant = known ?? this.variant(key)
    hold(variant, found)
    return variant
  }

  private forgetNote(): void {
    this.note = undefined
    this.era = ''
    this.specs = PLAIN
    this.forgetObjects()
  }

  /** They can no longer be named. */
  private forgetObjects(): void {
    for (const variant of this.all()) {
      variant.object = undefined
      this.drop(variant)
    }
  }

  private known(key: string): Variant | undefined {
    return key === '' ? this.plain : this.varying?.get(key)
  }

  private add(variant: Variant): Variant {
    if (variant.key === '') return (this.plain = variant)
    const varying = (this.varying ??= new Map())
    if (varying.size >= VARIANTS_MAX) this.shrink(varying)
    varying.set(variant.key, variant)
    return variant
  }

  private delete(variant: Variant): void {
    if (variant === this.plain) this.plain = undefined
    else this.varying?.delete(variant.key)
  }

  private shrink(varying: Map<string, Variant>): void {
    for (const variant of Array.from(varying.values())) if (variant.busy === undefined) varying.delete(variant.key)
  }
}

const PLAIN: readonly string[] = ['']
/**
 * Normalised Varys by whose fields an origin chooses among representations (RFC 9110 section 12.5), and by no other: what differs
 * by user, site or device may have one entity-tag all the same, and other fields than a 304 has. So may codings of one page.
 */
const NEGOTIATED = /^accept(?:-charset|-language)?(?:,accept(?:-charset|-language)?)*$/
/** Entity-tags in one If-None-Match. */
const NAMED_MAX = 8

/** In place of a second key. */
const LIST = 'list'

/** A weak entity-tag may be that of several representations (RFC 9110 section 8.8.1). */
function mayBeNamed({ flags, fields }: ObjectHead): boolean {
  const etag = fields.get('etag')
  return etag !== undefined && !isWeak(etag) && (flags & OBJ_PARTIAL) === 0 && !fields.has('set-cookie')
}

/** What a key's only object, or its note, is stored under. */
export function plainId(key: string): string {
  return 'P' + key
}

/** What a variant is stored under: `second` is its second key. */
export function variantId(era: string, second: string, key: string): string {
  return `V${era}\n${second.length}\n${second}\n${key}`
}

/** "" for a response without Vary, else the names and this request's values for them. */
export function secondaryKey(spec: string, fields: Fields): string {
  return spec === '' ? '' : secondary(spec, variantKey(spec, fields))
}

function secondary(spec: string, values: string): string {
  return spec + '\n' + values
}

export function hold(variant: Variant, object: StoredObject): void {
  variant.object = object
  object.place = variant
}

/**
 * The more recent; but one that says by Vary whom it is for, while it is fresh, before one that says nothing: many origins forget to in
 * their default response (RFC 9111 section 4.1).
 */
function better(a: Variant | undefined, b: Variant | undefined, now_ms: number): Variant | undefined {
  if (a === undefined) return b
  if (b === undefined) return a
  const ours = liveOf(a)
  const theirs = liveOf(b)
  if (theirs === undefined) return ours === undefined && a.busy === undefined ? b : a
  if (ours === undefined) return b
  if ((a.key === '') !== (b.key === '')) {
    const varying = a.key === '' ? b : a
    if (isFresh(varying === a ? ours : theirs, now_ms)) return varying
  }
  return theirs.head.t_origin_ms > ours.head.t_origin_ms ? b : a
}

function isFresh({ head }: StoredObject, now_ms: number): boolean {
  return head.t_origin_ms + head.ttl_ms > now_ms
}

function liveOf({ object }: Variant): StoredObject | undefined {
  return object !== undefined && object.live ? object : undefined
}

export function isLive({ object }: Variant): boolean {
  return object !== undefined && object.live
}

/** The variant an object was found as: kept with its handle, for a WeakMap of all objects costs each collection its size. */
export function placeOf(object: StoredObject): Variant | undefined {
  return object.place instanceof Variant ? object.place : undefined
}
