import { Worker } from 'node:worker_threads'
import { OperatorError } from '../base/errors.ts'
import type { Endpoint } from '../listen/address.ts'
import type { ManagerMessage, WorkerConfig, WorkerMessage } from '../worker/config.ts'
import type { Operations } from './operations.ts'

/** The thread's file: TypeScript when we run from src/, JavaScript from dist/. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? '../worker/main.ts' : '../worker/main.js', import.meta.url)

/** Room for what lives no longer than a request, so that a burst of misses is not taken for something to keep. */
const YOUNG_MB = 64

/** A worker that dies sooner than this after its start is not started again at once. */
const SHORT_LIFE_MS = 1000
const RESTART_DELAY_MS = 500

/** How long after its deadline a worker may say that it has finished. */
const SILENCE_MAX_MS = 1000

/**
 * One worker thread and its lives: a worker that throws or runs out of heap is replaced, and the process goes on.
 * Objects beyond the heap's young generation are mostly bodies outside the heap: the heap itself stays small.
 */
export class WorkerThread {
  private readonly operations: Operations
  private config: WorkerConfig | undefined
  private thread: Worker | undefined
  private born_ms = 0
  private draining = false
  private drained: ((cut: number) => void) | undefined
  /** Ready and serving. */
  serving = false

  constructor(operations: Operations) {
    this.operations = operations
  }

  /** Begins to load the worker's code; `start` tells it what to do. */
  preload(): Worker {
    this.thread ??= new Worker(ENTRY, { name: 'lacquer-worker', resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } })
    return this.thread
  }

  /** What there is to be measured. */
  get running(): readonly Worker[] {
    return this.thread === undefined ? [] : [this.thread]
  }

  /** It will not be needed: the rules are wrong, or a port is taken. */
  async discard(): Promise<void> {
    this.draining = true
    await this.thread?.terminate()
  }

  /** Resolves with what it listens on when it serves; rejects when it cannot start. */
  start(config: WorkerConfig): Promise<readonly Endpoint[]> {
    this.config = config
    this.born_ms = performance.now()
    const thread = this.preload()
    tell(thread, { kind: 'start', config })
    return new Promise((resolve, reject) => {
      thread.on('message', (message: WorkerMessage) => this.heard(message, resolve, reject))
      thread.on('error', (error) => {
        this.operations.write('error', `worker failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
        reject(error)
      })
      thread.on('exit', (code) => {
        this.ended(code)
        // Of no consequence to one that has served.
        reject(new Error(`the worker ended with code ${code} before it served`))
      })
    })
  }

  /**
   * Resolves with the number of connections cut when the worker has finished. A thread that is not heard of, or that
   * something still holds when it has said so, is ended: nothing in it keeps the process from its end.
   */
  async drain(deadline_ms: number): Promise<number> {
    this.draining = true
    const { thread } = this
    if (thread === undefined) return 0
    const cut = this.serving ? await this.finished(thread, deadline_ms) : 0
    await thread.terminate()
    return cut
  }

  private finished(thread: Worker, deadline_ms: number): Promise<number> {
    return new Promise((resolve) => {
      const limit = setTimeout(() => this.drained?.(0), deadline_ms + SILENCE_MAX_MS)
      this.drained = (cut) => {
        clearTimeout(limit)
        resolve(cut)
      }
      tell(thread, { kind: 'drain', deadline_ms })
    })
  }

  private heard(message: WorkerMessage, resolve: (endpoints: readonly Endpoint[]) => void, reject: (error: Error) => void): void {
    switch (message.kind) {
      case 'ready':
        this.serving = true
        this.config = this.config && { ...this.config, endpoints: message.endpoints }
        return resolve(message.endpoints)
      case 'failed':
        return reject(new OperatorError(message.message))
      case 'drained':
        return this.drained?.(message.cut)
      case 'line':
        return this.operations.write(message.level, message.message)
    }
  }

  private ended(code: number): void {
    const wasServing = this.serving
    this.serving = false
    this.thread = undefined
    if (this.draining) return this.drained?.(0)
    if (!wasServing) return
    this.operations.write('error', `worker ended unexpectedly (code ${code}); starting another`)
    const delay_ms = performance.now() - this.born_ms < SHORT_LIFE_MS ? RESTART_DELAY_MS : 0
    setTimeout(() => this.restart(), delay_ms)
  }

  private restart(): void {
    if (this.draining || this.config === undefined) return
    this.start(this.config).catch((error: unknown) => {
      this.operations.write('error', `worker could not be started again: ${error instanceof Error ? error.message : String(error)}`)
      setTimeout(() => this.restart(), RESTART_DELAY_MS)
    })
  }
}

function tell(thread: Worker, message: ManagerMessage): void {
  // A thread, not a window: there is no origin to name.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  thread.postMessage(message)
}
