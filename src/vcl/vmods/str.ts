import type { CommonContext } from '../runtime/context.ts'
import { define, option } from './define.ts'
import type { Vmod } from './vmod.ts'

type Text = string | undefined

/** n characters from `offset` on. A negative offset counts from the end, a negative n goes to the left of it. */
function take(_c: CommonContext, text: Text, n: number, offset: number): Text {
  if (text === undefined) return undefined
  let from = offset < 0 || (offset === 0 && n < 0) ? offset + text.length : offset
  if (n < 0) from += n
  const end = from + Math.abs(n)
  return text.slice(Math.max(from, 0), Math.max(end, 0))
}

/** The n-th run of characters that are no separators; from the end when n is negative. */
function split(_c: CommonContext, text: Text, n: number, separators: Text): Text {
  if (text === undefined || separators === undefined || separators === '' || n === 0) return undefined
  const tokens = tokensOf(text, separators)
  return n > 0 ? tokens[n - 1] : tokens[tokens.length + n]
}

function tokensOf(text: string, separators: string): string[] {
  const tokens: string[] = []
  let from = -1
  for (let i = 0; i <= text.length; i++) {
    const between = i === text.length || separators.includes(text[i])
    if (!between && from < 0) from = i
    if (between && from >= 0) {
      tokens.push(text.slice(from, i))
      from = -1
    }
  }
  return tokens
}

function intersect(_c: CommonContext, one: Text, other: Text, separators: Text): boolean {
  if (one === undefined || other === undefined) return false
  const known = new Set(tokensOf(one, separators ?? ' ,'))
  return tokensOf(other, separators ?? ' ,').some((token) => known.has(token))
}

const both = (test: (text: string, part: string) => boolean) => (_c: CommonContext, text: Text, part: Text) =>
  text !== undefined && part !== undefined && test(text, part)

/** Pieces of strings. */
export const str: Vmod = {
  name: 'str',
  doc: 'Pieces of strings, counted in bytes.',
  functions: {
    count: define('INT', ['STRING s'], 'How many bytes it has; -1 when unset.', (_c: CommonContext, s: Text) => s?.length ?? -1),
    startswith: define(
      'BOOL',
      ['STRING s1', 'STRING s2'],
      'Does s1 begin with s2?',
      both((text, part) => text.startsWith(part)),
    ),
    endswith: define(
      'BOOL',
      ['STRING s1', 'STRING s2'],
      'Does s1 end with s2?',
      both((text, part) => text.endsWith(part)),
    ),
    contains: define(
      'BOOL',
      ['STRING s1', 'STRING s2'],
      'Is s2 somewhere in s1?',
      both((text, part) => text.includes(part)),
    ),
    take: define(
      'STRING',
      ['STRING s', 'INT n', option('INT offset', 0)],
      'n bytes from offset on. A negative offset counts from the end; a negative n goes to the left of it.',
      take,
    ),
    reverse: define('STRING', ['STRING s'], 'The bytes in the opposite order.', (_c: CommonContext, s: Text) =>
      s === undefined ? undefined : s.split('').toReversed().join(''),
    ),
    split: define(
      'STRING',
      ['STRING S', 'INT n', option('STRING sep', ' \t')],
      'The n-th token, from the end when n is negative; unset when there is none. sep are the separating characters.',
      split,
    ),
    token_intersect: define(
      'BOOL',
      ['STRING str1', 'STRING str2', '[STRING separators]'],
      'Have both a token in common? Separators are blank and comma, if none are given.',
      intersect,
    ),
  },
  unsupported: {},
}
