import type { ClientConnection, FlowEntry } from './client.ts'
import { ClientTask, type TaskPool } from './client-task.ts'
import type { Environment } from './environment.ts'

/** Tasks kept for reuse at most; more than that were needed in a burst and are left to the collector. */
const SPARE_MAX = 1024

/** Where connections hand in their requests. */
export class Flow implements FlowEntry, TaskPool {
  private readonly env: Environment
  private readonly spare: ClientTask[] = []

  constructor(env: Environment) {
    this.env = env
  }

  request(connection: ClientConnection): void {
    this.env.store.newRun()
    this.take().begin(connection)
  }

  take(): ClientTask {
    return this.spare.pop() ?? new ClientTask(this.env, this)
  }

  /** Other rules have taken over: spare tasks keep the old ones no longer. */
  forgetSpare(): void {
    this.spare.length = 0
  }

  giveBack(task: ClientTask): void {
    if (task.kept_body !== undefined || task.kept_bytes > 0) this.forgetBody(task)
    if (this.spare.length < SPARE_MAX) this.spare.push(task)
  }

  private forgetBody(task: ClientTask): void {
    task.kept_body = undefined
    this.env.bodies.giveBack(task.kept_bytes)
    task.kept_bytes = 0
  }
}
