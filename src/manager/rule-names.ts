import { Fault, STATUS } from '../admin/fault.ts'
import { fnmatch } from '../vcl/vmods/std/fnmatch.ts'
import { type Entry, Label, RuleSet } from './rule-set.ts'

const NAME_CHARS_MAX = 127
const GLOB = { pathname: false, noescape: false, period: false }

/** Rule sets and labels share one space of names. Here is who is named by whom; what that keeps from being done is said in varnishd's words. */
export class RuleNames {
  private readonly entries = new Map<string, Entry>()

  /** In the order in which they were made. */
  all(): Entry[] {
    return [...this.entries.values()]
  }

  sets(): RuleSet[] {
    return this.all().filter((entry) => entry instanceof RuleSet)
  }

  labels(): Label[] {
    return this.all().filter((entry) => entry instanceof Label)
  }

  has(name: string): boolean {
    return this.entries.has(name)
  }

  add(entry: Entry): void {
    this.entries.set(entry.name, entry)
  }

  remove(entry: Entry): void {
    if (this.entries.get(entry.name) === entry) this.entries.delete(entry.name)
  }

  find(name: string): Entry {
    const entry = this.entries.get(name)
    if (entry === undefined) throw new Fault(STATUS.param, `No VCL named ${name} known\n`)
    return entry
  }

  labelsOf(set: RuleSet): Label[] {
    return this.labels().filter(({ target }) => target === set)
  }

  /** Rule sets that name it in return (vcl(..)). */
  usersOf(label: Label): RuleSet[] {
    return this.sets().filter(({ rules }) => rules.labels.includes(label.name))
  }

  /** Those that are to be discarded, users before what they use. Nothing that stays may need one of them. */
  discardable(patterns: readonly string[], active: Entry | undefined): Entry[] {
    const marked = new Set<Entry>()
    for (const pattern of patterns) {
      const found = this.all().filter(({ name }) => fnmatch(pattern, name, GLOB))
      if (found.length === 0) throw new Fault(STATUS.param, `No VCL name matches ${pattern}\n`)
      for (const entry of found) marked.add(entry)
    }
    for (const entry of marked) {
      if (entry === active) throw new Fault(STATUS.cant, `Cannot discard active VCL program ${entry.name}\n`)
      const needed = this.needing(entry).filter((one) => !marked.has(one))
      if (needed.length === 0) continue
      const names = needed.map(({ name }) => `\t${name}\n`).join('')
      const what = entry instanceof Label ? 'VCL label that is used in return (vcl(..))' : 'labeled VCL program'
      throw new Fault(STATUS.cant, `Cannot discard ${what} ${entry.name}:\n${names}`)
    }
    return this.usersFirst(marked)
  }

  /** Would the label lead to rules that lead to it again? */
  checkLoop(label: string, target: RuleSet): void {
    const seen = new Set<RuleSet>()
    const visit = (set: RuleSet): void => {
      if (seen.has(set)) return
      seen.add(set)
      for (const used of set.rules.labels) {
        if (used === label) {
          const how = `Vcl ${set.name} uses Label ${label}\nPointing label ${label} at ${target.name} would create a loop`
          throw new Fault(STATUS.param, how)
        }
        const entry = this.entries.get(used)
        if (entry instanceof Label) visit(entry.target)
      }
    }
    visit(target)
  }

  private needing(entry: Entry): Entry[] {
    return entry instanceof Label ? this.usersOf(entry) : this.labelsOf(entry)
  }

  private usersFirst(marked: ReadonlySet<Entry>): Entry[] {
    const ordered = new Set<Entry>()
    const place = (entry: Entry): void => {
      if (ordered.has(entry)) return
      for (const user of this.needing(entry)) if (marked.has(user)) place(user)
      ordered.add(entry)
    }
    for (const entry of marked) place(entry)
    return [...ordered]
  }
}

/** A letter, then letters, digits, `_` and `-`. */
export function checkName(name: string): void {
  const wrong = /^[^A-Za-z]|[^A-Za-z0-9_-]/.exec(name)
  if (wrong !== null) throw new Fault(STATUS.param, `Illegal character in VCL name ('${wrong[0]}')`)
  if (name === '' || name.length > NAME_CHARS_MAX) throw new Fault(STATUS.param, `VCL names have 1 to ${NAME_CHARS_MAX} characters`)
}
