import { inverted, type ByteSet } from './bytes.ts'

/** PCRE2's own properties, in JavaScript's words. */
const OWN: Readonly<Record<string, string>> = {
  any: '[^]',
  xan: '[\\p{L}\\p{N}]',
  xwd: '[\\p{L}\\p{N}_]',
  xsp: '[\\p{Z}\\t-\\r\\x85]',
  xps: '[\\p{Z}\\t-\\r\\x85]',
  xuc: '[$@`\\xa0-\\xff]',
  'l&': '[\\p{Lu}\\p{Ll}\\p{Lt}]',
  lc: '[\\p{Lu}\\p{Ll}\\p{Lt}]',
}
const GENERAL = /^(?:c[cfnos]?|l[lmotu]?|m[cen]?|n[dlo]?|p[cdefios]?|s[ckmo]?|z[lps]?)$/

/** The bytes that have a Unicode property when they are taken for code points, as PCRE2 does without UTF; undefined when there is no such property. */
export function propertySet(name: string): ByteSet | undefined {
  const negated = name.startsWith('^')
  const key = name
    .replace(/^\^/, '')
    .replace(/[-_\s]/g, '')
    .toLowerCase()
  const source = OWN[key] ?? (GENERAL.test(key) ? `\\p{${key[0].toUpperCase()}${key.slice(1)}}` : undefined)
  if (source === undefined) return undefined
  const pattern = new RegExp(source, 'u')
  const set = new Uint8Array(256).map((_, byte) => Number(pattern.test(String.fromCharCode(byte))))
  return negated ? inverted(set) : set
}
