import { HTAB, SP } from './bytes.ts'

/**
 * Structured fields, RFC 9651: Dictionaries and Lists, with every type of item that may be in one. A text that breaks the grammar anywhere
 * is no structured field at all (section 4.2), so what is read is the whole of it or undefined. Parameters are checked and
 * dropped: no field that we read gives them a meaning.
 */

export type BareItem =
  | { readonly type: 'integer' | 'decimal' | 'date'; readonly value: number }
  /** Of bytes and display strings only the form is checked: they stay as they were sent. */
  | { readonly type: 'string' | 'token' | 'bytes' | 'display'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }

export interface InnerList {
  readonly type: 'list'
  readonly value: readonly BareItem[]
}

export type Member = BareItem | InnerList
export type Dictionary = ReadonlyMap<string, Member>

const TRUE: BareItem = Object.freeze({ type: 'boolean', value: true })
const FALSE: BareItem = Object.freeze({ type: 'boolean', value: false })

/** All lines of a Dictionary field, joined (section 3.2). Of a key that is there twice the last counts. Empty text: no members. */
export function parseDictionary(text: string): Dictionary | undefined {
  return new Parser(text).dictionary()
}

/** The same of a List field. */
export function parseList(text: string): readonly Member[] | undefined {
  return new Parser(text).list()
}

const TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/

export function isSfToken(text: string): boolean {
  return TOKEN.test(text)
}

/** An sf-string of any text (section 4.1.6): what it cannot hold is replaced by "?". */
export function sfString(text: string): string {
  return '"' + text.replace(/[^ -~]/g, '?').replace(/["\\]/g, '\\$&') + '"'
}

const NUMBER = /-?([0-9]+)(?:(\.)([0-9]*))?/y
const KEY = /[a-z*][a-z0-9_\-.*]*/y
const BARE_TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y
const STRING = /"([ !#-[\]-~]*(?:\\["\\][ !#-[\]-~]*)*)"/y
const BYTES = /:([A-Za-z0-9+/]*)(={0,2}):/y
const DISPLAY = /%"([ !#$&-~]*(?:%[0-9a-f]{2}[ !#$&-~]*)*)"/y

/** Each method reads from `at` on and moves it; undefined: the text is not what it should be. */
class Parser {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  dictionary(): Dictionary | undefined {
    const members = new Map<string, Member>()
    this.skip(SP)
    while (this.at < this.text.length) {
      const key = this.match(KEY)?.[0]
      const member = key === undefined ? undefined : this.member()
      if (key === undefined || member === undefined) return undefined
      members.set(key, member)
      if (!this.nextMember()) return undefined
    }
    return members
  }

  list(): Member[] | undefined {
    const members: Member[] = []
    this.skip(SP)
    while (this.at < this.text.length) {
      const member = this.text[this.at] === '(' ? this.innerList() : this.bareItem()
      if (member === undefined || !this.parameters()) return undefined
      members.push(member)
      if (!this.nextMember()) return undefined
    }
    return members
  }

  /** To the next member or the end; a comma at the end is an error. */
  private nextMember(): boolean {
    this.skip(SP, HTAB)
    if (this.at >= this.text.length) return true
    if (!this.takes(',')) return false
    this.skip(SP, HTAB)
    return this.at < this.text.length
  }

  private member(): Member | undefined {
    let member: Member | undefined = TRUE
    if (this.takes('=')) member = this.text[this.at] === '(' ? this.innerList() : this.bareItem()
    return member !== undefined && this.parameters() ? member : undefined
  }

  private innerList(): InnerList | undefined {
    const items: BareItem[] = []
    this.at++
    for (;;) {
      const from = this.at
      this.skip(SP)
      if (this.takes(')')) return { type: 'list', value: items }
      // Items are apart from one another by spaces.
      if (items.length > 0 && this.at === from) return undefined
      const item = this.bareItem()
      if (item === undefined || !this.parameters()) return undefined
      items.push(item)
    }
  }

  private parameters(): boolean {
    while (this.takes(';')) {
      this.skip(SP)
      if (this.match(KEY) === undefined) return false
      if (this.takes('=') && this.bareItem() === undefined) return false
    }
    return true
  }

  private bareItem(): BareItem | undefined {
    switch (this.text[this.at]) {
      case '"':
        return this.string()
      case ':':
        return this.bytes()
      case '%':
        return this.display()
      case '?':
        return this.boolean()
      case '@':
        return this.date()
    }
    const token = this.match(BARE_TOKEN)
    return token === undefined ? this.number() : { type: 'token', value: token[0] }
  }

  private string(): BareItem | undefined {
    const found = this.match(STRING)
    if (found === undefined) return undefined
    return { type: 'string', value: found[1].includes('\\') ? found[1].replace(/\\(.)/g, '$1') : found[1] }
  }

  /** Section 4.2.7: base64, whose padding may be missing but not wrong. */
  private bytes(): BareItem | undefined {
    const found = this.match(BYTES)
    if (found === undefined || found[1].length % 4 === 1) return undefined
    return found[2] === '' || (found[1].length + found[2].length) % 4 === 0 ? { type: 'bytes', value: found[1] } : undefined
  }

  /** Section 4.2.10: what is escaped is UTF-8. */
  private display(): BareItem | undefined {
    const found = this.match(DISPLAY)
    return found !== undefined && isUtf8(found[1]) ? { type: 'display', value: found[1] } : undefined
  }

  private boolean(): BareItem | undefined {
    this.at++
    if (this.takes('1')) return TRUE
    return this.takes('0') ? FALSE : undefined
  }

  /** Section 4.2.9: an integer. */
  private date(): BareItem | undefined {
    this.at++
    const item = this.number()
    return item?.type === 'integer' ? { type: 'date', value: item.value } : undefined
  }

  /** Section 4.2.4: at most 15 digits, or 12 before and 3 behind the point. */
  private number(): BareItem | undefined {
    const found = this.match(NUMBER)
    if (found === undefined) return undefined
    const [text, whole, point, fraction] = found
    if (point === undefined) return whole.length <= 15 ? { type: 'integer', value: Number(text) } : undefined
    return whole.length <= 12 && fraction !== '' && fraction.length <= 3 ? { type: 'decimal', value: Number(text) } : undefined
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found === null) return undefined
    this.at += found[0].length
    return found
  }

  private takes(character: string): boolean {
    if (this.text[this.at] !== character) return false
    this.at++
    return true
  }

  private skip(one: number, other = one): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== one && code !== other) return
      this.at++
    }
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function isUtf8(escaped: string): boolean {
  if (!escaped.includes('%')) return true
  try {
    UTF8.decode(
      Buffer.from(
        escaped.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
        'latin1',
      ),
    )
    return true
  } catch {
    return false
  }
}
