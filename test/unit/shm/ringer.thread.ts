import { connect, createServer, type AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { Doorbells } from '../../../src/shm/doorbell.ts'

/** Threads of doorbell.test.ts. */
const { role, bells: memory, counts: counts_memory, slot, times } = workerData as RingerData
const bells = new Doorbells(memory)
const counts = new Int32Array(counts_memory)

export interface RingerData {
  readonly role: 'rings' | 'listens' | 'listens with a socket'
  readonly bells: SharedArrayBuffer
  /** 0: rung for. 1: seen by the listener. */
  readonly counts: SharedArrayBuffer
  readonly slot: number
  readonly times: number
}

function say(word: string): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage(word)
}

if (role === 'rings') {
  for (let i = 0; i < times; i++) {
    Atomics.add(counts, 0, 1)
    bells.ring(slot)
    // At times so slow that the listener has gone to sleep, at times not.
    for (let pause = (i * 7919) % 3000; pause > 0; pause--) Atomics.load(counts, 2)
  }
} else {
  const listening = bells.listen(slot, () => {
    Atomics.store(counts, 1, Atomics.load(counts, 0))
    Atomics.notify(counts, 1)
    say('rung')
  })
  if (role === 'listens with a socket') {
    // As a worker: nothing happens in its event loop, but it is there.
    const server = createServer().listen(0, '127.0.0.1', () =>
      say((server.address() as AddressInfo).port > 0 ? 'listening' : 'not listening'),
    )
    parentPort?.on('message', (message) => {
      if (message === 'close') listening.close()
      if (message === 'connect') connect((server.address() as AddressInfo).port, '127.0.0.1').on('connect', () => say('connected'))
    })
  }
}
