/** The fields of a gzip header, in their order (RFC 1952 section 2.3); the text ones end with a zero. */
const FIXED_BYTES = 10
const FLAG_HCRC = 2
const FLAG_EXTRA = 4
const FLAG_NAME = 8
const FLAG_COMMENT = 16
const RESERVED = 0xe0
const MAGIC = [0x1f, 0x8b, 8]

type Field = 'fixed' | 'extra length' | 'extra' | 'name' | 'comment' | 'hcrc' | 'over'

/** Finds the end of a gzip header that comes in pieces. */
export class MemberHead {
  private field: Field = 'fixed'
  private flags = 0
  /** Bytes of the field that have been seen. */
  private count = 0
  private extra_bytes = 0
  broken = false

  get over(): boolean {
    return this.field === 'over'
  }

  take(byte: number): void {
    switch (this.field) {
      case 'fixed':
        return this.fixed(byte)
      case 'extra length':
        this.extra_bytes += byte * (this.count === 0 ? 1 : 256)
        if (++this.count === 2) this.begin(this.extra_bytes > 0 ? 'extra' : 'name')
        return
      case 'extra':
        if (++this.count === this.extra_bytes) this.begin('name')
        return
      case 'hcrc':
        if (++this.count === 2) this.begin('over')
        return
      default:
        if (byte === 0) this.begin(this.field === 'name' ? 'comment' : 'hcrc')
    }
  }

  private fixed(byte: number): void {
    const i = this.count++
    if (i < MAGIC.length && byte !== MAGIC[i]) this.broken = true
    if (i === MAGIC.length) {
      this.flags = byte
      if ((byte & RESERVED) !== 0) this.broken = true
    }
    if (this.count === FIXED_BYTES) this.begin('extra length')
  }

  /** That field, or the next that is there. */
  private begin(field: Field): void {
    const { flags } = this
    this.count = 0
    this.field = field
    if (field === 'extra length' && (flags & FLAG_EXTRA) === 0) this.field = 'name'
    if (this.field === 'name' && (flags & FLAG_NAME) === 0) this.field = 'comment'
    if (this.field === 'comment' && (flags & FLAG_COMMENT) === 0) this.field = 'hcrc'
    if (this.field === 'hcrc' && (flags & FLAG_HCRC) === 0) this.field = 'over'
  }
}
