/** Fields, rules and the log are bytes, a character each; what people type and we write is UTF-8. */
export function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
