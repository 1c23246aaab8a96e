import { asBytes } from '../../base/bytes.ts'
import { compileRegex, type VclRegex } from '../../pattern/regex.ts'
import { readSettings } from '../../pattern/settings.ts'

const IGNORE_CASE = '(?i)'

/** Throws RegexError; its offset may be further right by what -C adds, which is at most that far off. */
export function compileOperand(text: string, caseless: boolean): VclRegex {
  const pattern = asBytes(text)
  if (!caseless) return compileRegex(pattern)
  const { at } = readSettings(pattern)
  return compileRegex(pattern.slice(0, at) + IGNORE_CASE + pattern.slice(at))
}

/** A match that is given up counts as one: rather shown than hidden. */
export function matches(pattern: VclRegex, text: string): boolean {
  try {
    return pattern.test(text)
  } catch {
    return true
  }
}
