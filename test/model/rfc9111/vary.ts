import { firstOf, type Lines, membersOf, splitList, valuesOf } from './message.ts'

/** Does a stored response with this Vary answer the request (RFC 9111 section 4.1)? `stored` is the request that brought it. */
export function varyMatches(vary: Lines, stored: Lines, presented: Lines): boolean {
  return membersOf(vary, 'vary').every((member) => {
    const name = member.toLowerCase()
    return name !== '*' && canonical(name, stored) === canonical(name, presented)
  })
}

export function variesByAnything(lines: Lines): boolean {
  return membersOf(lines, 'vary').includes('*')
}

/** What two requests must have in common. Absent matches absent only. */
function canonical(name: string, lines: Lines): string {
  if (firstOf(lines, name) === undefined) return '(absent)'
  const value = valuesOf(lines, name).join(',')
  return name === 'accept-encoding' || name === 'accept-language' ? `(weights) ${weights(value)}` : `(text) ${tightened(value)}`
}

/** Members by weight: neither their order, nor their case, nor how a weight is written means anything. */
function weights(value: string): string {
  const members = splitList(value).map((member) => {
    const [coding, ...parameters] = member.toLowerCase().split(';')
    const q = parameters.map((parameter) => /^\s*q\s*=\s*([\d.]+)\s*$/.exec(parameter)?.[1]).find((found) => found !== undefined)
    return `${coding.trim()};q=${Number(q ?? 1)}`
  })
  return [...new Set(members)].toSorted().join(',')
}

/** White space beside commas is the list's, not the members'. */
function tightened(value: string): string {
  return value.replaceAll(/("(?:\\.|[^"\\])*")|\s*,\s*/g, (_, quoted: string | undefined) => quoted ?? ',').trim()
}
