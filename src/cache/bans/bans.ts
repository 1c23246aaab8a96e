import type { Clock } from '../../base/clock.ts'
import type { RequestHead } from '../../http/message.ts'
import { LEDGER_BUSY, LEDGER_FULL, type Ledger, type LedgerEntry } from '../../shm/ledger.ts'
import { isNewer } from '../../shm/serial.ts'
import type { StoredObject } from '../../store/contract.ts'
import type { Judge } from '../invalidations.ts'
import { Ban } from './ban.ts'
import { CompiledPatterns } from './compiled.ts'
import { isBanned, tests_done } from './evaluate.ts'
import { BanError, keptText, parseBan, wordsOf } from './expression.ts'

/** Told what bans do, by whoever counts. */
export interface BanObserver {
  /** One was added, in the place of so many others that said the same. */
  added(duplicates: number): void
  /** At a lookup an object was held to so many bans, by so many tests, and found banned or not. */
  tested(bans: number, tests: number, banned: boolean): void
}

/**
 * Patterns that lookups of a worker compile in a second: some 50 ms. An object that cannot be held to all its bans for that counts as banned:
 * it is fetched once more than it had to be, and the worker does not stand still.
 */
export const COMPILED_PER_SECOND = 500

/**
 * Bans, as one thread sees them. They lie in the ledger, where all threads and the next process find them; each thread keeps them here as
 * objects, and compiles patterns when it tests them.
 */
export class Bans implements Judge {
  private readonly ledger: Ledger
  private readonly clock: Clock
  private readonly observer: BanObserver
  /** The parameter ban_dups: one that says what an earlier one says takes its place. */
  dups: boolean
  private readonly patterns = new CompiledPatterns()
  private refilled_ms = -Infinity
  /** Oldest first. */
  private bans: Ban[] = []
  private byText = new Map<string, Ban>()
  /** How far the ledger is known. */
  private epoch = -1
  private end = 0

  constructor(ledger: Ledger, clock: Clock, observer: BanObserver, dups: boolean) {
    this.ledger = ledger
    this.clock = clock
    this.observer = observer
    this.dups = dups
  }

  /** An expression as rules and HTTP give it. Why it is no ban, or undefined: then it holds for all workers and stores from now on. */
  add(text: string): string | undefined {
    return explained(() => this.append(wordsOf(text)))
  }

  /** The same in words, as a command line gives it: an argument may hold blanks. */
  addWords(words: readonly string[]): string | undefined {
    return explained(() => this.append(words))
  }

  invalidatedSince(object: StoredObject, serial: number, req: RequestHead): boolean {
    this.learn()
    this.refill()
    const { bans } = this
    let [tested, tests, banned] = [0, 0, false]
    for (let i = bans.length - 1; i >= 0 && !banned && isNewer(bans[i].serial, serial); i--) {
      if (bans[i].done) continue
      banned = isBanned(bans[i].tests, bans[i].time_ms, object, req)
      tested++
      tests += tests_done
    }
    if (tested > 0) this.observer.tested(tested, tests, banned)
    return banned
  }

  /** All there are, oldest first, those that are done included. */
  all(): readonly Ban[] {
    this.learn()
    return this.bans
  }

  /** Reads what there is, so that no request has to. */
  prepare(): void {
    for (const { tests } of this.all()) void tests
  }

  private refill(): void {
    const { mono_ms } = this.clock
    if (mono_ms - this.refilled_ms < 1000) return
    this.refilled_ms = mono_ms
    this.patterns.allowance = COMPILED_PER_SECOND
  }

  private append(words: readonly string[]): void {
    parseBan(words)
    const text = keptText(words)
    this.learn()
    const same = this.byText.get(text)
    this.clock.refresh()
    const outcome = this.ledger.add(text, this.clock.wall_ms, same === undefined ? [] : [same.entry])
    if (outcome === LEDGER_FULL) throw new BanError(this.full())
    if (outcome === LEDGER_BUSY) throw new BanError('The ban list is in use, and the ban was not added: try again.')
    this.observer.added(same === undefined ? 0 : 1)
  }

  private full(): string {
    const { records, half_bytes } = this.ledger
    return (
      `The ban list is full (${records} bans in ${Math.floor(half_bytes / 1024)} KiB), and the ban was not added: ` +
      'bans that ask for obj.* only are worked off in the background, others wait until no older object is left (ban_cutoff)'
    )
  }

  /** Looks at what other threads have added since. */
  private learn(): void {
    const { ledger } = this
    while (this.epoch !== ledger.epoch || this.end !== ledger.used_bytes) {
      const { epoch } = ledger
      const entries = ledger.read(epoch, epoch === this.epoch ? this.end : 0)
      if (epoch !== ledger.epoch) continue
      if (epoch !== this.epoch) this.relearn(entries)
      else for (const entry of entries) this.enlist(new Ban(entry, this.patterns))
      this.epoch = epoch
      this.end = entries.at(-1)?.end ?? this.end
    }
  }

  /** The list was compacted. What is known of it lies elsewhere; the others have gone. */
  private relearn(entries: readonly LedgerEntry[]): void {
    const known = new Map(this.bans.map((ban) => [nameOf(ban.entry), ban]))
    this.bans = []
    this.byText = new Map()
    this.end = 0
    for (const entry of entries) {
      const ban = known.get(nameOf(entry))
      if (ban !== undefined) ban.entry = entry
      this.enlist(ban ?? new Ban(entry, this.patterns))
    }
  }

  private enlist(ban: Ban): void {
    this.bans.push(ban)
    if (!this.dups || ban.ofTime || ban.done) return
    const { text } = ban.entry
    const same = this.byText.get(text)
    // Whatever is old enough for it is old enough for this one.
    if (same !== undefined) same.done = true
    this.byText.set(text, ban)
  }
}

function nameOf({ serial, text }: LedgerEntry): string {
  return `${serial} ${text}`
}

function explained(deed: () => void): string | undefined {
  try {
    deed()
    return undefined
  } catch (error) {
    if (error instanceof BanError) return error.message
    throw error
  }
}
