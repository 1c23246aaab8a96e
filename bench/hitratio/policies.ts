import { defaultParameters } from '../../src/config/parameters.ts'
import { segmented } from './segments.ts'
import type { Layout } from './segments.ts'
import type { MakeCache } from './simulated/cache.ts'
import { gdsf } from './simulated/gdsf.ts'
import { fifo, lru, sieve } from './simulated/lists.ts'
import { s3fifo } from './simulated/s3-fifo.ts'

export interface Policy {
  readonly name: string
  readonly make: MakeCache
  /** Of segments: what it is to be compared by. */
  readonly bias?: number
}

export const DEFAULT_BIAS = defaultParameters().eviction_size_bias
export const BIASES: readonly number[] = [...new Set([0, DEFAULT_BIAS, 1])]

export const REFERENCES: readonly Policy[] = [
  { name: 'FIFO', make: fifo },
  { name: 'LRU', make: lru },
  { name: 'SIEVE', make: sieve },
  { name: 'S3-FIFO', make: s3fifo },
  { name: 'GDSF', make: gdsf },
]

export function segmentPolicies(layouts: readonly Layout[]): Policy[] {
  return layouts.flatMap((layout) =>
    BIASES.map((bias) => ({ name: `${layout.segments} segments, bias ${bias}`, make: segmented(bias, layout), bias })),
  )
}
