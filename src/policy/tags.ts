import type { Fields } from '../http/fields.ts'
import { parseList } from '../http/structured.ts'

/** A field of responses that names tags, in lower case, and what stands between two of them. */
export interface TagField {
  readonly key: string
  readonly separator: 'space' | 'comma'
}

/** Tags of one response. One that has more goes with every purge of a tag. */
export const TAGS_MAX = 512

/** Tags, keys and groups are told apart by their first letter. */
const TAG = 'T'
const KEY = 'K'
const GROUP = 'G'
/** Of a response with too many tags, and in each purge of tags. */
const ANY = 'A'

const GROUPS = 'cache-groups'
const SPACES = /[ \t]+/
const COMMAS = /[ \t]*,[ \t]*/

/**
 * By what a response can be purged that is stored under `key` and came from `host`. `more`: other keys that it goes with when they are
 * purged.
 */
export function tagsOf(tagFields: readonly TagField[], fields: Fields, key: string, host: string, more: readonly string[] = []): string[] {
  // Most responses have no tag, and each miss comes by here.
  if (more.length === 0 && !isTagged(tagFields, fields)) return [KEY + key]
  const keys = purgesOfKeys([key, ...more])
  const tags = new Set<string>(keys)
  for (const { key: name, separator } of tagFields) {
    for (let i = fields.indexOf(name, 0); i >= 0; i = fields.indexOf(name, i + 1)) {
      for (const tag of split(fields.values[i], separator)) tags.add(TAG + tag)
    }
  }
  if (fields.has(GROUPS)) for (const group of groupsOf(fields, GROUPS)) tags.add(groupTag(group, host))
  return tags.size > TAGS_MAX + keys.length ? [...keys, ANY] : Array.from(tags)
}

function isTagged(tagFields: readonly TagField[], fields: Fields): boolean {
  for (let i = 0; i < tagFields.length; i++) if (fields.has(tagFields[i].key)) return true
  return fields.has(GROUPS)
}

function split(value: string, separator: TagField['separator']): string[] {
  return value.split(separator === 'space' ? SPACES : COMMAS).filter((tag) => tag !== '')
}

/** What to purge for these tags. */
export function purgesOfTags(tags: readonly string[]): string[] {
  return tags.length === 0 ? [] : [...tags.map((tag) => TAG + tag), ANY]
}

export function purgesOfKeys(keys: readonly string[]): string[] {
  return keys.map((key) => KEY + key)
}

/** What Cache-Group-Invalidation of a response names (RFC 9875 section 3), to purge; `host` is its origin's. */
export function purgesOfGroups(fields: Fields, host: string): string[] {
  if (!fields.has('cache-group-invalidation')) return []
  const tags = groupsOf(fields, 'cache-group-invalidation').map((group) => groupTag(group, host))
  return tags.length === 0 ? [] : [...tags, ANY]
}

/** A List of Strings (RFC 9875 section 2); anything else says nothing. */
function groupsOf(fields: Fields, name: string): string[] {
  const members = parseList(fields.combined(name) ?? '') ?? []
  const groups = members.map((member) => (member.type === 'string' ? member.value : undefined))
  return groups.every((group) => group !== undefined) ? groups : []
}

/**
 * Groups are those of one origin (RFC 9875 section 2.1), which is told by its host and port. The scheme is not compared: TLS may end
 * before us.
 */
function groupTag(group: string, host: string): string {
  return `${GROUP}${host.toLowerCase().replace(/:(?:80|443)$/, '')}\n${group}`
}

/**
 * Keys as the rules give them, several in one text: apart by white space. A key that has commas in it is purged as it is, and as the
 * keys between its commas.
 */
export function keysIn(text: string): string[] {
  const keys = new Set<string>()
  for (const word of text.split(/[ \t\r\n]+/)) {
    if (word !== '') keys.add(word)
    if (word.includes(',')) for (const key of word.split(',')) if (key !== '') keys.add(key)
  }
  return Array.from(keys)
}
