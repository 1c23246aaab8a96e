/**
 * Bits kept with a stored object (ObjectHead.flags): what its response said that still matters at lookup, so that no
 * hit has to read Cache-Control again.
 */

/** must-revalidate, RFC 9111 section 5.2.2.2. */
export const OBJ_MUST_REVALIDATE = 1 << 0
/** proxy-revalidate, section 5.2.2.8. */
export const OBJ_PROXY_REVALIDATE = 1 << 1
/** no-cache without a field list, section 5.2.2.4: validated on every use. */
export const OBJ_NO_CACHE = 1 << 2
/** s-maxage, section 5.2.2.10: implies proxy-revalidate in a shared cache. */
export const OBJ_S_MAXAGE = 1 << 3
/** immutable, RFC 8246. */
export const OBJ_IMMUTABLE = 1 << 4
/** The request carried Authorization and the response allowed sharing all the same (section 3.5). */
export const OBJ_AUTHORIZED = 1 << 5
/** Its lifetime is a guess (section 4.2.2). */
export const OBJ_HEURISTIC = 1 << 6
/** stale-if-error (RFC 5861 section 4) was there; the seconds are read from the stored field when an error happens. */
export const OBJ_STALE_IF_ERROR = 1 << 7
/** Rules set its ttl: the operator's word in place of the origin's. */
export const OBJ_TTL_BY_RULES = 1 << 8
/** Its body is gzip, whose whole has been checked or made here: it can be unpacked for who does not take gzip. */
export const OBJ_GZIP = 1 << 9
/** Its coding is not the one that the origin has sent. */
export const OBJ_RECODED = 1 << 10
/** Accept-Encoding in its Vary is not the origin's, or is answered here: one object for whatever coding is asked for. */
export const OBJ_ANY_CODING = 1 << 11
/** Only parts of it are stored (RFC 9111 section 3.3): its body is not the response's, but says which they are (cache/partials.ts). */
export const OBJ_PARTIAL = 1 << 16
/** ESI has been looked for in it: its body is not the response's, but frames (flow/filters/esi/frames.ts). */
export const OBJ_ESI = 1 << 17
/** It may be had in other codings, and nobody has tried yet. */
export const OBJ_RECODABLE = 1 << 18
/** There is a copy of its body in that coding (cache/recodings.ts). */
export const OBJ_BR = 1 << 19
export const OBJ_ZSTD = 1 << 20
/** It is such a copy. */
export const OBJ_COPY = 1 << 21

export const OBJ_COPIES = OBJ_BR | OBJ_ZSTD
/** Its body may be had in other codings, now or later: what is sent depends on Accept-Encoding. */
export const OBJ_IN_CODINGS = OBJ_RECODABLE | OBJ_COPIES
/** As Content-Encoding has them (RFC 7932, RFC 8878). */
export const COPY_NAMES: ReadonlyMap<number, string> = new Map([
  [OBJ_BR, 'br'],
  [OBJ_ZSTD, 'zstd'],
])
export const COPY_CODINGS: readonly number[] = Array.from(COPY_NAMES.keys())

/** Section 4.2.4: never served stale, not even disconnected. */
export const OBJ_PROHIBITS_STALE = OBJ_MUST_REVALIDATE | OBJ_PROXY_REVALIDATE | OBJ_NO_CACHE | OBJ_S_MAXAGE

/** What is known of the body, which stays when all else is said anew by a 304. */
export const OBJ_CODING = OBJ_GZIP | OBJ_RECODED | OBJ_ANY_CODING | OBJ_ESI | OBJ_RECODABLE | OBJ_COPIES

/** Its body is not simply sent. */
export const OBJ_SPECIAL = OBJ_PARTIAL | OBJ_GZIP | OBJ_RECODED | OBJ_ESI
