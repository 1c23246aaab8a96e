import type { Expression, Place, SymbolPath } from '../ast.ts'
import type { DiagnosticCode } from '../diagnostic-codes.ts'
import { didYouMean, type Diagnostic } from '../diagnostic.ts'
import type { ProbeDeclaration } from '../runtime/context.ts'
import type { Lost } from '../parse.ts'
import { isReserved, type Global } from './symbols.ts'
import type { SubMask } from './subs.ts'

export interface CheckOptions {
  readonly syntax: 40 | 41
  /** vcc_err_unref: unused declarations are errors (default) or warnings. */
  readonly errUnref: boolean
  readonly resolveHost: (name: string) => string[]
  /** What -s has declared; undefined when that is not known. */
  readonly stores: readonly string[] | undefined
  /** Labels that there are; undefined when that is not known. */
  readonly labels: readonly string[] | undefined
  /** After syntax errors. */
  readonly lost?: Lost
}

/** Something a sub does that is not legal everywhere: a variable, an action, a function. */
export interface Use {
  readonly at: Place
  /** "req.url cannot be read", "return (hash) is not possible": the rights check adds where. */
  readonly what: string
  readonly legal: SubMask
  readonly builtin: boolean
}

/** What a sub does, gathered while its body is checked and judged through the call graph afterwards. */
export interface SubFacts {
  readonly uses: Use[]
  readonly calls: { readonly name: string; readonly at: Place; readonly builtin: boolean }[]
  /** Prefixes of the variables it touches ("req", "resp", …) and the functions it calls ("std.rollback"). */
  readonly touched: Set<string>
}

/** The state of one check: complaints, the symbol table, and the sub under way. */
export class Checking {
  readonly options: CheckOptions
  readonly errors: Diagnostic[] = []
  readonly warnings: Diagnostic[] = []
  /** By folded name. */
  readonly globals = new Map<string, Global>()
  readonly facts = new Map<string, SubFacts>()
  /** Patterns that compile. */
  readonly sound_patterns = new Set<string>()
  /** Modules and objects that were refused: their functions are not complained about again. */
  readonly refused = new Set<string>()
  /** The most that std.cache_req_body is called with; what is not known at load is no limit. */
  bodyBytes = 0
  private readonly warned = new Set<string>()
  /** Labels that return (vcl(..)) names. */
  readonly labels = new Set<string>()
  sub: SubFacts = { uses: [], calls: [], touched: new Set() }
  /** Index of the declaration being checked: probes and vmods must have come before. */
  position = 0
  /** `probe default`, once it has been read. */
  defaultProbe: ProbeDeclaration | undefined
  /** What a complaint is about when nothing else is said. */
  topic: DiagnosticCode = 'type'
  /** Inside the built-in rules: references there do not count as uses by the operator. */
  inBuiltin = false

  constructor(options: CheckOptions) {
    this.options = options
  }

  /** Reports and yields undefined, so that `return k.error(…)` abandons the node. */
  error(at: Place, message: string, hint?: string, code: DiagnosticCode = this.topic): undefined {
    this.errors.push({ at, code, message, ...(hint === undefined ? {} : { hint }) })
    return undefined
  }

  warn(at: Place, message: string, hint?: string, code: DiagnosticCode = 'ignored'): void {
    this.warnings.push({ at, code, message, severity: 'warning', ...(hint === undefined ? {} : { hint }) })
  }

  /** The same for what would be said of many places: only of the first. */
  warnOnce(key: string, at: Place, message: string, hint?: string): void {
    if (this.warned.has(key)) return
    this.warned.add(key)
    this.warn(at, message, hint)
  }

  unsupported(at: Place, what: string, hint?: string): undefined {
    return this.error(at, `not supported yet: ${what}`, hint, 'unsupported')
  }

  unknown(at: Place, message: string, name: string, known: Iterable<string>): undefined {
    if (this.mayBeLost(name)) return undefined
    // Of a flood nobody reads the end: it is not worth the search.
    const hint = this.errors.length < 100 ? didYouMean(name, known) : undefined
    return this.error(at, message, hint, 'unknown-name')
  }

  /** Was it, perhaps, declared in text that could not be read? Then nothing is known about it. */
  mayBeLost(name: string): boolean {
    const { lost } = this.options
    const folded = name.toLowerCase()
    if (lost === undefined) return false
    return lost.partial || lost.declared.has(folded) || (lost.declarations && !isReserved(folded.split('.')[0]))
  }

  /** Was it, perhaps, used there? */
  mayBeUsed(name: string): boolean {
    const { lost } = this.options
    return lost !== undefined && (lost.partial || lost.used.has(name.toLowerCase()))
  }

  /** Names in what is not looked at any more are used all the same. */
  markUsed(node: Expression): undefined {
    const waiting: unknown[] = [node]
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      if (typeof one !== 'object' || one === null) continue
      if ('kind' in one && one.kind === 'symbol') {
        const global = this.find((one as SymbolPath).parts[0].text)
        if (global !== undefined) global.used = true
      } else waiting.push(...Object.values(one))
    }
    return undefined
  }

  enter(name: string): void {
    const known = this.facts.get(name)
    this.sub = known ?? { uses: [], calls: [], touched: new Set() }
    this.facts.set(name, this.sub)
  }

  use(at: Place, what: string, legal: SubMask): void {
    this.sub.uses.push({ at, what, legal, builtin: this.inBuiltin })
  }

  call(name: string, at: Place): void {
    this.sub.calls.push({ name, at, builtin: this.inBuiltin })
  }

  find(name: string): Global | undefined {
    return this.globals.get(name.toLowerCase())
  }
}
