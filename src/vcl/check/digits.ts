import type { BytesLiteral, DurationLiteral, IntLiteral, RealLiteral } from '../ast.ts'
import type { Checking } from './checking.ts'

/** Numbers have at most 15 digits, or 12 before and 3 behind the point: then they are exact. */
export function checkDigits(k: Checking, node: IntLiteral | RealLiteral | DurationLiteral | BytesLiteral): boolean {
  const [whole, fraction] = node.raw.split('.') as [string, string | undefined]
  if (fraction === undefined ? whole.length <= 15 : whole.length <= 12 && fraction.length <= 3) return true
  // Before 7.0 there could be more: files of that age keep what they say.
  if (k.options.syntax === 40 && whole.length <= 12 && fraction !== undefined) {
    k.warn(node.at, 'more than three digits behind the point', 'from Varnish 7.0 on this is an error')
    return true
  }
  k.error(node.at, 'too many digits', 'at most 15, or 12 before and 3 behind the point')
  return false
}
