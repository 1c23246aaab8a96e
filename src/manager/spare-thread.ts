import { messageOf } from '../base/errors.ts'
import type { ServeOptions } from '../config/command-line.ts'
import { newThread, type NewThread } from './new-thread.ts'
import type { Operations } from './operations.ts'
import { Rehearsal } from './rehearsal.ts'
import { Stage } from './rehearsal-stage.ts'

/** So long after all serve it is begun: who was cut off comes back meanwhile, and needs the cores. */
const QUIET_MS = 2000

/** A thread that can take the place of any worker that dies: it has loaded the code and rehearsed (docs/decisions/0052). */
export class SpareThread {
  /** Tests wait less. */
  quiet_ms = QUIET_MS
  /** While it lasts. */
  rehearsal: Rehearsal | undefined
  private readonly options: ServeOptions
  private readonly heap_bytes: number
  private readonly operations: Operations
  private readonly stage: Stage
  private one: NewThread | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(options: ServeOptions, heap_bytes: number, operations: Operations) {
    this.options = options
    this.heap_bytes = heap_bytes
    this.operations = operations
    this.stage = new Stage(options)
  }

  /** All serve: one is begun when that has been so for a while, if there is none. */
  prepare(entry: URL): void {
    this.wait()
    if (this.one !== undefined || !this.options.parameters.spare_worker) return
    this.timer = setTimeout(() => this.begin(entry), this.quiet_ms).unref()
  }

  /** Not all serve. */
  wait(): void {
    clearTimeout(this.timer)
  }

  /** Undefined: there is none. It may be rehearsing still: that is over when it begins with what it is told. */
  take(): NewThread | undefined {
    const { one } = this
    this.one = undefined
    this.endRehearsal()
    one?.thread.ref()
    return one
  }

  async end(): Promise<void> {
    this.wait()
    await this.take()?.thread.terminate()
  }

  private begin(entry: URL): void {
    const one = (this.one = newThread(entry, 'lacquer-spare', this.heap_bytes))
    const lost = (why: string): void => {
      if (this.one !== one) return
      this.take()
      this.operations.write('warn', `the spare worker ended: ${why}; who dies next is replaced by a new one`)
    }
    one.thread.on('error', (error) => lost(messageOf(error))).on('exit', (code) => lost(`code ${code}`))
    one.thread.unref()
    const rehearsal = (this.rehearsal = new Rehearsal(one.thread, () => this.endRehearsal()))
    rehearsal.begin(this.stage, this.options).catch((error: unknown) => {
      this.operations.write('warn', `the spare worker could not rehearse: ${messageOf(error)}`)
      if (this.rehearsal === rehearsal) this.endRehearsal()
    })
  }

  private endRehearsal(): void {
    this.rehearsal?.end()
    this.rehearsal = undefined
  }
}
