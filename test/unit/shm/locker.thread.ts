import { parentPort, workerData } from 'node:worker_threads'
import { SharedLocks } from '../../../src/shm/lock.ts'

/** Threads of lock.test.ts. */
export interface LockerData {
  readonly role: 'adds' | 'dies with it' | 'waits for it'
  /** Locks, then plain words that they guard. */
  readonly memory: SharedArrayBuffer
  readonly worker: number
  readonly times: number
}

const { role, memory, worker, times } = workerData as LockerData
const words = new Int32Array(memory)
const locks = new SharedLocks(words.subarray(0, 4), worker)

function say(word: string): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage(word)
}

if (role === 'adds') {
  for (let i = 0; i < times; i++) {
    if (!locks.lock(1, 60_000)) throw new Error('there was no lock to be had')
    // Neither atomic nor quick: two at once would lose one.
    const was = words[8]
    for (let pause = i % 300; pause > 0; pause--) Atomics.load(words, 9)
    words[8] = was + 1
    locks.unlock(1)
  }
} else if (role === 'dies with it') {
  locks.lock(1, 60_000)
  locks.lock(3, 60_000)
  process.exit(1)
} else {
  say('waiting')
  say(locks.lock(1, 60_000) ? 'got it' : 'lost patience')
  locks.unlock(1)
}
