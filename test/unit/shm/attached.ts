import { parentPort, workerData } from 'node:worker_threads'
import type { MappingPlace } from '../../../src/shm/mapping.ts'
import { attachMapping } from '../../../src/shm/mapping.ts'

/** A worker over the mapping of the test. */
const mapping = attachMapping(workerData as MappingPlace)
const words = new Int32Array(mapping.buffer)
for (let i = 0; i < 100_000; i++) Atomics.add(words, 7, 1)
const outcome = mapping.allocate(8192, 4096)
Buffer.from(mapping.buffer).write('from worker', 8192)
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage(outcome)
