import type { Fields } from '../http/fields.ts'
import { parseDictionary, type Member } from '../http/structured.ts'

/**
 * No-Vary-Search (draft-ietf-httpbis-no-vary-search): a response says which differences of the query do not matter to it. What it says
 * is kept as a spec, a text that two responses have in common when they say the same; '' is a response for its own URL only.
 */

const NAMES_MAX = 64
const SPEC_CHARS_MAX = 1024

// A spec: does the order of the names matter, which names count, and the names, sorted and escaped.
const ORDERED = 'o'
const UNORDERED = 'u'
const ALL_BUT = '-'
const ONLY = '+'

/** Sections "Parsing" and "Obtain": whatever is odd says nothing, which costs hits and does no harm. */
export function searchSpec(fields: Fields): string {
  const text = fields.combined('no-vary-search')
  const value = text === undefined ? undefined : parseDictionary(text)
  if (value === undefined) return ''
  const unordered = flag(value.get('key-order'))
  const which = counting(value.get('params'), value.get('except'))
  if (unordered === undefined || which === undefined) return ''
  // In so many words what is so without them.
  if (!unordered && which === ALL_BUT) return ''
  const spec = (unordered ? UNORDERED : ORDERED) + which
  return spec.length > SPEC_CHARS_MAX ? '' : spec
}

function flag(member: Member | undefined): boolean | undefined {
  if (member === undefined) return false
  return member.type === 'boolean' ? member.value : undefined
}

/** Which parameters count, as the spec has it. `except` is only for `params` that is true. */
function counting(params: Member | undefined, except: Member | undefined): string | undefined {
  if (except !== undefined) return params?.type === 'boolean' && params.value ? named(ONLY, except) : undefined
  if (params === undefined) return ALL_BUT
  if (params.type !== 'boolean') return named(ALL_BUT, params)
  return params.value ? ONLY : ALL_BUT
}

function named(which: string, list: Member): string | undefined {
  if (list.type !== 'list' || list.value.length > NAMES_MAX) return undefined
  const names = new Set<string>()
  for (const item of list.value) {
    if (item.type !== 'string') return undefined
    names.add(encodeURIComponent(parsedKey(item.value)))
  }
  return which + Array.from(names).sort().join('&')
}

/** Section "Parse a key": as it would be read in a query. Of a name without a value nothing but the name is left. */
function parsedKey(text: string): string {
  const [pair] = new URLSearchParams('?' + text.replaceAll('&', '%26').replaceAll('=', '%3D'))
  return pair === undefined ? '' : pair[0]
}

interface Variance {
  readonly unordered: boolean
  readonly only: boolean
  readonly names: ReadonlySet<string>
}

const SPECS_MAX = 512
const known = new Map<string, Variance>()

function varianceOf(spec: string): Variance {
  let variance = known.get(spec)
  if (variance === undefined) {
    if (known.size >= SPECS_MAX) known.clear()
    const names = spec.length === 2 ? [] : spec.slice(2).split('&').map(decodeURIComponent)
    known.set(spec, (variance = { unordered: spec[0] === UNORDERED, only: spec[1] === ONLY, names: new Set(names) }))
  }
  return variance
}

/**
 * Section "Comparing": queries are equivalent under a spec when this is the same text for both. `query` is what follows the first "?" of a
 * target, '' when nothing does.
 */
export function canonicalSearch(spec: string, query: string): string {
  const { unordered, only, names } = varianceOf(spec)
  const pairs = Array.from(new URLSearchParams('?' + query)).filter(([name]) => names.has(name) === only)
  // By name alone, and stable: two values of one name keep their order.
  if (unordered) pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
}

/** Has whoever asks for `other` asked for the same as who asked for `query`, when the response to that has this spec? */
export function sameSearch(spec: string, query: string, other: string): boolean {
  return query === other || (spec !== '' && canonicalSearch(spec, query) === canonicalSearch(spec, other))
}

export function queryOf(url: string): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : url.slice(at + 1)
}
