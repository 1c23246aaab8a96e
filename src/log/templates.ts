import type { Journal } from './journal.ts'
import type { Template } from './template.ts'

/** All in use, with records of 2 KiB each, they take 3 MB; at most 5. */
const SLOTS = 1024
/** A template that is used holds its slot against so many other requests. */
const CREDIT_MAX = 8
/** A slot whose templates are of no use learns one in so many, in the end. */
const PATIENCE_MAX = 1024
/** After so many requests in a row without a template that fits, so many are not asked. */
const USELESS_MAX = 256
const REST = 4096

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
  private useless = 0
  private rest = 0

  /** The mask has changed: what is in the records may be too much or too little. */
  forget(): void {
    this.slots = newSlots()
  }

  /** Is it worth to ask for the next request? */
  ask(): boolean {
    if (this.rest === 0) return true
    this.rest--
    return false
  }

  /** The words for what is told, with its numbers in them. */
  find(journal: Journal): Template | undefined {
    const slot = this.slotOf(journal)
    const { template } = slot
    if (template === undefined || !template.takes(journal)) {
      this.missed()
      return undefined
    }
    this.useless = 0
    slot.patience = 0
    if (slot.credit < CREDIT_MAX) slot.credit++
    return template
  }

  /** No template could be looked for. */
  missed(): void {
    if (++this.useless < USELESS_MAX) return
    this.useless = 0
    this.rest = REST
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
