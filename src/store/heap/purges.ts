import type { ObjectHead, SoftPurge } from '../contract.ts'
import { hashTag, tagged } from '../purges/hash.ts'
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
    const pairs = hashTags(tags)
    for (let i = 0; i < pairs.length; i += 2) this.table.note(pairs[i], pairs[i + 1], serial, soft)
  }

  judge(tags: readonly string[] = [], since: number): Verdict {
    return this.table === undefined ? VERDICT.stands : this.table.judge(hashTags(tags), 0, tags.length, since)
  }

  /** After it was judged to be softened. */
  soften(head: ObjectHead): void {
    soften(head, this.table!)
  }
}

function hashTags(names: readonly string[]): Int32Array {
  const pairs = new Int32Array(2 * names.length)
  for (const [i, name] of names.entries()) {
    hashTag(name, 0, 0)
    pairs[2 * i] = tagged.hi
    pairs[2 * i + 1] = tagged.lo
  }
  return pairs
}
