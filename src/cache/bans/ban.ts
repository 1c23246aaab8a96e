import type { LedgerEntry } from '../../shm/ledger.ts'
import { asksRequest, asksTime, BanError, type BanTest, keptWords, parseKept } from './expression.ts'

/** An entry of the ledger, as one thread keeps it. */
export class Ban {
  entry: LedgerEntry
  readonly words: readonly string[]
  readonly ofRequest: boolean
  readonly ofTime: boolean
  /** It need not be tested any more: no object is left that it concerns, or a later one says the same. */
  done: boolean
  private known: readonly BanTest[] | undefined

  constructor(entry: LedgerEntry) {
    this.entry = entry
    this.words = keptWords(entry.text)
    this.ofRequest = asksRequest(this.words)
    this.ofTime = asksTime(this.words)
    this.done = entry.done
  }

  get serial(): number {
    return this.entry.serial
  }

  get time_ms(): number {
    return this.entry.time_ms
  }

  /** Compiled when it is first tested. */
  get tests(): readonly BanTest[] {
    return (this.known ??= testsOf(this.words))
  }
}

/** It was a ban when it was added. If that was by another version of this program, and is none now, it describes everything. */
function testsOf(words: readonly string[]): readonly BanTest[] {
  try {
    return parseKept(words)
  } catch (error) {
    if (error instanceof BanError) return []
    throw error
  }
}
