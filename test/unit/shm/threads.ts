import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** A thread of this folder, with what it says. */
export class Thread {
  readonly worker: Worker
  readonly said: unknown[] = []
  readonly exited: Promise<number>
  private failure: Error | undefined

  constructor(file: string, data: unknown) {
    this.worker = new Worker(new URL(file, import.meta.url), { workerData: data })
    this.worker.on('message', (message) => this.said.push(message))
    this.worker.on('error', (error) => (this.failure = error as Error))
    this.exited = once(this.worker, 'exit').then(([code]) => {
      if (this.failure !== undefined) throw this.failure
      return code as number
    })
    // Whoever is interested asks for it.
    this.exited.catch(() => {})
  }

  /** Resolves when it has said so. */
  async heard(message: unknown): Promise<void> {
    while (!this.said.includes(message)) {
      await Promise.race([once(this.worker, 'message'), this.exited])
      if (this.worker.threadId === -1 && !this.said.includes(message)) throw new Error(`the thread ended without saying ${String(message)}`)
    }
  }

  tell(message: unknown): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.worker.postMessage(message)
  }

  /** Nothing of it runs when this resolves. */
  async end(): Promise<void> {
    await this.worker.terminate()
  }
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
