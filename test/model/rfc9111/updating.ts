import { connectionFields, firstOf, has, type Lines, valuesOf } from './message.ts'

/** Confirmation and update of stored responses by a 304 (RFC 9111 sections 3.2 and 4.3.4). */

/** Why a 304 with these fields must not update the stored response; undefined when it may. */
export function refusesUpdate(stored: Lines, of304: Lines): string | undefined {
  const named = firstOf(of304, 'etag')
  if (named === undefined) return undefined
  const ours = firstOf(stored, 'etag')
  // Weak validators have to correspond: one of the two, if there are two.
  const sameDate = has(of304, 'last-modified') && firstOf(of304, 'last-modified') === firstOf(stored, 'last-modified')
  if (isWeak(named))
    return sameDate || (ours !== undefined && weakly(ours) === weakly(named)) ? undefined : `nothing in it corresponds to ${ours}`
  return ours === named ? undefined : `its strong entity-tag ${named} is not that of the stored response`
}

/** The stored fields with those of the 304 in place of their namesakes. The entity-tag it confirms, if for its weakness, stays. */
export function updated(stored: Lines, of304: Lines): Lines {
  const gone = connectionFields(of304)
  if (has(stored, 'etag')) gone.add('etag')
  const fresh = of304.filter(([name]) => !gone.has(name.toLowerCase()) && name.toLowerCase() !== 'content-length')
  const replaced = new Set([...fresh.map(([name]) => name.toLowerCase()), ...connectionFields(stored), 'age'])
  return [...stored.filter(([name]) => !replaced.has(name.toLowerCase())), ...fresh]
}

function isWeak(tag: string): boolean {
  return tag.startsWith('W/')
}

/** For the weak comparison of RFC 9110 section 8.8.3.2. */
export function weakly(tag: string): string {
  return isWeak(tag) ? tag.slice(2) : tag
}

/** Entity-tags of an If-None-Match. */
export function tagsOf(lines: Lines): string[] {
  return valuesOf(lines, 'if-none-match').flatMap((value) => value.match(/\*|(?:W\/)?"[^"]*"/g) ?? [])
}

export function isConditional(lines: Lines): boolean {
  return has(lines, 'if-none-match') || has(lines, 'if-modified-since')
}
