import { createHash } from 'node:crypto'
import { OBJECT_BYTES, type SaintLists } from '../../shm/saint-lists.ts'

/** One saint's own list. */
export interface Listing {
  note(object: string, until_s: number): void
}

/** How the saints of a rule set hear of what other workers' have listed. Without `lists` there are no others. */
export class SaintBoard {
  private readonly lists: SaintLists | undefined
  private readonly set: string
  private readonly saints = new Map<bigint, Listing>()
  private seen: number

  /** `set`: the same for the same load of rules in all workers, and for no other. */
  constructor(lists: SaintLists | undefined, set: string) {
    this.lists = lists
    this.set = set
    this.seen = lists?.oldest ?? 0
  }

  /** Returns how this one is known to the others. */
  join(name: string, saint: Listing): bigint {
    const id = createHash('sha256').update(`${this.set} ${name}`, 'latin1').digest().readBigUInt64LE(0) | 1n
    this.saints.set(id, saint)
    return id
  }

  /** Reads what has been added. One load when there is nothing. */
  sync(): void {
    const { lists } = this
    if (lists === undefined || lists.count === this.seen) return
    this.seen = lists.since(this.seen, (id, object, until_s) => {
      const saint = this.saints.get(id)
      if (saint !== undefined) saint.note(textOf(object), until_s)
    })
  }

  tell(id: bigint, object: string, until_s: number): void {
    this.lists?.add(id, Buffer.from(object, 'latin1'), until_s)
  }
}

/** What is known of an object: so much of its hash. */
export function textOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, OBJECT_BYTES).toString('latin1')
}
