import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { ManagerMessage } from '../worker/config.ts'

const MIB = 2 ** 20
/** Room for what lives no longer than a request, so that a burst of misses is not taken for something to keep. */
const YOUNG_MB = 64

/** A thread that has begun to load the worker's code, and has not been told yet what to do. */
export interface NewThread {
  readonly thread: Worker
  /** Closes when the thread begins to end: of its exit is heard only when its heap has been freed, a third of a second later where that was full. */
  readonly life: MessagePort
}

/** `heap_bytes`: its heap may not become larger. */
export function newThread(entry: URL, name: string, heap_bytes: number): NewThread {
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB, maxOldGenerationSizeMb: Math.ceil(heap_bytes / MIB) }
  // Nothing is sent.
  const { port1: life, port2: its_end } = new MessageChannel()
  return { thread: new Worker(entry, { name, resourceLimits, workerData: its_end, transferList: [its_end] }), life }
}

export function tell(thread: Worker | undefined, message: ManagerMessage): void {
  // A thread, not a window: there is no origin to name.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  thread?.postMessage(message)
}
