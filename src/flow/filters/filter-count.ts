import type { Transaction } from '../../log/writer.ts'
import { TAG } from '../../log/tags.ts'
import { logGzip } from '../fetch-log.ts'
import { FirstBit, type GzipBits } from './gzip/bits.ts'

/** What a filter of a delivery has seen: of the body as it comes to it, and, where it unpacks, what it came to. */
export class FilterCount {
  readonly name: string
  /** "U D -": what it does, where it has a Gzip record as well. */
  private readonly unpacks: string
  calls = 0
  bytes = 0
  out_bytes = 0
  private readonly first = new FirstBit()
  /** Somebody reads where bits are in what is unpacked. */
  readonly wantsBits: boolean
  /** If somebody has looked for them. */
  bits: GzipBits | undefined = undefined

  constructor(name: string, log: Transaction, unpacks = '') {
    this.name = name
    this.unpacks = unpacks
    this.wantsBits = !log.masks(TAG.Gzip)
  }

  /** A piece has come. */
  took(piece: Buffer): void {
    this.calls++
    this.bytes += piece.length
    if (this.unpacks !== '') this.first.take(piece)
  }

  /** A section of a page. */
  unpacked(section: Buffer, plain_bytes: number): void {
    this.took(section)
    this.out_bytes += plain_bytes
  }

  tell(log: Transaction): void {
    if (!log.masks(TAG.VdpAcct)) logVdp(log, this.name, this.calls, this.bytes)
    if (this.unpacks !== '') logGzip(log, this.unpacks, this.bytes, this.out_bytes, this.bits ?? this.first.bits)
  }
}

export function logVdp(log: Transaction, name: string, calls: number, bytes: number): void {
  log.spaced(TAG.VdpAcct, name, String(calls), String(bytes))
}
