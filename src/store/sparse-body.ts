import { piecesFrom } from '../policy/parts.ts'
import type { ByteRange } from '../policy/range-set.ts'
import { Assembly } from './assembly.ts'
import { APPEND_OK, type Body, type BodyReader, type BodyState } from './contract.ts'

/** The body of a representation of which parts are stored, each as a body of its own, and where it lies in the whole. */
export class SparseBody implements Body {
  readonly expected_bytes: number
  readonly size_bytes: number
  readonly joinable = true
  readonly whole = undefined
  onRoom: (() => void) | undefined = undefined
  onDeserted: (() => void) | undefined = undefined
  /** In the order of their first bytes. */
  private readonly parts: readonly ByteRange[]
  private readonly bodies: readonly Body[]

  constructor(length_bytes: number, parts: readonly ByteRange[], bodies: readonly Body[]) {
    this.expected_bytes = this.size_bytes = length_bytes
    this.parts = parts
    this.bodies = bodies
  }

  get state(): BodyState {
    return this.bodies.some(({ state }) => state === 'filling') ? 'filling' : 'complete'
  }

  get windowed(): boolean {
    return this.bodies.some(({ windowed }) => windowed)
  }

  /** A reader of all from there on, which it holds; where something is missing it has failed. */
  read(from_bytes: number): BodyReader {
    return this.stretch(from_bytes, this.size_bytes - 1)
  }

  /** The same of a range, and it holds no more than that. */
  stretch(from_bytes: number, to_bytes: number): BodyReader {
    const reader = new Assembly()
    let at = from_bytes
    for (const { from, to, part, skip_bytes } of piecesFrom(this.parts, from_bytes)) {
      if (from > to_bytes) break
      if (from > at) reader.addGap()
      at = Math.min(to, to_bytes) + 1
      reader.add(this.bodies[part], skip_bytes, at - from)
    }
    if (at <= to_bytes) reader.addGap()
    return reader
  }

  // Its parts are filled, each by its own fetch.

  append(): typeof APPEND_OK {
    return APPEND_OK
  }

  complete(): void {}

  fail(): void {}
}
