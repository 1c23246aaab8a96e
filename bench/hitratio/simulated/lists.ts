import type { Cache, MakeCache } from './cache.ts'
import { Links, Queue } from './queue.ts'

/** Policies that keep one list. What is larger than the whole cache is not kept by any of them. */

export const lru: MakeCache = ({ sizes }, capacity_bytes) => oneQueue(sizes, capacity_bytes, true)

export const fifo: MakeCache = ({ sizes }, capacity_bytes) => oneQueue(sizes, capacity_bytes, false)

function oneQueue(sizes: Float64Array, capacity_bytes: number, refresh: boolean): Cache {
  const queue = new Queue(1, new Links(sizes.length), sizes)
  return {
    request(key, size_bytes) {
      const hit = queue.has(key)
      if (hit && refresh) {
        queue.remove(key)
        queue.push(key)
      }
      if (hit || size_bytes > capacity_bytes) return hit
      while (queue.bytes + size_bytes > capacity_bytes) queue.shift()
      queue.push(key)
      return false
    },
  }
}

/** SIEVE (NSDI 2024): a hand goes from the oldest to the newest, spares what was visited and evicts the first that was not. */
export const sieve: MakeCache = ({ sizes }, capacity_bytes) => {
  const links = new Links(sizes.length)
  const queue = new Queue(1, links, sizes)
  const visited = new Uint8Array(sizes.length)
  let hand = -1
  const evict = (): void => {
    let key = hand === -1 ? queue.oldest : hand
    while (visited[key] === 1) {
      visited[key] = 0
      key = links.after[key] === -1 ? queue.oldest : links.after[key]
    }
    hand = links.after[key]
    queue.remove(key)
  }
  return {
    request(key, size_bytes) {
      if (queue.has(key)) {
        visited[key] = 1
        return true
      }
      if (size_bytes > capacity_bytes) return false
      while (queue.bytes + size_bytes > capacity_bytes) evict()
      visited[key] = 0
      queue.push(key)
      return false
    },
  }
}
