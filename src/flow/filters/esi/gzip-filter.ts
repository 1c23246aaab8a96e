import { crc32 } from 'node:zlib'
import { NO_BITS } from '../gzip/bits.ts'
import { turns } from '../turns.ts'
import { deflateSection, type ZlibParams } from '../zlib.ts'
import { FRAME, frameHead, includeFrame, SECTION_MAX_BYTES, sectionFrame } from './frames.ts'
import type { EsiInclude } from './include.ts'
import { PageFilter } from './page-filter.ts'
import type { EsiFeatures, EsiOutput } from './parser.ts'

/** What packing a section takes of a turn. */
const SECTION_UNITS = 8
/** Sections packed in one turn. */
const SHARE = 16

/**
 * The filter esi_gzip of a fetch: as esi, and the bytes of the page are packed in sections, each of which ends where something is left out
 * or put in, so that on delivery nothing of it is packed again. The page is parsed as fast as it is packed.
 */
export class EsiGzipFilter extends PageFilter {
  readonly name = 'esi_gzip'
  private readonly params: ZlibParams
  /** Of the section that is being gathered. */
  private section = Buffer.alloc(0)
  private section_bytes = 0
  /** What is to be put out, in order: frames, and sections to be packed. */
  private readonly queue: (Buffer | Section)[] = []
  /** By the thread pool, or in a later turn. */
  private packing = false
  /** Sections packed in this turn. */
  private packed_count = 0
  private ending = false
  private in_bytes = 0
  private out_bytes = 0

  constructor(url: string, features: EsiFeatures, params: ZlibParams, trouble: EsiOutput['trouble']) {
    super(url, features, trouble)
    this.params = params
  }

  protected parsed(): void {
    this.work()
  }

  protected finish(): void {
    this.endSection()
    this.ending = true
    this.work()
  }

  protected override get takesMore(): boolean {
    return super.takesMore && this.queue.length === 0
  }

  override drop(): void {
    const { line } = this
    super.drop()
    this.queue.length = 0
    // Sections are stored, each by itself: they are no member before they are delivered.
    line?.account('G F E', this.in_bytes, this.out_bytes, NO_BITS)
  }

  verbatim(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.section_bytes === 0 && this.section.length === 0) this.section = Buffer.allocUnsafe(SECTION_MAX_BYTES)
      const copied = bytes.copy(this.section, this.section_bytes, at)
      at += copied
      this.section_bytes += copied
      if (this.section_bytes === SECTION_MAX_BYTES) this.endSection()
    }
  }

  skipped(bytes: Buffer): void {
    this.endSection()
    this.queue.push(Buffer.concat([frameHead(FRAME.skipped, bytes.length), bytes]))
  }

  protected putInclude(include: EsiInclude): void {
    this.endSection()
    this.queue.push(includeFrame(include))
  }

  private endSection(): void {
    if (this.section_bytes === 0) return
    const full = this.section_bytes === SECTION_MAX_BYTES
    const bytes = this.section.subarray(0, this.section_bytes)
    // Small ones are many: they share the room.
    this.queue.push({ plain: full ? bytes : Buffer.from(bytes) })
    if (full) this.section = Buffer.alloc(0)
    this.section_bytes = 0
  }

  /** Puts out what there is, in order; what waits for the thread pool, or for another turn, keeps the rest waiting. */
  private work(): void {
    while (!this.packing && this.queue.length > 0) {
      if (this.packed_count >= SHARE || turns.over) {
        this.rest()
        break
      }
      const first = this.queue.shift()!
      if ('plain' in first) this.pack(first.plain)
      else this.put(first)
    }
    this.handOn()
    if (this.ending && !this.packing) this.next?.complete()
  }

  /** Pages that consist of small sections are packed by the worker itself. */
  private rest(): void {
    this.packing = true
    turns.wait(() => {
      this.packing = false
      this.packed_count = 0
      this.goOn()
    })
  }

  private pack(plain: Buffer): void {
    this.packing = true
    let later = false
    deflateSection(plain, this.params, (error, blocks) => {
      this.packing = false
      if (error !== null) this.line?.broke('Gzip failed')
      else this.packed(plain, blocks)
      if (later) this.goOn()
    })
    later = true
  }

  private packed(plain: Buffer, blocks: Buffer): void {
    this.in_bytes += plain.length
    this.out_bytes += blocks.length
    this.packed_count++
    turns.spend(SECTION_UNITS)
    this.put(sectionFrame(blocks, crc32(plain), plain.length))
  }

  private goOn(): void {
    this.work()
    if (!this.packing && !this.ending) this.askForMore()
  }
}

interface Section {
  readonly plain: Buffer
}
