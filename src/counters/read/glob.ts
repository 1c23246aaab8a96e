/** fnmatch(3): `*`, `?`, sets in brackets, and a backslash that takes a character for itself. Time is the product of both lengths at most. */
export type Glob = (text: string) => boolean

type One = (char: string) => boolean
type Token = One | 'any'

export function compileGlob(glob: string): Glob {
  const tokens: Token[] = []
  for (let at = 0; at < glob.length;) {
    const char = glob[at]
    const set = char === '[' ? readSet(glob, at) : undefined
    if (set !== undefined) {
      tokens.push(set.one)
      at = set.end
      continue
    }
    if (char === '*') tokens.push('any')
    else if (char === '?') tokens.push(() => true)
    else if (char === '\\' && at + 1 < glob.length) tokens.push(literal(glob[++at]))
    else tokens.push(literal(char))
    at++
  }
  return (text) => matches(tokens, text)
}

/** When it does not go on, the last star takes one more: earlier ones need not be tried again. */
function matches(tokens: readonly Token[], text: string): boolean {
  let [token, at, star, star_at] = [0, 0, -1, 0]
  while (at < text.length) {
    const wanted = tokens[token]
    if (wanted === 'any') {
      star = token++
      star_at = at
    } else if (wanted !== undefined && wanted(text[at])) {
      token++
      at++
    } else if (star === -1) return false
    else {
      token = star + 1
      at = ++star_at
    }
  }
  while (tokens[token] === 'any') token++
  return token === tokens.length
}

function literal(wanted: string): One {
  return (char) => char === wanted
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
}

/** From `[` to `]`; undefined: it is not closed, and the bracket stands for itself. */
function readSet(glob: string, start: number): { one: One; end: number } | undefined {
  const negated = glob[start + 1] === '!' || glob[start + 1] === '^'
  const parts: One[] = []
  const first = start + (negated ? 2 : 1)
  for (let at = first; at < glob.length;) {
    if (glob[at] === ']' && at > first) return { one: (char) => parts.some((part) => part(char)) !== negated, end: at + 1 }
    const [, name] = /^\[:([a-z]+):\]/.exec(glob.slice(at, at + 12)) ?? []
    if (name !== undefined && Object.hasOwn(CLASSES, name)) {
      parts.push((char) => CLASSES[name].test(char))
      at += name.length + 4
      continue
    }
    if (glob[at] === '\\') at++
    const from = glob[at]
    if (from === undefined) return undefined
    const is_range = glob[at + 1] === '-' && glob[at + 2] !== undefined && glob[at + 2] !== ']'
    const to = is_range ? glob[at + 2] : from
    parts.push((char) => char >= from && char <= to)
    at += is_range ? 3 : 1
  }
  return undefined
}

/** -f, -I or -X. */
export interface GlobOption {
  readonly name: string
  readonly value: string
}

/** Which counters are meant: the first glob that fits decides. Without one, a counter is shown unless some were asked for. */
export function counterFilter(options: readonly GlobOption[]): (name: string) => boolean {
  const rules = options.flatMap(({ name, value }) => {
    if (name === 'I') return [{ fits: compileGlob(value), is_shown: true }]
    if (name === 'X') return [{ fits: compileGlob(value), is_shown: false }]
    if (name !== 'f') return []
    const is_shown = !value.startsWith('^')
    return [{ fits: compileGlob(is_shown ? value : value.slice(1)), is_shown }]
  })
  const otherwise = rules.every(({ is_shown }) => !is_shown)
  return (name) => rules.find(({ fits }) => fits(name))?.is_shown ?? otherwise
}
