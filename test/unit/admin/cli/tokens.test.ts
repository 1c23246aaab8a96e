import { describe, expect, test } from 'vitest'
import { quotedWord, SyntaxFault, tokens } from '../../../../src/admin/cli/tokens.ts'

describe('words of a line', () => {
  test.each<[line: string, words: string[]]>([
    ['', []],
    ['  \t ', []],
    ['ping', ['ping']],
    ['  vcl.use\tboot ', ['vcl.use', 'boot']],
    ['a "b c" d', ['a', 'b c', 'd']],
    ['a ""', ['a', '']],
    [String.raw`a "q\"q" \"`, ['a', 'q"q', '"']],
    [String.raw`\n \t \\ \x41 \101 \0`, ['\n', '\t', '\\', 'A', 'A', '\0']],
    [String.raw`"line\nline"`, ['line\nline']],
    [String.raw`\1019`, ['A9']],
  ])('%s', (line, words) => {
    expect(tokens(line)).toEqual(words)
  })

  test.each([
    ['a"b', `Invalid '"'`],
    ['"a', `Missing '"'`],
    ['"a"b', 'Missing separator between arguments'],
    [String.raw`\q`, 'Invalid backslash sequence'],
    [String.raw`\x4`, 'Invalid backslash sequence'],
    ['a\\', 'Invalid backslash sequence'],
  ])('%s: %s', (line, message) => {
    expect(() => tokens(line)).toThrow(new SyntaxFault(message))
  })

  test('whatever a word holds, it is read as it was written', () => {
    const words = ['', 'plain', 'two words', 'a"b\\c', '\n\r\t', '\0\x7f\xff', '<<', 'é', '#x']
    expect(tokens(words.map(quotedWord).join(' '))).toEqual(words)
    expect(quotedWord('vcl.use')).toBe('vcl.use')
  })
})
