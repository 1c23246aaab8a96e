import type { LedgerEntry } from '../../shm/ledger.ts'
import type { CompiledPatterns } from './compiled.ts'
import { asksRequest, asksTime, BanError, type BanTest, keptWords, parseKept, patternsIn } from './expression.ts'

/** An entry of the ledger, as one thread keeps it. */
export class Ban {
  entry: LedgerEntry
  readonly words: readonly string[]
  readonly ofRequest: boolean
  readonly ofTime: boolean
  readonly patterns: number
  /** It need not be tested any more: no object is left that it concerns, or a later one says the same. */
  done: boolean
  private readonly room: CompiledPatterns
  private known: readonly BanTest[] | undefined

  constructor(entry: LedgerEntry, room: CompiledPatterns) {
    this.entry = entry
    this.room = room
    this.words = keptWords(entry.text)
    this.ofRequest = asksRequest(this.words)
    this.ofTime = asksTime(this.words)
    this.patterns = patternsIn(this.words)
    this.done = entry.done
  }

  get serial(): number {
    return this.entry.serial
  }

  get time_ms(): number {
    return this.entry.time_ms
  }

  /** Patterns are compiled when they are tested. */
  get tests(): readonly BanTest[] {
    return (this.known ??= testsOf(this.words, this.room))
  }
}

/** It was a ban when it was added. If that was by another version of this program, and is none now, it describes everything. */
function testsOf(words: readonly string[], room: CompiledPatterns): readonly BanTest[] {
  try {
    return parseKept(words, room)
  } catch (error) {
    if (error instanceof BanError) return []
    throw error
  }
}
