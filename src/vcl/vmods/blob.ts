import type { CommonContext } from '../runtime/context.ts'
import { VclFailure } from '../runtime/failure.ts'
import { type Case, CASES, decode, encode, type Encoding, ENCODINGS } from './blob/codec.ts'
import { choice, define, option, type } from './define.ts'
import type { Vmod, VmodLoad } from './vmod.ts'

type Text = string | undefined

/** A blob that is fixed at load, and its encodings, each made once. */
class KeptBlob {
  readonly bytes: Uint8Array
  private readonly made = new Map<string, string>()

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  encode(encoding: Encoding, letters: Case): string {
    const key = `${encoding} ${letters}`
    const known = this.made.get(key)
    if (known !== undefined) return known
    const text = encode(encoding, letters, this.bytes)
    this.made.set(key, text)
    return text
  }
}

function sub(_c: CommonContext, blob: Uint8Array, length: number, offset: number): Uint8Array {
  if (blob.length === 0) throw new VclFailure('blob.sub(): the blob is empty')
  if (length < 0 || offset < 0 || offset + length > blob.length) {
    throw new VclFailure(`blob.sub(): ${length} bytes from ${offset} on are more than the blob's ${blob.length}`)
  }
  return blob.subarray(offset, offset + length)
}

function same(_c: CommonContext, a: Uint8Array, b: Uint8Array): boolean {
  if (a.length === 0 || b.length === 0) return a.length === b.length
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length
}

const DECODING = choice('decoding', ENCODINGS, 'IDENTITY')
const ENCODING = choice('encoding', ENCODINGS, 'IDENTITY')
const CASE = choice('case', CASES, 'DEFAULT')
const LENGTH = option('INT length', 0)

/** Bytes, and their encodings as text. */
export const blob: Vmod = {
  name: 'blob',
  doc: 'Bytes, and their encodings as text. case is for the digits of HEX and URL. What is not of its encoding fails.',
  functions: {
    decode: define(
      'BLOB',
      [DECODING, LENGTH, 'STRANDS encoded'],
      'The bytes that the text stands for, or its first length characters.',
      (_c: CommonContext, decoding: Encoding, length: number, encoded: Text) => decode(decoding, length, encoded ?? ''),
    ),
    encode: define(
      'STRING',
      [ENCODING, CASE, 'BLOB blob'],
      'The bytes as text.',
      (_c: CommonContext, encoding: Encoding, letters: Case, bytes: Uint8Array) => encode(encoding, letters, bytes),
    ),
    transcode: define(
      'STRING',
      [DECODING, ENCODING, CASE, LENGTH, 'STRANDS encoded'],
      'From one encoding to another: decoding=URL is a URL decode, encoding=URL a URL encode.',
      (_c: CommonContext, decoding: Encoding, encoding: Encoding, letters: Case, length: number, encoded: Text) =>
        encode(encoding, letters, decode(decoding, length, encoded ?? '')),
    ),
    same: define('BOOL', ['BLOB a', 'BLOB b'], 'Are they one and the same, or both empty?', same),
    equal: define(
      'BOOL',
      ['BLOB a', 'BLOB b'],
      'Have they the same bytes?',
      (_c: CommonContext, a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0,
    ),
    length: define('INT', ['BLOB blob'], 'How many bytes it has.', (_c: CommonContext, bytes: Uint8Array) => bytes.length),
    sub: define('BLOB', ['BLOB blob', 'BYTES length', option('BYTES offset', 0)], 'length bytes of it, from offset on.', sub),
  },
  objects: {
    blob: type(
      [DECODING, 'STRANDS encoded'],
      'Bytes that are known when the rules are loaded.',
      (_c: CommonContext, _load: VmodLoad, _name: string, decoding: Encoding, encoded: Text) =>
        new KeptBlob(decode(decoding, 0, encoded ?? '')),
      {
        get: define('BLOB', [], 'The bytes themselves.', (_c: CommonContext, kept: KeptBlob) => kept.bytes),
        encode: define(
          'STRING',
          [ENCODING, CASE],
          'The bytes as text, encoded once.',
          (_c: CommonContext, kept: KeptBlob, encoding: Encoding, letters: Case) => kept.encode(encoding, letters),
        ),
      },
    ),
  },
  unsupported: {},
}
