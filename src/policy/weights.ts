/** A member of a weighted list, RFC 9110 section 12.4.2: lower-case, without white space, its weight in thousandths. */
export interface Weighted {
  readonly value: string
  readonly weight: number
}

/** qvalue: no more than three digits after the point, and no more than 1. */
const QVALUE = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

/** Reads one; undefined when empty. A weight that is none stays part of the value: then it is equal to nothing but itself. */
export function readWeighted(raw: string): Weighted | undefined {
  const member = raw.replaceAll(' ', '').replaceAll('\t', '').toLowerCase()
  if (member === '') return undefined
  const at = member.lastIndexOf(';q=')
  const q = at < 0 ? '' : member.slice(at + 3)
  return QVALUE.test(q) ? { value: member.slice(0, at), weight: Math.round(Number(q) * 1000) } : { value: member, weight: 1000 }
}

/** One spelling for all that mean the same. */
export function writeWeighted({ value, weight }: Weighted): string {
  return weight === 1000 ? value : `${value};q=${weight / 1000}`
}
