import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { CommonContext } from '../runtime/context.ts'
import { define } from './define.ts'
import type { Vmod, VmodFunction } from './vmod.ts'

type Text = string | undefined

function bytesOf(text: Text): Buffer {
  return Buffer.from(text ?? '', 'latin1')
}

function hash(algorithm: string, name: string): VmodFunction {
  return define('STRING', ['STRING s'], `The ${name} of the bytes, in hexadecimal.`, (_c: CommonContext, text: Text) =>
    createHash(algorithm).update(bytesOf(text)).digest('hex'),
  )
}

function hmac(algorithm: string, name: string): VmodFunction {
  return define(
    'STRING',
    ['STRING key', 'STRING msg'],
    `HMAC-${name} of the message: 0x and hexadecimal digits.`,
    (_c: CommonContext, key: Text, text: Text) => `0x${createHmac(algorithm, bytesOf(key)).update(bytesOf(text)).digest('hex')}`,
  )
}

type Form = 'base64' | 'base64url' | 'base64url_nopad'
const ABOUT: Readonly<Record<Form, string>> = {
  base64: 'base64',
  base64url: 'base64 for URLs (- and _), padded',
  base64url_nopad: 'base64 for URLs (- and _), not padded',
}

function toBase64(form: Form, bytes: Buffer): string {
  if (form === 'base64') return bytes.toString('base64')
  const text = bytes.toString('base64url')
  return form === 'base64url_nopad' ? text : text + '='.repeat((4 - (text.length % 4)) % 4)
}

/** Up to the first character that is none of base64, and the first NUL: a string of VCL ends there. */
function fromBase64(text: Text): string {
  const [digits] = /^[A-Za-z0-9+/_-]*/.exec(text ?? '') ?? ['']
  return Buffer.from(digits, 'base64').toString('latin1').split('\0', 1)[0]
}

function forms(form: Form): Record<string, VmodFunction> {
  return {
    [form]: define('STRING', ['STRING s'], `The bytes in ${ABOUT[form]}.`, (_c: CommonContext, text: Text) =>
      toBase64(form, bytesOf(text)),
    ),
    [`${form}_hex`]: define(
      'STRING',
      ['STRING s'],
      `Of hexadecimal digits, 0x in front or not: their bytes in ${ABOUT[form]}.`,
      (_c: CommonContext, text: Text) => toBase64(form, Buffer.from((text ?? '').replace(/^0[xX]/, ''), 'hex')),
    ),
    [`${form}_decode`]: define(
      'STRING',
      ['STRING s'],
      `The bytes that are in ${ABOUT[form]}, up to what is not.`,
      (_c: CommonContext, text: Text) => fromBase64(text),
    ),
  }
}

const MISSING = 'the algorithm is not in Node.js'
const NOT_HERE =
  'gost md2 md4 crc32 crc32b adler32 haval128 haval160 haval192 haval224 haval256 ripemd128 ripemd256 ripemd320 tiger tiger128 tiger160 snefru128 snefru256 whirlpool'

/** Hashes, HMAC, base64. */
export const digest: Vmod = {
  name: 'digest',
  doc: 'Hashes, HMAC and base64. An unset string counts as empty.',
  functions: {
    hash_md5: hash('md5', 'MD5'),
    hash_sha1: hash('sha1', 'SHA-1'),
    hash_sha224: hash('sha224', 'SHA-224'),
    hash_sha256: hash('sha256', 'SHA-256'),
    hash_sha384: hash('sha384', 'SHA-384'),
    hash_sha512: hash('sha512', 'SHA-512'),
    hash_ripemd160: hash('ripemd160', 'RIPEMD-160'),
    hmac_md5: hmac('md5', 'MD5'),
    hmac_sha1: hmac('sha1', 'SHA-1'),
    hmac_sha256: hmac('sha256', 'SHA-256'),
    hmac_sha512: hmac('sha512', 'SHA-512'),
    ...forms('base64'),
    ...forms('base64url'),
    ...forms('base64url_nopad'),
    secure_is_equal: define(
      'BOOL',
      ['STRING a', 'STRING b'],
      "Are they equal? Takes as long whatever the first difference is, so that it does not give away a secret. Lacquer's own.",
      (_c: CommonContext, a: Text, b: Text) =>
        a !== undefined && b !== undefined && a.length === b.length && timingSafeEqual(bytesOf(a), bytesOf(b)),
    ),
    version: define('STRING', [], 'The version of the module that this one stands for.', () => 'libvmod-digest 1.0'),
  },
  unsupported: Object.fromEntries(NOT_HERE.split(' ').map((name) => [`hash_${name}`, MISSING])),
}
