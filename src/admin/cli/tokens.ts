/** Why a line is no command: status 100. */
export class SyntaxFault extends Error {}

/** Words of a command line: white space separates them, a word that begins with `"` ends with one, and a backslash escapes as in C. Throws SyntaxFault. */
export function tokens(line: string): string[] {
  const words: string[] = []
  for (let at = skipBlanks(line, 0); at < line.length; at = skipBlanks(line, at)) {
    const [word, end] = line[at] === '"' ? quoted(line, at + 1) : bare(line, at)
    words.push(word)
    at = end
  }
  return words
}

/** What ends the here-document that the words of a line announce; undefined when they announce none. */
export function documentEnd(words: readonly string[]): string | undefined {
  const [mark, end] = words.slice(-2)
  return words.length < 3 || mark !== '<<' || end === '' ? undefined : end
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n' || char === '\v' || char === '\f'
}

function skipBlanks(line: string, from: number): number {
  let at = from
  while (at < line.length && isBlank(line[at])) at++
  return at
}

function bare(line: string, from: number): [word: string, end: number] {
  let word = ''
  let at = from
  while (at < line.length && !isBlank(line[at])) {
    if (line[at] === '"') throw new SyntaxFault(`Invalid '"'`)
    if (line[at] === '\\') {
      const [char, end] = escaped(line, at)
      word += char
      at = end
    } else word += line[at++]
  }
  return [word, at]
}

function quoted(line: string, from: number): [word: string, end: number] {
  let word = ''
  for (let at = from; at < line.length;) {
    if (line[at] === '"') {
      if (at + 1 < line.length && !isBlank(line[at + 1])) throw new SyntaxFault('Missing separator between arguments')
      return [word, at + 1]
    }
    if (line[at] === '\\') {
      const [char, end] = escaped(line, at)
      word += char
      at = end
    } else word += line[at++]
  }
  throw new SyntaxFault(`Missing '"'`)
}

const SINGLE: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }

function escaped(line: string, at: number): [char: string, end: number] {
  const next = line[at + 1] ?? ''
  if (Object.hasOwn(SINGLE, next)) return [SINGLE[next], at + 2]
  const [octal] = /^[0-3]?[0-7]{1,2}/.exec(line.slice(at + 1, at + 4)) ?? []
  if (octal !== undefined) return [String.fromCharCode(Number.parseInt(octal, 8)), at + 1 + octal.length]
  const [, hex] = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4)) ?? []
  if (hex !== undefined) return [String.fromCharCode(Number.parseInt(hex, 16)), at + 4]
  throw new SyntaxFault('Invalid backslash sequence')
}

/** A word as `tokens` reads it back: in quotes where it must be. */
export function quotedWord(word: string): string {
  if (/^[!#-[\]-~]+$/.test(word)) return word
  return `"${word.replaceAll(/["\\\n\r\t]|[^ -~]/g, escape)}"`
}

function escape(char: string): string {
  const [letter] = Object.entries(SINGLE).find(([, one]) => one === char) ?? []
  return letter === undefined ? `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}` : `\\${letter}`
}
