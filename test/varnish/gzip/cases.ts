import { gzipSync } from 'node:zlib'

/** Responses of an origin, what rules do with them, and what clients then ask: both caches get the same. */

export interface Page {
  readonly name: string
  readonly body: Buffer
  readonly lines: readonly (readonly [name: string, value: string])[]
}

const TEXT = Buffer.from('Hello world, this is compressible. '.repeat(100))
const SOUND = gzipSync(TEXT)
const GZIP = ['Content-Encoding', 'gzip'] as const
const TAG = ['ETag', '"v1"'] as const

function flipped(at: number): Buffer {
  const bytes = Buffer.from(SOUND)
  bytes[(at + bytes.length) % bytes.length] ^= 1
  return bytes
}

export const PAGES: readonly Page[] = [
  { name: 'text', body: TEXT, lines: [TAG] },
  { name: 'large text', body: Buffer.concat(Array.from({ length: 60 }, () => TEXT)), lines: [TAG] },
  { name: 'five bytes', body: Buffer.from('short'), lines: [TAG] },
  { name: 'nothing', body: Buffer.alloc(0), lines: [TAG] },
  { name: 'nothing, as gzip', body: Buffer.alloc(0), lines: [TAG, GZIP] },
  { name: 'text with a weak tag', body: TEXT, lines: [['ETag', 'W/"v1"']] },
  { name: 'text without a tag', body: TEXT, lines: [] },
  { name: 'text that varies', body: TEXT, lines: [TAG, ['Vary', 'X-Kind']] },
  { name: 'text that varies by coding', body: TEXT, lines: [TAG, ['Vary', 'accept-encoding, X-Kind']] },
  { name: 'text in br', body: TEXT, lines: [TAG, ['Content-Encoding', 'br']] },
  { name: 'text in identity', body: TEXT, lines: [TAG, ['Content-Encoding', 'identity']] },
  { name: 'gzip', body: SOUND, lines: [TAG, GZIP] },
  { name: 'gzip, shouted', body: SOUND, lines: [TAG, ['Content-Encoding', 'GZIP']] },
  { name: 'gzip that varies by coding', body: SOUND, lines: [TAG, GZIP, ['Vary', 'Accept-Encoding']] },
  { name: 'large gzip', body: gzipSync(Buffer.concat(Array.from({ length: 60 }, () => TEXT)), { level: 0 }), lines: [TAG, GZIP] },
  { name: 'gzip of nothing', body: gzipSync(''), lines: [TAG, GZIP] },
  {
    name: 'gzip with a name in it',
    body: Buffer.concat([Buffer.from([31, 139, 8, 8]), SOUND.subarray(4, 10), Buffer.from('name\0'), SOUND.subarray(10)]),
    lines: [GZIP],
  },
  { name: 'gzip cut off', body: SOUND.subarray(0, -1), lines: [GZIP] },
  { name: 'gzip with another checksum', body: flipped(-8), lines: [GZIP] },
  { name: 'gzip with another length', body: flipped(-1), lines: [GZIP] },
  { name: 'gzip with a bit turned', body: flipped(20), lines: [GZIP] },
  { name: 'gzip with another method', body: flipped(2), lines: [GZIP] },
  { name: 'gzip and something behind it', body: Buffer.concat([SOUND, Buffer.from('x')]), lines: [GZIP] },
  { name: 'gzip and zeros behind it', body: Buffer.concat([SOUND, Buffer.alloc(16)]), lines: [GZIP] },
  { name: 'gzip twice', body: Buffer.concat([SOUND, SOUND]), lines: [GZIP] },
  { name: 'no gzip at all', body: TEXT, lines: [GZIP] },
]

/** By the first part of the path. */
export const RULES: Readonly<Record<string, string>> = {
  nothing: '',
  gzip: 'set beresp.do_gzip = true;',
  gunzip: 'set beresp.do_gunzip = true;',
  both: 'set beresp.do_gzip = true; set beresp.do_gunzip = true;',
  none: 'set beresp.filters = "";',
  back: 'set beresp.filters = "gunzip gzip gunzip gzip";',
  pass: 'set beresp.do_gzip = true;',
}

export interface Ask {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

const get = (headers: Record<string, string> = {}): Ask => ({ method: 'GET', headers })
const AE = 'Accept-Encoding'

/** One after the other, of each page under each rule. */
export const ASKS: readonly Ask[] = [
  get({ [AE]: 'br, gzip;q=0.1' }),
  get(),
  get({ [AE]: 'gzip;q=0, *' }),
  { method: 'HEAD', headers: {} },
  get({ Range: 'bytes=2-4' }),
  get({ [AE]: 'x-gzip', Range: 'bytes=2-4' }),
  get({ 'If-None-Match': '"v1"' }),
]
