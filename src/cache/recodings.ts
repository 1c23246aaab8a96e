import { COPY_CODINGS, COPY_NAMES, OBJ_COPIES, OBJ_RECODABLE } from '../policy/flags.ts'
import type { ObjectHead, Store, StoredObject } from '../store/contract.ts'
import { CLAIM_END, CLAIM_THEIRS, type Claims } from './claims.ts'
import { placeOf } from './entry.ts'
import { headBeside } from './note.ts'

/** Among all workers one at a time makes copies. */
const TURN = 'R'

/**
 * Bodies of stored objects in other codings. Each is an object of its own, under an id that is made of its base's; the base says in its flags which
 * there are. A copy has the era of its base's head, and is of use only under that: whatever replaces the base makes its copies nobody's, and a copy
 * is looked for only when its base has been found, is fresh, and was neither purged nor banned.
 */
export class Recodings {
  /** Of what `find` has looked for last: it lies on a disk, and will be in memory for those who ask later. */
  isCold = false
  private readonly store: Store
  private readonly claims: Claims

  constructor(store: Store, claims: Claims) {
    this.store = store
    this.claims = claims
  }

  /** Undefined: there is none, or it `isCold`. */
  find(base: StoredObject, coding: number): StoredObject | undefined {
    this.isCold = false
    const id = idOf(base, coding)
    if (id === undefined) return undefined
    const { store } = this
    const found = store.seek(id)
    const cold = store.cold ?? found?.cold
    store.cold = undefined
    if (cold !== undefined) {
      this.isCold = true
      cold.thaw(() => {})
      return undefined
    }
    return found !== undefined && found.body.state === 'complete' && found.head.reason === eraOf(base.head) ? found : undefined
  }

  /** False: there was no room for it. */
  keep(base: StoredObject, coding: number, bytes: Buffer): boolean {
    const id = idOf(base, coding)
    if (id === undefined) return false
    const head = { ...headBeside(base.head), reason: eraOf(base.head) }
    const copy = this.store.open(id, head, bytes.length, base.store, base.checked)
    copy?.body.append(bytes)
    copy?.body.complete()
    return copy !== undefined && copy.live && copy.body.state === 'complete'
  }

  /** These codings are there, or have been tried. */
  tell(base: StoredObject, copies: number): void {
    const { xid, status, reason, fields, t_origin_ms, ttl_ms, grace_ms, keep_ms, flags, validatable, headText, hiddenText } = base.head
    const now = (flags & ~OBJ_RECODABLE) | copies
    if (now === flags) return
    const head = { xid, status, reason, fields, t_origin_ms, ttl_ms, grace_ms, keep_ms, validatable, headText, flags: now }
    this.store.rehead(base, hiddenText === undefined ? head : { ...head, hiddenText })
  }

  /** The base was validated: its copies are those of its new head, or of none that is told of. */
  follow(before: ObjectHead, base: StoredObject): void {
    for (const coding of codingsIn(before.flags)) {
      const id = idOf(base, coding)
      if (id === undefined) continue
      const copy = this.store.find(id)
      if (copy === undefined || copy.head.reason !== eraOf(before)) continue
      if ((base.head.flags & coding) === 0) this.store.remove(copy)
      else this.store.rehead(copy, { ...headBeside(base.head), reason: eraOf(base.head) })
    }
  }

  /** The base leaves: the room of its copies is for others. */
  discard(base: StoredObject): void {
    for (const coding of codingsIn(base.head.flags)) {
      const id = idOf(base, coding)
      if (id !== undefined) this.store.discard(id)
    }
  }

  /** The right to make copies; undefined when another worker has it, and then `ended` is called when it has it no more. */
  takeTurn(ended: () => void): number | undefined {
    const claim = this.claims.take(TURN)
    if (claim !== CLAIM_THEIRS) return claim
    this.claims.watch(TURN, ended)
    return undefined
  }

  endTurn(claim: number): void {
    // There may have been no room for a right that others see.
    if (claim >= 0) this.claims.release(claim, CLAIM_END.look)
  }
}

/** What was stored under the id is about to be replaced. */
export function discardCopies(store: Store, id: string, { head }: StoredObject): void {
  for (const coding of codingsIn(head.flags)) store.discard(copyId(id, coding))
}

/** Which fetch, or validation, its head is of. */
function eraOf({ xid, t_origin_ms }: ObjectHead): string {
  return `${xid}-${t_origin_ms}`
}

function idOf(base: StoredObject, coding: number): string | undefined {
  const place = placeOf(base)
  return place === undefined ? undefined : copyId(place.entry.idOf(place.key), coding)
}

function copyId(id: string, coding: number): string {
  return `C${COPY_NAMES.get(coding) ?? ''}\n${id}`
}

function codingsIn(flags: number): readonly number[] {
  return (flags & OBJ_COPIES) === 0 ? NONE : COPY_CODINGS.filter((coding) => (flags & coding) !== 0)
}

const NONE: readonly number[] = []
