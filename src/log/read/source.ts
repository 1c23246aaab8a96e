import type { Block } from './record-cursor.ts'
import type { LogFormat } from '../format.ts'

/**
 * What a source says of itself when it is asked for more. `some`: a unit is there; `none`: nothing for now; `end`: never again; `overrun`: the
 * writer has overtaken this reader; `abandoned`: the writer has gone; `damaged`: what is there is not a log.
 */
export type SourceState = 'some' | 'none' | 'end' | 'overrun' | 'abandoned' | 'damaged'

/** Where records come from: a ring that is written, or a file. A unit is one record, or a batch of records of one transaction. */
export interface LogSource {
  readonly format: LogFormat
  /** To the next unit; after `some` the fields tell where it is. */
  next(): SourceState
  /** The unit's records, without a batch's own header, in words of the block. */
  readonly block: Block
  readonly from: number
  readonly to: number
  /** Why it is damaged. */
  readonly fault: string
  /** Called before the memory of earlier units is used again. */
  beforeReuse: () => void
  close(): void
}
