/**
 * Tests of the npm edition (0.4.5) that ask for something else than the RFC says, by the text that justifies it. The edition
 * is older than RFC 9111; the later ones that we know have come round to its text on Age and on errors.
 */
const AGE_IGNORED =
  'RFC 9111 section 5.1: "If the field value (after discarding additional members, as per above) is invalid (e.g., it contains something other than a non-negative integer), a cache SHOULD ignore the field."'
const AGE_FIRST =
  'RFC 9111 section 5.1: "a cache encountering a message with a list-based Age field value SHOULD use the first member of the field value, discarding subsequent ones."'

const NO_STALE =
  'RFC 9111 section 5.2.2.2: "if a cache is disconnected, the cache MUST generate an error response rather than reuse the stored response". We do, and what the test looks for in it (the origin\'s Server-Request-Count) no error response can have.'
const CONTENT_RANGE =
  'RFC 9110 section 14.4: "The Content-Range header field has no meaning for status codes that do not explicitly describe its semantic." The test sends it with a 200; a client that believed it would take the whole for a part.'

export const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ['age-parse-nonnumeric', AGE_IGNORED],
  ['age-parse-negative', AGE_IGNORED],
  ['age-parse-float', AGE_IGNORED],
  ['age-parse-parameter', AGE_IGNORED],
  ['age-parse-numeric-parameter', AGE_IGNORED],
  ['age-parse-prefix-twoline', AGE_FIRST],
  ['age-parse-dup-0', AGE_FIRST],
  ['age-parse-dup-0-twoline', AGE_FIRST],
  ['age-parse-dup-old', AGE_FIRST],
  ['stale-close-must-revalidate', NO_STALE],
  ['stale-close-proxy-revalidate', NO_STALE],
  ['stale-close-no-cache', NO_STALE],
  ['stale-close-s-maxage=2', NO_STALE],
  ['headers-store-Content-Range', CONTENT_RANGE],
  ['304-etag-update-response-Content-Range', CONTENT_RANGE],
  [
    'conditional-lm-fresh-no-lm',
    'RFC 9111 section 4.3.2: without a stored Last-Modified, "a cache SHOULD use the stored response\'s Date field value (...) to evaluate the conditional": that Date is later than the test\'s If-Modified-Since, so the condition holds and the answer is 200 (RFC 9110 section 13.1.3).',
  ],
])
