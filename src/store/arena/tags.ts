import { hashTags } from '../purges/hash.ts'
import { Postings } from '../purges/postings.ts'
import type { Verdict } from '../purges/table.ts'
import type { EarlierObjects } from './earlier.ts'
import { BUCKET_ENTRIES, UNIT_BYTES } from './geometry.ts'
import { tagPairs, tagsAt } from './head-codec.ts'
import { HEADER } from './header.ts'
import type { IndexTable } from './index-table.ts'
import { type ArenaMemory, POSTINGS_LOCK, TALLY } from './memory.ts'
import { HEAD_RECORD_BYTES, type Records } from './records.ts'

const NONE: readonly string[] = []

/** The tags' hashes under the key of this arena, two words each. */
export function hashTagsOf({ header }: ArenaMemory, names: readonly string[] = NONE): Int32Array {
  return hashTags(names, header[HEADER.tag_key0], header[HEADER.tag_key1])
}

/** Tags of the objects of an arena, as one worker sees them: what purges have left of an object, and who has a tag. */
export class Tags {
  readonly postings: Postings
  private readonly memory: ArenaMemory
  private readonly records: Records

  constructor(memory: ArenaMemory, records: Records, index: IndexTable) {
    const { postings, geometry, locks } = memory
    this.memory = memory
    this.records = records
    const isThere = (entry: number, generation: number): boolean => index.isLive(entry, generation)
    this.postings = new Postings(postings, geometry.buckets * BUCKET_ENTRIES, locks, POSTINGS_LOCK, isThere)
  }

  /** What purges newer than `since` have left of the object at `place`: the table says more after `softened`. */
  judge(place: number, since: number): Verdict {
    const { words, purges } = this.memory
    return purges.judge(words, tagsAt(words, headAt(place)) / 4, this.count(place), since)
  }

  /** A copy of the pairs of the object at `place`. */
  pairsOf(place: number): Int32Array {
    const { words } = this.memory
    const from = tagsAt(words, headAt(place)) / 4
    return words.slice(from, from + 2 * this.count(place))
  }

  /** An object is filed in that entry: whoever purges a tag of it finds it. Its key is not among them, for whoever has that knows where to look. */
  list(place: number, entry: number, generation: number): void {
    const { postings, memory } = this
    const { words } = memory
    const from = tagsAt(words, headAt(place)) / 4
    const end = from + 2 * this.count(place)
    for (let i = from + 2; i < end; i += 2) {
      if (!postings.add(words[i], words[i + 1], entry, generation)) memory.tally[TALLY.unlisted]++
    }
  }

  /** May what the entry leads to be used? An object of an earlier process is listed when this one meets it: whoever is first, since nobody meets it anew. */
  admit(earlier: EarlierObjects, entry: number, generation: number, place: number): boolean {
    const news = earlier.isNews(place)
    if (!earlier.admits(entry, place)) return false
    if (news) this.list(place, entry, generation)
    return true
  }

  private count(place: number): number {
    return tagPairs(this.memory.words, headAt(place), this.records.headBytes(place))
  }
}

function headAt(place: number): number {
  return place * UNIT_BYTES + HEAD_RECORD_BYTES
}
