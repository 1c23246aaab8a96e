/** Requests in their order. Keys are dense numbers, so that simulators keep what they know of an object in typed arrays. */
export interface Trace {
  readonly name: string
  /** Key of each request, 0 .. sizes.length - 1. */
  readonly keys: Uint32Array
  /** Size of each key's object. */
  readonly sizes: Float64Array
  /** Bytes of all objects that were asked for. */
  readonly footprint_bytes: number
}

/** A trace of these requests, its keys numbered by their first use. */
export function trace(name: string, keys: Uint32Array, sizeOf: (key: number) => number): Trace {
  const numbers = new Map<number, number>()
  const sizes: number[] = []
  let footprint_bytes = 0
  const dense = keys.map((key) => {
    const known = numbers.get(key)
    if (known !== undefined) return known
    numbers.set(key, sizes.length)
    const size_bytes = sizeOf(key)
    footprint_bytes += size_bytes
    return sizes.push(size_bytes) - 1
  })
  return { name, keys: dense, sizes: Float64Array.from(sizes), footprint_bytes }
}
