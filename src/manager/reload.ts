import { Fault } from '../admin/fault.ts'
import type { RuleSets } from '../admin/rule-sets.ts'
import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'

/** As varnishreload names them. */
const PREFIX = 'reload_'

export interface ReloadParts {
  readonly rules: RuleSets
  /** The last -f; undefined when there was none. */
  readonly path: string | undefined
  /** reload_keep. */
  readonly parameters: { readonly reload_keep: number }
  readonly clock: Clock
  readonly tell: (level: 'info' | 'warn' | 'error', message: string) => void
}

/**
 * SIGHUP: the rule file is read again, with all that it includes, and takes over when every worker has it. Whatever is wrong with it, requests go
 * on by the rules they have.
 */
export class Reload {
  private readonly parts: ReloadParts
  private number = 0
  /** Rule sets that are here, and that nobody but us has made. */
  private readonly made = new Set<string>()
  private running = false
  private again = false

  constructor(parts: ReloadParts) {
    this.parts = parts
  }

  /** As often as somebody likes: while one is under way, all others become one more. */
  async request(): Promise<void> {
    this.again = true
    if (this.running) return
    this.running = true
    while (this.again) {
      this.again = false
      await this.once()
    }
    this.running = false
  }

  private async once(): Promise<void> {
    const { path, rules, tell } = this.parts
    if (path === undefined) return tell('warn', 'SIGHUP: there is nothing to read again: the rules are not from a file (-f)')
    const name = this.nextName()
    try {
      const warnings = await rules.load(name, path)
      if (warnings !== '') tell('warn', `reload of ${path}: ${warnings}`)
      this.made.add(name)
      await rules.use(name)
      tell('info', `the rules of ${path} are active as ${name}`)
      await this.tidy()
    } catch (error) {
      const why = error instanceof Fault ? error.message.trimEnd() : messageOf(error)
      tell('error', `reload of ${path} failed, the rules are as they were: ${why}`)
      await rules.discard([name]).catch(() => {})
    }
  }

  /** reload_20261125_193501_0001: the time is UTC. */
  private nextName(): string {
    const { clock } = this.parts
    clock.refresh()
    const [day, time] = new Date(clock.wall_ms)
      .toISOString()
      .replaceAll(/[-:]|\..*$/g, '')
      .split('T')
    return `${PREFIX}${day}_${time}_${String(++this.number).padStart(4, '0')}`
  }

  /** The latest ones are kept, to go back to; what a label points to stays in any case. */
  private async tidy(): Promise<void> {
    const { rules, parameters } = this.parts
    const rows = await rules.list()
    for (const name of this.made) if (!rows.some((row) => row.name === name && row.status !== 'discarded')) this.made.delete(name)
    const old = rows.filter(({ name, status, labels }) => this.made.has(name) && status === 'available' && labels === 0)
    for (const { name } of old.slice(0, Math.max(0, old.length - parameters.reload_keep))) {
      await rules.discard([name])
      this.made.delete(name)
    }
  }
}
