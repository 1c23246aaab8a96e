import type { Fields } from '../http/fields.ts'
import { OBJ_ANY_CODING } from './flags.ts'
import { readWeighted, writeWeighted } from './weights.ts'

/**
 * Variants, RFC 9111 section 4.1: a response with Vary is stored under a second key made of the request's values of the
 * fields that Vary lists. Equal keys mean that the requests match.
 */

const MAX_NAMES = 32
/** Values remembered, all together: about 2 MB at worst. When full, all is forgotten at once. */
const MAX_REMEMBERED = 4096
const MAX_REMEMBERED_CHARS = 256
const MAX_SPECS = 512

/** token characters, RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

/**
 * Names listed by all Vary lines, lower-case, sorted and without repetition, joined by ","; '' without Vary. '*' when
 * the list contains "*" anywhere, or something we cannot read: such a response matches no request.
 */
export function varySpec(fields: Fields): string {
  let i = fields.indexOf('vary', 0)
  if (i < 0) return ''
  const names: string[] = []
  for (; i >= 0; i = fields.indexOf('vary', i + 1)) {
    for (const member of fields.values[i].split(',', MAX_NAMES * 4)) {
      const name = member.trim().toLowerCase()
      if (name === '' || names.includes(name)) continue
      if (name === '*' || !TOKEN.test(name) || names.length === MAX_NAMES) return '*'
      names.push(name)
    }
  }
  return names.sort().join(',')
}

/** Of a stored response: that of its Vary, without Accept-Encoding where one object answers all codings. */
export function storedSpec(head: { readonly fields: Fields; readonly flags: number }): string {
  const spec = varySpec(head.fields)
  if (spec === '' || (head.flags & OBJ_ANY_CODING) === 0) return spec
  return namesOf(spec)
    .filter((name) => name !== 'accept-encoding')
    .join(',')
}

const specs = new Map<string, readonly string[]>()

function namesOf(spec: string): readonly string[] {
  let names = specs.get(spec)
  if (!names) {
    if (specs.size >= MAX_SPECS) specs.clear()
    names = spec.split(',')
    specs.set(spec, names)
  }
  return names
}

/** Normalised values by field and raw value: a browser sends the same Accept-Encoding a million times. */
const remembered = new Map<string, Map<string, string>>()
let rememberedCount = 0

/** The key of a request under a spec. Nothing is made for '' or for one field whose value was seen before. */
export function variantKey(spec: string, request: Fields): string {
  if (spec === '') return ''
  const names = namesOf(spec)
  let key = partKey(names[0], request)
  for (let n = 1; n < names.length; n++) key += '\n' + partKey(names[n], request)
  return key
}

/**
 * The same, but for Accept-Language: who asks in other words and prefers this language to all others. Undefined when the spec
 * does not have that field.
 */
export function languageKey(spec: string, request: Fields, language: string): string | undefined {
  const names = namesOf(spec)
  if (!names.includes('accept-language')) return undefined
  return names.map((name) => (name === 'accept-language' ? `~${language}` : partKey(name, request))).join('\n')
}

/** '-' when the request does not have the field, else '=' and its normalised value. */
function partKey(name: string, request: Fields): string {
  const i = request.indexOf(name, 0)
  if (i < 0) return '-'
  const value = request.indexOf(name, i + 1) < 0 ? request.values[i] : (request.combined(name) ?? '')
  if (value.length > MAX_REMEMBERED_CHARS) return '=' + normalise(name, value)
  return remembered.get(name)?.get(value) ?? remember(name, value)
}

function remember(name: string, value: string): string {
  if (rememberedCount++ >= MAX_REMEMBERED) {
    remembered.clear()
    rememberedCount = 1
  }
  let values = remembered.get(name)
  if (!values) remembered.set(name, (values = new Map()))
  const key = '=' + normalise(name, value)
  values.set(value, key)
  return key
}

/**
 * Section 4.1 lets values match that differ only in what the field's definition calls meaningless: white space around
 * list members for every field; case, order and the spelling of weights for the two lists whose members are case-insensitive and
 * ranked by weight, not by place (RFC 9110 sections 12.5.3 and 12.5.4).
 */
function normalise(name: string, value: string): string {
  if (name !== 'accept-encoding' && name !== 'accept-language') return tightened(value)
  const members: string[] = []
  for (const raw of value.split(',')) {
    const read = readWeighted(raw)
    const member = read === undefined ? '' : writeWeighted(name === 'accept-encoding' ? { ...read, value: coding(read.value) } : read)
    if (member !== '' && !members.includes(member)) members.push(member)
  }
  return members.sort().join(',')
}

/** RFC 9110 section 8.4.1: old names of the same. */
function coding(name: string): string {
  return name === 'x-gzip' || name === 'x-compress' ? name.slice(2) : name
}

/** Removes white space beside commas, outside quoted strings. */
function tightened(value: string): string {
  let out = ''
  let quoted = false
  for (let i = 0; i < value.length; i++) {
    const char = value[i]
    if (char === '"') quoted = !quoted
    else if (quoted && char === '\\' && i + 1 < value.length) out += value[i++]
    else if (!quoted && char === ',') {
      out = out.trimEnd() + ','
      while (value[i + 1] === ' ' || value[i + 1] === '\t') i++
      continue
    }
    out += value[i]
  }
  return out.trim()
}
