import { COLON, LOWER } from './bytes.ts'

/**
 * Field names that requests carry all the time. Recognising them by their bytes gives every request the same key strings,
 * so nothing is lower-cased and `===` on keys compares pointers. The first ones steer framing: the parser switches on their ids.
 */
export const HOST = 0
export const CONTENT_LENGTH = 1
export const TRANSFER_ENCODING = 2
export const CONNECTION = 3
export const EXPECT = 4
export const UPGRADE = 5
/** Ids below this one mean something to the parser. */
export const STEERING_IDS = 6

export const KNOWN_NAMES: readonly string[] = [
  'Host Content-Length Transfer-Encoding Connection Expect Upgrade',
  'Accept Accept-Charset Accept-Encoding Accept-Language Access-Control-Request-Headers Access-Control-Request-Method Age',
  'Authorization Cache-Control CDN-Loop Content-Encoding Content-Language Content-Type Cookie Date DNT ETag Expires Forwarded From',
  'HTTP2-Settings If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since Keep-Alive Last-Modified Link',
  'Max-Forwards MIME-Version Origin Pragma Prefer Priority Proxy-Authorization Proxy-Connection Purpose Range Referer Save-Data',
  'Sec-CH-UA Sec-CH-UA-Arch Sec-CH-UA-Mobile Sec-CH-UA-Model Sec-CH-UA-Platform Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site',
  'Sec-Fetch-User Sec-GPC Sec-Purpose Sec-WebSocket-Extensions Sec-WebSocket-Key Sec-WebSocket-Protocol Sec-WebSocket-Version',
  'Surrogate-Capability TE Trailer Traceparent Tracestate Upgrade-Insecure-Requests User-Agent Vary Via X-Api-Key X-Csrf-Token',
  'X-Forwarded-For X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto X-Real-IP X-Request-ID X-Requested-With',
]
  .join(' ')
  .split(' ')

/** The lower-case twins, by the same id. */
export const KNOWN_KEYS: readonly string[] = KNOWN_NAMES.map((name) => name.toLowerCase())

const SLOTS = 1024
const slot_ids = new Int16Array(SLOTS).fill(-1)
const offsets = new Uint16Array(KNOWN_NAMES.length + 1)
const canonical = Buffer.from(KNOWN_NAMES.join(''), 'latin1')
const lower = Buffer.from(KNOWN_KEYS.join(''), 'latin1')

function slotOf(length: number, first: number, middle: number, last: number): number {
  return (length * 37 + LOWER[first] * 5 + LOWER[middle] * 11 + LOWER[last] * 29) & (SLOTS - 1)
}

function build(): void {
  let offset = 0
  for (let id = 0; id < KNOWN_NAMES.length; id++) {
    const name = KNOWN_KEYS[id]
    const length = name.length
    offsets[id] = offset
    offset += length
    let slot = slotOf(length, name.charCodeAt(0), name.charCodeAt(length >> 1), name.charCodeAt(length - 1))
    while (slot_ids[slot] >= 0) slot = (slot + 1) & (SLOTS - 1)
    slot_ids[slot] = id
  }
  offsets[KNOWN_NAMES.length] = offset
}
build()

/** How the sender spelled a known name, in the two low bits of `lookupName`'s answer. */
export const AS_CANONICAL = 0
export const AS_LOWER = 1
export const AS_OTHER = 2

/** `id << 2 | spelling` of the known name in buffer[start, end), or -1. */
export function lookupName(buffer: Uint8Array, start: number, end: number): number {
  const length = end - start
  let slot = slotOf(length, buffer[start], buffer[start + (length >> 1)], buffer[end - 1])
  for (;;) {
    const id = slot_ids[slot]
    if (id < 0) return -1
    const offset = offsets[id]
    if (offsets[id + 1] - offset === length) {
      const spelling = compare(buffer, start, offset, length)
      if (spelling >= 0) return (id << 2) | spelling
    }
    slot = (slot + 1) & (SLOTS - 1)
  }
}

/**
 * Position of the colon if buffer[start, end) begins with the name that `known` (an answer of lookupName) stands for, in that spelling, and
 * a colon; else 0. Cheaper than finding the end of the name first and then looking it up.
 */
export function matchName(buffer: Uint8Array, start: number, end: number, known: number): number {
  const id = known >> 2
  const offset = offsets[id]
  const length = offsets[id + 1] - offset
  if (start + length >= end) return 0
  const spelled = (known & 3) === AS_CANONICAL ? canonical : lower
  for (let i = 0; i < length; i++) if (buffer[start + i] !== spelled[offset + i]) return 0
  return buffer[start + length] === COLON ? start + length : 0
}

function compare(buffer: Uint8Array, start: number, offset: number, length: number): number {
  let not_canonical = 0
  let not_lower = 0
  for (let i = 0; i < length; i++) {
    const byte = buffer[start + i]
    const wanted = lower[offset + i]
    if (LOWER[byte] !== wanted) return -1
    not_canonical |= byte ^ canonical[offset + i]
    not_lower |= byte ^ wanted
  }
  if (not_canonical === 0) return AS_CANONICAL
  return not_lower === 0 ? AS_LOWER : AS_OTHER
}
