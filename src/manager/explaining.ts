import { Fault, STATUS } from '../admin/fault.ts'
import { messageOf } from '../base/errors.ts'
import type { ServeOptions } from '../config/command-line.ts'
import type { Explanation, TracedRules } from '../explain/contract.ts'
import type { Asked } from '../explain/request.ts'
import type { VclImage } from '../vcl/instantiate.ts'
import type { RuleSet } from './rule-set.ts'
import type { RuleSets } from './rule-sets.ts'
import { traceRules } from './rules.ts'
import type { Workers } from './workers.ts'

/** How long an explained request may take; what has happened until then is told. */
const PATIENCE_MS = 20_000

/** So many at once: one behind an origin that is slow does not keep others waiting. */
const AT_ONCE_MAX = 4

/** Has workers explain requests, a few at a time. Rules are compiled to tell what they do when that is first wanted of them. */
export class Explaining {
  private readonly rules: RuleSets
  private readonly workers: Workers
  private readonly options: ServeOptions
  /** They go with the rule sets that they are of. */
  private readonly images = new WeakMap<RuleSet, VclImage>()
  private running = 0

  constructor(rules: RuleSets, workers: Workers, options: ServeOptions) {
    this.rules = rules
    this.workers = workers
    this.options = options
  }

  async explain({ head, ip, worker }: Asked): Promise<Explanation> {
    if (this.running >= AT_ONCE_MAX)
      throw new Fault(
        STATUS.cant,
        `${AT_ONCE_MAX} requests are being explained, and no more are at once: try again when one of them has been told`,
      )
    this.running++
    try {
      const { active, labels } = this.rules.reachable()
      const order = {
        head,
        ip,
        rules: this.traced(active),
        labels: labels.map(([label, set]) => [label, this.traced(set)] as const),
        patience_ms: PATIENCE_MS,
      }
      return await this.workers.explain(order, worker)
    } catch (error) {
      throw error instanceof Fault ? error : new Fault(STATUS.cant, messageOf(error))
    } finally {
      this.running--
    }
  }

  private traced(set: RuleSet): TracedRules {
    const known = this.images.get(set)
    if (known !== undefined) return { id: set.id, image: known }
    const image = traceRules(set.rules, this.options)
    this.images.set(set, image)
    return { id: set.id, image }
  }
}
