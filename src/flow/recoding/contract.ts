export interface RecodeParams {
  readonly recode_br_level: number
  readonly recode_zstd_level: number
  readonly recode_max_size: number
}

/** A body of which the thread is to make copies. */
export interface Order {
  readonly id: number
  /** Its memory goes with it. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly isGzip: boolean
  /** Bits, in the order in which they are wanted. */
  readonly codings: readonly number[]
  readonly params: RecodeParams
}

/** One copy, or none; undefined: that was all of the order. */
export interface Made {
  readonly id: number
  readonly coding: number | undefined
  readonly bytes: Uint8Array<ArrayBuffer> | undefined
  readonly plain_bytes: number
}
