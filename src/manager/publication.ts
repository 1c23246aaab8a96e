import type { Clock } from '../base/clock.ts'
import { messageOf, OperatorError } from '../base/errors.ts'
import type { ServeOptions } from '../config/command-line.ts'
import { CounterBlock, MAIN, MGT, type CounterSet, type CounterValues } from '../counters/counters.ts'
import { CHILD_CLASSES, StatSegments } from '../counters/vsc/stat-segments.ts'
import type { MappedMemory } from '../log/place.ts'
import { native, NoNativeError } from '../shm/native.ts'
import { PidFile } from '../shm/vsm/pid-file.ts'
import type { Segment } from '../shm/vsm/segment-set.ts'
import { asOperatorError, WorkDirectory } from '../shm/vsm/work-directory.ts'
import type { Operations } from './operations.ts'

/** How often what has been counted is shown. */
const SHOW_MS = 100

/**
 * What others on this machine see of us: the work directory with our counters, our log, and how we can be reached. Without a directory
 * (no koffi; none could be made and -n did not ask for one) we serve all the same.
 */
export class Publication {
  /** What the manager counts: MGT, and the uptime of MAIN. */
  readonly own: CounterValues
  /** What the operator should hear about it. */
  readonly remarks: string[] = []
  private readonly main: CounterValues
  private directory: WorkDirectory | undefined
  private pid_file: PidFile | undefined
  private readonly counters: CounterSet
  private readonly clock: Clock
  private readonly operations: Operations
  private readonly begun_ms = performance.now()
  private mgt: StatSegments | undefined
  private child: StatSegments | undefined
  private timer: NodeJS.Timeout | undefined
  /** What was said last of what is wrong with showing them. */
  private complaint = ''
  /** Workers' counters could be written once. */
  private was_seen = false

  constructor(counters: CounterSet, clock: Clock, operations: Operations) {
    this.counters = counters
    this.clock = clock
    this.operations = operations
    const [mgt, main] = [new CounterBlock('MGT'), new CounterBlock('MAIN')]
    counters.add(mgt.handle)
    counters.add(main.handle)
    this.own = mgt.values
    this.main = main.values
  }

  get path(): string | undefined {
    return this.directory?.path
  }

  /** From now on there is something to see. Throws an OperatorError when -n or -P name what cannot be used. */
  begin(options: Pick<ServeOptions, 'name' | 'pidFile' | 'identity'>): void {
    const { name, pidFile, identity } = options
    if (pidFile !== undefined) this.pid_file = takePidFile(pidFile)
    this.clock.refresh()
    try {
      this.directory = WorkDirectory.open({ name, wall_s: this.clock.wall_ms / 1000 })
      this.publish(this.directory, identity)
    } catch (error) {
      this.doWithout(error, name)
    }
  }

  /** How we can be reached: -T has a line for each address. */
  say(what: '-i' | '-T' | '-S', text: string): Segment | undefined {
    return this.directory?.mgt.add('Arg', what, Buffer.from(`${text}\0`))
  }

  /** Memory for the log that others can read, where there is room for it. Rejects with an OperatorError when -n says where it is to be. */
  async logMemory({ name, parameters }: Pick<ServeOptions, 'name' | 'parameters'>): Promise<MappedMemory | undefined> {
    try {
      return (await this.directory?.makeRing(parameters.vsl_space))?.place
    } catch (error) {
      if (!(error instanceof OperatorError) || name !== undefined) throw error
      this.remarks.push(`the log cannot be read by tools: ${error.message}`)
      return undefined
    }
  }

  /** The log's memory is there before it is written to; nobody waits for it. */
  warmLog(): void {
    void this.directory?.ring?.mapping.populate()
  }

  /** Makes a secret, if there is a place for it; its file. */
  makeSecret(): string | undefined {
    return this.directory?.makeSecret()
  }

  /** Workers are about to begin. Throws an OperatorError when there is no room for their counters. */
  beginChild(): void {
    const { directory } = this
    this.own[MGT.child_start]++
    if (directory === undefined) return
    this.clock.refresh()
    this.setUptime()
    try {
      this.child = new StatSegments(directory.begin(this.clock.wall_ms / 1000), this.counters, CHILD_CLASSES)
    } catch (error) {
      return this.beginUnseen(directory, asOperatorError(directory.path, error))
    }
    this.was_seen = true
    try {
      directory.publishLog()
    } catch (error) {
      this.operations.write('warn', `tools cannot read the log until Lacquer is started anew: ${messageOf(error)}`)
    }
  }

  /** Whoever starts the program hears of it. Later, at the command `start`, traffic does not wait for the room that tools need. */
  private beginUnseen(directory: WorkDirectory, fault: Error): void {
    if (!this.was_seen) throw fault
    directory.end()
    this.operations.write('warn', `tools see nothing of the workers until these are stopped and started once more: ${fault.message}`)
  }

  /** They have ended. */
  endChild(): void {
    this.child = undefined
    this.directory?.end()
  }

  /** Counters as they are now. */
  show(): void {
    this.setUptime()
    try {
      this.mgt?.update()
      this.child?.update()
      this.complaint = ''
    } catch (error) {
      const complaint = `counters in ${this.path ?? ''} are not up to date: ${messageOf(error)}`
      if (complaint !== this.complaint) this.operations.write('warn', complaint)
      this.complaint = complaint
    }
  }

  /** For good. */
  close(): void {
    clearInterval(this.timer)
    this.endChild()
    this.directory?.close()
    this.pid_file?.remove()
  }

  private publish(directory: WorkDirectory, identity: string): void {
    const { path, own_name, passed_over } = directory
    this.say('-i', identity)
    this.setUptime()
    this.mgt = new StatSegments(directory.mgt, this.counters, ['MGT'])
    if (passed_over !== undefined) this.remarks.push(`the work directory is ${path}: ${passed_over}`)
    if (own_name) this.remarks.push(`another Lacquer has the default work directory: that of this one is ${path}, for tools -n ${path}`)
    this.timer = setInterval(() => this.show(), SHOW_MS).unref()
  }

  /** There is none, or no room in it. Throws an OperatorError when -n wants one. */
  private doWithout(thrown: unknown, name: string | undefined): void {
    const { directory } = this
    const error = directory === undefined ? thrown : asOperatorError(directory.path, thrown)
    if (!(error instanceof OperatorError) || (name !== undefined && !(error instanceof NoNativeError))) throw error
    directory?.close()
    this.directory = undefined
    this.remarks.push(`there is no work directory, so the tools that read it cannot be used: ${error.message}`)
  }

  private setUptime(): void {
    const uptime_s = (performance.now() - this.begun_ms) / 1000
    this.own[MGT.uptime] = uptime_s
    // Published readers divide by it.
    this.main[MAIN.uptime] = Math.max(1, uptime_s)
  }
}

/** Without locks, two may have one file: it is not there to find that out. */
function takePidFile(path: string): PidFile {
  let locks: Parameters<typeof PidFile.take>[1] = { lock: () => 0 }
  try {
    locks = native('-P', 'leave it out')
  } catch (error) {
    if (!(error instanceof NoNativeError)) throw error
  }
  return PidFile.take(path, locks, `-P ${path}`)
}
