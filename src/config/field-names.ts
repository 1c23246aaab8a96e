/** field-name is a token (RFC 9110 section 5.1). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

const NAMES_MAX = 16

/** A list of field names as operators write it, in lower case; undefined when it is none. */
export function parseFieldNames(text: string): string[] | undefined {
  if (text === 'none') return []
  const names = text.toLowerCase().split(/[ ,]+/, NAMES_MAX + 1)
  return names.length <= NAMES_MAX && names.every((name) => NAME.test(name)) ? names : undefined
}
