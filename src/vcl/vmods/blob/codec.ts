import { unreachable } from '../../../base/assert.ts'
import { VclFailure } from '../../runtime/failure.ts'

/** The encodings of the module blob: bytes to text and back. Text is latin1, a character for each byte. */
export const ENCODINGS = ['IDENTITY', 'BASE64', 'BASE64URL', 'BASE64URLNOPAD', 'BASE64CF', 'HEX', 'URL'] as const
export type Encoding = (typeof ENCODINGS)[number]

export const CASES = ['LOWER', 'UPPER', 'DEFAULT'] as const
export type Case = (typeof CASES)[number]

export function encode(encoding: Encoding, letters: Case, blob: Uint8Array): string {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
  if (encoding === 'HEX') return letters === 'UPPER' ? bytes.toString('hex').toUpperCase() : bytes.toString('hex')
  if (encoding === 'URL') return percentEncoded(bytes, letters === 'UPPER')
  if (letters !== 'DEFAULT') throw new VclFailure(`blob: encoding ${encoding} has no case, ${letters} is for HEX and URL`)
  switch (encoding) {
    case 'IDENTITY':
      return untilNul(bytes.toString('latin1'))
    case 'BASE64':
      return bytes.toString('base64')
    case 'BASE64URLNOPAD':
      return bytes.toString('base64url')
    case 'BASE64URL':
      return padded(bytes.toString('base64url'), '=')
    case 'BASE64CF':
      return padded(bytes.toString('base64url').replaceAll('_', '~'), '_')
    default:
      return unreachable(encoding)
  }
}

/** A string of VCL ends at its first NUL. */
function untilNul(text: string): string {
  const nul = text.indexOf('\0')
  return nul < 0 ? text : text.slice(0, nul)
}

function padded(text: string, pad: string): string {
  return text + pad.repeat((4 - (text.length % 4)) % 4)
}

/** RFC 3986 section 2.3: unreserved characters stay. */
const RESERVED = /[^A-Za-z0-9._~-]/g

function percentEncoded(bytes: Buffer, upper: boolean): string {
  return bytes.toString('latin1').replace(RESERVED, (c) => {
    const hex = c.charCodeAt(0).toString(16).padStart(2, '0')
    return `%${upper ? hex.toUpperCase() : hex}`
  })
}

/** The first `length` characters of the text, all when that is not positive. What is not of the encoding fails. */
export function decode(encoding: Encoding, length: number, encoded: string): Uint8Array {
  const text = length > 0 ? encoded.slice(0, length) : encoded
  switch (encoding) {
    case 'IDENTITY':
      return Buffer.from(text, 'latin1')
    case 'HEX':
      return fromHex(text)
    case 'URL':
      return fromPercent(text)
    default:
      return fromBase64(encoding, text)
  }
}

/** An odd number of digits: as if a 0 stood in front. */
function fromHex(text: string): Uint8Array {
  if (/[^0-9A-Fa-f]/.test(text)) throw new VclFailure('blob: illegal HEX encoding')
  return Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex')
}

function fromPercent(text: string): Uint8Array {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) throw new VclFailure('blob: illegal URL encoding')
  const plain = text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(plain, 'latin1')
}

/** Which characters there are, and whether padding may follow. It may be left out. */
const BASE64_FORMS: Readonly<Record<Exclude<Encoding, 'IDENTITY' | 'HEX' | 'URL'>, RegExp>> = {
  BASE64: /^([A-Za-z0-9+/]*)(={0,2})$/,
  BASE64URL: /^([A-Za-z0-9_-]*)(={0,2})$/,
  BASE64URLNOPAD: /^([A-Za-z0-9_-]*)()$/,
  BASE64CF: /^([A-Za-z0-9~-]*)(_{0,2})$/,
}

function fromBase64(encoding: keyof typeof BASE64_FORMS, text: string): Uint8Array {
  const parts = BASE64_FORMS[encoding].exec(text)
  if (parts === null || (parts[2] !== '' && parts[1].length % 4 < 2)) throw new VclFailure(`blob: illegal ${encoding} encoding`)
  return Buffer.from(parts[1].replaceAll('~', '/'), 'base64')
}
