import { changeMask, DEFAULT_MASK, maskedTags } from '../config/log-mask.ts'
import { TAGS, type TagName, type TagRow } from '../config/log-tags.ts'

export { TAGS, type TagName, type TagRow } from '../config/log-tags.ts'

/** Numbers by name: `TAG.ReqURL`. */
export const TAG = Object.freeze(Object.fromEntries(Object.entries<TagRow>(TAGS).map(([name, row]) => [name, row.number]))) as {
  readonly [N in TagName]: number
}

const NAMES = new Map<number, TagName>(Object.entries(TAG).map(([name, number]) => [number, name as TagName]))

export function tagName(number: number): TagName | undefined {
  return NAMES.get(number)
}

/** One byte per tag number, 1 = suppressed. */
export type TagMask = Uint8Array

export function defaultMask(): TagMask {
  return maskOf(DEFAULT_MASK)
}

/** Of the parameter vsl_mask, as it is kept. */
export function maskOf(value: string): TagMask {
  const mask = new Uint8Array(256)
  for (const name of maskedTags(value)) mask[TAG[name]] = 1
  return mask
}

/** Of what an operator writes, beginning with the default set. */
export function parseMask(text: string): TagMask {
  return maskOf(changeMask(DEFAULT_MASK, text))
}
