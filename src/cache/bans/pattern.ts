import { compileRegex } from '../../vcl/runtime/regex.ts'

/** The argument of ~ and !~. */
export interface Pattern {
  test(subject: string): boolean
}

/** Only these are matched by themselves: what most bans are made of. */
const LITERAL = /^\^?[A-Za-z0-9/_\-:;,=&%@!"'<> ~]*$/

/**
 * The regular expression, compiled as those of VCL are. A plain text, at the beginning or anywhere, needs no engine: a worker that meets
 * 10,000 bans at once (after a restart) would stand still for as long as it compiles them.
 *
 * Throws a RegexError.
 */
export function compilePattern(text: string): Pattern {
  if (!LITERAL.test(text)) return compileRegex(text)
  if (!text.startsWith('^')) return { test: (subject) => subject.includes(text) }
  const wanted = text.slice(1)
  return { test: (subject) => subject.startsWith(wanted) }
}
