import { OperatorError } from '../base/errors.ts'
import { nearest } from '../base/nearest.ts'
import { TAGS, type TagName } from './log-tags.ts'

const NAMES = Object.keys(TAGS) as TagName[]
const BY_LOWER_NAME = new Map(NAMES.map((name) => [name.toLowerCase(), name]))

/** The parameter vsl_mask as it is kept: all that is suppressed, "-Debug,-Hash", or "none". */
export const DEFAULT_MASK = format(new Set(NAMES.filter((name) => TAGS[name].masked)))

/**
 * `before` with what an operator wants changed: +Tag records, -Tag suppresses. `default` begins anew, `all` suppresses every tag, `none` no
 * tag. Throws an OperatorError.
 */
export function changeMask(before: string, given: string): string {
  let masked = new Set(maskedTags(before))
  for (const item of given.split(',').map((part) => part.trim())) {
    if (item === 'default') masked = new Set(maskedTags(DEFAULT_MASK))
    else if (item === 'all') masked = new Set(NAMES)
    else if (item === 'none') masked = new Set()
    else if (item.startsWith('-')) masked.add(tagIn(item))
    else masked.delete(tagIn(item))
  }
  return format(masked)
}

/**
 * Are rules that are loaded now to tell each statement that they run (VCL_trace)? They are compiled for it: others have no code for that, and
 * cost nothing.
 */
export function tracesRules(value: string): boolean {
  return !maskedTags(value).includes('VCL_trace')
}

/** What is suppressed, of a value that `changeMask` has made. */
export function maskedTags(value: string): TagName[] {
  return NAMES.filter((name) => value.split(',').includes(`-${name}`))
}

function format(masked: ReadonlySet<TagName>): string {
  if (masked.size === 0) return 'none'
  const names = NAMES.filter((name) => masked.has(name))
  return names.map((name) => `-${name}`).join(',')
}

function tagIn(item: string): TagName {
  if (!item.startsWith('+') && !item.startsWith('-')) {
    throw new OperatorError(`parameter vsl_mask: '${item}' is not +Tag, -Tag, default, all or none`)
  }
  const name = item.slice(1)
  const known = BY_LOWER_NAME.get(name.toLowerCase())
  if (known !== undefined) return known
  const meant = nearest(name, NAMES)
  throw new OperatorError(
    `parameter vsl_mask: there is no tag '${name}'${meant ? `: did you mean '${meant}'?` : '; see docs/reference/log-tags.md'}`,
  )
}
