import { OperatorError } from '../../base/errors.ts'
import { AttachedDirectory, SegmentFile } from '../../shm/vsm/attach.ts'
import { Dispatcher, type GroupOutput } from './dispatcher.ts'
import type { Ended, LivePlace, ReadHooks, ReadOptions } from './options.ts'
import { RingSource } from './ring-source.ts'

/** How long a reader rests that has read everything, one that waits for a log, and one that waits for a server. */
const IDLE_MS = 10
const AGAIN_MS = 100
const ATTACH_MS = 250

/** The log of a running server, and of the one that comes after it. */
export class LiveReading {
  private readonly place: LivePlace
  private readonly options: ReadOptions
  private readonly hooks: ReadHooks
  private readonly output: GroupOutput
  private readonly directory: AttachedDirectory
  /** Said already: it is not said again before something has been read. */
  private said = ''

  constructor(place: LivePlace, options: ReadOptions, hooks: ReadHooks, output: GroupOutput) {
    this.place = place
    this.options = options
    this.hooks = hooks
    this.output = output
    this.directory = new AttachedDirectory(place.directory)
  }

  async run(): Promise<Ended> {
    try {
      if (!(await this.attach())) return 'stopped'
      this.hooks.begun?.()
      for (let times = 0; ; times++) {
        const source = await this.open(times > 0)
        if (source === undefined) return 'stopped'
        try {
          const ended = await this.follow(source)
          if (ended !== undefined) return ended
        } finally {
          source.close()
        }
      }
    } finally {
      this.directory.close()
    }
  }

  private get isStopped(): boolean {
    return this.hooks.stop?.aborted === true
  }

  /** Waits for a server; false: stopped. Throws an OperatorError when none comes. */
  private async attach(): Promise<boolean> {
    const { directory } = this.place
    const until_ms = this.patienceEnds()
    for (;;) {
      this.directory.poll()
      if (this.directory.isThere) return true
      if (this.isPast(until_ms)) throw new OperatorError(`${directory}: there is no server; start it, or say with -n where it is`)
      await this.hooks.pause(ATTACH_MS)
      if (this.isStopped) return false
    }
  }

  /** Waits for a log; undefined: stopped. */
  private async open(is_again: boolean): Promise<RingSource | undefined> {
    if (is_again) await this.hooks.pause(AGAIN_MS)
    const until_ms = this.patienceEnds()
    while (!this.isStopped) {
      const source = this.tryOpen()
      if (source !== undefined) {
        if (is_again || this.said !== '') this.hooks.complain('Log reacquired')
        return source
      }
      // What is written later is waited for, what is there already is not.
      if (this.place.history && this.isPast(until_ms))
        throw new OperatorError(`${this.place.directory}: the server has no log that could be read; its workers may not be running`)
      this.hooks.idle?.()
      await this.hooks.pause(AGAIN_MS)
    }
    return undefined
  }

  private patienceEnds(): number {
    this.hooks.clock.refresh()
    return this.hooks.clock.mono_ms + this.place.patience_s * 1000
  }

  private isPast(until_ms: number): boolean {
    this.hooks.clock.refresh()
    return this.hooks.clock.mono_ms >= until_ms
  }

  private tryOpen(): RingSource | undefined {
    this.directory.poll()
    const segment = this.directory.find('Log')
    if (segment === undefined) return this.say('Log abandoned (vsm)')
    let file: SegmentFile | undefined
    try {
      file = new SegmentFile(segment)
      return new RingSource(file, this.place.history, () => {
        this.directory.poll()
        return !segment.is_gone && !this.directory.hasDied
      })
    } catch (error) {
      file?.close()
      if (error instanceof OperatorError) throw error
      // A server that has just gone, or one that is not ready; or what never was a log.
      return this.say(`Log cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  private say(line: string): undefined {
    if (line !== this.said) this.hooks.complain(line)
    this.said = line
    return undefined
  }

  /** Until the log is another; undefined then. */
  private async follow(source: RingSource): Promise<Ended | undefined> {
    const dispatcher = new Dispatcher(source, this.options, this.hooks, this.output)
    for (;;) {
      const state = dispatcher.run()
      if (state === 'enough' || state === 'end') return state
      if (state === 'some' || state === 'none') this.said = ''
      if (state === 'none') this.hooks.idle?.()
      if (this.hooks.flushAsked?.() === true && !dispatcher.flush()) return 'enough'
      if (state !== 'some' && state !== 'none') return this.lost(dispatcher, state, source.fault)
      await (state === 'some' ? turn() : this.hooks.pause(IDLE_MS))
      if (this.isStopped) return 'stopped'
    }
  }

  private lost(dispatcher: Dispatcher, state: 'abandoned' | 'overrun' | 'damaged', fault: string): Ended | undefined {
    const is_enough = !dispatcher.flush()
    this.say(state === 'abandoned' ? 'Log abandoned (vsl)' : state === 'overrun' ? 'Log overrun' : fault)
    if (is_enough) return 'enough'
    // From the beginning it would come to the same place again.
    return state === 'damaged' && this.place.history ? 'end' : undefined
  }
}

/** Lets signals and timers have their turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
