/** What an ESI tag says, "<esi:name a="..."/>". */
export interface EsiTag {
  readonly name: 'include' | 'remove' | 'comment'
  readonly closing: boolean
  /** It ends with "/>". */
  readonly empty: boolean
  readonly src: string | undefined
  readonly onerror: string | undefined
}

/** The tag is left out. `wrong`: it is not as ESI 1.0 has it; otherwise it is not for us. */
export class TagError extends Error {
  readonly wrong: boolean

  constructor(text: string, wrong = true) {
    super(text)
    this.wrong = wrong
  }
}

const NAMES = ['include', 'remove', 'comment'] as const
const NAME_START = /[A-Za-z_:\x80-\xff]/
const NAME = /[A-Za-z0-9_:.\-\x80-\xff]*/y
const SPACE = /[ \t\r\n\v\f]*/y
const UNQUOTED = /[^ \t>]*/y

/** `text` is all of it, from "<" to ">"; nothing between them is ">". */
export function readTag(text: string): EsiTag {
  const closing = text[1] === '/'
  const from = closing ? 6 : 5
  const name = NAMES.find((one) => text.startsWith(one, from))
  if (name === undefined) throw new TagError('ESI 1.0 <esi:bogus> element')
  const found = new Map<string, string>()
  const empty = readAttributes(text, from + name.length, found)
  return { name, closing, empty, src: found.get('src'), onerror: found.get('onerror') }
}

/** True when "/" stands before the end. */
function readAttributes(text: string, from: number, found: Map<string, string>): boolean {
  const last = text.length - 1
  for (let at = from; ;) {
    const start = behind(SPACE, text, at)
    if (start === last) return false
    if (text[start] === '/') {
      if (start + 1 === last) return true
      throw new TagError("XML 1.0 '>' does not follow '/' in tag")
    }
    // Between attributes it may be missing.
    if ((start === at && at === from) || !NAME_START.test(text[start])) throw new TagError('XML 1.0 Illegal attribute start char')
    at = readAttribute(text, start, found)
  }
}

/** Where the next one may begin. */
function readAttribute(text: string, start: number, found: Map<string, string>): number {
  const end = behind(NAME, text, start)
  const next = text[end]
  if (next !== '=') {
    if (next === '>' || next === '/' || isSpace(next)) return end
    throw new TagError('XML 1.0 Illegal attr char')
  }
  const quote = text[end + 1]
  if (isSpace(quote)) throw new TagError('XML 1.0 Illegal attribute delimiter')
  const quoted = quote === '"' || quote === "'"
  const from = quoted ? end + 2 : end + 1
  const to = quoted ? text.indexOf(quote, from) : behind(UNQUOTED, text, from)
  if (to < 0 || to === text.length - 1) throw new TagError('XML 1.0 Missing end attribute delimiter')
  const name = text.slice(start, end)
  if (name === 'src' && found.has(name)) throw new TagError('ESI 1.0 <esi:include> has multiple src= attributes')
  found.set(name, text.slice(from, to))
  return quoted ? to + 1 : to
}

function behind(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  pattern.test(text)
  return pattern.lastIndex
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n'
}
