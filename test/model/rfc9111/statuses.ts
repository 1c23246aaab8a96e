/** RFC 9110 section 15.1: "200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, and 501"; 451 by RFC 7725 section 3. */
const HEURISTIC = [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501]

/** RFC 6585: "Responses with the 428 (429, 431, 511) status code MUST NOT be stored by a cache." */
const NEVER = [428, 429, 431, 511]

/** Final status codes that RFC 9110 section 15 defines. */
const DEFINED = [
  200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411,
  412, 413, 414, 415, 416, 417, 421, 422, 426, 451, 500, 501, 502, 503, 504, 505,
]

export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTIC.includes(status)
}

export function isNeverStored(status: number): boolean {
  return NEVER.includes(status)
}

/** Can a cache understand it, for must-understand (RFC 9111 section 5.2.2.3)? */
export function isDefined(status: number): boolean {
  return DEFINED.includes(status)
}

/** RFC 5861 section 4: "An error is any situation that would result in a 500, 502, 503, or 504". */
export function isError(status: number): boolean {
  return [500, 502, 503, 504].includes(status)
}
