import { Fault, STATUS } from '../admin/fault.ts'
import type { ChildState } from '../admin/program.ts'
import { messageOf } from '../base/errors.ts'
import { MGT } from '../counters/counters.ts'
import type { Endpoint } from '../listen/address.ts'
import type { Publication } from './publication.ts'
import type { WorkerSupplies } from './supplies.ts'
import type { Workers } from './workers.ts'

export interface ChildParts {
  readonly workers: Workers
  readonly supplies: WorkerSupplies
  readonly shutdown_timeout_s: () => number
  /** Before they begin again. */
  readonly onStart: () => void
  /** What others see of them. */
  readonly publication: Pick<Publication, 'beginChild' | 'endChild' | 'own'>
  readonly onState: (state: ChildState) => void
}

/** What the admin protocol calls the child: all workers, stopped and started together. The stores are the manager's, and stay. */
export class Child {
  state: ChildState = 'stopped'
  /** What is listened on; with the ports that were taken at first. */
  endpoints: readonly Endpoint[] = []
  private readonly parts: ChildParts

  constructor(parts: ChildParts) {
    this.parts = parts
  }

  /** At the start of the program: what is wrong with it is for whoever has started it. */
  async begin(): Promise<void> {
    const { publication, workers, supplies } = this.parts
    const started = workers.start(this.endpoints, supplies)
    // In vain, when what is seen of them cannot be made.
    started.catch(() => {})
    // While they begin.
    publication.beginChild()
    this.endpoints = await started
    supplies.cli_log.begin()
    this.become('running')
  }

  /** Resolves with how many connections were cut. */
  async stop(): Promise<number> {
    this.become('stopping')
    const { publication, shutdown_timeout_s, supplies, workers } = this.parts
    supplies.cli_log.end()
    const cut = await workers.drain(shutdown_timeout_s() * 1000)
    publication.own[MGT.child_stop]++
    publication.own[MGT.child_exit]++
    publication.endChild()
    this.become('stopped')
    return cut
  }

  async start(): Promise<void> {
    const { workers, onStart, publication } = this.parts
    this.become('starting')
    onStart()
    try {
      await this.begin()
    } catch (error) {
      await workers.discard()
      publication.endChild()
      this.become('stopped')
      throw new Fault(STATUS.cant, `The workers could not be started: ${messageOf(error)}`)
    }
  }

  forgetXids(): Promise<void> {
    return this.parts.workers.forgetXids()
  }

  panic(): void {
    this.parts.workers.panic()
  }

  private become(state: ChildState): void {
    this.state = state
    this.parts.onState(state)
  }
}
