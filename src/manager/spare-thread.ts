import { messageOf } from '../base/errors.ts'
import type { ServeOptions } from '../config/command-line.ts'
import type { WorkerMessage } from '../worker/config.ts'
import { newThread, type NewThread } from './new-thread.ts'
import type { Operations } from './operations.ts'
import { Rehearsal } from './rehearsal.ts'
import { Stage } from './rehearsal-stage.ts'

/** So long after all serve it is begun: who was cut off comes back meanwhile, and needs the cores. */
const QUIET_MS = 2000
/** The rehearsal is not in a hurry: those who serve need the cores. In each turn each of its clients asks, if it has been answered. */
const TURN_MS = 10

/** A thread that can take the place of any worker that dies: it has loaded the code and rehearsed (docs/decisions/0052). */
export class SpareThread {
  /** Tests wait less, and are in a hurry. */
  quiet_ms = QUIET_MS
  turn_ms = TURN_MS
  /** While it lasts. */
  rehearsal: Rehearsal | undefined
  private readonly options: ServeOptions
  private readonly heap_bytes: number
  private readonly operations: Operations
  private readonly stage: Stage
  private one: NewThread | undefined
  /** It has begun to end, and is nobody's any more. */
  private ending: NewThread | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(options: ServeOptions, heap_bytes: number, operations: Operations) {
    this.options = options
    this.heap_bytes = heap_bytes
    this.operations = operations
    this.stage = new Stage(options)
  }

  /** All serve: one is begun when that has been so for a while, if there is none. */
  prepare(entry: URL): void {
    // Again and again, where workers are full and are not: that is no reason to begin later.
    if (this.one !== undefined || this.timer !== undefined || !this.options.parameters.spare_worker) return
    this.timer = setTimeout(() => this.begin(entry), this.quiet_ms).unref()
  }

  /** Not all serve. */
  wait(): void {
    clearTimeout(this.timer)
    this.timer = undefined
  }

  /** Undefined: there is none. It may be rehearsing still: that is over when it begins with what it is told. */
  take(): NewThread | undefined {
    const { one } = this
    if (one === this.ending) return undefined
    this.forget()
    one?.thread.ref()
    return one
  }

  async end(): Promise<void> {
    const { one } = this
    this.wait()
    this.forget()
    await one?.thread.terminate()
  }

  private forget(): void {
    this.one = this.ending = undefined
    this.endRehearsal()
  }

  private begin(entry: URL): void {
    this.timer = undefined
    try {
      this.raise(newThread(entry, 'lacquer-spare', this.heap_bytes))
    } catch (error) {
      // The system gives no more threads, say: whoever dies next is tried again and again.
      this.operations.write('warn', `the spare worker could not be begun: ${messageOf(error)}`)
    }
  }

  private raise(one: NewThread): void {
    this.one = one
    const lost = (why: string): void => {
      if (this.one !== one) return
      this.forget()
      this.operations.write('warn', `the spare worker ended: ${why}; who dies next is replaced by a new one`)
    }
    one.thread.on('error', (error) => lost(messageOf(error))).on('exit', (code) => lost(`code ${code}`))
    one.thread.on('message', (message: WorkerMessage) => {
      if (this.one === one && message.kind === 'line') this.operations.write(message.level, message.message)
    })
    one.life.on('close', () => {
      if (this.one === one) this.ending = one
    })
    one.thread.unref()
    const rehearsal = (this.rehearsal = new Rehearsal(one.thread, this.turn_ms, () => this.endRehearsal()))
    rehearsal.begin(this.stage, this.options).catch((error: unknown) => {
      if (this.rehearsal !== rehearsal) return
      this.operations.write('warn', `the spare worker could not rehearse: ${messageOf(error)}`)
      this.endRehearsal()
    })
  }

  private endRehearsal(): void {
    this.rehearsal?.end()
    this.rehearsal = undefined
  }
}
