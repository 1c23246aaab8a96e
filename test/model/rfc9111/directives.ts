import { type Lines, valuesOf } from './message.ts'

/** What is permitted where the RFC leaves a choice: any value between the two. */
export interface Bounds {
  readonly least: number
  readonly most: number
}

interface Directive {
  readonly name: string
  readonly argument: string | undefined
  readonly quoted: boolean
  /** White space around "=", an open quote, text after a quote: not the grammar of section 5.2. */
  readonly malformed: boolean
}

/** Section 1.2.2: what is larger counts as this. */
export const DELTA_MAX_S = 2 ** 31

/** Cache-Control of a message, RFC 9111 section 5.2: all its lines together. */
export class CacheControl {
  private readonly directives: readonly Directive[]

  constructor(lines: Lines) {
    this.directives = valuesOf(lines, 'cache-control').flatMap(split).map(parse)
  }

  get empty(): boolean {
    return this.directives.length === 0
  }

  names(): string[] {
    return this.directives.map(({ name }) => name)
  }

  has(name: string): boolean {
    return this.directives.some((directive) => directive.name === name)
  }

  /** no-cache and private: does it hold for the whole response? A list that cannot be read counts as none. */
  hasUnqualified(name: string): boolean {
    return this.directives.some((directive) => directive.name === name && listedBy(directive).length === 0)
  }

  /** The fields that no-cache="..." or private="..." list. */
  listed(name: string): string[] {
    return this.directives.filter((directive) => directive.name === name).flatMap(listedBy)
  }

  /** Without an argument, as max-stale may be. */
  isBare(name: string): boolean {
    return this.directives.some((directive) => directive.name === name && directive.argument === undefined)
  }

  /**
   * A lifetime (section 4.2.1): of duplicates the first counts, or the response is stale; one that is invalid makes it stale. The
   * quoted form is not for senders, and recipients may take it or not.
   */
  lifetime(name: string): Bounds | undefined {
    const all = this.directives.filter((directive) => directive.name === name)
    if (all.length === 0) return undefined
    const most = Math.max(0, seconds(all[0]))
    const clear = all.length === 1 && !all[0].quoted
    return { least: clear ? most : 0, most }
  }

  /** A permission: an invalid one permits nothing. */
  permission(name: string): Bounds | undefined {
    const valid = this.directives.filter((directive) => directive.name === name).map(seconds)
    const given = valid.filter((value) => value >= 0)
    if (given.length === 0) return undefined
    return { least: valid.length === 1 ? given[0] : 0, most: Math.max(...given) }
  }
}

/** Quotes are for arguments: one that does not follow "=" is a stray character, and one left open ends with its line. */
function split(text: string): string[] {
  const members = text.match(/(?:=\s*"(?:\\.|[^"\\])*(?:"|$)|[^,])+/g) ?? []
  return members.map((member) => member.trim()).filter((member) => member !== '')
}

function parse(member: string): Directive {
  const equals = member.indexOf('=')
  if (equals < 0) return { name: member.toLowerCase(), argument: undefined, quoted: false, malformed: false }
  const name = member.slice(0, equals)
  const value = member.slice(equals + 1)
  const spaced = name !== name.trimEnd() || value !== value.trimStart() || value === ''
  const text = value.trim()
  const quoted = text.startsWith('"')
  const whole = /^"((?:\\.|[^"\\])*)"$/.exec(text)
  const argument = whole ? whole[1].replaceAll(/\\(.)/g, '$1') : text
  return { name: name.trim().toLowerCase(), argument, quoted, malformed: spaced || (quoted && !whole) }
}

/** -1 when it is no delta-seconds. */
function seconds({ argument, malformed }: Directive): number {
  if (malformed || argument === undefined || !/^\d+$/.test(argument)) return -1
  return Math.min(Number(argument), DELTA_MAX_S)
}

function listedBy({ argument, malformed }: Directive): string[] {
  if (argument === undefined || malformed) return []
  return argument
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
}
