/**
 * Tests of the npm edition (0.4.5) that ask for something else than the RFC says, by the text that justifies it. The edition
 * is older than RFC 9111; where the current one has the same test, it agrees with the RFC.
 */
const AGE_IGNORED =
  'RFC 9111 section 5.1: "If the field value (after discarding additional members, as per above) is invalid (e.g., it contains something other than a non-negative integer), a cache SHOULD ignore the field."'
const AGE_FIRST =
  'RFC 9111 section 5.1: "a cache encountering a message with a list-based Age field value SHOULD use the first member of the field value, discarding subsequent ones."'

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
  [
    'conditional-lm-fresh-no-lm',
    'RFC 9111 section 4.3.2: without a stored Last-Modified, "a cache SHOULD use the stored response\'s Date field value (...) to evaluate the conditional": that Date is later than the test\'s If-Modified-Since, so the condition holds and the answer is 200 (RFC 9110 section 13.1.3).',
  ],
])
