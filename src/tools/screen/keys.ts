/** Names of keys that terminals send more than a character for. */
const SEQUENCES: Readonly<Record<string, string>> = {
  '[A': 'up',
  OA: 'up',
  '[B': 'down',
  OB: 'down',
  '[5~': 'pageup',
  '[6~': 'pagedown',
  '[H': 'home',
  OH: 'home',
  '[1~': 'home',
  '[F': 'end',
  OF: 'end',
  '[4~': 'end',
}

const ESCAPE = '\\x1b'
const SEQUENCE = new RegExp(`${ESCAPE}(\\[[0-9;]*[A-Za-z~]|O[A-Z])|[^]`, 'g')

/** The keys that were pressed: a character is itself, control and a letter `ctrl-c`. */
export function keysOf(data: string): string[] {
  return [...data.matchAll(SEQUENCE)].map(([all, sequence]) => {
    if (sequence !== undefined) return SEQUENCES[sequence] ?? 'other'
    const code = all.charCodeAt(0)
    return code >= 1 && code <= 26 ? `ctrl-${String.fromCharCode(code + 96)}` : all
  })
}
