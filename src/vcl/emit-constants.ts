import type { Place } from './ast.ts'
import type { HeaderUse } from './check/program.ts'
import type { Ip } from '../base/ip.ts'

/** What emitted code makes once per load: regexes, addresses, header references, places of statements that can fail. */
export class Constants {
  private readonly lines: string[] = []
  private readonly known = new Map<string, string>()
  private readonly describePlace: (at: Place, builtin: boolean) => string
  readonly places: string[] = ['']
  /** Of the sub whose code is being made: it tells when it is not steady (emit-steady.ts). */
  tells_unsteady = false
  private count = 0
  private portions = 0

  constructor(describePlace: (at: Place, builtin: boolean) => string) {
    this.describePlace = describePlace
  }

  /** Name of the constant that holds this expression; equal expressions are one constant. */
  of(prefix: string, expression: string): string {
    const known = this.known.get(expression)
    if (known !== undefined) return known
    const name = this.fresh(prefix, expression)
    this.known.set(expression, name)
    return name
  }

  /** A constant of its own even when another one looks the same. */
  fresh(prefix: string, expression: string): string {
    const name = `${prefix}${this.count++}`
    this.lines.push(`const ${name} = ${expression}`)
    return name
  }

  /** Compiled when it is first used: that it can be is known, and a worker that gets new rules has requests to answer. */
  regex(pattern: string): string {
    const made = `compileRegex(${JSON.stringify(pattern)})`
    const known = this.known.get(made)
    if (known !== undefined) return known
    const name = `re${this.count++}`
    this.lines.push(`let ${name}`)
    const use = `(${name} ??= ${made})`
    this.known.set(made, use)
    return use
  }

  ip(ip: Ip): string {
    return this.of('ip', `makeIp(${JSON.stringify(ip.text)}, [${[...ip.bytes].join(',')}])`)
  }

  /** HEADER arguments: one object per place of use, whose fields are assigned before each call. */
  headerRef(use: HeaderUse): string {
    return this.fresh('header', `{ fields: undefined, name: ${JSON.stringify(use.name)}, key: ${JSON.stringify(use.key)} }`)
  }

  /** Number of a part of a sub. */
  portion(): number {
    return this.portions++
  }

  /** A name that nothing else has. */
  label(): string {
    return `chain${this.count++}`
  }

  /** Of a statement: "vcl_recv, rules.vcl:41:5". */
  place(sub: string, at: Place, builtin: boolean): number {
    return this.places.push(`${sub}, ${this.describePlace(at, builtin)}`) - 1
  }

  /** Of a sub before its first statement that can fail. */
  start(sub: string): number {
    return this.places.push(sub) - 1
  }

  source(): string {
    return this.lines.join('\n')
  }
}
