import { LRUCache } from 'lru-cache'
import type { Body } from '../../../store/contract.ts'
import { inflateSection } from '../zlib.ts'
import type { Found } from './frames.ts'

/** Pages up to this size are remembered as they are unpacked. */
const SMALL_BYTES = 16 * 1024

/** ... and as long as no more than this comes of them. */
const UNPACKED_MAX_BYTES = 256 * 1024

/** What the sections of small pages that were last wanted so come to, in their order, by the body itself. */
const remembered = new LRUCache<Body, Buffer[]>({
  maxSize: 8 * 1024 * 1024,
  sizeCalculation: (sections) => sections.reduce((sum, { length }) => sum + length + 128, 1024),
})

/** The sections of one page, unpacked as they come to be sent. */
export class Sections {
  private readonly body: Body
  private readonly known: readonly Buffer[] | undefined
  private readonly fresh: Buffer[] = []
  private fresh_bytes = 0
  private next = 0

  constructor(body: Body) {
    this.body = body
    this.known = remembered.get(body)
  }

  unpack({ plain_bytes }: Found, packed: Buffer): Buffer {
    const known = this.known?.[this.next++]
    if (known !== undefined) return known
    const plain = inflateSection(packed, plain_bytes)
    this.fresh_bytes += plain.length
    if (this.isSmall) this.fresh.push(plain)
    return plain
  }

  /** All of them have been seen. */
  end(): void {
    const { body, fresh } = this
    if (fresh.length > 0 && this.known === undefined && body.state === 'complete' && this.isSmall) remembered.set(body, fresh)
  }

  private get isSmall(): boolean {
    return this.body.size_bytes <= SMALL_BYTES && this.fresh_bytes <= UNPACKED_MAX_BYTES
  }
}
