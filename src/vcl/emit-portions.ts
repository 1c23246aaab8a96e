import type { Step, Target, TypedSub, Value } from './check/program.ts'
import { ASKED, isAskable, isRepeatable } from './emit-steady.ts'

/**
 * Portions of vcl_recv and vcl_hash, that run once for what they ask of a request, and are recalled for the next one that says the same there
 * (runtime/portions.ts): what becomes of a URL, of a Cookie, of a User-Agent. So a portion is a run of statements that ask for nothing but field lines,
 * URL and the like, and for one thing at most of which there are many.
 */
export interface Portion {
  readonly steps: readonly Step[]
  /** Undefined: these are run each time. */
  readonly asks: Asks | undefined
}

/** What steps ask of a request, and what they may change of it; and what they cost, very roughly. Never too much to be remembered: of some things there are many, of two of them many times many. */
export class Asks {
  /** Field lines by their lower-case names. */
  readonly keys: string[] = []
  readonly written_keys: string[] = []
  /** Code of what is asked for besides. */
  readonly scalars: string[] = []
  readonly written_scalars: string[] = []
  weight = 0
  private various = 0

  /** False: that would be too much. */
  key(key: string, written: boolean): boolean {
    if (written && !this.written_keys.includes(key)) this.written_keys.push(key)
    if (this.keys.includes(key)) return true
    this.keys.push(key)
    if (VARIOUS_FIELDS.has(key)) this.various++
    return this.fits
  }

  scalar(code: string, written: boolean): boolean {
    if (written && !this.written_scalars.includes(code)) this.written_scalars.push(code)
    if (this.scalars.includes(code)) return true
    this.scalars.push(code)
    if (code === URL_CODE) this.various++
    return this.fits
  }

  /** False, and nothing is taken in: both would be too much. */
  join(other: Asks): boolean {
    const more = other.keys.filter((key) => !this.keys.includes(key))
    const url = other.scalars.includes(URL_CODE) && !this.scalars.includes(URL_CODE) ? 1 : 0
    const various = this.various + more.filter((key) => VARIOUS_FIELDS.has(key)).length + url
    if (this.keys.length + more.length > KEYS_MAX || various > 1) return false
    for (const key of other.keys) this.key(key, other.written_keys.includes(key))
    for (const code of other.scalars) this.scalar(code, other.written_scalars.includes(code))
    this.weight += other.weight
    return true
  }

  private get fits(): boolean {
    return this.various <= 1 && this.keys.length <= KEYS_MAX
  }
}

const URL_CODE = 'c.req.url'
const KEY_CODE = 'c.key'
const REQUEST_FIELDS = 'c.req.fields'

/** Each takes time to be looked at. */
const KEYS_MAX = 12

const VARIOUS_FIELDS: ReadonlySet<string> = new Set(['cookie', 'referer', 'user-agent', 'x-forwarded-for'])

/** Below this running them is cheaper than finding what they made (bench/micro/vcl/hit.ts). */
const WEIGHT_MIN = 6
const WEIGHT = { match: 3, regsub: 4, call: 3, set: 3, unset: 1, hash_data: 3 } as const

/** What a whole sub asks for; undefined: not to be recalled as one. In the order of the program: after those that it calls. */
export type SubAsks = ReadonlyMap<string, Asks | undefined>

/** The steps in their order, cut into portions. */
export function portionsOf(steps: readonly Step[], subs: SubAsks): Portion[] {
  const portions: { steps: Step[]; asks: Asks | undefined }[] = []
  for (const step of steps) {
    const asks = leaves(step) ? undefined : asksOfStep(step, subs)
    const last = portions.at(-1)
    if (last !== undefined && joins(last.asks, asks)) last.steps.push(step)
    else portions.push({ steps: [step], asks })
  }
  return portions.map(({ steps: own, asks }) => ({ steps: own, asks: asks !== undefined && asks.weight >= WEIGHT_MIN ? asks : undefined }))
}

function joins(last: Asks | undefined, asks: Asks | undefined): boolean {
  if (last === undefined || asks === undefined) return last === asks
  return last.join(asks)
}

/** Of a sub as one; undefined when it asks for too much. */
export function asksOfSub({ pieces }: TypedSub, subs: SubAsks): Asks | undefined {
  const asks = new Asks()
  const asking = new Asking(subs, asks)
  return pieces.every(({ steps }) => asking.steps(steps, false)) ? asks : undefined
}

/** Does it leave the sub without an action? Then it cannot be moved into a function of its own. */
function leaves(step: Step): boolean {
  if (step.kind === 'leave') return true
  return step.kind === 'if' && (step.otherwise.some(leaves) || step.branches.some((branch) => branch.steps.some(leaves)))
}

function asksOfStep(step: Step, subs: SubAsks): Asks | undefined {
  const asks = new Asks()
  return new Asking(subs, asks).step(step, false) ? asks : undefined
}

/**
 * Collects what is asked for. `deep`: below a condition. There anything may be asked for and changed: the code notes it in the context if it comes to that, and such
 * a run is not remembered. Elsewhere it would be noted each time.
 */
class Asking {
  private readonly subs: SubAsks
  private readonly asks: Asks

  constructor(subs: SubAsks, asks: Asks) {
    this.subs = subs
    this.asks = asks
  }

  steps(steps: readonly Step[], deep: boolean): boolean {
    return steps.every((step) => this.step(step, deep))
  }

  /** False: it is not to be recalled. */
  step(step: Step, deep: boolean): boolean {
    if (!isRepeatable(step) && !deep) return false
    switch (step.kind) {
      case 'set':
        return this.target(step.target, WEIGHT.set) && this.value(step.value, deep)
      case 'unset':
        return this.target(step.target, WEIGHT.unset)
      case 'if':
        return (
          step.branches.every(({ condition, steps }, i) => this.value(condition, deep || i > 0) && this.steps(steps, true)) &&
          this.steps(step.otherwise, true)
        )
      case 'call':
        return this.called(step.sub)
      case 'hash_data':
        this.asks.weight += WEIGHT.hash_data
        return this.asks.scalar(KEY_CODE, true) && this.value(step.value, deep)
      case 'return':
        return step.args.every((arg) => this.value(arg, deep))
      case 'leave':
        return true
      default:
        return 'value' in step && this.value(step.value, deep)
    }
  }

  private called(name: string): boolean {
    const called = this.subs.get(name)
    return called !== undefined && this.asks.join(called)
  }

  private target(target: Target, weight: number): boolean {
    if (target.kind === 'header') {
      if (target.variable.fields !== REQUEST_FIELDS) return true
      this.asks.weight += weight
      return this.asks.key(target.key, true)
    }
    const code = ASKED.get(target.variable.name)
    return code === undefined || this.asks.scalar(code, true)
  }

  private value(value: Value, deep: boolean): boolean {
    if (!isAskable(value) && !deep) return false
    return this.itself(value) && partsOf(value).every((part) => this.value(part, deep))
  }

  /** Without what it is made of. */
  private itself(value: Value): boolean {
    const { asks } = this
    switch (value.kind) {
      case 'variable': {
        const code = ASKED.get(value.variable.name)
        return code === undefined || asks.scalar(code, false)
      }
      case 'header':
        return value.variable.fields !== REQUEST_FIELDS || asks.key(value.key, false)
      case 'match':
        asks.weight += WEIGHT.match
        return true
      case 'regsub':
        asks.weight += WEIGHT.regsub
        return true
      case 'vmod':
        asks.weight += WEIGHT.call
        return true
      default:
        return true
    }
  }
}

/** What it is made of. */
function partsOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'join':
      return value.parts
    case 'to_string':
    case 'raw':
    case 'truth':
    case 'not':
    case 'negate':
    case 'case':
    case 'property':
    case 'resolve':
      return [value.of]
    case 'logic':
    case 'arithmetic':
    case 'compare':
      return [value.left, value.right]
    case 'match':
    case 'match_acl':
      return [value.subject]
    case 'regsub':
      return [value.subject, value.replacement]
    case 'vmod':
    case 'object_call':
      return value.args.filter((arg) => arg !== undefined)
    default:
      return []
  }
}

/** `{ keys: ..., take: ..., put: ... }` for runtime/portions.ts: the lines that may be written are first. */
export function emitAsks({ keys, written_keys, scalars, written_scalars }: Asks): string {
  const ordered = [...written_keys, ...keys.filter((key) => !written_keys.includes(key))]
  const others = scalars.filter((code) => code !== URL_CODE)
  const put = others.flatMap((code, i) => (written_scalars.includes(code) ? [`${code} = from[${i}]`] : []))
  return [
    `keys: ${JSON.stringify(ordered)}`,
    `written: ${written_keys.length}`,
    `url: ${scalars.includes(URL_CODE)}`,
    `take: (c, into) => {${others.map((code, i) => ` into[${i}] = ${code};`).join('')} }`,
    `put: (c, from) => {${put.map((code) => ` ${code};`).join('')} }`,
  ].join(', ')
}
