import type { Worker } from 'node:worker_threads'
import { codeOf, messageOf, OperatorError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import type { Endpoint } from '../listen/address.ts'
import { KeptSockets } from '../listen/kept-sockets.ts'
import type { Loans } from '../listen/loans.ts'
import type { Answers, HealthWatch, Question, RuleFaults, WorkerConfig, WorkerMessage } from '../worker/config.ts'
import { newThread, tell } from './new-thread.ts'
import type { Operations } from './operations.ts'
import { Questions } from './questions.ts'
import type { SpareThread } from './spare-thread.ts'

/** The thread's file: TypeScript when we run from src/, JavaScript from dist/. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? '../worker/main.ts' : '../worker/main.js', import.meta.url)

/** A worker that dies sooner than this after its start is not started again at once. */
const SHORT_LIFE_MS = 1000
const RESTART_DELAY_MS = 500

/** For so long clients wait for a worker that has died and cannot be started again, while no other stands in; then they are refused. */
const QUEUE_MAX_MS = 5000

/** How long after its deadline a worker may say that it has finished. */
const SILENCE_MAX_MS = 1000

export interface ThreadOptions {
  readonly slot: number
  /** It may not become larger; a worker that needs more is replaced. */
  readonly heap_bytes: number
  readonly operations: Operations
  /** There are others, who listen where it listens. */
  readonly shared: boolean
  /** Of the descriptors that all workers listen on. */
  readonly loans: Loans
  /** Of all workers: the first that dies has it. */
  readonly spare: SpareThread | undefined
  /** It has left, or serves. */
  readonly changed: () => void
}

/** What a worker's threads, one after the other, are given, and whom they tell. */
export interface WorkerPost {
  config(endpoints: readonly Endpoint[]): WorkerConfig
  /** It serves; these rule sets it could not bring to life. */
  began(faults: RuleFaults): void
  /** A discarded rule set has ended in it. */
  over(rules: number): void
  /** Of the health of a backend that rules have made. */
  watch(watch: HealthWatch): void
  /** It died of a mistake. */
  died(why: string): void
  /** The thread has ended; another may take its place when this returns. */
  buried(): void
}

/**
 * One worker thread and its lives: a worker that throws or runs out of heap is replaced, and the process goes on.
 * Objects beyond the heap's young generation are mostly bodies outside the heap: the heap itself stays small.
 */
export class WorkerThread {
  readonly slot: number
  private readonly options: ThreadOptions
  private readonly operations: Operations
  private readonly name: string
  /** Tests have it of a bundle, which a thread loads in a third of the time, and wait less before the next. */
  entry = ENTRY
  restart_delay_ms = RESTART_DELAY_MS
  private post: WorkerPost | undefined
  private endpoints: readonly Endpoint[] = []
  private thread: Worker | undefined
  private served: Promise<readonly Endpoint[]> = Promise.resolve([])
  private born_ms = 0
  private readonly sockets: KeptSockets
  /** It has served and died, and is to be replaced: who connects where it listened waits for the next one, or for another in its stead. */
  away = false
  /** This one. */
  stand_in: WorkerThread | undefined
  /** Since when they have waited, if there is none. */
  private waited_ms = 0
  /** This thread of it has served. */
  private has_served = false
  /** It has as many connections as it may have. */
  private full = false
  private draining = false
  private drained: ((cut: number) => void) | undefined
  private last_fault: string | undefined
  /** The thread has been told what to do: what it is asked it will answer. */
  begun = false
  /** Ready and serving. */
  serving = false
  private readonly questions: Questions

  constructor(options: ThreadOptions) {
    this.options = options
    this.slot = options.slot
    this.operations = options.operations
    this.name = `worker ${options.slot}`
    this.questions = new Questions(this.name)
    this.sockets = new KeptSockets(options.shared, options.loans)
  }

  /** Begins to load the worker's code; `start` tells it what to do. */
  preload(): void {
    if (this.thread !== undefined) return
    const { slot, heap_bytes, spare } = this.options
    const { thread, life } = spare?.take() ?? newThread(this.entry, `lacquer-${slot}`, heap_bytes)
    life.on('close', () => this.left(thread))
    const served = Promise.withResolvers<readonly Endpoint[]>()
    // It may fail before anybody has asked.
    served.promise.catch(() => {})
    thread.on('message', (message: WorkerMessage) => this.heard(message, served))
    thread.on('error', (error) => {
      // It has some milliseconds to go, but accepts nobody any more.
      this.left(thread)
      const fault = (this.last_fault = this.fault(error))
      if (this.has_served) this.operations.write('error', `${this.name} failed: ${fault}`)
      served.reject(new OperatorError(`${this.name} failed at start: ${messageOf(fault)}`))
    })
    thread.on('exit', (code) => {
      this.ended(thread, code)
      // Of no consequence to one that has served.
      served.reject(new OperatorError(`${this.name} ended with code ${code} before it served`))
    })
    this.thread = thread
    this.served = served.promise
  }

  /** What there is to be measured. */
  get running(): Worker | undefined {
    return this.thread
  }

  /** It may stand in for others: it has room for their clients. */
  get able(): boolean {
    return this.serving && !this.draining && !this.full
  }

  /** From now on `other` serves who connects where this one listens; undefined: nobody but itself. */
  standInWith(other: WorkerThread | undefined): void {
    const before = this.stand_in
    if (before !== undefined) {
      this.waited_ms = performance.now()
      tell(before.thread, { kind: 'stand_down', slot: this.slot })
    }
    this.stand_in = other?.standInFor(this) === true ? other : undefined
  }

  private standInFor(away: WorkerThread): boolean {
    try {
      const { slot, endpoints } = away
      const bound = away.sockets.lend(endpoints, this.slot)
      if (bound.every((fd) => fd === undefined)) return false
      tell(this.thread, { kind: 'stand_in', slot, endpoints, bound })
      return true
    } catch (error) {
      this.operations.write('error', `${this.name} cannot stand in for ${away.name}, whose clients wait: ${messageOf(error)}`)
      return false
    }
  }

  /** It will not be needed: the rules are wrong, or a port is taken. */
  async discard(): Promise<void> {
    this.noMore()
    await this.thread?.terminate()
  }

  /**
   * Resolves with what it listens on when it serves; rejects when it cannot start. Each thread of it is told anew what to do: rule
   * sets come and go meanwhile.
   */
  async start(endpoints: readonly Endpoint[], post: WorkerPost): Promise<readonly Endpoint[]> {
    this.endpoints = endpoints
    this.post = post
    this.draining = false
    this.born_ms = performance.now()
    this.preload()
    const bound = this.sockets.lend(endpoints, this.slot)
    this.begun = true
    tell(this.thread, { kind: 'start', config: { ...post.config(endpoints), bound } })
    return this.settle(await this.served)
  }

  /**
   * Resolves with the number of connections cut when the worker has finished. A thread that is not heard of, or that
   * something still holds when it has said so, is ended: nothing in it keeps the process from its end.
   */
  async drain(deadline_ms: number): Promise<number> {
    this.noMore()
    const { thread } = this
    if (thread === undefined) return 0
    const cut = this.serving ? await this.finished(thread, deadline_ms) : 0
    await thread.terminate()
    return cut
  }

  panic(): void {
    tell(this.thread, { kind: 'panic' })
  }

  /** Rejects with what is wrong with it; with Ended when the thread ends before it has answered. */
  ask<K extends keyof Answers>(question: Question & { kind: K }, patience_ms: number): Promise<Answers[K]> {
    return this.questions.ask<K>((id) => tell(this.thread, { kind: 'ask', id, question }), patience_ms)
  }

  /** It will not be replaced. */
  private noMore(): void {
    this.draining = true
    this.away = false
    this.stand_in = undefined
    // Before it stops accepting, or else new clients would wait for nobody.
    this.sockets.close()
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

  private heard(message: WorkerMessage, served: PromiseWithResolvers<readonly Endpoint[]>): void {
    switch (message.kind) {
      case 'ready':
        this.serving = this.has_served = true
        this.away = this.full = false
        this.options.changed()
        this.post?.began(message.faults)
        return served.resolve(message.endpoints)
      case 'failed':
        return served.reject(new OperatorError(message.message))
      case 'drained':
        return this.drained?.(message.cut)
      case 'full':
        this.full = message.full
        return this.options.changed()
      case 'answer':
        return this.questions.answered(message.id, message.answer)
      case 'fault':
        return this.questions.failed(message.id, message.fault)
      case 'watch':
        return this.post?.watch(message.watch)
      case 'rules_over':
        return this.post?.over(message.rules)
      case 'line':
        return this.operations.write(message.level, message.message)
    }
  }

  /** Whoever comes after it listens where it listened, and nowhere else. */
  private settle(opened: readonly Endpoint[]): readonly Endpoint[] {
    this.endpoints = opened.map((endpoint) => ({ ...endpoint, any_port: false }))
    return this.endpoints
  }

  private fault(error: unknown): string {
    if (codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY')
      return `its heap exceeded ${formatBytes(this.options.heap_bytes)} (parameter worker_heap)`
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }

  /** That thread serves no more. At once somebody else is to. */
  private left(thread: Worker): void {
    if (thread !== this.thread || !this.serving) return
    this.serving = false
    this.away = !this.draining
    this.waited_ms = performance.now()
    this.options.changed()
  }

  private ended(thread: Worker, code: number): void {
    const { has_served } = this
    this.left(thread)
    this.has_served = false
    this.thread = undefined
    this.begun = false
    this.options.loans.takeBack(this.slot)
    this.questions.ended()
    this.post?.buried()
    if (this.draining) return this.drained?.(0)
    if (!has_served) return
    this.post?.died(`${this.name} ended unexpectedly (code ${code})${this.last_fault === undefined ? '' : `: ${this.last_fault}`}`)
    this.last_fault = undefined
    this.operations.write('error', `${this.name} ended unexpectedly (code ${code}); starting another`)
    const delay_ms = performance.now() - this.born_ms < SHORT_LIFE_MS ? this.restart_delay_ms : 0
    setTimeout(() => this.restart(), delay_ms)
  }

  private restart(): void {
    // All may have been stopped and started again meanwhile.
    if (this.draining || this.post === undefined || this.thread !== undefined) return
    this.start(this.endpoints, this.post).then(
      () => this.operations.write('info', `${this.name} serves again`),
      (error: unknown) => {
        if (!this.draining) void this.failed(error)
      },
    )
  }

  /** It will be tried again, but nobody waits for that for long. */
  private async failed(error: unknown): Promise<void> {
    const waited = this.stand_in === undefined && performance.now() - this.waited_ms > QUEUE_MAX_MS
    const late = waited && this.sockets.open
    if (late) this.sockets.close()
    const waiting = late ? '; who waits to be served by it is refused' : ''
    this.operations.write('error', `${this.name} could not be started again: ${messageOf(error)}${waiting}`)
    // Something of it may still hold it.
    await this.thread?.terminate()
    setTimeout(() => this.restart(), this.restart_delay_ms)
  }
}
