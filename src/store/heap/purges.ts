import type { ObjectHead, SoftPurge } from '../contract.ts'
import { hashTags } from '../purges/hash.ts'
import { soften } from '../purges/soften.ts'
import { PURGE_BUCKET_ENTRIES, PURGE_ENTRY_BYTES, PurgeTable, VERDICT, type Verdict } from '../purges/table.ts'

/** Some thousand tags. */
const TABLE_BYTES = 257 * PURGE_BUCKET_ENTRIES * PURGE_ENTRY_BYTES

/** What was purged of a store in the heap. */
export class HeapPurges {
  private table: PurgeTable | undefined

  note(serial: number, tags: readonly string[], soft: SoftPurge | undefined): void {
    // Most of these stores never keep anything.
    this.table ??= new PurgeTable(new ArrayBuffer(TABLE_BYTES), 0, TABLE_BYTES)
    const pairs = hashTags(tags, 0, 0)
    for (let i = 0; i < pairs.length; i += 2) this.table.note(pairs[i], pairs[i + 1], serial, soft)
  }

  judge(tags: readonly string[] = [], since: number): Verdict {
    return this.table === undefined ? VERDICT.stands : this.table.judge(hashTags(tags, 0, 0), 0, tags.length, since)
  }

  /** After it was judged to be softened. */
  soften(head: ObjectHead): void {
    soften(head, this.table!)
  }
}
