import type { Cold, ObjectHead, Store, StoredObject } from '../contract.ts'
import type { ArenaBody } from './body.ts'
import type { ColdReads } from './cold.ts'
import { UNIT_BYTES } from './geometry.ts'
import type { IndexTable } from './index-table.ts'
import type { Objects } from './objects.ts'

/** What a handle asks of its store. */
export interface ObjectHost extends Store {
  readonly index: IndexTable
  bodyAt(place: number): ArenaBody
  readonly objects: Objects
  /** Of an arena in a file. */
  readonly reads: ColdReads | undefined
}

/**
 * A worker's handle of an object: its decoded head, and where it lies. It holds for as long as the generation in the index does:
 * one load tells.
 */
export class ArenaObject implements StoredObject {
  head: ObjectHead
  place: unknown = undefined
  readonly id: string
  readonly entry: number
  readonly origin: number
  generation: number
  checked: number
  /** Of its record. */
  at: number
  private readonly host: ObjectHost
  private known: ArenaBody | undefined

  constructor(
    host: ObjectHost,
    id: string,
    head: ObjectHead,
    entry: number,
    generation: number,
    origin: number,
    at: number,
    checked: number,
    body?: ArenaBody,
  ) {
    this.host = host
    this.id = id
    this.head = head
    this.entry = entry
    this.generation = generation
    this.origin = origin
    this.at = at
    this.checked = checked
    this.known = body
  }

  get store(): Store {
    return this.host
  }

  get live(): boolean {
    return this.host.index.isLive(this.entry, this.generation)
  }

  get hits(): number {
    return this.host.index.hits(this.entry)
  }

  set hits(hits: number) {
    this.host.index.setHits(this.entry, hits)
  }

  get lastHit_ms(): number {
    return this.host.index.lastHit_ms(this.entry)
  }

  set lastHit_ms(wall_ms: number) {
    this.host.index.setLastHit(this.entry, wall_ms)
  }

  recheck(): number {
    if (this.live) this.checked = this.host.objects.checked(this.at)
    return this.checked
  }

  /** Only what lives still has its record. */
  raise(serial: number): void {
    this.checked = serial
    if (this.live) this.host.objects.setChecked(this.at, serial)
  }

  get cold(): Cold | undefined {
    return this.host.reads === undefined ? undefined : this.host.reads.ofBody(this.body)
  }

  get unread(): Cold | undefined {
    return this.host.reads === undefined ? undefined : this.host.reads.ofRecord(this.at, this.entry)
  }

  get body(): ArenaBody {
    return (this.known ??= this.host.bodyAt(this.at))
  }

  get size_bytes(): number {
    return this.host.objects.unitsOf(this.at) * UNIT_BYTES
  }

  /** It lies elsewhere now, with another head. */
  moved(head: ObjectHead, generation: number, at: number): void {
    this.head = head
    this.generation = generation
    this.at = at
    this.known = undefined
  }
}
