import type { Clock } from '../base/clock.ts'
import type { Fields } from '../http/fields.ts'
import type { ObjectHead, Store, StoredObject } from '../store/contract.ts'
import { plainId } from './entry.ts'
import type { Keys } from './keys.ts'
import { eraOf, isNote, noteHead, specsOf } from './note.ts'

/** What the responses of a path have said of their queries (No-Vary-Search). */
export interface SearchNote {
  /** Keys of such responses contain it: with the note they can no longer be named, nor by the one that follows it. */
  readonly era: string
  readonly specs: readonly string[]
}

const NOTHING: SearchNote = Object.freeze({ era: '', specs: [] })

/** Most specs that are looked for. One more begins a new era. */
const SPECS_MAX = 4

/** What is to be stored under which era, and the note that then leads to it, unless one does. */
export interface SearchPlan {
  readonly era: string
  readonly note: ObjectHead | undefined
}

/** The notes that lead from a path to what is stored for classes of its queries. They lie in the store, for all workers. */
export class Searches {
  private readonly store: Store
  private readonly clock: Clock
  private readonly keys: Keys

  constructor(store: Store, clock: Clock, keys: Keys) {
    this.store = store
    this.clock = clock
    this.keys = keys
  }

  /** When what is stored under the key for such a request was made; -Infinity: nothing is. As `of` it may come upon what is cold. */
  madeAt_ms(key: string, fields: Fields, waits: boolean): number {
    const found = this.look(plainId(key), waits)
    if (found === undefined) return -Infinity
    if (!isNote(found)) return found.head.t_origin_ms
    const entry = this.keys.enter(key)
    entry.refresh(waits)
    const object = this.store.cold === undefined ? entry.select(fields, waits, this.clock.wall_ms)?.object : undefined
    return object !== undefined && object.live ? object.head.t_origin_ms : -Infinity
  }

  /** Unless it `waits` for the disk, the store's `cold` may be set afterwards, and nothing is known. */
  of(path: string, waits: boolean): SearchNote {
    const note = this.find(path, waits)
    if (note === undefined) return NOTHING
    this.store.touch(note)
    return { era: eraOf(note), specs: specsOf(note) }
  }

  /** For a response with the spec; `xid` is that of its fetch. */
  plan(path: string, spec: string, xid: number): SearchPlan {
    const { era, specs } = this.of(path, true)
    if (specs.includes(spec)) return { era, note: undefined }
    const now_ms = this.clock.wall_ms
    if (specs.length > 0 && specs.length < SPECS_MAX) return { era, note: noteHead(era, [spec, ...specs], now_ms) }
    const begun = `${xid}-${now_ms}`
    return { era: begun, note: noteHead(begun, [spec], now_ms) }
  }

  /** After the object: another worker that is led to it is to find it. Where there is no room, it is not found. */
  leave(path: string, head: ObjectHead, into: Store): void {
    this.store.open(noteId(path), head, 0, into)?.body.complete()
  }

  private find(path: string, waits: boolean): StoredObject | undefined {
    const found = this.look(noteId(path), waits)
    return found !== undefined && isNote(found) ? found : undefined
  }

  private look(id: string, waits: boolean): StoredObject | undefined {
    return waits ? this.store.find(id) : this.store.seek(id)
  }
}

function noteId(path: string): string {
  return 'N' + path
}
