/** Byte classes of RFC 9110 section 5.6 and RFC 3986 as lookup tables, and the few bytes the codec names. */

export const HTAB = 9
export const LF = 10
export const CR = 13
export const SP = 32
export const SLASH = 47
export const DQUOTE = 34
export const COMMA = 44
export const COLON = 58
export const SEMICOLON = 59
export const EQUALS = 61
export const BACKSLASH = 92

function table(allowed: (byte: number) => boolean): Uint8Array {
  const bytes = new Uint8Array(256)
  for (let i = 0; i < 256; i++) bytes[i] = allowed(i) ? 1 : 0
  return bytes
}

function oneOf(characters: string): (byte: number) => boolean {
  return (byte) => characters.includes(String.fromCharCode(byte))
}

const DIGITS = '0123456789'
const ALPHANUMERIC = DIGITS + 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** tchar (RFC 9110 section 5.6.2). */
export const TCHAR = table(oneOf("!#$%&'*+-.^_`|~" + ALPHANUMERIC))

/** Bytes of a field value: VCHAR, SP, HTAB, obs-text; no other control byte and no DEL (RFC 9110 section 5.5). */
export const VALUE = table((byte) => byte === HTAB || (byte >= SP && byte !== 127))

/**
 * Bytes of a request target: VCHAR without "#". Wider than RFC 3986 by the printable characters that browsers send
 * raw ("|", "{"...), narrower than what some servers take: no obs-text, since what a byte above 127 means there is a guess.
 */
export const TARGET = table((byte) => byte > SP && byte < 127 && byte !== 35)

/** reg-name without checking the two digits behind "%" (RFC 3986 section 3.2.2). */
export const REG_NAME = table(oneOf("-._~!$&'()*+,;=%" + ALPHANUMERIC))

/** Inside the brackets of an IPv6 literal. */
export const IP_LITERAL = table(oneOf(DIGITS + 'ABCDEFabcdef:.'))

/** Value of a hexadecimal digit, or 255. */
export const HEX = new Uint8Array(256).fill(255)
for (let i = 0; i < 16; i++) {
  HEX['0123456789abcdef'.charCodeAt(i)] = i
  HEX['0123456789ABCDEF'.charCodeAt(i)] = i
}

/** ASCII lower case; other bytes map to themselves. */
export const LOWER = new Uint8Array(256)
for (let i = 0; i < 256; i++) LOWER[i] = i >= 65 && i <= 90 ? i + 32 : i

/** The method of a request for a representation, "GET" or "HEAD"; '' for any other. */
export function readMethod(buffer: Uint8Array, start: number, end: number): string {
  const first = buffer[start]
  if (end - start === 3 && first === 71 && buffer[start + 1] === 69 && buffer[start + 2] === 84) return 'GET'
  if (end - start === 4 && first === 72 && buffer[start + 1] === 69 && buffer[start + 2] === 65 && buffer[start + 3] === 68) return 'HEAD'
  return ''
}

/** Are these the bytes of the text? */
export function isText(buffer: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (buffer[start + i] !== text.charCodeAt(i)) return false
  return true
}
