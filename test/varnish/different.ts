/** Where we differ from varnishd 7.1, and why. A row that no case needs any more fails. */
export const DIFFERENT: readonly { readonly cases: RegExp; readonly why: string }[] = [
  {
    cases: /^(?:200|builtin) \[\["Age","99999999999"\]|^200 \[\["Age","(?:70|200)"\]|^grace of the parameter: past$/,
    why: 'What is past its grace when it comes is not stored for an instant, as Varnish does: obj.ttl is then that of the marker, obj.uncacheable is true.',
  },
  {
    cases: /^304 with another ETag$/,
    why: 'Varnish believes it and serves bytes under an entity-tag that they do not have; RFC 9111 section 4.3.4 forbids that: the whole is fetched.',
  },
  {
    cases: /^Vary: (?:two lines|white space and case)$/,
    why: 'Varnish compares the lines as they are written; two lines and one with both values, with or without a space behind the comma, are the same to us (RFC 9111 section 4.1).',
  },
  {
    cases: /\["Vary","(?:\*, X|X, \*)"\]|\["Vary","X"\],\["Vary","\*"\]|^(?:deliver|ttl) \[\["Vary","\*"\]/,
    why: 'Varnish knows "*" only where it stands alone, and only in its built-in rules; with us nothing that varies by it is stored.',
  },
  {
    cases: /asked with \[\["If-None-Match","(?:\*|\\"0\\", \\"1\\")"\]\]$/,
    why: 'Varnish compares If-None-Match with the one ETag; a list and "*" are understood here (RFC 9110 section 13.1.2).',
  },
  {
    cases: /^(?:deliver|ttl) \[\["Cache-Control","(?:no-cache|private)=/,
    why: 'The fields that no-cache="..." and private="..." list are not stored, so that the one who asked gets another object than those who come later; obj.uncacheable says so.',
  },
  { cases: /^hit-for-pass$/, why: 'obj.ttl and obj.grace of what is passed are those of no object.' },
  { cases: /^kept 404 with ETag$/, why: 'Varnish validates responses with status 200 only.' },
]
