/** 256 booleans: which bytes a single-character item matches. */
export type ByteSet = Uint8Array

export type RegexNode =
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly item: RegexNode; readonly min: number; readonly max: number; readonly lazy: boolean }
  /** Capturing group; numbers as PCRE counts them. */
  | { readonly kind: 'capture'; readonly index: number; readonly item: RegexNode }
  /** Once matched, never re-entered: (?>…) and possessive quantifiers. */
  | { readonly kind: 'atomic'; readonly item: RegexNode }
  | { readonly kind: 'look'; readonly behind: boolean; readonly negative: boolean; readonly item: RegexNode }
  | { readonly kind: 'anchor'; readonly anchor: Anchor }
  | { readonly kind: 'backreference'; readonly index: number; readonly fold: boolean }

export type Anchor = 'start' | 'end' | 'end_or_newline' | 'line_start' | 'line_end' | 'word' | 'not_word'

/** A pattern that is wrong or cannot be expressed; `offset` counts from the start of the pattern. */
export class RegexError extends Error {
  override readonly name = 'RegexError'
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} (at position ${offset + 1} of the pattern)`)
    this.offset = offset
  }
}

export function setOf(chars: string): ByteSet {
  const set = new Uint8Array(256)
  for (const char of chars) set[char.charCodeAt(0)] = 1
  return set
}

export function addRange(set: ByteSet, from: number, to: number): void {
  set.fill(1, from, to + 1)
}

export function addAll(set: ByteSet, other: ByteSet): void {
  for (let i = 0; i < 256; i++) set[i] |= other[i]
}

export function inverted(set: ByteSet): ByteSet {
  return set.map((bit) => 1 - bit)
}

/** ASCII letters in both cases: PCRE folds bytes by the C locale. */
export function folded(set: ByteSet): ByteSet {
  const both = set.slice()
  for (let c = 0x41; c <= 0x5a; c++) both[c] = both[c + 32] = set[c] | set[c + 32]
  return both
}

export function overlaps(a: ByteSet, b: ByteSet): boolean {
  return a.some((bit, i) => bit === 1 && b[i] === 1)
}

/** Number of bytes a node always matches, or undefined when it varies. */
export function fixedWidth(node: RegexNode): number | undefined {
  switch (node.kind) {
    case 'set':
      return 1
    case 'look':
    case 'anchor':
      return 0
    case 'capture':
    case 'atomic':
      return fixedWidth(node.item)
    case 'repeat': {
      const width = fixedWidth(node.item)
      return width === undefined || node.min !== node.max ? undefined : width * node.min
    }
    case 'sequence':
      return node.items.map(fixedWidth).reduce((sum, width) => (sum === undefined || width === undefined ? undefined : sum + width), 0)
    case 'choice': {
      const widths = new Set(node.options.map(fixedWidth))
      return widths.size === 1 ? [...widths][0] : undefined
    }
    default:
      return undefined
  }
}

/** Can it match the empty string? */
export function canBeEmpty(node: RegexNode): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'capture':
    case 'atomic':
      return canBeEmpty(node.item)
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.item)
    case 'sequence':
      return node.items.every(canBeEmpty)
    case 'choice':
      return node.options.some(canBeEmpty)
    default:
      return true
  }
}

export function children(node: RegexNode): readonly RegexNode[] {
  if (node.kind === 'sequence') return node.items
  if (node.kind === 'choice') return node.options
  return 'item' in node ? [node.item] : []
}
