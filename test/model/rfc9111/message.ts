/** Messages as the model sees them. Nothing here, or in any file of this folder, is imported from src/: it is written from the RFCs alone. */

export type Lines = readonly (readonly [name: string, value: string])[]

export interface Request {
  readonly method: string
  readonly target: string
  readonly lines: Lines
}

export interface Response {
  readonly status: number
  readonly lines: Lines
  readonly body: string
}

/** Values of all lines of that name, in order. `name` in lower case. */
export function valuesOf(lines: Lines, name: string): string[] {
  return lines.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value.trim())
}

export function firstOf(lines: Lines, name: string): string | undefined {
  return valuesOf(lines, name)[0]
}

export function has(lines: Lines, name: string): boolean {
  return valuesOf(lines, name).length > 0
}

/** Members of a list-based field (RFC 9110 section 5.6.1): commas within quoted strings separate nothing. Empty ones are dropped. */
export function membersOf(lines: Lines, name: string): string[] {
  return splitList(valuesOf(lines, name).join(','))
}

/** A quote opens a string at the start of a member, after "W/" and after "=": anywhere else it is a stray character. */
export function splitList(text: string): string[] {
  const members = text.match(/(?:(?<=(?:^|,)\s*|W\/|=\s*)"(?:\\.|[^"\\])*(?:"|$)|[^,])+/g) ?? []
  return members.map((member) => member.trim()).filter((member) => member !== '')
}

/** RFC 9110 section 7.6.1: fields of the connection, not of the message. */
const HOP_BY_HOP = ['connection', 'proxy-connection', 'keep-alive', 'te', 'transfer-encoding', 'upgrade']

/** Names of fields that end with the connection: those known, and those that Connection lists. */
export function connectionFields(lines: Lines): Set<string> {
  return new Set([...HOP_BY_HOP, ...membersOf(lines, 'connection').map((name) => name.toLowerCase())])
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** HTTP-date, RFC 9110 section 5.6.7, in its three forms; undefined when it is none of them. */
export function dateOf(text: string | undefined, now_ms: number): number | undefined {
  if (text === undefined) return undefined
  const imf = /^\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(text)
  if (imf) return utc(imf[3], imf[2], imf[1], imf.slice(4))
  const asctime = /^\w{3} (\w{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/.exec(text)
  if (asctime) return utc(asctime[6], asctime[1], asctime[2], asctime.slice(3, 6))
  const rfc850 = /^\w{6,9}, (\d\d)-(\w{3})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/.exec(text)
  if (!rfc850) return undefined
  // A two-digit year that appears to be more than 50 years ahead is the most recent year in the past with those digits.
  const century = Math.floor(new Date(now_ms).getUTCFullYear() / 100) * 100
  const year = century + Number(rfc850[3])
  const ahead = year - new Date(now_ms).getUTCFullYear() > 50
  return utc(String(ahead ? year - 100 : year), rfc850[2], rfc850[1], rfc850.slice(4))
}

function utc(year: string, month: string, day: string, time: readonly string[]): number | undefined {
  const m = MONTHS.indexOf(month)
  const [hour, minute, second] = time.map(Number)
  return m < 0 ? undefined : Date.UTC(Number(year), m, Number(day), hour, minute, second)
}
