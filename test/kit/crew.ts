import { connect, type Socket } from 'node:net'
import { ManualClock } from '../../src/base/clock.ts'
import { parseCommandLine, type ServeOptions } from '../../src/config/command-line.ts'
import { CounterBlock, CounterSet, MAIN } from '../../src/counters/counters.ts'
import type { Explanation } from '../../src/explain/contract.ts'
import { readAsked } from '../../src/explain/request.ts'
import { parseListen, type Endpoint } from '../../src/listen/address.ts'
import { bindEndpoints } from '../../src/listen/bind.ts'
import { memoryOf } from '../../src/log/place.ts'
import { readRing } from '../../src/log/reader.ts'
import { Explaining } from '../../src/manager/explaining.ts'
import { Operations } from '../../src/manager/operations.ts'
import type { RuleSets } from '../../src/manager/rule-sets.ts'
import { SpareThread } from '../../src/manager/spare-thread.ts'
import { newRuleSets, startRules } from '../../src/manager/start-rules.ts'
import { newSupplies, type WorkerSupplies } from '../../src/manager/supplies.ts'
import { Workers } from '../../src/manager/workers.ts'
import type { WorkerConfig } from '../../src/worker/config.ts'
import { built } from './built.ts'
import { Patience } from './patience.ts'

/** The operations log as lines. */
class Lines extends Operations {
  readonly heard: string[] = []
  override write(_level: string, message: string): void {
    this.heard.push(message)
  }
}

/** Those who are held back are tried again and again: each time a thread is begun for it. */
const RESTART_DELAY_MS = 100

/** What tells most of what workers are about. */
const STATE = [
  'sess_conn',
  'sess_open',
  'sess_closed',
  'sess_closed_err',
  'client_req',
  'busy_sleep',
  'busy_wakeup',
  'backend_req',
] as const

/** Several real worker threads, and the manager's part of their lives, without its process: signals, ready line, metrics. */
export class Crew {
  readonly counters = new CounterSet()
  readonly workers: Workers
  readonly operations = new Lines()
  rules!: RuleSets
  /** The manager's; how long rules have been idle goes by it. */
  readonly clock = new ManualClock()
  endpoints: readonly Endpoint[] = []
  /** Threads that have ended, by the numbers of their workers. */
  readonly buried: number[] = []
  /** Workers of which none begins. */
  readonly held = new Set<number>()
  private readonly configs: WorkerConfig[] = []
  private supplies: WorkerSupplies | undefined
  private readonly options: ServeOptions
  private explaining: Explaining | undefined
  private readonly patience = new Patience(45_000)

  /** `spare`: one is kept, as by serve. */
  constructor(options: ServeOptions, heap_bytes: number, spare = false) {
    this.options = options
    const kept = spare ? new SpareThread(options, heap_bytes, this.operations) : undefined
    this.workers = new Workers(options.workers, heap_bytes, this.operations, kept)
    for (const thread of this.workers['threads']) {
      thread.entry = built('worker')
      thread.restart_delay_ms = RESTART_DELAY_MS
    }
  }

  async start(endpoints?: readonly Endpoint[]): Promise<this> {
    this.workers.preload()
    try {
      const started = await startRules(this.options, undefined)
      this.rules = await newRuleSets(this.options, started, this.workers, this.counters, this.clock, this.operations)
      const supplies = (this.supplies = newSupplies(this.options, this.rules, this.counters, this.operations))
      const listen = endpoints ?? (await bindEndpoints(parseListen(this.options.listen)))
      this.endpoints = await this.workers.start(listen, this.watched(supplies))
      return this
    } catch (error) {
      await this.workers.discard()
      throw error
    }
  }

  /** Keeps what the workers were given. */
  private watched(supplies: WorkerSupplies): WorkerSupplies {
    return {
      ...supplies,
      postOf: (slot) => {
        const post = supplies.postOf(slot)
        return {
          ...post,
          config: (endpoints) => {
            if (this.held.has(slot)) throw new Error('held back')
            return (this.configs[slot] = post.config(endpoints))
          },
          buried: () => {
            post.buried()
            this.buried.push(slot)
          },
        }
      },
    }
  }

  get port(): number {
    return this.endpoints[0].port
  }

  configOf(slot: number): WorkerConfig {
    return this.configs[slot]
  }

  /** Counters of all, by name as they are printed. */
  counts(): Record<string, number> {
    return this.counters.snapshot()
  }

  /** One counter of one worker. */
  count(slot: number, name: keyof typeof MAIN): number {
    const [main] = this.configs[slot].counters
    return CounterBlock.attach(main).values[MAIN[name]]
  }

  /** The same counter of each worker. */
  each(name: keyof typeof MAIN): number[] {
    return this.configs.map(({ slot }) => this.count(slot, name))
  }

  /** A connection that this worker serves: the kernel deals them out, so it is tried until it is so. */
  async connect(slot: number): Promise<Socket> {
    for (;;) {
      const before = this.each('sess_conn')
      const socket = connect(this.port, '127.0.0.1').on('error', () => {})
      let accepted = -1
      await this.until('a connection is accepted', () => (accepted = this.each('sess_conn').findIndex((n, i) => n > before[i])) >= 0)
      if (accepted === slot) return socket.setNoDelay()
      socket.destroy()
    }
  }

  /** Records of all, oldest first. */
  log(): { tag: string; xid: number; text: string }[] {
    return [...readRing(memoryOf(this.configs[0].ring.memory))].map(({ name, xid, text }) => ({ tag: name, xid, text }))
  }

  /** Stops a worker's thread wherever it is. Resolves when it has ended. */
  async kill(slot: number): Promise<void> {
    await this.workers['threads'][slot]['thread']?.terminate()
  }

  /** The manager's work that nobody waits for: a step at a time, when a test says so. */
  get upkeep(): WorkerSupplies['upkeep'] {
    if (this.supplies === undefined) throw new Error('not started')
    return this.supplies.upkeep
  }

  /** What the admin command of that name would tell of this request. */
  async explain(...words: readonly string[]): Promise<Explanation> {
    this.explaining ??= new Explaining(this.rules, this.workers, this.options)
    return this.explaining.explain(readAsked(words))
  }

  /** The manager's probes: they begin when a test says so. */
  get health(): WorkerSupplies['health'] {
    if (this.supplies === undefined) throw new Error('not started')
    return this.supplies.health
  }

  /** Waits until so many have been replaced. */
  async replaced(times: number): Promise<void> {
    const again = (): number => this.operations.heard.filter((line) => line.endsWith('serves again')).length
    await this.until(`${times} workers serve again`, () => again() >= times)
  }

  async until(what: string, fact: () => boolean): Promise<void> {
    try {
      await this.patience.until(what, fact)
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.state()}`, { cause: error })
    }
  }

  /** For whoever waited in vain, or saw what should not be: what each worker has counted, who has ended, and what the operations log says last. */
  state(): string {
    const told = STATE.map((name) => `${name} ${this.each(name).join(' ')}`)
    return [told.join(', '), `buried: ${this.buried.join(' ')}`, ...this.operations.heard.slice(-5)].join('\n')
  }

  async close(): Promise<void> {
    await this.workers.drain(0)
  }

  /** After that: once more, where they listened. */
  async again(): Promise<void> {
    if (this.supplies === undefined) throw new Error('not started')
    await this.workers.start(this.endpoints, this.watched(this.supplies))
  }
}

/** `flags` as for serve, without -w; on a free port and with a store of 16 MiB unless they say otherwise. */
export function newCrew(count: number, flags: string, heap_bytes = 2 ** 28, spare = false): Crew {
  const listen = / ?-a /.test(flags) ? '' : '-a 127.0.0.1:0 '
  const storage = /(?:^| )-s /.test(flags) ? '' : '-s memory,16M '
  const options = parseCommandLine(`serve ${listen}${storage}${flags}`.split(' '))
  if (options.command !== 'serve') throw new Error(`${flags}: not flags of serve`)
  return new Crew({ ...options, workers: count }, heap_bytes, spare)
}
