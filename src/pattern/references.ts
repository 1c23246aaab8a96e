import type { LookNode, RegexNode } from './tree.ts'
import { has } from './tree.ts'
import { fixedWidth } from './width.ts'

type Fail = (message: string, offset: number, hint?: string) => never

interface Pending {
  readonly to: number | string
  readonly offset: number
  readonly tell: (indexes: readonly number[]) => void
}

/** Longest look back, as in PCRE2. */
const MAX_BEHIND = 65_535

/** Names of groups, and what refers to groups: those may come later in the pattern. */
export class References {
  /** Numbers that begin anew, by (?|…): backreferences have no width that is known. */
  has_resets = false
  private readonly names = new Map<string, number[]>()
  private readonly pending: Pending[] = []
  private readonly words: (() => void)[] = []
  private readonly looks: { readonly look: LookNode; readonly offset: number }[] = []
  private readonly fail: Fail

  constructor(fail: Fail) {
    this.fail = fail
  }

  define(name: string, index: number, same_names: boolean, offset: number): void {
    const known = this.names.get(name)
    for (const [other, indexes] of this.names) {
      if (other !== name && indexes.includes(index))
        this.fail(`group ${index} is named ${other} and ${name}`, offset, 'a number has one name')
    }
    if (known === undefined) this.names.set(name, [index])
    else if (known.includes(index)) return
    else if (same_names) known.push(index)
    else this.fail(`two groups named ${name}`, offset, 'rename one, or allow it by (?J)')
  }

  later(to: number | string, offset: number, tell: Pending['tell']): void {
    this.pending.push({ to, offset, tell })
  }

  /** A condition (?(R1)…): a group's name if there is one of that name, else a call of that number. */
  laterNameOr(
    name: string,
    number: string | undefined,
    offset: number,
    tell: (kind: 'set' | 'called', indexes: readonly number[]) => void,
  ): void {
    this.words.push(() => {
      if (number === undefined || this.names.has(name)) this.later(name, offset, (indexes) => tell('set', indexes))
      else if (number !== '') this.later(Number(number), offset, (indexes) => tell('called', indexes))
    })
  }

  addLook(look: LookNode, offset: number): void {
    this.looks.push({ look, offset })
  }

  resolve(root: RegexNode, groups: number): void {
    for (const word of this.words) word()
    for (const { to, offset, tell } of this.pending)
      tell(typeof to === 'string' ? this.named(to, offset) : this.numbered(to, groups, offset))
    for (const { look, offset } of this.looks) this.checkLook(look, root, offset)
  }

  private named(name: string, offset: number): readonly number[] {
    return (
      this.names.get(name) ??
      this.fail(`no group named ${name}`, offset, this.names.size === 0 ? undefined : `named are ${[...this.names.keys()].join(', ')}`)
    )
  }

  private numbered(index: number, groups: number, offset: number): readonly number[] {
    if (index > groups)
      this.fail(
        `no group ${index}`,
        offset,
        groups === 0
          ? 'there are no groups; a byte by its octal number is \\o{…}'
          : `there are ${groups}; a byte by its octal number is \\o{…}`,
      )
    return [index]
  }

  private checkLook(look: LookNode, root: RegexNode, offset: number): void {
    if (has(look.item, (node) => node.kind === 'keep')) this.fail('\\K in a lookaround', offset, 'put it outside')
    if (!look.behind) return
    const widths = look.options.map((option) => this.width(option, look, root, offset))
    Object.assign(look, { widths })
  }

  private width(option: RegexNode, look: LookNode, root: RegexNode, offset: number): number {
    const unknown = this.has_resets && has(option, ({ kind }) => kind === 'backreference')
    const width = unknown ? undefined : fixedWidth(option, (index) => groupWidth(root, index, look, []))
    const hint = 'each alternative has a fixed length in PCRE2: (?<=a|bc), not (?<=a+); or match it, and drop it from the match by \\K'
    if (width === undefined) this.fail('lookbehind of variable length', offset, hint)
    if (width > MAX_BEHIND) this.fail(`lookbehind longer than ${MAX_BEHIND}`, offset)
    return width
  }
}

/** Width of a group; undefined also where it contains `inside`, or itself. */
function groupWidth(root: RegexNode, index: number, inside: RegexNode, open: readonly number[]): number | undefined {
  if (index === 0 || open.includes(index)) return undefined
  const groups: RegexNode[] = []
  has(root, (node) => {
    if (node.kind === 'capture' && node.index === index) groups.push(node.item)
    return false
  })
  if (groups.length !== 1 || has(groups[0], (node) => node === inside)) return undefined
  return fixedWidth(groups[0], (other) => groupWidth(root, other, inside, [...open, index]))
}
