import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { type BanObserver, Bans } from '../cache/bans/bans.ts'
import { shownText } from '../cache/bans/expression.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { type CounterValues, MAIN } from '../counters/counters.ts'
import type { Ledger } from '../shm/ledger.ts'
import type { Serials } from '../shm/serial.ts'
import { type ArenaHandle, attachArena } from '../store/arena/arena.ts'
import { ArenaWalk } from '../store/arena/walk.ts'
import { BanLurker } from './ban-lurker.ts'

/** A file that keeps the ledger, and an index. */
export interface KeptFile {
  /** Begins to have its index in memory. */
  warm(): void
  /** 0 when header and ledger are on the disk, else why not. */
  syncLedger(): Promise<0 | string>
}

export interface UpkeepParts {
  readonly serials: Serials
  readonly ledger: Ledger
  readonly arenas: readonly ArenaHandle[]
  readonly files: readonly KeptFile[]
  /** The manager's number among the threads that share the stores. */
  readonly thread: number
  readonly clock: Clock
  readonly parameters: ParameterValues
  /** MAIN, of the manager. */
  readonly counters: CounterValues
  /** A sentence for the operator. */
  readonly warn: (message: string) => void
}

/** What a list of bans shows of one (ban.list of the admin protocol). */
export interface BanListed {
  readonly time_s: number
  /** Objects that have been checked up to it and no further, as last counted. */
  readonly references: number
  readonly completed: boolean
  /** It asks for the request, so that only lookups test it. */
  readonly of_request: boolean
  readonly text: string
}

/** With files, completed bans stay until the kernel has written what they took out: it does within half a minute, but promises nothing. */
const LINGER_MS = 60_000
const WARNED_EVERY_MS = 60_000
/** After a mistake of ours. */
const REST_MS = 10_000

/** The manager's work that nobody waits for: bans. */
export class Upkeep {
  readonly bans: Bans
  private readonly parts: UpkeepParts
  private readonly lurker: BanLurker
  private timer: NodeJS.Timeout | undefined
  private syncing = Promise.resolve()
  private synced_changes: number
  private reported_changes = -1
  private warned_ms = -Infinity

  constructor(parts: UpkeepParts) {
    const { serials, ledger, clock, counters, parameters } = parts
    this.parts = parts
    this.bans = new Bans(ledger, clock, observer(counters), parameters.ban_dups)
    const walks = parts.arenas.map((arena) => new ArenaWalk(attachArena(arena, parts.thread, clock)))
    const linger_ms = parts.files.length > 0 ? LINGER_MS : 0
    this.lurker = new BanLurker({ serials, ledger, bans: this.bans, walks, clock, parameters, counters, linger_ms })
    this.synced_changes = -1
  }

  /** From now on by itself. */
  begin(): void {
    for (const file of this.parts.files) file.warm()
    const next = (): void => {
      this.timer = setTimeout(next, this.carefully())
      this.timer.unref()
    }
    next()
  }

  /** What is kept is on the disk when it resolves. */
  async stop(): Promise<void> {
    clearTimeout(this.timer)
    await this.syncing
  }

  /** What goes wrong here must not end the manager, and with it all workers. */
  private carefully(): number {
    try {
      return this.step()
    } catch (error) {
      this.complain(`bans are not worked off: ${messageOf(error)}`)
      return REST_MS
    }
  }

  /** A piece of the work. Returns ms until the next one. */
  step(): number {
    const wait_ms = this.lurker.step()
    this.sync()
    this.report()
    return wait_ms
  }

  /** All bans, newest first. */
  list(): BanListed[] {
    const bans = this.bans.all()
    const references = this.lurker.references(bans.map(({ serial }) => serial))
    const listed = bans.map((ban, i) => ({
      time_s: ban.time_ms / 1000,
      references: references[i],
      completed: ban.done,
      of_request: ban.ofRequest,
      text: shownText(ban.words),
    }))
    return listed.toReversed()
  }

  /** What was added is in the page cache already, which outlives this process; the disk outlives the machine's power. */
  private sync(): void {
    const { ledger, files } = this.parts
    const { changes } = ledger
    if (files.length === 0 || changes === this.synced_changes) return
    this.synced_changes = changes
    this.syncing = this.syncing.then(async () => {
      for (const outcome of await Promise.all(files.map((file) => file.syncLedger()))) if (outcome !== 0) this.complain(unwritten(outcome))
    })
  }

  private complain(message: string): void {
    const { clock, warn } = this.parts
    if (clock.mono_ms - this.warned_ms < WARNED_EVERY_MS) return
    this.warned_ms = clock.mono_ms
    warn(message)
  }

  private report(): void {
    const { ledger, counters } = this.parts
    const { changes } = ledger
    if (changes === this.reported_changes) return
    this.reported_changes = changes
    const live = this.bans.all().filter(({ done }) => !done)
    const ofRequest = live.filter((ban) => ban.ofRequest).length
    counters[MAIN.bans] = ledger.records
    counters[MAIN.bans_completed] = ledger.done
    counters[MAIN.bans_req] = ofRequest
    counters[MAIN.bans_obj] = live.length - ofRequest
    counters[MAIN.bans_deleted] = ledger.dropped
    counters[MAIN.bans_persisted_bytes] = ledger.used_bytes
    counters[MAIN.bans_persisted_fragmentation] = ledger.done_bytes
  }
}

function unwritten(outcome: string): string {
  return `the list of bans could not be written to the disk (${outcome}): what is banned may be back after a power loss; look at the disk`
}

/** The manager asks for no object. */
function observer(counters: CounterValues): BanObserver {
  return {
    added: (duplicates) => {
      counters[MAIN.bans_added]++
      counters[MAIN.bans_dups] += duplicates
    },
    tested: () => {},
  }
}
