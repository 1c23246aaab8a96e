import { assert } from '../base/assert.ts'
import type { CounterClass } from './table.ts'
import { ARENA_COUNTERS, counterRows, MAIN_COUNTERS, MGT_COUNTERS, SMA_COUNTERS, VBE_COUNTERS } from './table.ts'

/**
 * Counters in memory that manager and workers share. A worker counts in blocks of its own with a plain addition
 * (`main.values[MAIN.client_req]++`, about 1 ns); whoever reads adds the workers' blocks up. Values are doubles: exact to
 * 2^53, and an aligned double is never read torn.
 */

type Indexes<T> = { readonly [K in keyof T]: number }

function indexes<T extends object>(rows: T): Indexes<T> {
  return Object.freeze(Object.fromEntries(Object.keys(rows).map((name, i) => [name, i]))) as Indexes<T>
}

/** Position of each counter in its block's `values`. */
export const MAIN = indexes(MAIN_COUNTERS)
export const MGT = indexes(MGT_COUNTERS)
export const SMA = indexes(SMA_COUNTERS)
export const ARENA = indexes(ARENA_COUNTERS)
export const VBE = indexes(VBE_COUNTERS)

/** A block's values as whoever counts holds them. */
export type CounterValues = Float64Array

/** What one thread posts to another so that both see the same block. */
export interface CounterHandle {
  readonly kind: CounterClass
  /** Store or backend name; empty for MAIN and MGT. */
  readonly instance: string
  readonly memory: SharedArrayBuffer
}

export class CounterBlock implements CounterHandle {
  readonly kind: CounterClass
  readonly instance: string
  readonly memory: SharedArrayBuffer
  readonly values: Float64Array<SharedArrayBuffer>

  constructor(kind: CounterClass = 'MAIN', instance = '', memory?: SharedArrayBuffer) {
    const size_bytes = counterRows(kind).length * Float64Array.BYTES_PER_ELEMENT
    this.kind = kind
    this.instance = instance
    this.memory = memory ?? new SharedArrayBuffer(size_bytes)
    assert(this.memory.byteLength === size_bytes, 'a counter block has the size of its class')
    this.values = new Float64Array(this.memory)
  }

  static attach(handle: CounterHandle): CounterBlock {
    return new CounterBlock(handle.kind, handle.instance, handle.memory)
  }

  /** Can be posted to another thread, unlike the block itself. */
  get handle(): CounterHandle {
    return { kind: this.kind, instance: this.instance, memory: this.memory }
  }
}

/** Of a block that nobody counts in any longer: what was open then is no more. */
export function clearGauges(block: CounterBlock): void {
  counterRows(block.kind).forEach(([, row], i) => {
    if (row.type === 'gauge') block.values[i] = 0
  })
}

/** One value per counter of the class, over blocks of that class and instance. */
export function sumBlocks(blocks: readonly CounterBlock[], kind: CounterClass = 'MAIN'): Float64Array {
  const rows = counterRows(kind)
  const sums = new Float64Array(rows.length)
  for (const block of blocks) {
    assert(block.kind === kind, 'blocks of one class are added up')
    for (let i = 0; i < sums.length; i++) {
      const value = block.values[i]
      sums[i] = rows[i][1].combine === 'sum' ? sums[i] + value : Math.max(sums[i], value)
    }
  }
  return sums
}

/** All blocks of the program, as the manager knows them. */
export class CounterSet {
  /** How often blocks have come and gone. */
  changes = 0
  private readonly blocks = new Map<string, CounterBlock[]>()
  private readonly resting = new Set<string>()

  add(handle: CounterHandle): void {
    const key = `${handle.kind}.${handle.instance}`
    const known = this.blocks.get(key)
    const block = CounterBlock.attach(handle)
    this.changes++
    if (known) known.push(block)
    else this.blocks.set(key, [block])
  }

  /** Nobody counts in it any more, and nobody is to see it. */
  remove({ kind, instance, memory }: CounterHandle): void {
    const key = `${kind}.${instance}`
    this.changes++
    const left = this.blocks.get(key)?.filter((block) => block.memory !== memory) ?? []
    if (left.length === 0) this.blocks.delete(key)
    else this.blocks.set(key, left)
  }

  /** A cold rule set: those who look do not see its backends until it is warm again. */
  rest(rules: string, resting: boolean): void {
    if (resting) this.resting.add(rules)
    else this.resting.delete(rules)
  }

  rests(rules: string): boolean {
    return this.resting.has(rules)
  }

  /** Names of the stores or backends that have blocks; [''] for MAIN. */
  instances(kind: CounterClass): string[] {
    return [...this.blocks.values()].filter(([first]) => first.kind === kind).map(([first]) => first.instance)
  }

  sum(kind: CounterClass, instance = ''): Float64Array {
    return sumBlocks(this.blocks.get(`${kind}.${instance}`) ?? [], kind)
  }

  /** "MAIN.client_req", "SMA.s0.g_bytes" with their values, for tests and tools. */
  snapshot(): Record<string, number> {
    const named: Record<string, number> = {}
    for (const [key, blocks] of this.blocks) {
      const { kind } = blocks[0]
      const prefix = blocks[0].instance === '' ? kind : key
      const values = sumBlocks(blocks, kind)
      counterRows(kind).forEach(([name], i) => (named[`${prefix}.${name}`] = values[i]))
    }
    return named
  }
}
