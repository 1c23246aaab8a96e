import type { Chained } from '../../base/chains.ts'
import type { ArenaObject } from './object.ts'
import type { ObjectWriter } from './writer.ts'

/** An object that this worker is filling. */
export class Fill implements Chained<Fill> {
  readonly object: ArenaObject
  readonly writer: ObjectWriter
  /** In `Fills`. */
  readonly number: number
  /** The place of its record. */
  readonly chain_key: number
  chained: Fill | undefined = undefined

  constructor(object: ArenaObject, writer: ObjectWriter, number: number) {
    this.object = object
    this.writer = writer
    this.number = number
    this.chain_key = writer.place
  }
}
