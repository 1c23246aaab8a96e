/** RFC 9110 section 15.1: cacheable without being told so; 451 by RFC 7725 section 3. */
const HEURISTIC = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501])

/** Not to be stored whatever the response says: RFC 6585 sections 3 to 6. A client's fault is not the resource's. */
const NEVER_STORED = new Set([428, 429, 431, 511])

/**
 * Final status codes whose definition (RFC 9110 section 15) we act on, for must-understand (RFC 9111 section 5.2.2.3).
 * 304 is missing: it is understood where validation is handled, and is not stored by itself.
 */
const UNDERSTOOD = new Set([
  200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413,
  414, 415, 416, 417, 421, 422, 426, 451, 500, 501, 502, 503, 504, 505,
])

export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTIC.has(status)
}

export function isUnderstood(status: number): boolean {
  return UNDERSTOOD.has(status)
}

export function isNeverStored(status: number): boolean {
  return NEVER_STORED.has(status)
}
