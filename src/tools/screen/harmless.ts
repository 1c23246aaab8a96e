/** A character of UTF-8, in its shortest form, that is no control character; or what might drive a terminal: C0 but for tabs and line ends, DEL, and C1 as a byte or as UTF-8. */
const PARTS =
  // oxlint-disable-next-line no-control-regex
  /([\xc3-\xdf][\x80-\xbf]|\xc2[\xa0-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf4][\x80-\xbf]{3})|\xc2[\x80-\x9f]|[\0-\x08\x0b-\x1f\x7f-\x9f]/g

/** Bytes, as latin1, for a terminal: a stranger's header is not to move the cursor of who looks at it. */
export function harmless(bytes: string): string {
  return bytes.replaceAll(PARTS, (_, character?: string) => character ?? '?')
}
