/** One part of a multipart/byteranges body. */
export interface BodyPart {
  readonly lines: readonly string[]
  readonly bytes: string
}

/**
 * Takes a multipart/byteranges body apart by the letter of RFC 2046 section 5.1.1 (a boundary at the beginning of a line ends a part), so that
 * what a client would make of it is what a test sees. Throws for what is no such body.
 */
export function partsOf(contentType: string | undefined, body: string): BodyPart[] {
  const boundary = /^multipart\/byteranges; boundary=([0-9A-Za-z]{1,70})$/.exec(contentType ?? '')?.[1]
  if (boundary === undefined) throw new Error(`no multipart/byteranges: ${contentType}`)
  const pieces = `\r\n${body}`.split(`\r\n--${boundary}`)
  if (pieces[0] !== '') throw new Error('something is before the first boundary')
  if (pieces.at(-1) !== '--\r\n') throw new Error('the last boundary is missing')
  return pieces.slice(1, -1).map((piece) => {
    const end = piece.indexOf('\r\n\r\n')
    if (!piece.startsWith('\r\n') || end < 0) throw new Error('a part without a head')
    return { lines: piece.slice(2, end).split('\r\n'), bytes: piece.slice(end + 4) }
  })
}
