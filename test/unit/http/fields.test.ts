import { describe, expect, test } from 'vitest'
import { Fields } from '../../../src/http/fields.ts'

function fields(...lines: [string, string][]): Fields {
  const made = new Fields()
  for (const [name, value] of lines) made.append(name, value)
  return made
}

function linesOf(made: Fields): string[] {
  return Array.from({ length: made.count }, (_, i) => `${made.names[i]}: ${made.values[i]}`)
}

describe('lines of one name are gathered', () => {
  test('into the first one, in their order, among others', () => {
    const made = fields(['Cookie', 'a=1'], ['X', '1'], ['cookie', 'b=2'], ['Y', '2'], ['COOKIE', 'c=3'])
    made.gather('cookie', '; ')
    expect(linesOf(made)).toEqual(['Cookie: a=1; b=2; c=3', 'X: 1', 'Y: 2'])
    expect(made.indexOf('y', 0)).toBe(2)
  })

  test('one line stays as it is, and so does none', () => {
    const made = fields(['Vary', 'A'], ['X', '1'])
    made.gather('vary')
    made.gather('cookie')
    expect(linesOf(made)).toEqual(['Vary: A', 'X: 1'])
  })

  test('empty ones, too', () => {
    const made = fields(['Vary', ''], ['Vary', ''])
    made.gather('vary')
    expect(linesOf(made)).toEqual(['Vary: , '])
  })
})
