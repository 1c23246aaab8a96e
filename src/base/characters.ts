// oxlint-disable-next-line typescript/unbound-method -- it is called on a string each time
const { charCodeAt } = String.prototype

/**
 * `text.charCodeAt(at)`, for loops that many sorts of strings come by. V8 keeps strings in a dozen ways (in one piece, in two, as part of another,
 * interned), each with a class of its own; where it has met more than a few of them it looks the method up again for each character (bench/micro/characters.ts).
 */
export function codeAt(text: string, at: number): number {
  return charCodeAt.call(text, at)
}

/** `text.length` likewise: a sum is known to be a string, and of one with nothing none is made. */
export function lengthOf(text: string): number {
  // oxlint-disable-next-line typescript/no-unnecessary-type-conversion -- see above
  return ('' + text).length
}
