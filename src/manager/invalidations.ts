import { ALL_OBJECTS, keptText } from '../cache/bans/expression.ts'
import type { Clock } from '../base/clock.ts'
import { Ledger } from '../shm/ledger.ts'
import { type KeptEntry, type KeptList, type LedgerCopy, readCopy } from '../shm/ledger-copy.ts'
import { HALVES_AT } from '../shm/ledger-record.ts'
import { MANAGER } from '../shm/lock.ts'
import { isNewer, Serials } from '../shm/serial.ts'
import type { Arena } from '../store/arena/arena.ts'
import { LEDGER_BYTES_MAX } from '../store/arena/geometry.ts'

/**
 * More invalidations than a killed process can have carried out since the kernel last wrote a file's header to the disk: what the machine
 * has lost with its power must not be given out again.
 */
const SERIALS_LOST_MAX = 1 << 20

/** The order of invalidations, and those that are still to be tested, as this process begins with them. */
export interface OpenedInvalidations {
  readonly serials: Serials
  readonly ledger: Ledger
  /** Sentences for the operator. */
  readonly remarks: readonly string[]
}

/** Goes on where the latest of the files ends, with what all of them hold. */
export function openInvalidations(arenas: readonly Arena[], clock: Clock): OpenedInvalidations {
  const files = arenas.filter(({ recovered }) => recovered !== undefined)
  const copies = files.map(({ ledger }): LedgerCopy => ({ bytes: ledger! }))
  const lists = files.map(({ recovered }, i) => (recovered!.created ? NEW : readCopy(copies[i])))
  const entries = together(lists)
  const serials = new Serials(MANAGER, undefined, files)
  serials.begin(latest([...files.map(endOf), ...entries.map(({ serial }) => serial)]))
  const bytes = Math.min(...copies.map((copy) => copy.bytes.length), LEDGER_BYTES_MAX)
  const memory = Ledger.memory(halfOf(bytes), 1 - (lists[0]?.half ?? 1))
  const ledger = new Ledger(memory, serials, copies)
  const whole = lists.every((list) => list !== undefined)
  if (whole && entries.every(({ text, serial, time_ms }) => ledger.restore(text, serial, time_ms))) {
    ledger.begin()
    return { serials, ledger, remarks: [] }
  }
  return { serials, ledger: startOver(memory, serials, copies, clock), remarks: [LOST] }
}

const NEW: KeptList = { half: 1, entries: [] }

const LOST =
  'the list of bans that a file store has kept is damaged, or does not fit: everything that was stored before is banned, and is fetched again'

/** What cannot be known any more may have been banned. */
function startOver(memory: SharedArrayBuffer, serials: Serials, copies: readonly LedgerCopy[], clock: Clock): Ledger {
  new Int32Array(memory).fill(0)
  const ledger = new Ledger(memory, serials, copies)
  clock.refresh()
  ledger.add(keptText(ALL_OBJECTS), clock.wall_ms)
  return ledger
}

/** Of all files, oldest first, and each once. */
function together(lists: readonly (KeptList | undefined)[]): KeptEntry[] {
  const distinct = new Map<string, KeptEntry>()
  for (const list of lists) {
    for (const entry of list?.entries ?? []) distinct.set(`${entry.serial} ${entry.time_ms} ${entry.text}`, entry)
  }
  return Array.from(distinct.values()).sort((a, b) => (a.serial - b.serial) | 0)
}

function endOf({ serial, recovered }: Arena): number {
  return (recovered!.clean || recovered!.created ? serial : serial + SERIALS_LOST_MAX) | 0
}

function latest(serials: readonly number[]): number {
  return serials.reduce((last, serial) => (isNewer(serial, last) ? serial : last), serials[0] ?? 0)
}

/** Whole records. */
function halfOf(bytes: number): number {
  return Math.floor((bytes - HALVES_AT) / 16) * 8
}
