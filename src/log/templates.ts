import type { Journal } from './journal.ts'
import type { Template } from './template.ts'

/** With 4 KiB for each they stay in a core's own cache. More would be slower than to write each record: what a template is made of lies in many places. */
const SLOTS = 128
/** A template that is used holds its slot against so many other requests. */
const CREDIT_MAX = 8
/** A slot whose templates are of no use learns one in so many, in the end. */
const PATIENCE_MAX = 1024
/** Of so many requests three quarters must have had a template, or so many are not asked then; twice as many the next time. A request in vain costs more than one with a template saves. */
const TRIAL = 256
const REST_MIN = 4096
const REST_MAX = 65_536

class Slot {
  template: Template | undefined = undefined
  /** Of the request that came last without fitting. */
  hash = 0
  credit = 0
  waits = 0
  patience = 0
}

/**
 * Templates by what tells requests from one another. One is learnt when its request comes a second time with no other of its slot in between. The number of
 * slots is fixed, and a slot that learns in vain learns half as often each time.
 */
export class Templates {
  private slots: Slot[] = newSlots()
  private asked = 0
  private used = 0
  /** So many still go by, and so many are to go by the next time. */
  private rest = 0
  private rests = REST_MIN

  /** The mask has changed: what is in the records may be too much or too little. */
  forget(): void {
    this.slots = newSlots()
  }

  /** Is the next request to be asked? */
  ask(): boolean {
    if (this.rest > 0) {
      this.rest--
      return false
    }
    if (this.asked === TRIAL) this.judge()
    this.asked++
    return true
  }

  private judge(): void {
    if (this.used * 4 >= TRIAL * 3) this.rests = REST_MIN
    else {
      this.rest = this.rests
      this.rests = Math.min(REST_MAX, this.rests * 2)
    }
    this.asked = this.used = 0
  }

  /** The words for what is told, with its numbers in them. */
  find(journal: Journal): Template | undefined {
    const slot = this.slotOf(journal)
    const { template } = slot
    if (template === undefined || !template.takes(journal)) return undefined
    this.used++
    slot.patience = 0
    if (slot.credit < CREDIT_MAX) slot.credit++
    return template
  }

  /** Where there is none: is one to be learnt? */
  isDue(journal: Journal): boolean {
    const slot = this.slotOf(journal)
    if (slot.template !== undefined && slot.credit > 0) {
      slot.credit--
      return false
    }
    if (slot.hash !== journal.hash) {
      slot.hash = journal.hash
      return false
    }
    if (slot.waits === 0) return true
    slot.waits--
    return false
  }

  learn(journal: Journal, template: Template | undefined): void {
    const slot = this.slotOf(journal)
    slot.waits = slot.patience = Math.min(PATIENCE_MAX, slot.patience * 2 + 1)
    slot.template = template
  }

  private slotOf({ hash }: Journal): Slot {
    return this.slots[(hash ^ (hash >>> 15)) & (SLOTS - 1)]
  }
}

function newSlots(): Slot[] {
  return Array.from({ length: SLOTS }, () => new Slot())
}
